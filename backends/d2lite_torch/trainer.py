"""Trainer on PyTorch."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from d2lite.training import trainer
from d2lite.training.arguments import check_loss, no_gradients
from d2lite.training.batches import map_batch
from d2lite_torch import distributed, precision, state
from d2lite_torch.channels import channels_last, works_channels_last
from d2lite_torch.clipping import grad_clipping
from d2lite_torch.compiled import CompiledEpoch
from d2lite_torch.data import DataModule
from d2lite_torch.devices import free_memory, gpu, memory_wanted, num_gpus
from d2lite_torch.framework import NAME, version
from d2lite_torch.graphs import GraphedEpoch
from d2lite_torch.module import plain_tensors
from d2lite_torch.optimizer import optimizer_and_schedulers
from d2lite_torch.tensor import concat

if TYPE_CHECKING:
    from d2lite_torch.module import Module


class Trainer(trainer.Trainer):
    backend = NAME
    data_module = DataModule
    serialization = state
    arithmetic = precision
    engine = distributed
    concat = staticmethod(concat)
    framework_version = version()
    compile_modes = (True,)
    scaler = None  # in '16-mixed' a torch.amp.GradScaler
    shared_step = None  # with several processes, the step whose gradients are summed

    @property
    def compiled_class(self) -> type:
        """The class of the compiled steps: CUDA graphs on such a GPU, torch.compile elsewhere."""
        on_cuda = self.gpus and self.gpus[0].type == 'cuda'
        return GraphedEpoch if on_cuda else CompiledEpoch

    def fit_epoch(self) -> None:
        if self.compiles():
            return self.compiled.fit_epoch()
        self.model.train()
        loss_of = distributed.shared_step(self) if self.trains_together else self.loss_of
        for batch in self.train_dataloader:
            loss = loss_of(self.prepare_batch(batch))
            if getattr(loss, 'ndim', 1):
                check_loss(self.model, loss)
            if not loss.requires_grad:
                raise no_gradients(self.model)
            self.optim.zero_grad()
            with torch.no_grad():
                self.update(loss)
            self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        self.model.eval()
        with torch.no_grad():
            for batch in self.val_dataloader:
                self.val_step(self.prepare_batch(batch))
                self.val_batch_idx += 1

    def loss_of(self, batch: Any) -> torch.Tensor:
        """The loss of a minibatch, computed in the trainer's precision."""
        with precision.autocast(self):
            return self.model.training_step(batch)

    def update(self, loss: torch.Tensor) -> None:
        """Goes back from the loss to the gradients, and makes the update."""
        self.backward(loss)
        self.apply_gradients()

    def backward(self, loss: torch.Tensor) -> None:
        """Goes back from the loss to the gradients, which '16-mixed' has times a scale."""
        if self.scaler is not None:
            with torch.enable_grad():
                loss = self.scaler.scale(loss)
        if self.trains_together:
            distributed.backward(self, loss)
        else:
            loss.backward()

    def predictions(self, inputs: Sequence[torch.Tensor]) -> Any:
        with torch.no_grad(), precision.autocast(self):
            return self.model(*inputs)

    def reported(self, batch: Any) -> list[tuple[str, Any]]:
        with torch.no_grad():
            return super().reported(batch)

    def val_step(self, batch: Any) -> None:
        """Has the model report on a validation minibatch, in the trainer's precision."""
        with precision.autocast(self):
            self.model.validation_step(batch)

    def run_epoch(self) -> None:
        fast_layout = works_channels_last(self)
        with channels_last(self.model) if fast_layout else contextlib.nullcontext():
            super().run_epoch()

    def prepare_parameters(self, init_params: Mapping[str, np.ndarray] | Callable | None) -> None:
        """Sets the parameters that training starts from: as the model made them, or as given."""
        # Lazy layers get theirs now and not in the first step, between the numbers of dropout.
        if any(map(is_lazy, nn.Module.parameters(self.model))):
            self.serialization.build(self, self.first_batch())
        super().prepare_parameters(init_params)

    def set_training(self, training: bool) -> None:
        self.model.train(training)

    def prepare_optimizer(self) -> None:
        """Asks the model for its optimizer, and for schedulers of learning rates beside it."""
        self.optim, self.schedulers = optimizer_and_schedulers(self.model)
        if isinstance(self.optim, tuple | list):
            self.optim = self.several(self.optim)
        self.scaler = None

    def apply_gradients(self) -> None:
        """Clips the gradients, if they are to be clipped, and makes the update."""
        if self.scaler is not None:
            self.scaler.unscale_(self.optim)  # what is clipped are the gradients themselves
        if self.gradient_clip_val > 0:
            self.clip_gradients(self.gradient_clip_val, self.model)
        if self.scaler is None:
            self.optim.step()
        else:
            self.scaler.step(self.optim)  # which makes none after an overflow
            self.scaler.update()

    def clip_gradients(self, grad_clip_val: float, model: 'Module') -> None:
        """Scales the gradients down so that their common norm is at most `grad_clip_val`."""
        grad_clipping(model, grad_clip_val)

    def wait(self) -> None:
        if self.moves_to is not None and self.moves_to.type in ('cuda', 'mps'):
            getattr(torch, self.moves_to.type).synchronize()

    def current_lr(self) -> float | None:
        if isinstance(self.optim, torch.optim.Optimizer):
            return float(self.optim.param_groups[0]['lr'])
        return super().current_lr()

    def numbers(self, values: Sequence) -> list[float]:
        if values and all([isinstance(value, torch.Tensor) for value in values]):
            return torch.stack(values).tolist()  # one wait
        return super().numbers(values)

    free_memory = staticmethod(free_memory)
    memory_wanted = staticmethod(memory_wanted)

    @staticmethod
    def find_gpus() -> list:
        return [gpu(i) for i in range(num_gpus())]

    def move_model(self, model: 'Module') -> None:
        model.to(self.moves_to)
        # A scratch model's plain tensors are no parameters to PyTorch, and do not move with it.
        for _, tensor in plain_tensors(model):
            tensor.data = tensor.data.to(self.moves_to)

    def move_batch(self, batch: Sequence[torch.Tensor]) -> Any:
        return map_batch(self.moved, batch)

    def moved(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor on the GPU. From pinned memory it gets there while Python goes on."""
        if self.moves_to.type != 'cuda' or tensor.is_cuda:
            return tensor.to(self.moves_to)
        return tensor.pin_memory().to(self.moves_to, non_blocking=True)
