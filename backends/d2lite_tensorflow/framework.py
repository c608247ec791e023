"""TensorFlow, imported in the state that d2lite needs: with Keras on the TensorFlow backend.

Keras 3 is the default. With TF_USE_LEGACY_KERAS=1 and the package tf-keras installed, `tf.keras` is
Keras 2, for which the pages of the book were written; d2lite works with either.
"""

import os
import random
from importlib import metadata

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # importing it prints less with this

import numpy as np
import tensorflow as tf

from d2lite.seeds import seed_framework_with
from d2lite.selection import BackendError

NAME = 'tensorflow'


def version() -> str:
    """The releases of TensorFlow and Keras, e.g. '2.21.0 (Keras 3.15.1)'."""
    keras_version = getattr(keras, '__version__', None) or metadata.version('tf-keras')
    return f'{tf.__version__} (Keras {keras_version})'


def device_names() -> list[str]:
    """The devices TensorFlow can use, GPUs first: e.g. ['GPU:0', 'CPU:0']."""
    devices = tf.config.list_logical_devices('GPU') + tf.config.list_logical_devices('CPU')
    return [device.name.removeprefix('/device:') for device in devices]


def cuda_version() -> str:
    """The version of CUDA that this build of TensorFlow is for, '' of a build without."""
    return tf.sysconfig.get_build_info().get('cuda_version', '')


def seed(n: int) -> None:
    """Seeds TensorFlow's and Keras's own random numbers."""
    others = random.getstate(), np.random.get_state()
    keras.utils.set_random_seed(n)  # also seeds Python and NumPy, which is not asked for here
    random.setstate(others[0])
    np.random.set_state(others[1])


def _keras():
    try:
        backend = tf.keras.backend.backend()  # imports Keras, which comes when first looked into
    except ImportError as error:
        raise BackendError(
            'TF_USE_LEGACY_KERAS=1 asks for Keras 2, which is not installed. Install it with:\n'
            '    pip install tf-keras\n'
            'or unset the variable for Keras 3.'
        ) from error
    if backend != 'tensorflow':
        raise BackendError(
            f'Keras runs on {backend} here, and this backend of d2lite needs it on TensorFlow. '
            f'Set KERAS_BACKEND=tensorflow (or mend ~/.keras/keras.json) and restart.'
        )
    return tf.keras


keras = _keras()
seed_framework_with(seed)
