"""Compiled steps on a CUDA GPU: CUDA graphs, which the GPU runs without being told each operation.

A small model keeps a GPU less busy than Python, which starts its operations one by one. A graph is
recorded from a step as it is written, so it computes the same; see PyTorch's notes on CUDA, "CUDA
Graphs", whole-network capture.
"""

import gc
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from d2lite.training import compiled
from d2lite.training.arguments import check_loss
from d2lite.training.batches import map_batch, tensors_of
from d2lite.training.compiled import CannotCompile, collected_outputs
from d2lite.training.step_code import PLAIN
from d2lite_torch import distributed
from d2lite_torch.compiled import modes_of
from d2lite_torch.module import plain_tensors
from d2lite_torch.optimizer import SGD

if TYPE_CHECKING:
    from d2lite_torch.trainer import Trainer

WARM_UPS = 3  # steps made as they are written, before one is recorded
# PyTorch's warnings: of an operation that waits, and of how it finds them.
WAITS = 'called a synchronizing CUDA operation'
PROTOTYPE = 'Synchronization debug mode is a prototype'


class GraphedEpoch(compiled.CompiledEpoch):
    __doc__ = compiled.CompiledEpoch.__doc__
    loops = True

    def __init__(self, trainer: 'Trainer') -> None:
        super().__init__(trainer)
        if trainer.trains_together:
            raise CannotCompile(distributed.SUMS_ON_THE_WAY)
        self.model, self.device = trainer.model, trainer.moves_to
        self.graphs = {}  # RecordedSteps, by what they take
        self.obstacle = ''  # why no graph can be recorded
        self.inputs = {}  # by shapes: the batch that a graph reads
        self.rows, self.arrays = {}, {}  # of whole data: those of each batch, what each plots
        self.index = torch.zeros((), dtype=torch.int64, device=self.device)  # of the step
        # Other optimizers count their steps in Python, and clipping and '16-mixed' look at the
        # gradients: these stay outside. So does what a scheduler may change after each step.
        plain = type(trainer.optim) in (SGD, torch.optim.SGD) and not trainer.schedulers
        self.updates = plain and trainer.gradient_clip_val == 0 and trainer.scaler is None

    def values_read(self) -> tuple:
        places = [(tensor.data_ptr(), tensor.requires_grad) for tensor in self.tensors()]
        groups = getattr(self.trainer.optim, 'param_groups', ()) if self.updates else ()
        settings = [
            [(name, value) for name, value in group.items() if isinstance(value, PLAIN)]
            for group in groups
        ]
        return super().values_read(), modes_of(self.model), places, settings

    def tensors(self) -> list[torch.Tensor]:
        """Parameters, buffers, and what a scratch model trains among its attributes."""
        model = self.model
        plain = [tensor for _, tensor in plain_tensors(model)]
        return [*nn.Module.parameters(model), *nn.Module.buffers(model), *plain]

    def trace(self, batch: Sequence[torch.Tensor], train: bool) -> None:
        """Nothing: a graph is recorded after the first steps."""

    def step(self, batch: Sequence[torch.Tensor], train: bool) -> list:
        key = train, *((tensor.shape, tensor.dtype) for tensor in tensors_of(batch))
        if key not in self.inputs:
            self.inputs[key] = map_batch(torch.clone, batch)
        for kept, given in zip(tensors_of(self.inputs[key]), tensors_of(batch), strict=True):
            kept.copy_(given)
        values = self.run_step(key, partial(self.one_step, self.inputs[key], train))
        return [[value.clone()] for value in values]

    def steps(self, order: Any, start: int, stop: int, train: bool) -> list:
        self.set_rows(order, train)
        self.index.fill_(start)
        for _ in range(start, stop):
            self.run_step((train,), partial(self.next_step, train))
        return [array[start:stop].tolist() for array in self.arrays[train]]

    def set_rows(self, order: torch.Tensor | None, train: bool) -> None:
        """Writes the rows of each whole batch of this epoch to where the graph reads them."""
        loader = self.loader(train)
        size, whole = loader.batch_size, loader.num_examples // loader.batch_size
        if train not in self.rows:
            self.rows[train] = torch.arange(whole * size, device=self.device).reshape(whole, size)
        if order is not None:
            self.rows[train].copy_(order[: whole * size].reshape(whole, size))

    def next_step(self, train: bool) -> list[torch.Tensor]:
        """The step on the batch number `self.index` of whole data; its values go to `arrays`."""
        loader = self.loader(train)
        rows = self.rows[train].index_select(0, self.index.reshape(1)).reshape(-1)
        batch = tuple(loader.data.gather(tensor, rows) for tensor in loader.tensors)
        values = self.one_step(batch, train)
        if train not in self.arrays:
            self.arrays[train] = [value.new_zeros(len(loader)) for value in values]
        for array, value in zip(self.arrays[train], values, strict=True):
            array.index_copy_(0, self.index.reshape(1), value.reshape(1))
        self.index += 1
        return values

    def one_step(self, batch: Any, train: bool) -> list[torch.Tensor]:
        """A step as the trainer's own `fit_epoch` makes it; returns what it plots."""
        trainer = self.trainer
        with torch.set_grad_enabled(train), collected_outputs(trainer) as outputs:
            if self.prepares_in_step(train):
                batch = trainer.prepare_batch(batch)
            if train:
                loss = trainer.loss_of(batch)
                trainer.optim.zero_grad()
            else:
                trainer.val_step(batch)
        with torch.no_grad():
            if train:
                check_loss(self.model, loss)
                trainer.backward(loss)
            if train and self.updates:
                trainer.apply_gradients()
            self.labels[train] = outputs.labels
            return [self.scalar(value) for value in outputs.values]

    def scalar(self, value: Any) -> torch.Tensor:
        is_tensor = isinstance(value, torch.Tensor)
        return value.detach() if is_tensor else torch.full((), value, device=self.device)

    def run_step(self, key: tuple, function: Callable) -> list[torch.Tensor]:
        """Makes a step by `function`, always the same for a `key`; returns what it plots.

        `key`: begins with True in training, and with False in validation.
        """
        if key not in self.graphs:
            params = [tensor for tensor in self.tensors() if tensor.requires_grad]
            self.graphs[key] = RecordedStep(function, params, self.obstacle)
        step = self.graphs[key]
        if step.calls == WARM_UPS and self.values_read() != self.read:
            step.obstacle = 'a step has changed values of Python, which a graph does not'
        values = step()
        if key[0] and not self.updates:
            with torch.no_grad():
                self.trainer.apply_gradients()
        if step.obstacle and not self.obstacle:
            self.obstacle = self.trainer.fallback_reason = step.obstacle
        return values


