"""ResidentLoader: minibatches of tensors that are on the device that trains, all of them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from d2lite.data.loader import TensorLoader


class ResidentLoader(TensorLoader):
    """The minibatches of `loader`, whose tensors `move` has copied to a device.

    The order of an epoch goes there as a whole too, and each batch is gathered there. It is
    `loader` that counts the epochs, so that the orders are the same as without.
    """

    def __init__(self, loader: TensorLoader, move: Callable) -> None:
        self.loader, self.move = loader, move
        self.tensors = [move(tensor) for tensor in loader.tensors]
        self.batch_size, self.num_examples = loader.batch_size, loader.num_examples
        self.data, self.shuffle = loader.data, loader.shuffle

    def order_on_device(self) -> Any:
        order = self.loader.order_on_device()
        # JAX takes a NumPy array along when it calls a program.
        return order if order is None or isinstance(order, np.ndarray) else self.move(order)

    @property
    def epoch(self) -> int:
        return self.loader.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self.loader.epoch = epoch

    @property
    def seed(self) -> Sequence[int]:
        return self.loader.seed

    @seed.setter
    def seed(self, seed: Sequence[int]) -> None:
        self.loader.seed = seed

    @property
    def fingerprint(self) -> str:
        return self.loader.fingerprint
