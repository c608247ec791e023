"""What PyTorch and Keras have given up, and Gym."""

import os
import warnings
from importlib.util import find_spec

from d2lite.pages.compat.kinds import Alias, Made, OldArgument, OldForm, OldModule
from d2lite.pages.compat.old_name import OldName


class Keras2(OldName):
    """Keras 2, which TensorFlow takes if it is told so before it is imported."""

    lendable = True

    @property
    def name(self) -> str:
        return self.attribute

    def choose(self) -> None:
        """Tells TensorFlow, which is not imported yet, unless the user has decided otherwise."""
        if find_spec('tf_keras'):
            os.environ.setdefault('TF_USE_LEGACY_KERAS', '1')

    def lend(self) -> None:
        if os.environ.get('TF_USE_LEGACY_KERAS') in ('1', 'true', 'True'):
            self.note()
        elif not find_spec('tf_keras'):
            warnings.warn('Keras 2 cannot be lent: pip install --no-deps tf-keras', stacklevel=2)


KERAS = Keras2(
    'tensorflow',
    'Keras 2',
    'TensorFlow 2.16',
    'what Keras 3 has (https://keras.io/guides/migrating_to_keras_3)',
    r'Unrecognized keyword arguments passed to \w+: |Argument\(s\) not recognized: |'
    r'A KerasTensor cannot be used as input to a TensorFlow function|'
    r'The filename must end in `\.weights\.h5`|Invalid filepath extension for saving|'
    r'not supported in Keras 3|`name` must be passed as a keyword argument|'
    r"module 'keras[\w.]*' has no attribute|No module named '(tensorflow\.)?keras\.|"
    r"get_initial_state\(\) got an unexpected keyword argument '(dtype|inputs)'",
)


def _symeig():
    import torch

    def symeig(input, eigenvectors=False, upper=True):
        values, vectors = torch.linalg.eigh(input, UPLO='U' if upper else 'L')
        return values, vectors if eigenvectors else vectors.new_empty(0)

    return symeig


def _lstsq():
    import torch

    return lambda input, A: (torch.linalg.lstsq(A, input).solution, None)


def _solve():
    import torch

    return lambda input, A: (torch.linalg.solve(A, input), None)


def _matrix_rank():
    import torch

    def matrix_rank(input, tol=None, symmetric=False):
        tolerance = {} if tol is None else {'tol': tol}
        return torch.linalg.matrix_rank(input, **tolerance, hermitian=symmetric)

    return matrix_rank


def _load_whole_objects(function, note):
    def load(*args, weights_only=None, **options):
        if weights_only is None:
            note()
        return function(*args, weights_only=bool(weights_only), **options)

    return load


SCHEDULERS = (
    'LambdaLR MultiplicativeLR StepLR MultiStepLR ConstantLR LinearLR ExponentialLR PolynomialLR '
    'CosineAnnealingLR ReduceLROnPlateau CyclicLR CosineAnnealingWarmRestarts OneCycleLR'
).split()

TORCH = [
    *[
        Made('torch', name, 'PyTorch 1.13', f'torch.linalg.{use}', error, make=make)
        for name, use, error, make in [
            ('symeig', 'eigh(A)', r'torch\.symeig\(A', _symeig),
            ('lstsq', 'lstsq(A, B)', r'`torch\.lstsq` is deprecated', _lstsq),
            ('solve', 'solve(A, B)', r'`torch\.solve` is deprecated', _solve),
            ('matrix_rank', 'matrix_rank(A)', r'`torch\.linalg\.matrix_rank` func', _matrix_rank),
        ]
    ],
    *[
        OldArgument(
            'torch.optim.lr_scheduler',
            f'{name}.__init__',
            'PyTorch 2.7',
            'print(scheduler.get_last_lr())',
            keyword='verbose',
        )
        for name in SCHEDULERS
    ],
    OldForm(
        'torch',
        'load',
        'PyTorch 2.6',
        'torch.load(path, weights_only=False)',
        r'Weights only load failed',
        form=' of whole objects',
        accept=_load_whole_objects,
    ),
    Alias('torch', 'set_deterministic', 'PyTorch 1.10', 'torch.use_deterministic_algorithms'),
    Alias(
        'torch', 'is_deterministic', 'PyTorch 1.10', 'torch.are_deterministic_algorithms_enabled'
    ),
    OldName('torch', 'rfft', 'PyTorch 1.8', 'torch.fft.rfft'),
    OldName(
        'torch',
        'stft without return_complex',
        'PyTorch 2.0',
        'torch.stft(..., return_complex=True)',
        r'stft requires the return_complex parameter',
    ),
]

GYM = [
    OldModule('', name, 'Gym itself ended in 2022', name.replace('gym', 'gymnasium', 1))
    for name in ('gym', 'gym.spaces', 'gym.wrappers', 'gym.envs', 'gym.envs.registration')
]
