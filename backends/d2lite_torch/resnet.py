"""Residual networks on PyTorch: d2l, section "Residual Networks (ResNet) and ResNeXt"."""

from torch import Tensor, nn
from torch.nn import functional as F

from d2lite_torch.classification import Classifier


class Residual(nn.Module):
    """Two 3x3 convolutions with batch normalisation, added to their input.

    With `use_1x1conv` the input passes a 1x1 convolution, which may change its channels and size.
    """

    def __init__(self, num_channels: int, use_1x1conv: bool = False, strides: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.LazyConv2d(num_channels, kernel_size=3, padding=1, stride=strides)
        self.conv2 = nn.LazyConv2d(num_channels, kernel_size=3, padding=1)
        self.conv3 = (
            nn.LazyConv2d(num_channels, kernel_size=1, stride=strides) if use_1x1conv else None
        )
        self.bn1 = nn.LazyBatchNorm2d()
        self.bn2 = nn.LazyBatchNorm2d()

    def forward(self, X: Tensor) -> Tensor:
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return F.relu(Y + X)


class ResNeXtBlock(nn.Module):
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
        self.conv1 = nn.LazyConv2d(bot_channels, kernel_size=1)
        self.conv2 = nn.LazyConv2d(
            bot_channels, kernel_size=3, stride=strides, padding=1, groups=bot_channels // groups
        )
        self.conv3 = nn.LazyConv2d(num_channels, kernel_size=1)
        self.bn1 = nn.LazyBatchNorm2d()
        self.bn2 = nn.LazyBatchNorm2d()
        self.bn3 = nn.LazyBatchNorm2d()
        self.conv4 = self.bn4 = None
        if use_1x1conv:
            self.conv4 = nn.LazyConv2d(num_channels, kernel_size=1, stride=strides)
            self.bn4 = nn.LazyBatchNorm2d()

    def forward(self, X: Tensor) -> Tensor:
        Y = F.relu(self.bn1(self.conv1(X)))
        Y = F.relu(self.bn2(self.conv2(Y)))
        Y = self.bn3(self.conv3(Y))
        if self.conv4 is not None:
            X = self.bn4(self.conv4(X))
        return F.relu(Y + X)


class ResNet(Classifier):
    """A residual network for images (n, c, height, width).

    `arch`: (number of residual blocks, channels) of each stage. All but the first halve the size.
    """

    def __init__(
        self, arch: tuple = ((1, 16), (1, 32), (1, 64)), lr: float = 0.1, num_classes: int = 10
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.LazyConv2d(arch[0][1], kernel_size=3, padding=1),
            nn.LazyBatchNorm2d(),
            nn.ReLU(),
            *[self.stage(*each, first=index == 0) for index, each in enumerate(arch)],
            nn.AdaptiveAvgPool2d((1, 1)),
            nn.Flatten(),
            nn.LazyLinear(num_classes),
        )

    def stage(self, num_blocks: int, num_channels: int, first: bool) -> nn.Sequential:
        shrinking = [] if first else [Residual(num_channels, use_1x1conv=True, strides=2)]
        keeping = [Residual(num_channels) for _ in range(num_blocks - len(shrinking))]
        return nn.Sequential(*shrinking, *keeping)
