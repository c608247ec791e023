"""Data modules that hand out MXNet arrays."""

from typing import Any

import numpy as onp
from mxnet import np

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
from d2lite.data.images import Examples
from d2lite_mxnet.framework import NAME
from d2lite_mxnet.tensor import numpy


class DataModule(module.DataModule):
    backend = NAME
    label_dtype = 'int32'
    tensor = staticmethod(np.array)
    numpy = staticmethod(numpy)

    @staticmethod
    def is_tensor(thing: Any) -> bool:
        return isinstance(thing, np.ndarray)

    @staticmethod
    def gather(tensor: np.ndarray, rows: slice | np.ndarray | onp.ndarray) -> np.ndarray:
        if isinstance(rows, slice):
            return tensor[rows]
        if not isinstance(rows, np.ndarray):
            rows = np.array(rows, 'int32')
        return np.take(tensor, rows.as_in_ctx(tensor.ctx), axis=0)

    @staticmethod
    def order_on_device(order: onp.ndarray) -> np.ndarray:
        return np.array(order, 'int32')


class SyntheticRegressionData(synthetic.SyntheticRegressionData, DataModule):
    pass


class ImageData(images.ImageData, DataModule):
    channel_axis = 1

    def examples(self, images: onp.ndarray, labels: onp.ndarray) -> Examples:
        return Examples(self, images, labels)


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
