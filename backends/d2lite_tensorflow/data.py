"""Data modules that hand out TensorFlow tensors."""

import tensorflow as tf

from d2lite import data
from d2lite.datasets import digits, fashion_mnist, house_prices, images
from d2lite_tensorflow.framework import NAME
from d2lite_tensorflow.tensor import numpy


class DataModule(data.DataModule):
    backend = NAME
    tensor = staticmethod(tf.constant)
    numpy = staticmethod(numpy)

    @staticmethod
    def take(tensor, rows):
        return tensor[rows] if isinstance(rows, slice) else tf.gather(tensor, rows)


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    pass


class ImageData(images.ImageData, DataModule):
    channel_axis = -1
    label_dtype = 'int32'

    def examples(self, images, labels):
        return images, labels


class FashionMNIST(fashion_mnist.FashionMNIST, ImageData):
    pass


class Digits(digits.Digits, ImageData):
    pass


class KaggleHouse(house_prices.KaggleHouse, DataModule):
    pass
