"""Data modules that hand out PyTorch tensors."""

import torch

from d2lite.data import digits, fashion_mnist, house_prices, images
from d2lite.data import module as data
from d2lite.data.images import Examples
from d2lite_torch.framework import NAME
from d2lite_torch.tensor import numpy


class DataModule(data.DataModule):
    backend = NAME
    tensor = staticmethod(torch.from_numpy)
    numpy = staticmethod(numpy)

    @staticmethod
    def take(tensor, rows):
        if isinstance(rows, slice):
            return tensor[rows]  # a view
        return tensor[torch.from_numpy(rows).to(tensor.device)]

    @staticmethod
    def take_into(memory, tensor, rows):
        """As `take`, in the memory of an earlier result, which saves the time to get new memory.

        That is, unless somebody still holds a part of it, a batch for example.
        """
        rows = torch.from_numpy(rows).to(tensor.device)
        if tensor.requires_grad:  # then PyTorch writes into no memory but its own
            return tensor[rows]
        if memory is None or is_shared(memory):
            memory = tensor.new_empty((len(rows), *tensor.shape[1:]))
        return torch.index_select(tensor, 0, rows, out=memory)

    @staticmethod
    def batches(tensor, batch_size):
        return tensor.split(batch_size)


def is_shared(tensor):
    """Whether any other tensor uses the same memory."""
    storage = tensor.untyped_storage()
    # One use is the tensor's, and one that of `storage`.
    return torch._C._storage_Use_Count(storage._cdata) > 2


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    pass


class ImageData(images.ImageData, DataModule):
    channel_axis = 1
    label_dtype = 'int64'

    def examples(self, images, labels):
        return Examples(self, images, labels)


class FashionMNIST(fashion_mnist.FashionMNIST, ImageData):
    pass


class Digits(digits.Digits, ImageData):
    pass


class KaggleHouse(house_prices.KaggleHouse, DataModule):
    pass
