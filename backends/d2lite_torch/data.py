"""Data modules that hand out PyTorch tensors."""

from typing import Any

import numpy as np
import torch

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
from d2lite_torch.framework import NAME
from d2lite_torch.tensor import from_numpy, numpy


class DataModule(module.DataModule):
    backend = NAME
    label_dtype = 'int64'
    tensor = staticmethod(from_numpy)
    numpy = staticmethod(numpy)

    @staticmethod
    def is_tensor(thing: Any) -> bool:
        return isinstance(thing, torch.Tensor)

    @staticmethod
    def gather(tensor: torch.Tensor, rows: slice | torch.Tensor | np.ndarray) -> torch.Tensor:
        if isinstance(rows, slice):
            return tensor[rows]  # a view
        return tensor.index_select(0, torch.as_tensor(rows, device=tensor.device))

    order_on_device = staticmethod(torch.from_numpy)


class SyntheticRegressionData(synthetic.SyntheticRegressionData, DataModule):
    pass


class ImageData(images.ImageData, DataModule):
    channel_axis = 1

    def examples(self, images: np.ndarray, labels: np.ndarray) -> Examples:
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
