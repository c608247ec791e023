"""What a Trainer does where it is one of several processes."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from d2lite.saving import checkpoint, sharded
from d2lite.saving.storage import pack
from d2lite.training.batches import map_batch, num_examples
from d2lite.training.distributed import ALONE, Processes, announced_by, join
from d2lite.training.fingerprint import check_fingerprint
from d2lite.training.precision import replaces

__all__ = ['TrainsTogether']


class TrainsTogether:
    """The part of a Trainer that knows the processes and devices it trains on."""

    engine: ModuleType | None = None  # a backend's module `distributed`
    num_devices, strategy = None, 'auto'
    processes: Processes = ALONE
    fits = 0  # trainings of this process, which all processes count alike

    @property
    def rank(self) -> int:
        """The number of this process among those that train together, 0 if it is alone."""
        return self.processes.rank

    def join_processes(self) -> None:
        """Finds the other processes, and looks if this training can have its devices.

        Raises ProcessesLost if they do not come, ValueError for another number than announced.
        """
        self.processes = join(self.engine)
        size, here = self.processes.size, self.engine.devices_here(self)
        wanted = self.num_devices
        if wanted is not None and wanted not in [size * n for n in range(1, here + 1)]:
            started = f'{size} process{"es were" if size > 1 else " was"} started'
            raise ValueError(
                f'num_devices={wanted}, but {started}, each with {here} device(s) for '
                f'{self.backend}: d2lite launch --processes {wanted} starts as many'
            )
        if self.strategy not in self.engine.STRATEGIES:
            known = ' or '.join(map(repr, self.engine.STRATEGIES))
            raise ValueError(f'strategy must be {known} on {self.backend}, got {self.strategy!r}')

    @property
    def trains_together(self) -> bool:
        """True if several processes, or several devices of this one, train the model."""
        return self.processes.size > 1 or (self.num_devices or 1) > 1

    def prepare_processes(self) -> None:
        """Compares this process with the others, and has all begin with the same parameters.

        Called when the optimizer is there, before a checkpoint is read. Raises ValueError if a
        process trains with something else than the first.
        """
        if not self.trains_together:
            return
        for method in ('fit_epoch', 'train_step'):
            if replaces(self, method, 'train_step', 'loss_of'):
                raise ValueError(
                    f'{type(self).__name__}.{method}() makes the steps itself, so that d2lite '
                    f'cannot sum their gradients over the processes: leave it out, or train in one'
                )
        if self.processes.size > 1:
            check_fingerprint(self)
        self.engine.prepare(self)

    @contextlib.contextmanager
    def own_random_numbers(self) -> Iterator[None]:
        """Within this context each process draws its own random numbers, as dropout asks for.

        Afterwards all have those of the first again, so that the lesson goes on alike.
        """
        TrainsTogether.fits += 1
        if not self.processes.takes_shares:
            yield
            return
        self.draw_own_numbers()
        yield
        state = self.serialization.get_random_state()
        self.serialization.set_random_state(self.processes.all_of(state)[0])

    def checkpoint_after_restart(self) -> Path | None:
        """The checkpoint that this training has written before all was started again, if any."""
        restarts = announced_by('D2LITE_RESTART', announced_by('TORCHELASTIC_RESTART_COUNT', 0))
        path = Path(self.checkpoint_path)
        if not restarts or not self.checkpoint_every or not sharded.has_checkpoint(path):
            return None
        launched = float(os.environ.get('D2LITE_LAUNCHED', 0))
        if sharded.file_of(path).stat().st_mtime < launched or checkpoint.fit_of(path) != self.fits:
            return None  # of an earlier training, or of another one of this lesson
        return path

    def draw_own_numbers(self) -> None:
        """Starts the framework's random numbers anew, in all processes but the first."""
        state = self.serialization.get_random_state()  # that is the same in all processes
        if self.rank > 0 and self.processes.takes_shares:
            arrays, rest = pack(state)
            digest = hashlib.sha256(f'{self.rank} {rest}'.encode())
            for array in arrays.values():
                digest.update(array.tobytes())
            self.engine.seed(int.from_bytes(digest.digest()[:4], 'little') % 2**31)

    def share_of(self, batch: Any) -> tuple[Any, float]:
        """The rows of a minibatch that this process computes with, and their weight."""
        if not self.processes.takes_shares:
            return batch, 1.0
        count = num_examples(batch)
        rows, weight = self.processes.share(count)

        def part(tensor):
            shape = getattr(tensor, 'shape', ())
            return tensor[rows] if len(shape) and shape[0] == count else tensor

        mine = map_batch(part, batch)
        if count >= self.processes.size:  # else all of them compute the same
            weight = self.model.batch_weight(mine) / self.model.batch_weight(batch)
        return mine, weight

    def over_all(
        self, label: str, numbers: Sequence[float], weights: Sequence[float]
    ) -> list[float]:
        """The values of steps over the whole minibatches: weighted means over the processes."""
        if not (self.processes.takes_shares and self.fitting):
            return list(numbers)
        if label.endswith('_ppl'):  # the perplexity is the exponential of a mean
            return np.exp(self.processes.sum(np.multiply(np.log(numbers), weights))).tolist()
        return self.processes.sum(np.multiply(numbers, weights)).tolist()

    def on_first(self, function: Callable[[], Any]) -> None:
        """Calls `function`, which writes or prints, in the first process alone."""
        self.processes.on_first(function)
