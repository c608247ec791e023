"""Data modules that hand out TensorFlow tensors."""

import tensorflow as tf

from d2lite import data
from d2lite_tensorflow.framework import NAME
from d2lite_tensorflow.tensor import numpy


class DataModule(data.DataModule):
    backend = NAME

    @staticmethod
    def take(tensor, rows):
        return tensor[rows] if isinstance(rows, slice) else tf.gather(tensor, rows)


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    tensor = staticmethod(tf.constant)
    numpy = staticmethod(numpy)
