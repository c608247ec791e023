"""The same network on every backend, from the same list of layers, and the same optimizers.

A layer is a tuple: ('dense', 8), ('conv', 4), ('batch_norm',), ('dropout', 0.5), ('relu',),
('flatten',), ('mean',) over the pixels, ('residual', ...) and ('resnext', ...).
"""

from contract import backend_of


def classifier(d2l, *layers, lr=0.1, optimizer=None):
    """A Classifier with these layers, trained by plain SGD or what `optimizer` returns."""
    made = {
        'pytorch': _torch,
        'mxnet': _mxnet,
        'tensorflow': _tensorflow,
        'jax': _jax,
        'nnx': _nnx,
    }[backend_of(d2l)](d2l, layers)
    made.configure_optimizers = optimizer or made.configure_optimizers
    return made(lr=lr)


def adam(d2l):
    """A `configure_optimizers` with the framework's Adam, at the model's `lr`."""

    def configure_optimizers(self):
        if backend_of(d2l) == 'pytorch':
            import torch

            return torch.optim.Adam(self.parameters(), self.lr)
        if backend_of(d2l) == 'mxnet':
            from mxnet import gluon

            return gluon.Trainer(self.collect_params(), 'adam', {'learning_rate': self.lr})
        if backend_of(d2l) == 'tensorflow':
            from d2lite_tensorflow.framework import keras

            return keras.optimizers.Adam(self.lr)
        import optax

        return optax.adam(self.lr)

    return configure_optimizers


def decaying_sgd(d2l, weight_decay):
    """The same with SGD that decays the weights, not the biases."""

    def configure_optimizers(self):
        if backend_of(d2l) == 'pytorch':
            import torch

            groups = [
                {
                    'params': [p for name, p in self.named_parameters() if name.endswith(kind)],
                    'weight_decay': decay,
                }
                for kind, decay in (('weight', weight_decay), ('bias', 0))
            ]
            return torch.optim.SGD(groups, self.lr)
        if backend_of(d2l) == 'mxnet':
            from mxnet import gluon

            self.collect_params('.*bias').setattr('wd_mult', 0)
            options = {'learning_rate': self.lr, 'wd': weight_decay}
            return gluon.Trainer(self.collect_params(), 'sgd', options)
        if backend_of(d2l) == 'tensorflow':
            from d2lite_tensorflow.framework import keras

            optim = keras.optimizers.SGD(self.lr, weight_decay=weight_decay)
            optim.exclude_from_weight_decay(var_names=['bias'])
            return optim
        import jax
        import optax

        def is_weight(params):
            if backend_of(d2l) == 'nnx':
                return jax.tree.map(lambda param: param.ndim > 1, params)
            return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key != 'bias', params)

        decay = optax.add_decayed_weights(weight_decay, mask=is_weight)
        return optax.chain(decay, optax.sgd(self.lr))

    return configure_optimizers


def _torch(d2l, layers):
    from torch import nn

    makers = {
        'dense': nn.LazyLinear,
        'conv': lambda channels: nn.LazyConv2d(channels, kernel_size=3, padding=1),
        'batch_norm': nn.LazyBatchNorm2d,
        'batch_norm_dense': nn.LazyBatchNorm1d,
        'dropout': nn.Dropout,
        'relu': nn.ReLU,
        'flatten': nn.Flatten,
        'mean': lambda: nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten()),
        'residual': d2l.Residual,
        'resnext': d2l.ResNeXtBlock,
    }

    class Model(d2l.Classifier):
        def __init__(self, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(*[makers[name](*sizes) for name, *sizes in layers])

    return Model


def _mxnet(d2l, layers):
    from mxnet import init
    from mxnet.gluon import nn

    makers = {
        'dense': nn.Dense,
        'conv': lambda channels: nn.Conv2D(channels, kernel_size=3, padding=1),
        'batch_norm': nn.BatchNorm,
        'batch_norm_dense': nn.BatchNorm,
        'dropout': nn.Dropout,
        'relu': lambda: nn.Activation('relu'),
        'flatten': nn.Flatten,
        'mean': nn.GlobalAvgPool2D,
        'residual': d2l.Residual,
        'resnext': d2l.ResNeXtBlock,
    }

    class Model(d2l.Classifier):
        def __init__(self, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential()
            self.net.add(*[makers[name](*sizes) for name, *sizes in layers])
            self.net.initialize(init.Xavier())

    return Model


def _tensorflow(d2l, layers):
    from d2lite_tensorflow.framework import keras
    from d2lite_tensorflow.resnet import BatchNorm

    makers = {
        'dense': keras.layers.Dense,
        'conv': lambda channels: keras.layers.Conv2D(channels, kernel_size=3, padding='same'),
        'batch_norm': BatchNorm,
        'batch_norm_dense': BatchNorm,
        'dropout': keras.layers.Dropout,
        'relu': keras.layers.ReLU,
        'flatten': keras.layers.Flatten,
        'mean': keras.layers.GlobalAvgPool2D,
        'residual': d2l.Residual,
        'resnext': d2l.ResNeXtBlock,
    }

    class Model(d2l.Classifier):
        def __init__(self, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = keras.Sequential([makers[name](*sizes) for name, *sizes in layers])

    return Model


def _jax(d2l, layers):
    from flax import linen as nn

    from d2lite_jax.classification import flatten
    from d2lite_jax.resnet import BatchNorm, global_avg_pool

    def makers(training):
        return {
            'dense': nn.Dense,
            'conv': lambda channels: nn.Conv(channels, kernel_size=(3, 3), padding=1),
            'batch_norm': lambda: BatchNorm(not training),
            'batch_norm_dense': lambda: BatchNorm(not training),
            'dropout': lambda rate: nn.Dropout(rate, deterministic=not training),
            'relu': lambda: nn.relu,
            'flatten': lambda: flatten,
            'mean': lambda: global_avg_pool,
            'residual': lambda *sizes: d2l.Residual(*sizes, training=training),
            'resnext': lambda *sizes: d2l.ResNeXtBlock(*sizes, training=training),
        }

    class Model(d2l.Classifier):
        lr: float

        def setup(self):
            made = makers(self.training)
            self.net = nn.Sequential([made[name](*sizes) for name, *sizes in layers])

    return Model


def _nnx(d2l, layers):
    from flax import nnx

    from d2lite_nnx import lazy
    from d2lite_nnx.classification import flatten
    from d2lite_nnx.resnet import BatchNorm, global_avg_pool

    class Model(d2l.Classifier):
        def __init__(self, lr):
            super().__init__()
            self.save_hyperparameters()
            rngs = nnx.Rngs(d2l.get_seed())
            conv = {'kernel_size': (3, 3), 'padding': 1, 'rngs': rngs}
            makers = {
                'dense': lambda size: lazy.Linear(size, rngs=rngs),
                'conv': lambda channels: lazy.Conv(channels, **conv),
                'batch_norm': lambda: BatchNorm(rngs=rngs),
                'batch_norm_dense': lambda: BatchNorm(rngs=rngs),
                'dropout': lambda rate: nnx.Dropout(rate, rngs=rngs),
                'relu': lambda: nnx.relu,
                'flatten': lambda: flatten,
                'mean': lambda: global_avg_pool,
                'residual': lambda *sizes: d2l.Residual(*sizes, rngs=rngs),
                'resnext': lambda *sizes: d2l.ResNeXtBlock(*sizes, rngs=rngs),
            }
            self.net = nnx.Sequential(*[makers[name](*sizes) for name, *sizes in layers])

    return Model
