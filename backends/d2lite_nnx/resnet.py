"""Residual networks on NNX: d2l, section "Residual Networks (ResNet) and ResNeXt"."""

from functools import partial

from flax import nnx
from jax import Array

from d2lite_jax.resnet import global_avg_pool
from d2lite_nnx import lazy
from d2lite_nnx.classification import Classifier
from d2lite_nnx.framework import rngs_or_new

# As PyTorch and MXNet have it; Flax's own default of 0.99 takes hundreds of batches to settle.
BatchNorm = partial(lazy.BatchNorm, momentum=0.9, epsilon=1e-5)


class Residual(nnx.Module):
    """Two 3x3 convolutions with batch normalisation, added to their input.

    With `use_1x1conv` the input passes a 1x1 convolution, which may change its channels and size.
    """

    def __init__(
        self,
        num_channels: int,
        use_1x1conv: bool = False,
        strides: int | tuple = 1,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        # Padding as elsewhere: 'SAME' would pad a strided convolution on one side only.
        conv = partial(lazy.Conv, num_channels, rngs=rngs)
        self.conv1 = conv(kernel_size=(3, 3), strides=strides, padding=1)
        self.conv2 = conv(kernel_size=(3, 3), padding=1)
        self.conv3 = conv(kernel_size=(1, 1), strides=strides, padding=0) if use_1x1conv else None
        self.bn1 = BatchNorm(rngs=rngs)
        self.bn2 = BatchNorm(rngs=rngs)

    def __call__(self, X: Array) -> Array:
        Y = nnx.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return nnx.relu(Y + X)


class ResNeXtBlock(nnx.Module):
    """A grouped 3x3 convolution between two 1x1 convolutions, added to their input.

    The grouped one has `num_channels * bot_mul` channels, `groups` of them to a group.
    """

    def __init__(
        self,
        num_channels: int,
        groups: int,
        bot_mul: float,
        use_1x1conv: bool = False,
        strides: int | tuple = 1,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        bot_channels = round(num_channels * bot_mul)
        conv = partial(lazy.Conv, rngs=rngs_or_new(rngs))
        norm = partial(BatchNorm, rngs=conv.keywords['rngs'])
        self.conv1 = conv(bot_channels, kernel_size=(1, 1))
        self.conv2 = conv(
            bot_channels,
            kernel_size=(3, 3),
            strides=strides,
            padding=1,
            feature_group_count=bot_channels // groups,
        )
        self.conv3 = conv(num_channels, kernel_size=(1, 1))
        self.bn1, self.bn2, self.bn3 = norm(), norm(), norm()
        shortcut = {'kernel_size': (1, 1), 'strides': strides, 'padding': 0}
        self.conv4 = conv(num_channels, **shortcut) if use_1x1conv else None
        self.bn4 = norm() if use_1x1conv else None

    def __call__(self, X: Array) -> Array:
        Y = nnx.relu(self.bn1(self.conv1(X)))
        Y = nnx.relu(self.bn2(self.conv2(Y)))
        Y = self.bn3(self.conv3(Y))
        if self.conv4 is not None:
            X = self.bn4(self.conv4(X))
        return nnx.relu(Y + X)


class ResNet(Classifier):
    """A residual network for images (n, height, width, c).

    `arch`: (number of residual blocks, channels) of each stage. All but the first halve the size.
    """

    def __init__(
        self,
        arch: tuple = ((1, 16), (1, 32), (1, 64)),
        lr: float = 0.1,
        num_classes: int = 10,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        rngs = rngs_or_new(rngs)
        self.net = nnx.Sequential(
            lazy.Conv(arch[0][1], kernel_size=(3, 3), padding=1, rngs=rngs),
            BatchNorm(rngs=rngs),
            nnx.relu,
            *[self.stage(*each, index == 0, rngs) for index, each in enumerate(arch)],
            global_avg_pool,
            nnx.Linear(arch[-1][1], num_classes, rngs=rngs),
        )

    def stage(
        self, num_blocks: int, num_channels: int, first: bool, rngs: nnx.Rngs
    ) -> nnx.Sequential:
        block = partial(Residual, num_channels, rngs=rngs)
        shrinking = [] if first else [block(use_1x1conv=True, strides=2)]
        keeping = [block() for _ in range(num_blocks - len(shrinking))]
        return nnx.Sequential(*shrinking, *keeping)
