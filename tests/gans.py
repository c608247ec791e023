"""A generator and a discriminator, two layers each of which is trained on a loss of its own.

`configure_optimizers` returns a list, and the `fit_epoch` of the page takes them in turn.
"""

import numpy as np
import pytest
from contract import backend_of


def data(d2l):
    class Pairs(d2l.DataModule):
        def get_dataloader(self, train):
            numbers = np.random.default_rng(0).normal(size=(2, 32, 2)).astype(np.float32)
            tensors = d2l.tensor(numbers[0] + 2), d2l.tensor(numbers[1])
            return self.get_tensorloader(tensors, train, slice(0, 32))

        def val_dataloader(self):
            return None

    module = Pairs()
    module.batch_size = 8
    return module


def loss_of(d2l, i, X, Z, net_D, net_G):
    """The loss of the discriminator, 0, or that of the generator, 1."""
    fakes = net_D(net_G(Z))
    if i == 0:
        return d2l.reduce_mean((net_D(X) - 1) ** 2) + d2l.reduce_mean(fakes**2)
    return d2l.reduce_mean((fakes - 1) ** 2)


def trainer_in_turns(d2l):
    """The base of the trainers below, which say what `update(i, batch)` is; it returns the loss."""

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            for batch in self.train_dataloader:
                _, loss = [self.update(i, batch) for i in range(2)]
                self.model.plot('loss', loss, train=True)
                self.train_batch_idx += 1

    return Trainer


def pytorch(d2l):
    import torch
    from torch import nn

    class GAN(d2l.Module):
        def __init__(self):
            super().__init__()
            self.net_D, self.net_G = nn.Linear(2, 1), nn.Linear(2, 2)

        def configure_optimizers(self):
            return [torch.optim.Adam(net.parameters(), lr=0.1) for net in (self.net_D, self.net_G)]

    class Trainer(trainer_in_turns(d2l)):
        def update(self, i, batch):
            loss = loss_of(d2l, i, *batch, self.model.net_D, self.model.net_G)
            self.optim[i].zero_grad()
            loss.backward()
            self.optim[i].step()
            return loss

    return GAN, Trainer


def tensorflow(d2l):
    import tensorflow as tf

    class GAN(d2l.Module):
        def __init__(self):
            super().__init__()
            self.net_D, self.net_G = tf.keras.layers.Dense(1), tf.keras.layers.Dense(2)

        def forward(self, Z):
            return self.net_D(self.net_G(Z))

        def configure_optimizers(self):
            optims = [tf.keras.optimizers.Adam(0.1), tf.keras.optimizers.Adam(0.1)]
            for optim, net in zip(optims, (self.net_D, self.net_G), strict=True):
                net.build((None, 2))
                optim.build(net.trainable_variables)  # so that a checkpoint finds its variables
            return optims

    class Trainer(trainer_in_turns(d2l)):
        def update(self, i, batch):
            nets = self.model.net_D, self.model.net_G
            with tf.GradientTape() as tape:
                loss = loss_of(d2l, i, *batch, *nets)
            params = nets[i].trainable_variables
            grads = tape.gradient(loss, params)
            self.optim[i].apply_gradients(zip(grads, params, strict=True))
            return loss

    return GAN, Trainer


def mxnet(d2l):
    from mxnet import autograd, gluon
    from mxnet.gluon import nn

    class GAN(d2l.Module):
        def __init__(self):
            super().__init__()
            self.net_D, self.net_G = nn.Dense(1, in_units=2), nn.Dense(2, in_units=2)
            self.initialize()

        def configure_optimizers(self):
            return [
                gluon.Trainer(net.collect_params(), 'adam', {'learning_rate': 0.1})
                for net in (self.net_D, self.net_G)
            ]

    class Trainer(trainer_in_turns(d2l)):
        def update(self, i, batch):
            with autograd.record():
                loss = loss_of(d2l, i, *batch, self.model.net_D, self.model.net_G)
            loss.backward()
            self.optim[i].step(1)
            return loss

    return GAN, Trainer


def jax(d2l):
    import jax
    import optax
    from flax import linen as nn

    class GAN(d2l.Module):
        def setup(self):
            self.net_D, self.net_G = nn.Dense(1), nn.Dense(2)

        def forward(self, Z, state=None):
            return self.net_D(self.net_G(Z))

        def loss_of(self, i, X, Z):
            return loss_of(d2l, i, X, Z, self.net_D, self.net_G)

        def configure_optimizers(self):
            return [optax.adam(0.1), optax.adam(0.1)]

    class Trainer(trainer_in_turns(d2l)):
        def update(self, i, batch):
            def loss_of(params):
                return self.model.apply({'params': params}, i, *batch, method='loss_of')

            params, states = self.state.params, list(self.state.opt_state)
            loss, grads = jax.value_and_grad(loss_of)(params)
            name = ('net_D', 'net_G')[i]
            nothing = jax.tree.map(jax.numpy.zeros_like, params)  # for the other network
            grads = {**nothing, name: grads[name]}
            updates, states[i] = self.optim[i].update(grads, states[i], params)
            params = optax.apply_updates(params, updates)
            self.state = self.state.replace(params=params, opt_state=tuple(states))
            return loss

    return GAN, Trainer


def nnx(d2l):
    import optax
    from flax import nnx

    class GAN(d2l.Module):
        def __init__(self):
            super().__init__()
            rngs = nnx.Rngs(0)
            self.net_D, self.net_G = nnx.Linear(2, 1, rngs=rngs), nnx.Linear(2, 2, rngs=rngs)

        def configure_optimizers(self):
            return [
                nnx.Optimizer(net, optax.adam(0.1), wrt=nnx.Param)
                for net in (self.net_D, self.net_G)
            ]

    class Trainer(trainer_in_turns(d2l)):
        def update(self, i, batch):
            nets = [self.model.net_D, self.model.net_G]

            def loss_with(net):
                return loss_of(d2l, i, *batch, *(net if k == i else nets[k] for k in range(2)))

            loss, grads = nnx.value_and_grad(loss_with)(nets[i])
            self.optim[i].update(nets[i], grads)
            return loss

    return GAN, Trainer


PAGES = {page.__name__: page for page in (pytorch, tensorflow, mxnet, jax, nnx)}


def page(d2l):
    """The classes GAN and Trainer of the backend's page."""
    name = backend_of(d2l)
    if name not in PAGES:
        pytest.skip(f'no page of two networks is written for {name}')
    return PAGES[name](d2l)
