"""Models whose training has a state: an optimizer that remembers, and dropout."""

from contract import backend_of


def momentum_model(d2l):
    """Linear regression by the framework's own optimizer with momentum, which remembers."""

    def torch_optimizer(self):
        import torch

        return torch.optim.SGD(self.parameters(), 0.01, momentum=0.9)

    def mxnet_optimizer(self):
        from mxnet import gluon

        params = self.collect_params()
        return gluon.Trainer(params, 'sgd', {'learning_rate': 0.01, 'momentum': 0.9})

    def tensorflow_optimizer(self):
        import tensorflow as tf

        return tf.keras.optimizers.Adam(0.01)

    def jax_optimizer(self):
        import optax

        return optax.adam(0.01)

    optimizers = {
        'pytorch': torch_optimizer,
        'mxnet': mxnet_optimizer,
        'tensorflow': tensorflow_optimizer,
        'jax': jax_optimizer,
        'nnx': jax_optimizer,
    }

    class Momentum(d2l.LinearRegression):
        configure_optimizers = optimizers[backend_of(d2l)]

    return Momentum(lr=0.01)


def dropout_model(d2l):
    """A hidden layer with dropout: other units in each step, from the framework's random state."""
    return {
        'pytorch': _torch,
        'mxnet': _mxnet,
        'tensorflow': _tensorflow,
        'jax': _jax,
        'nnx': _nnx,
    }[backend_of(d2l)](d2l)


def _torch(d2l):
    from torch import nn, optim

    class Model(d2l.LinearRegression):
        def __init__(self, lr):
            super().__init__(lr)
            self.net = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.Dropout(0.5), nn.LazyLinear(1))

        def configure_optimizers(self):
            return optim.Adam(self.parameters(), self.lr)

    return Model(lr=0.01)


def _mxnet(d2l):
    from mxnet import gluon
    from mxnet.gluon import nn

    class Model(d2l.Module):
        loss = d2l.LinearRegression.loss

        def __init__(self, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential()
            self.net.add(nn.Dense(8, activation='relu'), nn.Dropout(0.5), nn.Dense(1))
            self.net.initialize()

        def configure_optimizers(self):
            return gluon.Trainer(self.collect_params(), 'adam', {'learning_rate': self.lr})

    return Model(lr=0.01)


def _tensorflow(d2l):
    import tensorflow as tf

    class Model(d2l.LinearRegression):
        def __init__(self, lr):
            super().__init__(lr)
            layers = tf.keras.layers
            self.net = tf.keras.Sequential(
                [layers.Dense(8, activation='relu'), layers.Dropout(0.5), layers.Dense(1)]
            )

        def forward(self, X):
            return self.net(X, training=self.training)

        def configure_optimizers(self):
            return tf.keras.optimizers.Adam(self.lr)

    return Model(lr=0.01)


def _jax(d2l):
    import optax
    from flax import linen as nn

    class Model(d2l.LinearRegression):
        def setup(self):
            self.net = nn.Sequential(
                [
                    nn.Dense(8),
                    nn.relu,
                    nn.Dropout(0.5, deterministic=not self.training),
                    nn.Dense(1),
                ]
            )

        def loss(self, params, X, y, state):
            rngs = {'dropout': state.dropout_rng}
            y_hat = state.apply_fn({'params': params}, *X, rngs=rngs)
            return optax.l2_loss(y_hat, y).mean()

        def configure_optimizers(self):
            return optax.adam(self.lr)

    return Model(lr=0.01)


def _nnx(d2l):
    import optax
    from flax import nnx

    from d2lite_nnx import lazy

    class Model(d2l.LinearRegression):
        def __init__(self, lr):
            super().__init__(lr)
            rngs = nnx.Rngs(d2l.get_seed())
            hidden, drop = lazy.Linear(8, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)
            self.net = nnx.Sequential(hidden, nnx.relu, drop, nnx.Linear(8, 1, rngs=rngs))

        def configure_optimizers(self):
            return optax.adam(self.lr)

    return Model(lr=0.01)
