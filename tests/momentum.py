"""Linear regression by each framework's own optimizer with momentum, which remembers."""

from contract import backend_of


def momentum_model(d2l):
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
    }

    class Momentum(d2l.LinearRegression):
        configure_optimizers = optimizers[backend_of(d2l)]

    return Momentum(lr=0.01)
