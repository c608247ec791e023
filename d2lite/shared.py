"""The part of `d2l.` that is the same object on every backend: `from d2lite.shared import *`."""

from d2lite.data.bleu import bleu
from d2lite.data.download import DATA_HUB, DATA_URL, download, download_extract, extract
from d2lite.data.translation import truncate_pad
from d2lite.data.vocabulary import Vocab
from d2lite.environments import (
    frozen_lake,
    make_env,
    show_Q_function_progress,
    show_value_function_progress,
)
from d2lite.helpers import Accumulator, Timer, check_len, check_shape
from d2lite.hyperparameters import HyperParameters, add_to_class
from d2lite.kernels import rbfkernel
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
from d2lite.plotting.histograms import show_list_len_pair_hist
from d2lite.saving.initialization import xavier_uniform
from d2lite.saving.parameters import load_parameters
from d2lite.search.schedulers import (
    BasicScheduler,
    HPOScheduler,
    SuccessiveHalvingScheduler,
)
from d2lite.search.searchers import HPOSearcher, RandomSearcher
from d2lite.search.tuner import HPOTuner
from d2lite.seeds import seed_everything
from d2lite.training.callbacks import (
    Callback,
    EarlyStopping,
    LearningRateMonitor,
    ModelCheckpoint,
)
from d2lite.training.loggers import CSVLogger, TensorBoardLogger

__all__ = ['HyperParameters', 'add_to_class', 'seed_everything']
__all__ += ['Callback', 'EarlyStopping', 'ModelCheckpoint', 'LearningRateMonitor']
__all__ += ['CSVLogger', 'TensorBoardLogger', 'load_parameters', 'xavier_uniform']
__all__ += ['ProgressBoard', 'Animator', 'use_svg_display', 'set_figsize', 'set_axes']
__all__ += ['plt', 'plot', 'show_heatmaps', 'show_images', 'show_list_len_pair_hist']
__all__ += ['Vocab', 'truncate_pad', 'bleu']
__all__ += ['download', 'extract', 'download_extract', 'DATA_HUB', 'DATA_URL']
__all__ += ['Accumulator', 'Timer', 'check_len', 'check_shape']
__all__ += ['HPOSearcher', 'RandomSearcher', 'HPOScheduler', 'BasicScheduler', 'HPOTuner']
__all__ += ['SuccessiveHalvingScheduler', 'rbfkernel', 'make_env', 'frozen_lake']
__all__ += ['show_value_function_progress', 'show_Q_function_progress']
