"""Where a Trainer trains: on the CPU, or on a GPU, and what goes there."""

import contextlib
from typing import TYPE_CHECKING, Any

from d2lite.console import warn
from d2lite.data.loader import TensorLoader
from d2lite.data.resident import ResidentLoader

if TYPE_CHECKING:
    from d2lite.training.module import Module

__all__ = ['TrainsOnDevice']


class TrainsOnDevice:
    """The part of a Trainer that knows its device; a backend says how things are moved there."""

    gpus = ()
    moves_to = None  # the device that model and data are moved to, None if they lie there already

    def choose_device(self) -> None:
        """Finds the GPU that is asked for. Warns if there is none, or if several are."""
        self.gpus = self.find_gpus()[: self.num_gpus]
        if len(self.gpus) < self.num_gpus:
            place = f'{len(self.gpus)} of them' if self.gpus else 'the CPU'
            warn(
                f'num_gpus={self.num_gpus}, but {self.backend} finds {len(self.gpus)} GPU(s) here: '
                f'training on {place}'
            )
        self.moves_to = self.gpus[0] if self.gpus else self.find_cpu()
        if len(self.gpus) > 1:
            warn(
                'one process trains on one GPU, here the first; training on several needs a '
                'process for each'
            )

    @property
    def device(self) -> str:
        """Where this trainer trains, in words: 'cpu', or the framework's name of the GPU."""
        return str(self.gpus[0]) if self.gpus else 'cpu'

    def on_device(self, dataloader: Any) -> Any:
        """A dataloader whose tensors are on the device that trains, if it is of whole tensors.

        They may take half of the memory that is free there. Others are moved batch by batch.
        """
        if self.moves_to is None or type(dataloader) is not TensorLoader:
            return dataloader
        free = self.free_memory(self.moves_to)
        if free is not None and dataloader.num_bytes() > free / 2:
            return dataloader
        return ResidentLoader(dataloader, self.move_batch)

    def prepare_batch(self, batch: Any) -> Any:
        """The minibatch as the model takes it: on the GPU if there is one."""
        return self.moved_batch(batch)

    def moved_batch(self, batch: Any) -> Any:
        """The minibatch on the device that trains, whatever a lesson's `prepare_batch` does."""
        return batch if self.moves_to is None else self.move_batch(batch)

    @staticmethod
    def find_gpus() -> list:
        """The GPUs that the framework can train on."""
        raise NotImplementedError('each backend defines find_gpus')

    @staticmethod
    def find_cpu() -> Any:
        """The CPU, where the framework would train on a GPU without being asked; else None."""
        return None

    def placement(self) -> contextlib.AbstractContextManager:
        """The context of a training in which the framework makes tensors where it trains."""
        return contextlib.nullcontext()

    @staticmethod
    def free_memory(device: Any) -> int | None:
        """The bytes of a GPU that are free; None if the framework does not tell."""
        raise NotImplementedError('each backend defines free_memory')

    @staticmethod
    def memory_wanted(error: Exception) -> str | None:
        """What memory an error says was asked for, '' if it does not; None for other errors."""
        raise NotImplementedError('each backend defines memory_wanted')

    def move_model(self, model: 'Module') -> None:
        raise NotImplementedError('each backend defines move_model')

    def move_batch(self, batch: Any) -> Any:
        raise NotImplementedError('each backend defines move_batch')
