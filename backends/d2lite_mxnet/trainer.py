"""Trainer on MXNet."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxnet import autograd, engine, gluon, np, npx
from mxnet.base import MXNetError
from mxnet.gluon import nn

from d2lite.training import trainer
from d2lite.training.arguments import check_loss, no_gradients
from d2lite.training.batches import map_batch
from d2lite.training.module import set_attribute
from d2lite_mxnet import distributed, precision, state
from d2lite_mxnet.clipping import grad_clipping
from d2lite_mxnet.compiled import CompiledEpoch
from d2lite_mxnet.data import DataModule
from d2lite_mxnet.devices import free_memory, gpu, memory_wanted, num_gpus
from d2lite_mxnet.framework import NAME, version
from d2lite_mxnet.module import plain_arrays
from d2lite_mxnet.tensor import concat

if TYPE_CHECKING:
    from d2lite_mxnet.module import Module


class Trainer(trainer.Trainer):
    backend = NAME
    data_module = DataModule
    serialization = state
    arithmetic = precision
    engine = distributed
    concat = staticmethod(concat)
    framework_version = version()
    compiled_class = CompiledEpoch
    compile_modes = (None, True)

    def fit(
        self,
        model: 'Module',
        data: Any = None,
        ckpt_path: str | Path | None = None,
        init_params: Mapping[str, np.ndarray] | Callable | None = None,
    ) -> None:
        npx.set_np()  # holds for one thread, and this may be another than the one that imported us
        try:
            # 16 operators at a time: to hand over a small one alone takes longer than its work.
            with engine.bulk(16):
                super().fit(model, data, ckpt_path, init_params)
        finally:
            if getattr(self, 'compiled', None):
                self.compiled.undo()

    def fit_epoch(self) -> None:
        self.compiles()  # hybridizes what the loop below calls
        self.set_training(True)
        for batch in self.train_dataloader:
            with autograd.record():
                loss = self.model.training_step(self.prepare_batch(batch))
            if not isinstance(loss, np.ndarray) or loss.size != 1:
                check_loss(self.model, loss)
            self.backward(loss)
            if self.trains_together:
                distributed.sum_gradients(self)
            if self.gradient_clip_val > 0:
                self.clip_gradients(self.gradient_clip_val, self.model)
            self.optim.step(1)
            self.train_batch_idx += 1
        if self.trains_together:
            distributed.take_first(self, distributed.statistics_of(self.model))
        if self.val_dataloader is None:
            return
        self.set_training(False)
        for batch in self.val_dataloader:
            self.val_step(self.prepare_batch(batch))
            self.val_batch_idx += 1

    def backward(self, loss: np.ndarray) -> None:
        """Goes back from the loss to the gradients."""
        # With several processes, the gradients of a share count as much as its rows.
        weight = np.full_like(loss, self.train_dataloader.weight) if self.trains_together else None
        try:
            loss.backward(weight)
        except MXNetError as error:
            if 'not in a computational graph' not in str(error):
                raise
            raise no_gradients(self.model) from None

    def on_steps_end(self, count: int) -> None:
        """Called when `count` more steps are complete."""
        super().on_steps_end(count)
        if self.fitting and self.compiled and self.may_change_between_steps():
            self.compiles()  # follows what a callback has changed

    def clip_gradients(self, grad_clip_val: float, model: 'Module') -> None:
        """Scales the gradients down so that their common norm is at most `grad_clip_val`."""
        grad_clipping(model, grad_clip_val)

    def wait(self) -> None:
        npx.waitall()

    def predictions(self, inputs: Sequence[np.ndarray]) -> Any:
        return self.model(*inputs)

    def current_lr(self) -> float | None:
        if isinstance(self.optim, gluon.Trainer):
            optimizer = self.optim.optimizer
            schedule = optimizer.lr_scheduler
            # A schedule is asked for the number of the step, counted from 1.
            lr = schedule(optimizer.num_update + 1) if schedule else self.optim.learning_rate
            return float(lr)
        return super().current_lr()

    def numbers(self, values: Sequence) -> list[float]:
        if all(isinstance(value, np.ndarray) and value.ndim == 0 for value in values):
            if len({value.dtype for value in values}) == 1:
                return np.stack(values).tolist()  # one copy instead of many
        return super().numbers(values)

    free_memory = staticmethod(free_memory)
    memory_wanted = staticmethod(memory_wanted)

    @staticmethod
    def find_gpus() -> list:
        return [gpu(i) for i in range(num_gpus())]

    def move_model(self, model: 'Module') -> None:
        nn.Block.collect_params(model).reset_ctx(self.moves_to)
        # A scratch model's plain arrays are no parameters to Gluon, and do not move with it.
        for path, array in plain_arrays(model):
            moved = array.as_in_ctx(self.moves_to)
            moved.attach_grad()
            set_attribute(model, path, moved)

    def move_batch(self, batch: Sequence[np.ndarray]) -> Any:
        return map_batch(lambda tensor: tensor.as_in_ctx(self.moves_to), batch)
