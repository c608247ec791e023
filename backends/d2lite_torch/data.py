"""Data modules that hand out PyTorch tensors."""

import torch

from d2lite import data
from d2lite.datasets import digits, fashion_mnist, house_prices, images
from d2lite.datasets.images import Examples
from d2lite_torch.framework import NAME
from d2lite_torch.tensor import numpy


class DataModule(data.DataModule):
    backend = NAME
    tensor = staticmethod(torch.from_numpy)
    numpy = staticmethod(numpy)

    @staticmethod
    def take(tensor, rows):
        if isinstance(rows, slice):
            return tensor[rows]  # a view
        return tensor[torch.from_numpy(rows).to(tensor.device)]


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    pass


class ImageData(images.ImageData, DataModule):
    channel_axis = 1
    label_dtype = 'int64'

    def examples(self, images, labels):
        return Examples(self, images, labels)


class FashionMNIST(fashion_mnist.FashionMNIST, ImageData):
    pass


class Digits(digits.Digits, ImageData):
    pass


class KaggleHouse(house_prices.KaggleHouse, DataModule):
    pass
