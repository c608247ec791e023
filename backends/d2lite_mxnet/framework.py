"""MXNet, imported in the state that d2lite needs.

MXNet is retired, and 1.9.1 is its last release. It was written for NumPy 1 and says so (`numpy<2`):
it takes names from NumPy that NumPy has since removed, and version numbers from distutils, which
left Python in 3.12. The other frameworks need a current NumPy. So, once, on import of this module:

1. what is missing is lent to NumPy while mxnet is being imported, and taken away again;
2. what would go wrong later, when a function of mxnet is called, is mended in mxnet's own modules.

NumPy is afterwards as it was before, and the installed files of mxnet stay as they are. An older
NumPy is lent only the names that it lacks, and what works there is left alone.
"""

import contextlib
import functools
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
    """The module mxnet, imported and mended. ImportError, with what to do, where that fails."""
    try:
        if 'mxnet' not in sys.modules:
            _import_what_mxnet_imports()
            with _lent_names():
                importlib.import_module('mxnet')
        mxnet = importlib.import_module('mxnet')
    except ModuleNotFoundError as error:
        if error.name not in ('mxnet', 'requests'):
            raise
        raise ImportError(
            f'MXNet needs {error.name}, not installed here. Install with:\n'
            f'    {install_line("mxnet")}',
            name=error.name,
        ) from error
    except OSError as error:  # from the dynamic linker
        remedy = 'Install what is named above.'
        if 'libgomp' in str(error):
            remedy = 'On Debian and Ubuntu, install it with:\n    apt-get install libgomp1'
        raise ImportError(
            f'MXNet is installed, but its shared library cannot be loaded:\n    {error}\n{remedy}',
            name='mxnet',
        ) from error

    _mend_conversion_to_numpy(mxnet)
    _mend_removed_names()
    _mend_named_tuples()
    if Version(numpy.__version__) >= Version('2.0.0'):
        _mend_scalars_in_operators()
        _mend_scalars_as_sizes()
        _mend_record_packing()
    return mxnet


# While mxnet is being imported


def _financial(*args, **kwargs):
    raise NotImplementedError(
        'NumPy gave up its financial functions, and mxnet.np has none of its own. '
        'They live on in the package numpy-financial.'
    )


# What `import mxnet` takes from NumPy. mxnet files its operators under the NumPy functions of the
# same names. That `round` and `round_` are one function here does no harm: there, they do the same.
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
    'in1d': lambda a, *args, **kwargs: numpy.isin(numpy.ravel(a), *args, **kwargs),
    'msort': lambda a: numpy.sort(a, axis=0),
    'product': numpy.prod,
    'round_': numpy.round,
    'sometrue': numpy.any,
    'trapz': getattr(numpy, 'trapezoid', None),
    **dict.fromkeys(['mirr', 'npv', 'pmt', 'ppmt', 'pv', 'rate'], _financial),
}


@contextlib.contextmanager
def _lent_names():
    """Inside, NumPy has LENT_NAMES and there is a distutils.version; outside, all is as before.

    Other threads see the names for that moment. They do not come here: Python imports a module
    once, under a lock.
    """
    missing = LENT_NAMES.keys() - vars(numpy).keys()
    distutils_version = ModuleType('distutils.version')
    distutils_version.LooseVersion = distutils_version.StrictVersion = Version
    original = sys.modules.get('distutils.version')
    try:
        for name in missing:
            setattr(numpy, name, LENT_NAMES[name])
        sys.modules['distutils.version'] = distutils_version
        yield
    finally:
        for name in missing:
            vars(numpy).pop(name, None)
        if original is None:
            sys.modules.pop('distutils.version', None)
        else:
            sys.modules['distutils.version'] = original


def _import_what_mxnet_imports():
    """Imports the optional packages of mxnet ahead of it, so that they do not see the lent names.

    SciPy and scikit-learn copy NumPy's namespace when they are imported, and would keep the names.
    """
    for name in ['bokeh', 'cv2', 'h5py', 'onnx', 'scipy.sparse', 'scipy.stats', 'sklearn.base']:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


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


def _mend_removed_names():
    """mx.np.pad, x[True], EarlyStoppingHandler and others, which use a removed name when called.

    Their modules get a copy of NumPy's namespace that has it.
    """
    names = {
        'bool': numpy.bool_,
        'int': int,
        'Inf': numpy.inf,
        'compat': SimpleNamespace(basestring=str),
    }
    complete_numpy = ModuleType('numpy')
    vars(complete_numpy).update(names | vars(numpy))
    sys.modules['mxnet.numpy.multiarray']._np = complete_numpy
    sys.modules['mxnet.ndarray.numpy._op']._np = complete_numpy
    sys.modules['mxnet.symbol.numpy._symbol']._np = complete_numpy
    sys.modules['mxnet.gluon.contrib.estimator.event_handler'].np = complete_numpy
    sys.modules['mxnet.test_utils'].np = complete_numpy


def _mend_named_tuples():
    """mx.np.linalg.qr and others that mxnet leaves to NumPy, which now answers with a named tuple.

    mxnet rebuilds a tuple by calling its class with a list. A named tuple wants the items instead.
    """
    multiarray = sys.modules['mxnet.numpy.multiarray']
    as_mx_np_array = multiarray._as_mx_np_array

    def with_plain_tuples(object, ctx=None):
        return as_mx_np_array(tuple(object) if hasattr(object, '_fields') else object, ctx)

    multiarray._as_mx_np_array = with_plain_tuples


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


def _mend_scalars_as_sizes():
    """mx.np.random.normal(size=numpy.int64(3)) and the other distributions.

    mxnet asks `size == ()`, which for a NumPy 2 scalar is an empty array, neither true nor false.
    """

    def plain(value):
        return int(value) if isinstance(value, numpy.integer) else value

    def with_plain_integers(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            kwargs = {name: plain(value) for name, value in kwargs.items()}
            return function(*map(plain, args), **kwargs)

        return wrapper

    for module in ['mxnet.ndarray.numpy.random', 'mxnet.ndarray.numpy_extension.random']:
        module = sys.modules[module]
        for name in module.__all__:
            setattr(module, name, with_plain_integers(getattr(module, name)))


def _mend_record_packing():
    """mx.recordio.pack with an array for a label, which calls ndarray.tostring: now tobytes."""
    recordio = sys.modules['mxnet.recordio']
    pack_with_number = recordio.pack

    def pack(header, s):
        header = recordio.IRHeader(*header)
        if isinstance(header.label, numbers.Number):
            return pack_with_number(header, s)
        label = numpy.asarray(header.label, dtype=numpy.float32)
        header = header._replace(flag=label.size, label=0)
        return struct.pack(recordio._IR_FORMAT, *header) + label.tobytes() + s

    recordio.pack = pack


mx = _import_mxnet()
mx.npx.set_np()
seed_framework_with(seed)
