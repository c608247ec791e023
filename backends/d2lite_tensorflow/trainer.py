"""Trainer on TensorFlow."""

import tensorflow as tf

from d2lite.training import trainer
from d2lite_tensorflow import state
from d2lite_tensorflow.compiled import Compiled
from d2lite_tensorflow.devices import gpu, num_gpus
from d2lite_tensorflow.framework import NAME, device_names, version


class Trainer(trainer.Trainer):
    backend = NAME
    state_of = state
    framework_version = version()
    compilation = Compiled
    compiles_if = (None, True)

    def fit_epoch(self):
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
            self.model.validation_step(self.prepare_batch(batch))
            self.val_batch_idx += 1

    def train_step(self, batch):
        """One update."""
        with tf.GradientTape() as tape:
            loss = self.model.training_step(batch)
        grads = tape.gradient(loss, self.model.trainable_variables)
        if self.gradient_clip_val > 0:
            grads = self.clip_gradients(self.gradient_clip_val, grads)
        self.optim.apply_gradients(zip(grads, self.model.trainable_variables, strict=True))

    def clip_gradients(self, grad_clip_val, grads):
        """The gradients, scaled down so that their common norm is at most `grad_clip_val`."""
        norm = tf.linalg.global_norm(grads)
        scale = tf.where(norm > grad_clip_val, grad_clip_val / norm, tf.ones_like(norm))
        return [grad * scale for grad in grads]

    @staticmethod
    def find_gpus():
        return [gpu(i) for i in range(num_gpus())]

    def move_model(self, model):
        """Nothing to do: TensorFlow puts variables on the first GPU when they are made."""

    def move_batch(self, batch):
        with self.gpus[0]:
            return [tf.identity(tensor) for tensor in batch]

    @property
    def device(self):
        """Where this trainer trains: TensorFlow takes the first GPU without being asked."""
        return device_names()[0]
