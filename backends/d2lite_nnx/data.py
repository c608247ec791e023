"""Data modules for models of NNX: they hand out the same arrays as those of JAX."""

from d2lite.data.functions import DataFunctions
from d2lite_jax import data
from d2lite_nnx.framework import NAME


class DataModule(data.DataModule):
    backend = NAME


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    pass


class ImageData(data.ImageData, DataModule):
    pass


class FashionMNIST(data.FashionMNIST, ImageData):
    pass


class Digits(data.Digits, ImageData):
    pass


class KaggleHouse(data.KaggleHouse, DataModule):
    pass


class TimeMachine(data.TimeMachine, DataModule):
    pass


class ShortStories(data.ShortStories, DataModule):
    pass


class MTFraEng(data.MTFraEng, DataModule):
    pass


class SentencePairs(data.SentencePairs, DataModule):
    pass


_functions = DataFunctions(DataModule)
synthetic_data, load_array = _functions.synthetic_data, _functions.load_array
data_iter = _functions.data_iter
