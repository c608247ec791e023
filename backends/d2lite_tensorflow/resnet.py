"""Residual networks on TensorFlow: d2l, section "Residual Networks (ResNet) and ResNeXt"."""

from functools import partial

import tensorflow as tf

from d2lite_tensorflow.classification import Classifier
from d2lite_tensorflow.framework import keras

layers = keras.layers

# As PyTorch and MXNet have it; Keras's own default of 0.99 takes hundreds of batches to settle.
BatchNorm = partial(layers.BatchNormalization, momentum=0.9, epsilon=1e-5)


class Residual(keras.Model):
    """Two 3x3 convolutions with batch normalisation, added to their input.

    With `use_1x1conv` the input passes a 1x1 convolution, which may change its channels and size.
    """

    def __init__(self, num_channels: int, use_1x1conv: bool = False, strides: int = 1) -> None:
        super().__init__()
        # Padding as elsewhere: 'same' would pad a strided convolution on one side only.
        self.pad = layers.ZeroPadding2D(1)
        self.conv1 = layers.Conv2D(num_channels, kernel_size=3, strides=strides)
        self.conv2 = layers.Conv2D(num_channels, kernel_size=3, padding='same')
        self.conv3 = (
            layers.Conv2D(num_channels, kernel_size=1, strides=strides) if use_1x1conv else None
        )
        self.bn1 = BatchNorm()
        self.bn2 = BatchNorm()

    def call(self, X: tf.Tensor) -> tf.Tensor:
        Y = keras.activations.relu(self.bn1(self.conv1(self.pad(X))))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return keras.activations.relu(Y + X)


class ResNeXtBlock(keras.Model):
    """A grouped 3x3 convolution between two 1x1 convolutions, added to their input.

    The grouped one has `num_channels * bot_mul` channels, `groups` of them to a group.
    """

    def __init__(
        self,
        num_channels: int,
        groups: int,
        bot_mul: float,
        use_1x1conv: bool = False,
        strides: int = 1,
    ) -> None:
        super().__init__()
        bot_channels = round(num_channels * bot_mul)
        self.conv1 = layers.Conv2D(bot_channels, kernel_size=1)
        self.pad = layers.ZeroPadding2D(1)
        self.conv2 = layers.Conv2D(
            bot_channels, kernel_size=3, strides=strides, groups=bot_channels // groups
        )
        self.conv3 = layers.Conv2D(num_channels, kernel_size=1)
        self.bn1 = BatchNorm()
        self.bn2 = BatchNorm()
        self.bn3 = BatchNorm()
        self.conv4 = self.bn4 = None
        if use_1x1conv:
            self.conv4 = layers.Conv2D(num_channels, kernel_size=1, strides=strides)
            self.bn4 = BatchNorm()

    def call(self, X: tf.Tensor) -> tf.Tensor:
        Y = keras.activations.relu(self.bn1(self.conv1(X)))
        Y = keras.activations.relu(self.bn2(self.conv2(self.pad(Y))))
        Y = self.bn3(self.conv3(Y))
        if self.conv4 is not None:
            X = self.bn4(self.conv4(X))
        return keras.activations.relu(Y + X)


class ResNet(Classifier):
    """A residual network for images (n, height, width, c).

    `arch`: (number of residual blocks, channels) of each stage. All but the first halve the size.
    """

    def __init__(
        self, arch: tuple = ((1, 16), (1, 32), (1, 64)), lr: float = 0.1, num_classes: int = 10
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = keras.Sequential(
            [
                layers.Conv2D(arch[0][1], kernel_size=3, padding='same'),
                BatchNorm(),
                layers.ReLU(),
                *[self.stage(*each, first=index == 0) for index, each in enumerate(arch)],
                layers.GlobalAvgPool2D(),
                layers.Dense(num_classes),
            ]
        )

    def stage(self, num_blocks: int, num_channels: int, first: bool) -> keras.Sequential:
        shrinking = [] if first else [Residual(num_channels, use_1x1conv=True, strides=2)]
        keeping = [Residual(num_channels) for _ in range(num_blocks - len(shrinking))]
        return keras.Sequential([*shrinking, *keeping])
