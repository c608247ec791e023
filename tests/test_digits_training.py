"""Every built-in model learns real digits, and to the same accuracy on every backend."""

import functools

import pytest
from contract import backend_of, require, skip_long_training
from networks import adam

from d2lite import selection

LEARNED = {'SoftmaxRegression': 0.90, 'MLP': 0.95, 'LeNet': 0.95, 'ResNet': 0.95}


def model_of(d2l, name):
    """The model, its learning rate the same for all backends."""
    if name == 'SoftmaxRegression':
        return d2l.SoftmaxRegression(num_outputs=10, lr=0.1)
    if name == 'MLP':
        return d2l.MLP(num_outputs=10, num_hiddens=256, lr=0.1)
    if name == 'ResNet':
        return d2l.ResNet(arch=((1, 8), (1, 16), (1, 32)), lr=0.02)

    class LeNet(d2l.LeNet):
        # Plain SGD takes more than ten epochs to leave the plateau of the sigmoids.
        configure_optimizers = adam(d2l)

    return LeNet(lr=0.003)


EPOCHS = {'SoftmaxRegression': 10, 'MLP': 10, 'LeNet': 8, 'ResNet': 8}
BATCH_SIZES = {'SoftmaxRegression': 16, 'MLP': 32, 'LeNet': 16, 'ResNet': 32}


@functools.cache
def accuracy(backend, name):
    """Of validation, after the last epoch; from the same parameters and batches everywhere."""
    d2l = require(backend)
    d2l.seed_everything(0)
    resize = (28, 28) if name == 'LeNet' else None
    data = d2l.Digits(batch_size=BATCH_SIZES[name], resize=resize)
    trainer = d2l.Trainer(max_epochs=EPOCHS[name])
    trainer.fit(model_of(d2l, name), data, init_params=d2l.xavier_uniform(0))
    return trainer.history[-1]['val_acc']


@pytest.mark.parametrize('name', LEARNED)
def test_the_model_learns_the_digits(d2l, name):
    skip_long_training(d2l)
    assert accuracy(backend_of(d2l), name) > LEARNED[name]


@pytest.mark.parametrize('name', LEARNED)
def test_the_backends_end_at_the_same_accuracy(name):
    found = {
        backend: accuracy(require(backend).Module.backend, name) for backend in selection.PREFERENCE
    }
    assert max(found.values()) - min(found.values()) <= 0.02, found
