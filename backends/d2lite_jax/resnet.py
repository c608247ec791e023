"""Residual networks on JAX: d2l, section "Residual Networks (ResNet) and ResNeXt"."""

from functools import partial

from flax import linen as nn
from jax import Array
from jax import numpy as jnp

from d2lite_jax.classification import Classifier

# As PyTorch and MXNet have it; Flax's own default of 0.99 takes hundreds of batches to settle.
BatchNorm = partial(nn.BatchNorm, momentum=0.9, epsilon=1e-5)


class Residual(nn.Module):
    """Two 3x3 convolutions with batch normalisation, added to their input.

    With `use_1x1conv` the input passes a 1x1 convolution, which may change its channels and size.
    """

    num_channels: int
    use_1x1conv: bool = False
    strides: int | tuple = 1
    training: bool = True

    def setup(self) -> None:
        # Padding as elsewhere: 'SAME' would pad a strided convolution on one side only.
        conv = partial(nn.Conv, self.num_channels)
        self.conv1 = conv(kernel_size=(3, 3), strides=self.strides, padding=1)
        self.conv2 = conv(kernel_size=(3, 3), padding=1)
        self.conv3 = (
            conv(kernel_size=(1, 1), strides=self.strides, padding=0) if self.use_1x1conv else None
        )
        self.bn1 = BatchNorm(not self.training)
        self.bn2 = BatchNorm(not self.training)

    def __call__(self, X: Array) -> Array:
        Y = nn.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return nn.relu(Y + X)


class ResNeXtBlock(nn.Module):
    """A grouped 3x3 convolution between two 1x1 convolutions, added to their input.

    The grouped one has `num_channels * bot_mul` channels, `groups` of them to a group.
    """

    num_channels: int
    groups: int
    bot_mul: float
    use_1x1conv: bool = False
    strides: int | tuple = 1
    training: bool = True

    def setup(self) -> None:
        bot_channels = round(self.num_channels * self.bot_mul)
        self.conv1 = nn.Conv(bot_channels, kernel_size=(1, 1))
        self.conv2 = nn.Conv(
            bot_channels,
            kernel_size=(3, 3),
            strides=self.strides,
            padding=1,
            feature_group_count=bot_channels // self.groups,
        )
        self.conv3 = nn.Conv(self.num_channels, kernel_size=(1, 1))
        self.bn1 = BatchNorm(not self.training)
        self.bn2 = BatchNorm(not self.training)
        self.bn3 = BatchNorm(not self.training)
        self.conv4 = self.bn4 = None
        if self.use_1x1conv:
            self.conv4 = nn.Conv(
                self.num_channels, kernel_size=(1, 1), strides=self.strides, padding=0
            )
            self.bn4 = BatchNorm(not self.training)

    def __call__(self, X: Array) -> Array:
        Y = nn.relu(self.bn1(self.conv1(X)))
        Y = nn.relu(self.bn2(self.conv2(Y)))
        Y = self.bn3(self.conv3(Y))
        if self.conv4 is not None:
            X = self.bn4(self.conv4(X))
        return nn.relu(Y + X)


class ResNet(Classifier):
    """A residual network for images (n, height, width, c).

    `arch`: (number of residual blocks, channels) of each stage. All but the first halve the size.
    """

    arch: tuple = ((1, 16), (1, 32), (1, 64))
    lr: float = 0.1
    num_classes: int = 10

    def setup(self) -> None:
        self.net = nn.Sequential(
            [
                nn.Conv(self.arch[0][1], kernel_size=(3, 3), padding=1),
                BatchNorm(not self.training),
                nn.relu,
                *[self.stage(*each, first=index == 0) for index, each in enumerate(self.arch)],
                global_avg_pool,
                nn.Dense(self.num_classes),
            ]
        )

    def stage(self, num_blocks: int, num_channels: int, first: bool) -> nn.Sequential:
        block = partial(Residual, num_channels, training=self.training)
        shrinking = [] if first else [block(use_1x1conv=True, strides=2)]
        keeping = [block() for _ in range(num_blocks - len(shrinking))]
        return nn.Sequential([*shrinking, *keeping])


def global_avg_pool(X: Array) -> Array:
    """The mean of each channel: Flax has no layer for it."""
    return jnp.mean(X, axis=(1, 2))
