"""Data modules that hand out MXNet arrays."""

import numpy as onp
from mxnet import nd, np

from d2lite.data import digits, fashion_mnist, house_prices, images
from d2lite.data import module as data
from d2lite.data.images import Examples
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
        # `np.array` would wait until the gather before this one is done.
        rows = nd.from_numpy(onp.array(rows, 'int32')).as_np_ndarray()
        return np.take(tensor, rows.as_in_ctx(tensor.ctx), axis=0)

    @staticmethod
    def batches(tensor, batch_size):
        num_rows = len(tensor)
        for start in range(0, num_rows, batch_size):
            # What tensor[start:stop] comes to, in half the time.
            yield tensor._slice(start, min(start + batch_size, num_rows))


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
