"""Data modules that hand out MXNet arrays."""

from mxnet import np

from d2lite import data
from d2lite_mxnet.framework import NAME
from d2lite_mxnet.tensor import numpy


class DataModule(data.DataModule):
    backend = NAME

    @staticmethod
    def take(tensor, rows):
        if isinstance(rows, slice):
            return tensor[rows]
        return np.take(tensor, np.array(rows, dtype=np.int32, ctx=tensor.ctx), axis=0)


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    tensor = staticmethod(np.array)
    numpy = staticmethod(numpy)
