"""Residual networks on MXNet."""

from mxnet import init
from mxnet.gluon import nn

from d2lite_mxnet.classification import Classifier


class Residual(nn.HybridBlock):
    """The residual block: two 3x3 convolutions with batch normalisation, added to their input.

    With `use_1x1conv` the input passes a 1x1 convolution, which may change channels and, by
    `strides`, the size. Definition: d2l, "Residual Networks (ResNet) and ResNeXt".
    """

    def __init__(self, num_channels, use_1x1conv=False, strides=1, **kwargs):
        super().__init__(**kwargs)
        self.conv1 = nn.Conv2D(num_channels, kernel_size=3, padding=1, strides=strides)
        self.conv2 = nn.Conv2D(num_channels, kernel_size=3, padding=1)
        self.conv3 = (
            nn.Conv2D(num_channels, kernel_size=1, strides=strides) if use_1x1conv else None
        )
        self.bn1 = nn.BatchNorm()
        self.bn2 = nn.BatchNorm()

    def hybrid_forward(self, F, X):
        Y = F.npx.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return F.npx.relu(Y + X)


class ResNeXtBlock(nn.HybridBlock):
    """The ResNeXt block: a grouped 3x3 convolution between two 1x1 convolutions, plus the input.

    The grouped one has `num_channels * bot_mul` channels, `groups` of them to a group. Definition:
    d2l, "Residual Networks (ResNet) and ResNeXt".
    """

    def __init__(self, num_channels, groups, bot_mul, use_1x1conv=False, strides=1, **kwargs):
        super().__init__(**kwargs)
        bot_channels = round(num_channels * bot_mul)
        self.conv1 = nn.Conv2D(bot_channels, kernel_size=1)
        self.conv2 = nn.Conv2D(
            bot_channels, kernel_size=3, strides=strides, padding=1, groups=bot_channels // groups
        )
        self.conv3 = nn.Conv2D(num_channels, kernel_size=1)
        self.bn1 = nn.BatchNorm()
        self.bn2 = nn.BatchNorm()
        self.bn3 = nn.BatchNorm()
        self.conv4 = self.bn4 = None
        if use_1x1conv:
            self.conv4 = nn.Conv2D(num_channels, kernel_size=1, strides=strides)
            self.bn4 = nn.BatchNorm()

    def hybrid_forward(self, F, X):
        Y = F.npx.relu(self.bn1(self.conv1(X)))
        Y = F.npx.relu(self.bn2(self.conv2(Y)))
        Y = self.bn3(self.conv3(Y))
        if self.conv4 is not None:
            X = self.bn4(self.conv4(X))
        return F.npx.relu(Y + X)


class ResNet(Classifier):
    """A residual network for images (n, c, height, width).

    `arch`: for each stage (number of residual blocks, channels); each stage after the first halves
    the size. The first convolution is 3x3 as for small images, without pooling. Definition: d2l,
    "Residual Networks (ResNet) and ResNeXt".
    """

    def __init__(self, arch=((1, 16), (1, 32), (1, 64)), lr=0.1, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.HybridSequential()
        self.net.add(
            nn.Conv2D(arch[0][1], kernel_size=3, padding=1),
            nn.BatchNorm(),
            nn.Activation('relu'),
            *[self.stage(*each, first=index == 0) for index, each in enumerate(arch)],
            nn.GlobalAvgPool2D(),
            nn.Dense(num_classes),
        )
        self.net.initialize(init.Xavier())

    def stage(self, num_blocks, num_channels, first):
        shrinking = [] if first else [Residual(num_channels, use_1x1conv=True, strides=2)]
        keeping = [Residual(num_channels) for _ in range(num_blocks - len(shrinking))]
        stage = nn.HybridSequential()
        stage.add(*shrinking, *keeping)
        return stage
