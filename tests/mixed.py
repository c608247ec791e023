"""What the tests of Trainer(precision=) share."""

import os

import numpy as np
import pytest
from contract import BACKENDS
from networks import classifier

HALF = {'bf16-mixed': 'bfloat16', '16-mixed': 'float16'}
MIXED = list(HALF)


def only(*names):
    """A test of these backends."""
    return pytest.mark.parametrize('d2l', names, indirect=True)


# MXNet has float32 only, and so has Keras 2. On NNX a layer is told its type.
KERAS_2 = os.environ.get('TF_USE_LEGACY_KERAS') == '1'
FLOAT32_ONLY = {'mxnet', 'nnx', 'tensorflow'} if KERAS_2 else {'mxnet', 'nnx'}
mixing = only(*[name for name in BACKENDS if name not in FLOAT32_ONLY])


def network(d2l, **kwargs):
    layers = ('flatten',), ('dense', 32), ('batch_norm_dense',), ('relu',), ('dropout', 0.2)
    return classifier(d2l, *layers, ('dense', 10), **kwargs)


def fit(d2l, precision, make=None, data=None, max_epochs=2, ckpt_path=None, **kwargs):
    d2l.seed_everything(0)
    model = make() if make else d2l.MLP(num_outputs=10, num_hiddens=32, lr=0.1)
    data = data or d2l.Digits(batch_size=64)
    trainer = d2l.Trainer(max_epochs=max_epochs, precision=precision, **kwargs)
    trainer.fit(model, data, ckpt_path=ckpt_path)
    return trainer


def arrays(trainer):
    return trainer.serialization.get_parameters(trainer)


def name_of(dtype):
    """'float32' for that of any framework."""
    return getattr(dtype, 'name', str(dtype)).removeprefix('torch.')


def noting(d2l, model, seen):
    """The model, which notes the type of what its first layer puts out."""

    def forward(self, X):
        for layer in getattr(self.net, 'layers', self.net):
            X = layer(X)
            seen.append(name_of(X.dtype))
        return X

    d2l.add_to_class(type(model))(forward)
    return model


def scale_of(trainer):
    """By what the loss is multiplied now."""
    if trainer.backend == 'pytorch':
        return trainer.scaler.get_scale()
    if trainer.backend == 'jax':
        return float(trainer.state.loss_scale.scale)
    return float(trainer.optim.dynamic_scale)


def one_batch(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(8, 3)).astype(np.float32), rng.integers(0, 10, 8)
