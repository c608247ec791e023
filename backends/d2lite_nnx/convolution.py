"""Convolution on NNX: the operation, and LeNet."""

from functools import partial

from flax import nnx

from d2lite_jax.convolution import avg_pool, corr2d, init_cnn
from d2lite_nnx import lazy
from d2lite_nnx.classification import Classifier, flatten
from d2lite_nnx.framework import rngs_or_new


class LeNet(Classifier):
    """LeNet-5: two convolutions with pooling, three dense layers, on images (n, 28, 28, c).

    Definition: d2l, "Convolutional Neural Networks (LeNet)", with sigmoids and average pooling.
    """

    def __init__(
        self, lr: float = 0.1, num_classes: int = 10, rngs: nnx.Rngs | None = None
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        options = {'kernel_init': init_cnn, 'rngs': rngs_or_new(rngs)}
        conv = partial(lazy.Conv, kernel_size=(5, 5), **options)
        self.net = nnx.Sequential(
            conv(6, padding='SAME'),
            nnx.sigmoid,
            avg_pool,
            conv(16, padding='VALID'),
            nnx.sigmoid,
            avg_pool,
            flatten,
            lazy.Linear(120, **options),
            nnx.sigmoid,
            nnx.Linear(120, 84, **options),
            nnx.sigmoid,
            nnx.Linear(84, num_classes, **options),
        )


__all__ = ['LeNet', 'corr2d', 'init_cnn']
