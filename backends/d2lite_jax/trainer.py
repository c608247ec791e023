"""Trainer on JAX."""

from typing import Any

import jax
import optax
from flax.training import train_state
from jax import numpy as jnp

from d2lite import trainer
from d2lite_jax import state
from d2lite_jax.devices import gpu, num_gpus
from d2lite_jax.framework import NAME, device_names, get_key, version


class TrainState(train_state.TrainState):
    """Parameters, optimizer state, batch statistics ({} without) and the random key of dropout."""

    batch_stats: Any
    dropout_rng: jax.Array


class Trainer(trainer.Trainer):
    backend = NAME
    state_of = state
    framework_version = version()

    def fit(self, model, data=None, key=None, **kwargs):
        """As elsewhere; `key` starts the parameters and dropout, by default a new one."""
        self.key = get_key() if key is None else key
        super().fit(model, data, **kwargs)

    def fit_epoch(self):
        self.model.training = True
        if self.state.batch_stats:
            for batch in self.train_dataloader:
                (_, mutated), grads = self.model.training_step(
                    self.state.params, self.prepare_batch(batch), self.state
                )
                self.state = self.state.apply_gradients(
                    grads=grads, batch_stats=mutated['batch_stats']
                )
                self.next_dropout_rng()
                self.train_batch_idx += 1
        else:
            for batch in self.train_dataloader:
                _, grads = self.model.training_step(
                    self.state.params, self.prepare_batch(batch), self.state
                )
                self.state = self.state.apply_gradients(grads=grads)
                self.next_dropout_rng()
                self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        self.model.training = False
        for batch in self.val_dataloader:
            self.model.validation_step(self.state.params, self.prepare_batch(batch), self.state)
            self.val_batch_idx += 1

    def next_dropout_rng(self):
        """Each step drops other units; not needed by models without dropout."""
        dropout_rng = jax.random.split(self.state.dropout_rng)[0]
        self.state = self.state.replace(dropout_rng=dropout_rng)

    def clip_gradients(self, grad_clip_val, grads):
        """The gradients, scaled down so that their common norm is at most `grad_clip_val`."""
        norm = optax.global_norm(grads)
        scale = jnp.where(norm > grad_clip_val, grad_clip_val / norm, 1.0)
        return jax.tree.map(lambda grad: grad * scale, grads)

    def prepare_parameters(self, init_params):
        """The parameters that training starts from: made from the key, or given."""
        params_key, dropout_key = jax.random.split(self.key)
        variables = self.model.apply_init(
            self.first_batch()[:-1], key={'params': params_key, 'dropout': dropout_key}
        )
        self.state = TrainState(
            step=0,
            apply_fn=self.model.apply,
            params=variables['params'],
            tx=None,  # comes with the optimizer
            opt_state=None,
            batch_stats=variables.get('batch_stats', {}),
            dropout_rng=dropout_key,
        )
        super().prepare_parameters(init_params)

    def prepare_optimizer(self):
        """Asks the model for its optimizer, and puts it into the TrainState."""
        super().prepare_optimizer()
        tx = self.clipped(self.optim)
        self.state = self.state.replace(tx=tx, opt_state=tx.init(self.state.params))

    def clipped(self, optim):
        """The optimizer, after a link that clips the gradients, if they are to be clipped.

        As part of the optimizer, clipping also works where a lesson writes its own `fit_epoch`.
        """
        if self.gradient_clip_val == 0:
            return optim
        clip = optax.stateless(
            lambda grads, params: self.clip_gradients(self.gradient_clip_val, grads)
        )
        return optax.chain(clip, optax.GradientTransformation(optim.init, optim.update))

    @staticmethod
    def find_gpus():
        return [gpu(i) for i in range(num_gpus())]

    def move_model(self, model):
        """Nothing to do: the parameters are made beside the data that `fit` puts on the GPU."""

    def move_batch(self, batch):
        return jax.device_put(tuple(batch), self.gpus[0])

    @property
    def device(self):
        """Where this trainer trains: JAX takes the first GPU there is without being asked."""
        return device_names()[0]
