"""Layers that get their shapes from the first inputs, and a model's integer learning rate."""

import numpy as np
import pytest
from compiled import fast
from contract import backend_of, require, small_data
from trainings import train

RNG = np.random.default_rng(0)


def net_with_init_cnn(d2l):
    """A network of convolutional and dense layers that is told `init_cnn` in its constructor."""
    backend = backend_of(d2l)

    class Net(d2l.Classifier):
        if backend == 'jax':
            lr: float = 0.1

            def setup(self):
                from flax import linen as nn

                from d2lite_jax.classification import flatten

                conv = nn.Conv(4, (3, 3), padding='SAME', kernel_init=d2l.init_cnn)
                self.net = nn.Sequential([conv, flatten, nn.Dense(3, kernel_init=d2l.init_cnn)])

        else:

            def __init__(self, lr=0.1):
                super().__init__()
                self.save_hyperparameters()
                if backend == 'pytorch':
                    from torch import nn

                    self.net = nn.Sequential(
                        nn.Sequential(nn.LazyConv2d(4, kernel_size=3, padding=1), nn.ReLU()),
                        nn.LazyBatchNorm2d(),
                        nn.Flatten(),
                        nn.LazyLinear(3),
                    )
                    self.net.apply(d2l.init_cnn)
                elif backend == 'mxnet':
                    from mxnet.gluon import nn

                    self.net = nn.Sequential()
                    self.net.add(nn.Conv2D(4, kernel_size=3, padding=1), nn.Dense(3))
                    self.net.initialize(d2l.init_cnn)
                elif backend == 'nnx':
                    from flax import nnx

                    from d2lite_nnx import lazy
                    from d2lite_nnx.classification import flatten

                    options = {'kernel_init': d2l.init_cnn, 'rngs': nnx.Rngs(0)}
                    conv = lazy.Conv(4, (3, 3), padding='SAME', **options)
                    self.net = nnx.Sequential(conv, flatten, lazy.Linear(3, **options))
                else:
                    from d2lite_tensorflow.framework import keras

                    layers = keras.layers
                    self.net = keras.Sequential(
                        [layers.Conv2D(4, 3, padding='same'), layers.Flatten(), layers.Dense(3)]
                    )
                    for layer in self.net.layers:
                        d2l.init_cnn(layer)

    return Net()


def test_init_cnn_in_a_constructor_leaves_alone_what_has_no_weights_yet(d2l):
    X, y = RNG.standard_normal((8, 6, 6, 2)).astype(np.float32), RNG.integers(0, 3, 8)
    run = train(d2l, net_with_init_cnn(d2l), [(X, y)] * 3)
    assert run.losses[-1] < run.losses[0]
    weights = [array for name, array in run.parameters[0].items() if name.endswith('weight')]
    assert {array.ndim for array in weights} >= {2, 4}


@pytest.mark.parametrize('name', ['pytorch', 'tensorflow'])  # elsewhere it is an initializer
def test_init_cnn_begins_again_where_there_are_weights(name):
    d2l = require(name)
    model = net_with_init_cnn(d2l)
    model(d2l.ones((2, 2, 6, 6) if name == 'pytorch' else (2, 6, 6, 2)))
    dense = model.net[-1] if name == 'pytorch' else model.net.layers[-1]

    def weight():
        return np.array(d2l.numpy(dense.weight if hasattr(dense, 'weight') else dense.kernel))

    before, bound = weight(), np.sqrt(6 / (4 * 36 + 3))
    d2l.init_cnn(dense)
    assert not np.array_equal(before, weight())
    assert 0.9 * bound < np.abs(weight()).max() <= bound


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('name', ['LinearRegressionScratch', 'LinearRegression', 'inherited'])
def test_an_integer_learning_rate_trains_as_the_same_float_does(d2l, name, compiled):
    class Inherited(d2l.LinearRegression):
        configure_optimizers = d2l.Module.configure_optimizers

    def trained(lr):
        d2l.seed_everything(0)
        if name == 'LinearRegressionScratch':
            model = d2l.LinearRegressionScratch(2, lr=lr)
        else:
            model = (Inherited if name == 'inherited' else d2l.LinearRegression)(lr=lr)
        mode = fast(d2l) if compiled else False
        if name == 'LinearRegressionScratch' and backend_of(d2l) == 'pytorch':
            mode = False  # its tensors are no parameters
        trainer = d2l.Trainer(max_epochs=1, compile=mode)
        trainer.fit(model, small_data(d2l))
        return trainer

    one, same = trained(1), trained(1.0)
    assert one.current_lr() in (None, 1.0)
    for key, array in same.get_parameters().items():
        np.testing.assert_allclose(one.get_parameters()[key], array, rtol=1e-6)
    assert np.isfinite(one.history[-1]['val_loss'])
