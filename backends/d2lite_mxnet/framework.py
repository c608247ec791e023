"""MXNet, imported in the state that d2lite needs.

MXNet is retired, and 1.9.1 is its last release. It was written for NumPy 1 and says so (`numpy<2`):
it takes names from NumPy that NumPy has since removed, and version numbers from distutils, which
left Python in 3.12. The other frameworks need a current NumPy. So, once, on import of this module:

1. mxnet is imported with a copy of NumPy's namespace that still has the names;
2. what else goes wrong when a function of mxnet is called is mended in mxnet's own modules.

NumPy stays as it is, and so do the installed files of mxnet.
"""

import contextlib
import importlib
import re
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import numpy
from packaging.version import Version

from d2lite.seeds import seed_framework_with

NAME = 'mxnet'


def version() -> str:
    """The release of MXNet, e.g. '1.9.1'."""
    return mx.__version__


def device_names() -> list[str]:
    """The devices MXNet can use, GPUs first: e.g. ['gpu(0)', 'cpu']."""
    return [*(f'gpu({i})' for i in range(mx.context.num_gpus())), 'cpu']


def cuda_version() -> str:
    """'unknown' if this build of MXNet is for CUDA, '' of a build without."""
    return 'unknown' if mx.runtime.Features().is_enabled('CUDA') else ''


def seed(n: int) -> None:
    """Seeds MXNet's own random numbers, on every device."""
    mx.random.seed(n)


def _import_mxnet() -> ModuleType:
    """The module mxnet, imported and mended. ImportError, with what to do, where that fails."""
    try:
        with _namespaces_of_old():
            mxnet = importlib.import_module('mxnet')
    except OSError as error:  # from the dynamic linker
        remedy = 'Install what is named above.'
        if 'libgomp' in str(error):
            remedy = 'On Debian and Ubuntu, install it with:\n    apt-get install libgomp1'
        raise ImportError(
            f'MXNet is installed, but its shared library cannot be loaded:\n    {error}\n{remedy}',
            name='mxnet',
        ) from error

    _mend_conversion_to_numpy(mxnet)
    _mend_scalars_in_operators()
    return mxnet


# While mxnet is being imported

# What mxnet takes from NumPy and a current NumPy has not. mxnet files its operators under the NumPy
# functions of the same names. That `round` and `round_` are one function here does no harm: there,
# they do the same.
REMOVED_NAMES = {
    'bool': numpy.bool_,
    'compat': SimpleNamespace(basestring=str),
    'Inf': numpy.inf,
    'int': int,
    'NAN': numpy.nan,
    'NaN': numpy.nan,
    'NINF': -numpy.inf,
    'NZERO': -0.0,
    'PINF': numpy.inf,
    'PZERO': 0.0,
    'alltrue': numpy.all,
    'in1d': lambda a, *args, **kwargs: numpy.isin(numpy.ravel(a), *args, **kwargs),
    'msort': lambda a: numpy.sort(a, axis=0),
    'product': numpy.prod,
    'round_': numpy.round,
    'sometrue': numpy.any,
    'trapz': getattr(numpy, 'trapezoid', None),
    **dict.fromkeys(['mirr', 'npv', 'pmt', 'ppmt', 'pv', 'rate']),  # nothing has them any more
}


@contextlib.contextmanager
def _namespaces_of_old() -> Iterator[None]:
    """Inside, `import numpy` gives a copy with REMOVED_NAMES, and there is a distutils.version."""
    # The optional packages of mxnet come ahead of it: they would keep the copy as well.
    for name in ['bokeh', 'cv2', 'h5py', 'onnx', 'scipy.sparse', 'scipy.stats', 'sklearn.base']:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    complete_numpy = ModuleType('numpy')
    vars(complete_numpy).update(REMOVED_NAMES | vars(numpy))
    distutils_version = ModuleType('distutils.version')
    distutils_version.LooseVersion = distutils_version.StrictVersion = Version
    substitutes = {'numpy': complete_numpy, 'distutils.version': distutils_version}
    originals = {name: sys.modules[name] for name in substitutes if name in sys.modules}
    sys.modules.update(substitutes)
    try:
        yield
    finally:
        for name in substitutes:
            del sys.modules[name]
        sys.modules.update(originals)


# When a function of mxnet is called


def _mend_conversion_to_numpy(mxnet):
    """numpy.asarray(x), and what relies on it: matplotlib, scikit-learn, the other frameworks.

    mxnet never had `__array__`, so NumPy takes its arrays apart and makes an array of objects.
    """

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError('NumPy cannot share the memory of an mxnet array, only copy it')
        array = self.asnumpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    mxnet.nd.NDArray.__array__ = __array__  # mx.np.ndarray is a subclass


def _mend_scalars_in_operators():
    """mx.np.zeros((numpy.int64(3), 2)), x[numpy.int64(0)] = 1 and the like.

    mxnet hands arguments to its C++ operators as text. NumPy 2 writes a scalar inside a tuple as
    `np.int64(3)`, which they cannot read, and NumPy 1 wrote it as `3`.
    """
    scalar = re.compile(r'\bnp\.\w+\(([^()]*)\)')
    base = sys.modules['mxnet.base']

    def plain(text):
        return scalar.sub(r'\1', text) if 'np.' in text else text

    def c_str_array(texts):
        if 'np.' in ' '.join(texts):  # seldom, and every operator comes through here
            texts = [plain(text) for text in texts]
        return base.c_str_array(texts)

    sys.modules['mxnet._ctypes.ndarray'].c_str_array = c_str_array
    sys.modules['mxnet._ctypes.symbol'].c_str_array = c_str_array
    sys.modules['mxnet.io.io'].c_str_array = c_str_array
    sys.modules['mxnet.symbol.symbol'].c_str = lambda text: base.c_str(plain(text))


mx = _import_mxnet()
mx.npx.set_np()
seed_framework_with(seed)
