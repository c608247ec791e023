"""Data modules that hand out TensorFlow tensors."""

import numpy as np
import tensorflow as tf

from d2lite.data import digits, fashion_mnist, house_prices, images
from d2lite.data import module as data
from d2lite.data.memory import aligned
from d2lite_tensorflow.framework import NAME
from d2lite_tensorflow.tensor import numpy


class DataModule(data.DataModule):
    backend = NAME
    numpy = staticmethod(numpy)

    @staticmethod
    def tensor(array):
        array = np.asarray(array)
        if array.dtype.kind not in 'fiu':  # no numbers, which DLPack would not take
            return tf.constant(array)
        # The copy is used as it is; `identity` brings it to the device where tensors are made.
        return tf.identity(tf.experimental.dlpack.from_dlpack(aligned(array).__dlpack__()))

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
