"""MXNet, imported in the state that d2lite needs.

MXNet is retired: 1.9.1 is its last release. It was written for NumPy 1 and says so (`numpy<2`), it
takes names from NumPy that NumPy has removed since, and it takes version classes from distutils,
which Python 3.12 removed. So, once, when this module is imported:

1. the missing names are lent to NumPy while mxnet is being imported, and taken away again;
2. what goes wrong later, when a function of mxnet's runs, is mended in mxnet's own modules.

NumPy is afterwards as it was before, and the installed files of mxnet are never touched. On an old
NumPy that still has a name, NumPy's own is used.
"""

import contextlib
import importlib
import numbers
import re
import struct
import sys
from types import ModuleType, SimpleNamespace

import numpy
from packaging.version import Version

from d2lite.seeds import seed_framework_with
from d2lite.selection import install_line

NAME = 'mxnet'


def version():
    """The release of MXNet, e.g. '1.9.1'."""
    return mx.__version__


def device_names():
    """The devices MXNet can use, GPUs first: e.g. ['gpu(0)', 'cpu']."""
    return [*(f'gpu({i})' for i in range(mx.context.num_gpus())), 'cpu']


def seed(n):
    """Seeds MXNet's own random numbers, on every device."""
    mx.random.seed(n)


def _import_mxnet():
    """The module mxnet, imported and mended. ImportError, with what to do, if that cannot be."""
    try:
        if 'mxnet' not in sys.modules:
            _import_what_mxnet_imports()
            with _lent_names():
                importlib.import_module('mxnet')
    except ModuleNotFoundError as error:
        if error.name not in ('mxnet', 'requests'):
            raise
        raise ImportError(
            f'MXNet needs {error.name}, not installed here. Install with:\n'
            f'    {install_line("mxnet")}',
            name=error.name,
        ) from error
    except OSError as error:  # from the dynamic linker
        remedy = 'Install the library named above.'
        if 'libgomp' in str(error):
            remedy = 'On Debian and Ubuntu, install it with:\n    apt-get install libgomp1'
        raise ImportError(
            f'MXNet is installed, but its shared library cannot be loaded: {error}\n{remedy}',
            name='mxnet',
        ) from error
    mxnet = sys.modules['mxnet']
    _mend_numpy_names()
    _mend_numpy_scalars()
    _mend_named_tuples()
    _mend_conversion_to_numpy(mxnet)
    _mend_record_packing()
    return mxnet


# While mxnet is being imported --------------------------------------------------------------------


def _in1d(ar1, ar2, **options):
    return numpy.isin(numpy.ravel(ar1), ar2, **options)


def _msort(a):
    return numpy.sort(a, axis=0)


def _financial(*args, **kwargs):
    raise NotImplementedError(
        'NumPy gave up its financial functions, and mxnet.np has none of its own. '
        'They live on in the package numpy-financial.'
    )


# What `import mxnet` takes from NumPy and NumPy may no longer have. mxnet files its operators under
# the NumPy function of the same name: `numpy.round(x)` of an mxnet array finds mxnet's `round_`,
# which is its `round`, and so on for the others.
LENT_NAMES = {
    'bool': numpy.bool_,
    'Inf': numpy.inf,
    'NAN': numpy.nan,
    'NaN': numpy.nan,
    'NINF': -numpy.inf,
    'NZERO': -0.0,
    'PINF': numpy.inf,
    'PZERO': 0.0,
    'alltrue': numpy.all,
    'in1d': _in1d,
    'msort': _msort,
    'product': numpy.prod,
    'round_': numpy.round,
    'sometrue': numpy.any,
    'trapz': getattr(numpy, 'trapezoid', None),
    **dict.fromkeys(['mirr', 'npv', 'pmt', 'ppmt', 'pv', 'rate'], _financial),
}


@contextlib.contextmanager
def _lent_names():
    """NumPy with LENT_NAMES and a distutils.version; both are as before afterwards, come what may.

    Other threads can see the names meanwhile. They cannot get in here: a module is imported once,
    under a lock of Python's.
    """
    missing = [name for name in LENT_NAMES if name not in vars(numpy)]
    versions = ModuleType('distutils.version')
    versions.LooseVersion = versions.StrictVersion = Version
    original_versions = sys.modules.get(versions.__name__)
    try:
        for name in missing:
            setattr(numpy, name, LENT_NAMES[name])
        sys.modules[versions.__name__] = versions
        yield
    finally:
        for name in missing:
            vars(numpy).pop(name, None)
        del sys.modules[versions.__name__]
        if original_versions is not None:
            sys.modules[versions.__name__] = original_versions


