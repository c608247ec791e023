"""Data modules that hand out JAX arrays."""

from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

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
from d2lite_jax.framework import NAME
from d2lite_jax.tensor import numpy


class DataModule(module.DataModule):
    backend = NAME
    label_dtype = 'int32'
    numpy = staticmethod(numpy)

    @staticmethod
    def tensor(array: np.ndarray) -> jax.Array:
        return jnp.array(array)

    @staticmethod
    def is_tensor(thing: Any) -> bool:
        return isinstance(thing, jax.Array)

    @staticmethod
    def gather(tensor: jax.Array, rows: slice | jax.Array | np.ndarray) -> jax.Array:
        if not isinstance(rows, slice):
            return jnp.take(tensor, rows, axis=0)
        # The start as data: tensor[start:stop] would compile anew for each place.
        return jax.lax.dynamic_slice_in_dim(tensor, rows.start, rows.stop - rows.start)

    @staticmethod
    def order_on_device(order: np.ndarray) -> np.ndarray:
        return order.astype(np.int32)


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
