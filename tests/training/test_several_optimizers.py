"""A model of two parts, each with its optimizer: `Trainer.optim` is a list, and the loop a page's.

A generator and a discriminator, two layers each of which is trained on a loss of its own.
"""

from types import SimpleNamespace

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


def losses(d2l, X, Z, net_D, net_G):
    """The loss of the discriminator and that of the generator, as functions."""

    def of_discriminator():
        return d2l.reduce_mean((net_D(X) - 1) ** 2) + d2l.reduce_mean(net_D(net_G(Z)) ** 2)

    return of_discriminator, lambda: d2l.reduce_mean((net_D(net_G(Z)) - 1) ** 2)


def pytorch(d2l):
    import torch
    from torch import nn

    class GAN(d2l.Module):
        def __init__(self):
            super().__init__()
            self.net_D, self.net_G = nn.Linear(2, 1), nn.Linear(2, 2)

        def configure_optimizers(self):
            return [torch.optim.Adam(net.parameters(), lr=0.1) for net in (self.net_D, self.net_G)]

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            for batch in self.train_dataloader:
                nets = self.model.net_D, self.model.net_G
                for loss_of, optim in zip(losses(d2l, *batch, *nets), self.optim, strict=True):
                    loss = loss_of()
                    optim.zero_grad()
                    loss.backward()
                    optim.step()
                self.model.plot('loss', loss, train=True)
                self.train_batch_idx += 1

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

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            for batch in self.train_dataloader:
                nets = self.model.net_D, self.model.net_G
                for i, loss_of in enumerate(losses(d2l, *batch, *nets)):
                    with tf.GradientTape() as tape:
                        loss = loss_of()
                    params = nets[i].trainable_variables
                    self.optim[i].apply_gradients(
                        zip(tape.gradient(loss, params), params, strict=True)
                    )
                self.model.plot('loss', loss, train=True)
                self.train_batch_idx += 1

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

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            for batch in self.train_dataloader:
                nets = self.model.net_D, self.model.net_G
                for loss_of, optim in zip(losses(d2l, *batch, *nets), self.optim, strict=True):
                    with autograd.record():
                        loss = loss_of()
                    loss.backward()
                    optim.step(1)
                self.model.plot('loss', loss, train=True)
                self.train_batch_idx += 1

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

        def losses(self, X, Z):
            return [loss_of() for loss_of in losses(d2l, X, Z, self.net_D, self.net_G)]

        def configure_optimizers(self):
            return [optax.adam(0.1), optax.adam(0.1)]

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            for batch in self.train_dataloader:
                for i, name in enumerate(('net_D', 'net_G')):
                    self.update(i, name, batch)
                self.train_batch_idx += 1

        def update(self, i, name, batch):
            def loss_of(params):
                return self.model.apply({'params': params}, *batch, method='losses')[i]

            params, states = self.state.params, list(self.state.opt_state)
            loss, grads = jax.value_and_grad(loss_of)(params)
            nothing = jax.tree.map(jax.numpy.zeros_like, params)  # for the other network
            grads = {**nothing, name: grads[name]}
            updates, states[i] = self.optim[i].update(grads, states[i], params)
            params = optax.apply_updates(params, updates)
            self.state = self.state.replace(params=params, opt_state=tuple(states))
            if name == 'net_G':
                self.model.plot('loss', loss, train=True)

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

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            for batch in self.train_dataloader:
                loss = [self.update(i, batch) for i in range(2)][-1]
                self.model.plot('loss', loss, train=True)
                self.train_batch_idx += 1

        def update(self, i, batch):
            nets = [self.model.net_D, self.model.net_G]

            def loss_of(net):
                parts = [net if k == i else nets[k] for k in range(2)]
                return losses(d2l, *batch, *parts)[i]()

            loss, grads = nnx.value_and_grad(loss_of)(nets[i])
            self.optim[i].update(nets[i], grads)
            return loss

    return GAN, Trainer


PAGES = SimpleNamespace(pytorch=pytorch, tensorflow=tensorflow, mxnet=mxnet, jax=jax, nnx=nnx)


def page(d2l):
    name = backend_of(d2l)
    if not hasattr(PAGES, name):
        pytest.skip(f'no page of two networks is written for {name}')
    return getattr(PAGES, name)(d2l)


def test_both_parts_are_trained_and_a_checkpoint_has_both_optimizers(d2l, tmp_path):
    GAN, Trainer = page(d2l)

    def fitted(max_epochs, **kwargs):
        d2l.seed_everything(0)
        trainer = Trainer(max_epochs=max_epochs)
        trainer.fit(GAN(), data(d2l), **kwargs)
        return trainer

    half, whole = fitted(1), fitted(3)
    assert len(whole.optim) == 2 and whole.current_lr() is None
    assert whole.history[0]['train_loss'] == half.history[0]['train_loss']
    before, after = half.get_parameters(), whole.get_parameters()
    assert len(before) == 4 and all(np.abs(after[n] - before[n]).min() > 1e-3 for n in before)
    half.save_checkpoint(tmp_path / 'half')
    resumed = fitted(3, ckpt_path=tmp_path / 'half')
    for name, array in resumed.get_parameters().items():
        np.testing.assert_array_equal(array, after[name])


def test_the_loop_of_d2lite_takes_one_optimizer(d2l):
    GAN, _ = page(d2l)
    with pytest.raises(TypeError, match='returned a list: .* with a fit_epoch of its own'):
        d2l.Trainer(max_epochs=1).fit(GAN(), data(d2l))
