"""Data modules that hand out TensorFlow tensors."""

from typing import Any

import numpy as np
import tensorflow as tf

from d2lite.data import (
    digits,
    fashion_mnist,
    house_prices,
    images,
    module,
    synthetic,
    text,
    translation,
)
from d2lite.data.functions import DataFunctions
from d2lite_tensorflow.framework import NAME
from d2lite_tensorflow.tensor import numpy


class DataModule(module.DataModule):
    backend = NAME
    label_dtype = 'int32'
    numpy = staticmethod(numpy)

    @staticmethod
    def tensor(array: np.ndarray) -> tf.Tensor:
        return tf.constant(array)

    @staticmethod
    def is_tensor(thing: Any) -> bool:
        return tf.is_tensor(thing)

    @staticmethod
    def gather(tensor: tf.Tensor, rows: slice | tf.Tensor | np.ndarray) -> tf.Tensor:
        return tensor[rows] if isinstance(rows, slice) else tf.gather(tensor, rows)

    @staticmethod
    def order_on_device(order: np.ndarray) -> tf.Tensor:
        return tf.constant(order, tf.int32)


class SyntheticRegressionData(synthetic.SyntheticRegressionData, DataModule):
    pass


class ImageData(images.ImageData, DataModule):
    channel_axis = -1

    def examples(self, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return images, labels


class FashionMNIST(fashion_mnist.FashionMNIST, ImageData):
    pass


class Digits(digits.Digits, ImageData):
    pass


class KaggleHouse(house_prices.KaggleHouse, DataModule):
    pass


class TimeMachine(text.TimeMachine, DataModule):
    pass


class ShortStories(text.ShortStories, DataModule):
    pass


class MTFraEng(translation.MTFraEng, DataModule):
    pass


class SentencePairs(translation.SentencePairs, DataModule):
    pass


_functions = DataFunctions(DataModule)
synthetic_data, load_array = _functions.synthetic_data, _functions.load_array
data_iter = _functions.data_iter
