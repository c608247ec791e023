"""Trainer on TensorFlow."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from d2lite.training import trainer
from d2lite.training.arguments import check_loss, no_gradients
from d2lite_tensorflow import distributed, precision, state
from d2lite_tensorflow.clipping import grad_clipping
from d2lite_tensorflow.compiled import CompiledEpoch
from d2lite_tensorflow.data import DataModule
from d2lite_tensorflow.devices import cpu, free_memory, gpu, memory_wanted, num_gpus
from d2lite_tensorflow.framework import NAME, device_names, keras, version
from d2lite_tensorflow.tensor import concat

if TYPE_CHECKING:
    from d2lite_tensorflow.module import Module


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
    replicas = None  # within `fit`, if several devices train together

    def _fit(self, *args):
        with distributed.on_all_devices(self):
            super()._fit(*args)

    def fit_epoch(self) -> None:
        if self.compiles():
            return self.compiled.fit_epoch()
        self.model.training = True
        for batch in self.train_dataloader:
            self.train_step(self.prepare_batch(batch))
            self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        self.model.training = False
        for batch in self.val_dataloader:
            self.val_step(self.prepare_batch(batch))
            self.val_batch_idx += 1

    def train_step(self, batch: Sequence[tf.Tensor]) -> None:
        """One update."""
        if self.replicas is None:
            grads = self.gradients(batch)
        else:
            grads = self.replicas.totals(self, self.gradients, batch)
        if self.gradient_clip_val > 0:
            limit = self.gradient_clip_val
            if precision.scales(self.optim):  # it divides the gradients by the scale later
                limit = self.optim.scale_loss(limit)
            grads = self.clip_gradients(limit, grads)
        # A parameter that the loss does not depend on has no gradient.
        pairs = zip(grads, self.model.trainable_variables, strict=True)
        self.optim.apply_gradients([(grad, param) for grad, param in pairs if grad is not None])

    def gradients(self, batch: Sequence[tf.Tensor], weight: float | None = None) -> list:
        """The gradients of the loss; of a share of a batch, with the weight that it has there."""
        with tf.GradientTape() as tape:
            loss = self.model.training_step(batch)
            check_loss(self.model, loss)
            scaled = self.optim.scale_loss(loss) if precision.scales(self.optim) else loss
            scaled = scaled if weight is None else scaled * tf.constant(weight, scaled.dtype)
        grads = tape.gradient(scaled, self.model.trainable_variables)
        if all(grad is None for grad in grads):
            raise no_gradients(self.model)
        return grads

    def val_step(self, batch: Any) -> None:
        if self.replicas is None:
            super().val_step(batch)
        else:
            self.replicas.totals(self, lambda share, _: super(Trainer, self).val_step(share), batch)

    def clip_gradients(self, grad_clip_val: float, grads: Sequence) -> list:
        """The gradients, scaled down so that their common norm is at most `grad_clip_val`."""
        return grad_clipping(grads, grad_clip_val)

    def wait(self) -> None:
        for variable in self.model.trainable_variables[-1:]:  # all are updated in order
            variable.numpy()

    def predictions(self, inputs: Sequence[tf.Tensor]) -> Any:
        return self.model(*inputs)

    def current_lr(self) -> float | None:
        if isinstance(self.optim, keras.optimizers.Optimizer):
            return float(self.optim.learning_rate)  # of a schedule: at the step that it is at
        return super().current_lr()

    free_memory = staticmethod(free_memory)
    memory_wanted = staticmethod(memory_wanted)

    @staticmethod
    def find_gpus() -> list:
        return [gpu(i) for i in range(num_gpus())]

    @staticmethod
    def find_cpu() -> Any:
        return cpu() if num_gpus() else None

    def placement(self) -> contextlib.AbstractContextManager:
        return self.moves_to or super().placement()

    def move_model(self, model: 'Module') -> None:
        """Nothing to do: a variable stays where it was made, and TensorFlow computes there."""

    def move_batch(self, batch: Sequence[tf.Tensor]) -> Any:
        with self.moves_to:
            return tf.nest.map_structure(tf.identity, batch)

    @property
    def device(self) -> str:
        return device_names()[0] if self.gpus else 'cpu'
