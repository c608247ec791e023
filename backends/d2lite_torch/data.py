"""Data modules that hand out PyTorch tensors."""

import torch

from d2lite import data
from d2lite_torch.framework import NAME
from d2lite_torch.tensor import numpy


class DataModule(data.DataModule):
    backend = NAME

    @staticmethod
    def take(tensor, rows):
        if isinstance(rows, slice):
            return tensor[rows]  # a view
        return tensor[torch.from_numpy(rows).to(tensor.device)]


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    tensor = staticmethod(torch.from_numpy)
    numpy = staticmethod(numpy)
