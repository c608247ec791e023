"""d2lite on MXNet: everything that `d2l.` offers on this backend."""

from d2lite.selection import require

require('mxnet')

from d2lite.data.download import DATA_HUB, DATA_URL, download, download_extract, extract
from d2lite.helpers import Accumulator, Timer, check_len, check_shape
from d2lite.hyperparameters import HyperParameters, add_to_class
from d2lite.interface import NAMES
from d2lite.plotting.animator import Animator
from d2lite.plotting.board import ProgressBoard
from d2lite.plotting.figures import (
    plot,
    plt,
    set_axes,
    set_figsize,
    show_heatmaps,
    show_images,
    use_svg_display,
)
from d2lite.saving.checkpoint import load_parameters
from d2lite.saving.initialization import xavier_uniform
from d2lite.seeds import seed_everything
from d2lite_mxnet import framework
from d2lite_mxnet.classification import MLP, Classifier, SoftmaxRegression
from d2lite_mxnet.convolution import LeNet, corr2d, init_cnn
from d2lite_mxnet.data import (
    DataModule,
    Digits,
    FashionMNIST,
    KaggleHouse,
    SyntheticRegressionData,
)
from d2lite_mxnet.devices import cpu, gpu, num_gpus, try_all_gpus, try_gpu
from d2lite_mxnet.linear import (
    LinearRegression,
    LinearRegressionScratch,
    data_iter,
    linreg,
    load_array,
    sgd,
    squared_loss,
    synthetic_data,
)
from d2lite_mxnet.module import Module, nn_Module
from d2lite_mxnet.optimizer import SGD
from d2lite_mxnet.resnet import Residual, ResNet, ResNeXtBlock
from d2lite_mxnet.tensor import (
    abs,
    arange,
    argmax,
    astype,
    batch_matmul,
    concat,
    cos,
    cosh,
    exp,
    expand_dims,
    eye,
    float32,
    int32,
    int64,
    linspace,
    log,
    matmul,
    meshgrid,
    normal,
    numpy,
    ones,
    ones_like,
    rand,
    randn,
    reduce_mean,
    reduce_sum,
    repeat,
    reshape,
    sigmoid,
    sin,
    sinh,
    size,
    stack,
    swapaxes,
    tanh,
    tensor,
    to,
    transpose,
    zeros,
    zeros_like,
)
from d2lite_mxnet.trainer import Trainer

__all__ = list(NAMES)