class RecordedStep:
    """A step that is made as it is written at first, and then by a graph of it."""

    def __init__(self, step: Callable, params: Sequence[torch.Tensor], obstacle: str) -> None:
        self.step, self.params, self.obstacle = step, params, obstacle
        self.calls, self.graph, self.values, self.grads = 0, None, [], []

    def __call__(self) -> list[torch.Tensor]:
        self.calls += 1
        if self.calls > WARM_UPS and self.graph is None and not self.obstacle:
            self.record()
        if self.graph is None:
            return self.as_written(look=self.calls == WARM_UPS)
        self.graph.replay()
        for param, grad in zip(self.params, self.grads, strict=True):
            param.grad = grad
        return self.values

    def record(self) -> None:
        """Records a graph; nothing is computed yet."""
        gc.collect()  # graphs of earlier trainings: while one is recorded, none may be destroyed
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self.values = self.step()
        except RuntimeError as error:
            self.obstacle = f'CUDA can record no graph of it: {error}'.split('\n')[0]
            # PyTorch's random numbers are still those of a recording until one succeeds.
            with torch.cuda.graph(torch.cuda.CUDAGraph()):
                torch.zeros(1, device='cuda')
            return
        self.graph, self.grads = graph, [param.grad for param in self.params]

    def as_written(self, look: bool) -> list[torch.Tensor]:
        """Makes the step on another stream, as PyTorch asks for; may look if Python waits in it."""
        main, stream = torch.cuda.current_stream(), torch.cuda.Stream()
        stream.wait_stream(main)
        with torch.cuda.stream(stream):
            values = self.looked_at() if look else self.step()
        main.wait_stream(stream)
        return values

    def looked_at(self) -> list[torch.Tensor]:
        """Makes the step; where Python waits for a result, no graph can be recorded."""
        mode = torch.cuda.get_sync_debug_mode()
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter('always')
            torch.cuda.set_sync_debug_mode('warn')
            try:
                values = self.step()
            finally:
                torch.cuda.set_sync_debug_mode(mode)
        for warning in found:
            if WAITS in str(warning.message):
                place = f'line {warning.lineno} of {warning.filename}'
                self.obstacle = f'{place} waits for the GPU, which a CUDA graph cannot'
            elif PROTOTYPE not in str(warning.message):
                warnings.warn_explicit(
                    warning.message, warning.category, warning.filename, warning.lineno
                )
        return values
