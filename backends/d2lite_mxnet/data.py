"""Data modules that hand out MXNet arrays."""

from mxnet import np

from d2lite import data
from d2lite.datasets import digits, fashion_mnist, house_prices, images
from d2lite.datasets.images import Examples
from d2lite_mxnet.framework import NAME
from d2lite_mxnet.tensor import numpy


class DataModule(data.DataModule):
    backend = NAME
    tensor = staticmethod(np.array)
    numpy = staticmethod(numpy)

    @staticmethod
    def take(tensor, rows):
        if isinstance(rows, slice):
            return tensor[rows]
        return np.take(tensor, np.array(rows, dtype=np.int32, ctx=tensor.ctx), axis=0)


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    pass


class ImageData(images.ImageData, DataModule):
    channel_axis = 1
    label_dtype = 'int32'

    def examples(self, images, labels):
        return Examples(self, images, labels)


class FashionMNIST(fashion_mnist.FashionMNIST, ImageData):
    pass


class Digits(digits.Digits, ImageData):
    pass


class KaggleHouse(house_prices.KaggleHouse, DataModule):
    pass