def _import_what_mxnet_imports():
    """Imports the optional packages that mxnet would import, so that they never see a lent name.

    SciPy and scikit-learn, for two, copy NumPy's namespace when they are imported.
    """
    for name in ('bokeh', 'cv2', 'h5py', 'onnx', 'pandas', 'scipy.sparse', 'scipy.stats', 'sklearn.base'):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


# When a function of mxnet's runs ------------------------------------------------------------------


def _mend_numpy_names():
    """Functions that use a removed NumPy name when they are called, such as mx.np.pad."""
    names = {
        'bool': numpy.bool_,
        'int': int,
        'Inf': numpy.inf,
        'compat': SimpleNamespace(basestring=str),
    }
    complete_numpy = ModuleType('numpy')
    vars(complete_numpy).update(names | vars(numpy))
    for module, alias in [
        ('mxnet.numpy.multiarray', '_np'),
        ('mxnet.ndarray.numpy._op', '_np'),
        ('mxnet.symbol.numpy._symbol', '_np'),
        ('mxnet.gluon.contrib.estimator.event_handler', 'np'),
        ('mxnet.test_utils', 'np'),
    ]:
        setattr(sys.modules[module], alias, complete_numpy)


def _mend_numpy_scalars():
    """mx.np.zeros((numpy.int64(3), 2)), x[numpy.int64(0)] = 1 and the like.

    mxnet hands arguments to its C++ operators as text. NumPy 2 prints a scalar inside a tuple as
    `np.int64(3)`, which they cannot read; NumPy 1 printed `3`.
    """
    scalar = re.compile(r'\bnp\.(?:\w+\(([^()]*)\)|(True|False)_)')

    def plain(text):
        return scalar.sub(lambda match: match[1] or match[2], text) if 'np.' in text else text

    base = sys.modules['mxnet.base']
    for module in ('_ctypes.ndarray', '_ctypes.symbol', 'io.io', 'symbol.symbol'):
        module = sys.modules[f'mxnet.{module}']
        module.c_str_array = lambda texts: base.c_str_array([plain(text) for text in texts])
    module.c_str = lambda text: base.c_str(plain(text))  # attributes of a symbol, one at a time


def _mend_named_tuples():
    """mx.np.linalg.qr and others that mxnet leaves to NumPy, which now answers with a named tuple.

    mxnet converts a tuple by calling its class with one list, and a named tuple wants the items.
    """
    multiarray = sys.modules['mxnet.numpy.multiarray']
    as_mx_np_array = multiarray._as_mx_np_array

    def as_mx_np_array_or_tuple(object, ctx=None):
        return as_mx_np_array(tuple(object) if hasattr(object, '_fields') else object, ctx)

    multiarray._as_mx_np_array = as_mx_np_array_or_tuple


def _mend_conversion_to_numpy(mxnet):
    """numpy.asarray(x), and all that relies on it: matplotlib, scikit-learn, the other frameworks.

    Without `__array__`, NumPy takes an mxnet array apart element by element.
    """

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError('NumPy cannot share the memory of an mxnet array; it needs a copy')
        array = self.asnumpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    mxnet.nd.NDArray.__array__ = __array__  # mx.np.ndarray is derived from it


def _mend_record_packing():
    """mx.recordio.pack with an array for a label, which calls ndarray.tostring (now tobytes)."""
    recordio = sys.modules['mxnet.recordio']
    pack_number = recordio.pack

    def pack(header, s):
        header = recordio.IRHeader(*header)
        if isinstance(header.label, numbers.Number):
            return pack_number(header, s)
        label = numpy.asarray(header.label, dtype=numpy.float32)
        header = header._replace(flag=label.size, label=0)
        return struct.pack(recordio._IR_FORMAT, *header) + label.tobytes() + s

    recordio.pack = pack


mx = _import_mxnet()
mx.npx.set_np()
seed_framework_with(seed)
