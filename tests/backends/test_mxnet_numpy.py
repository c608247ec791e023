"""MXNet beside a current NumPy: all that d2lite_mxnet.framework mends, and NumPy as it was."""

import json
import os

import numpy as np
import pytest
from contract import python, require

require('mxnet')
from d2lite_mxnet import framework  # noqa: E402
from d2lite_mxnet.framework import mx  # noqa: E402

# In a new process: d2lite_mxnet without its __init__, so that the framework alone is looked at.
FRAMEWORK_ALONE = """
import importlib.util, json, sys, types
package = types.ModuleType('d2lite_mxnet')
package.__path__ = importlib.util.find_spec('d2lite_mxnet').submodule_search_locations
sys.modules['d2lite_mxnet'] = package
"""

# What was added to, removed from and replaced in NumPy since this ran. A submodule that somebody
# imported for the first time is an attribute of numpy's own making.
WATCH_NUMPY = """
import numpy
before = dict(vars(numpy))

def changes_in_numpy():
    after = vars(numpy)
    added = [n for n in after if n not in before and after[n] is not sys.modules.get('numpy.' + n)]
    removed = [n for n in before if n not in after]
    replaced = [n for n in before if n in after and after[n] is not before[n]]
    return added + removed + replaced
"""


def answer(code, **environment):
    """What the last line that `code` prints means as JSON, in a new process."""
    process = python(code, **environment)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


# The import ---------------------------------------------------------------------------------------


def test_numpy_is_afterwards_as_it_was():
    code = 'import json, sys' + WATCH_NUMPY
    code += 'import d2lite_mxnet.framework\n'
    code += 'print(json.dumps([sys.modules["numpy"] is numpy, changes_in_numpy()]))'
    assert answer(code) == [True, []]


@pytest.mark.parametrize('was_imported', [False, True])
def test_distutils_is_afterwards_as_it_was(was_imported):
    code = FRAMEWORK_ALONE
    if was_imported:
        code += 'sys.modules["distutils.version"] = types.ModuleType("distutils.version")\n'
    code += (
        'def distutils(): return {n: id(m) for n, m in sys.modules.items() if "distutils" in n}\n'
        'before = distutils()\n'
        'import d2lite_mxnet.framework\n'
        'print(json.dumps([distutils() == before, "distutils.version" in before]))'
    )
    assert answer(code) == [True, was_imported]


def test_the_packages_that_mxnet_imports_do_not_see_the_removed_names(tmp_path):
    (tmp_path / 'cv2.py').write_text('import numpy\nseen = set(vars(numpy))\n')
    code = FRAMEWORK_ALONE + (
        'import numpy\n'
        'import d2lite_mxnet.framework as framework\n'
        'removed = framework.REMOVED_NAMES.keys() - vars(numpy).keys()\n'
        'print(json.dumps([len(removed) > 0, sorted(removed & framework.mx.image.image.cv2.seen)]))'
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get('PYTHONPATH', '')])
    assert answer(code, PYTHONPATH=path) == [True, []]


def test_an_import_that_fails_half_way_leaves_the_modules_as_they_were():
    code = FRAMEWORK_ALONE + WATCH_NUMPY
    code += """
class Fail:
    def find_spec(self, name, path=None, target=None):
        if name == 'mxnet.gluon':
            self.substituted = sys.modules['numpy'] is not numpy
            raise RuntimeError('half way')

sys.meta_path.insert(0, Fail())
try:
    import d2lite_mxnet.framework
except RuntimeError as error:
    substituted = [sys.meta_path[0].substituted, sys.modules['numpy'] is not numpy]
    left = changes_in_numpy() + [name for name in sys.modules if name == 'distutils.version']
    print(json.dumps([str(error), *substituted, left]))
"""
    assert answer(code) == ['half way', True, False, []]


def test_threads_that_import_at_once_get_one_and_the_same_module():
    code = FRAMEWORK_ALONE + WATCH_NUMPY
    code += """
import threading
start, found = threading.Barrier(8), []

def load():
    start.wait()
    import d2lite_mxnet.framework as framework
    found.append((id(framework), id(framework.mx), framework.mx.np.zeros((numpy.int64(2),)).size))

threads = [threading.Thread(target=load) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps([len(found), len(set(found)), changes_in_numpy()]))
"""
    assert answer(code) == [8, 1, []]


def test_the_import_turns_numpy_semantics_on():
    code = FRAMEWORK_ALONE + (
        'from d2lite_mxnet.framework import mx\n'
        'print(json.dumps([mx.util.is_np_array(), mx.util.is_np_shape()]))'
    )
    assert answer(code) == [True, True]


# What a student reads where MXNet cannot be imported ----------------------------------------------


@pytest.mark.parametrize(
    ('library', 'remedy'),
    [
        ('libgomp.so.1', 'apt-get install libgomp1'),
        ('libcudart.so.11.0', 'Install what is named above'),
    ],
)
def test_a_missing_shared_library_is_an_import_error_that_says_what_to_do(library, remedy):
    code = FRAMEWORK_ALONE + WATCH_NUMPY
    code += f"""
import ctypes

class CDLL(ctypes.CDLL):
    def __init__(self, name, *args, **kwargs):
        if 'libmxnet' in str(name):
            raise OSError('{library}: cannot open shared object file: No such file or directory')
        super().__init__(name, *args, **kwargs)

ctypes.CDLL = CDLL
try:
    import d2lite_mxnet.framework
except ImportError as error:
    print(json.dumps([str(error), changes_in_numpy()]))
"""
    message, changes = answer(code)
    assert library in message
    assert remedy in message
    assert changes == []


# What the module offers ---------------------------------------------------------------------------


def test_name_version_and_devices():
    assert framework.NAME == 'mxnet'
    assert framework.version() == mx.__version__
    *gpus, last = framework.device_names()
    assert last == 'cpu'
    assert gpus == [f'gpu({i})' for i in range(mx.context.num_gpus())]


def test_the_seed_makes_random_numbers_repeatable():
    def draw():
        return mx.np.random.normal(size=(4,)).asnumpy().tolist()

    framework.seed(3)
    first, second = draw(), draw()
    framework.seed(3)
    assert draw() == first != second


# Names that NumPy removed -------------------------------------------------------------------------


def test_constants_that_numpy_removed():
    assert (mx.np.PINF, mx.np.NINF) == (np.inf, -np.inf)
    assert (mx.np.PZERO, mx.np.NZERO) == (0, 0)
    assert np.signbit(mx.np.NZERO) and not np.signbit(mx.np.PZERO)
    assert np.isnan([mx.np.NAN, mx.np.NaN]).all()
    assert mx.np.ones(2, dtype=mx.np.bool).dtype == np.bool_


@pytest.mark.parametrize(
    ('call', 'expected'),
    [
        (lambda x: mx.np.alltrue(x > 1), False),
        (lambda x: mx.np.sometrue(x > 1), True),
        (lambda x: mx.np.product(x), 6),
        (lambda x: mx.np.round_(x / 3, 1), [1, 0.3, 0.7]),
        (lambda x: mx.np.msort(x), [1, 2, 3]),
        (lambda x: mx.np.trapz(x), 3.5),
        (lambda x: mx.np.in1d(x, mx.np.array([2.0, 3.0])), [True, False, True]),
        (lambda x: mx.np.in1d(x, [2.0, 3.0], invert=True), [False, True, False]),
    ],
)
def test_functions_that_numpy_removed_work_in_mxnet(call, expected):
    np.testing.assert_allclose(np.asarray(call(mx.np.array([3.0, 1, 2]))), expected, rtol=1e-6)


def test_numpy_functions_still_find_the_operators_of_mxnet():
    x = mx.np.array([1.24, -2])
    for function, expected in [(np.round, [1, -2]), (np.prod, -2.48), (np.any, True)]:
        result = function(x)
        assert isinstance(result, mx.np.ndarray)
        np.testing.assert_allclose(result.asnumpy(), expected, rtol=1e-6)


def test_padding():
    x = mx.np.ones((1, 2))
    assert mx.np.pad(x, ((1, 0), (0, 0))).tolist() == [[0, 0], [1, 1]]


def test_padding_in_a_hybridized_block():
    class Pad(mx.gluon.HybridBlock):
        def hybrid_forward(self, F, x):
            return F.np.pad(x, ((1, 0), (0, 0)))

    block = Pad()
    block.hybridize()
    assert block(mx.np.ones((1, 2))).tolist() == [[0, 0], [1, 1]]


def test_booleans_as_values_and_as_indices():
    x = mx.np.full((2,), True)
    assert x.dtype == np.bool_
    assert mx.np.ones(2)[True].shape == (1, 2)
    y = mx.np.arange(2)
    y[x] = 5
    assert y.tolist() == [5, 5]


def test_a_numpy_boolean_that_mxnet_leaves_to_numpy():
    assert np.array_equal(mx.np.ones(2), mx.np.ones(2))


def test_early_stopping_and_logging():
    from mxnet.gluon.contrib.estimator import EarlyStoppingHandler, LoggingHandler

    handler = EarlyStoppingHandler(monitor=mx.metric.MSE(), mode='min')
    handler.train_begin(None)
    assert handler.best == np.inf
    assert LoggingHandler().priority == np.inf


def test_the_test_utilities_of_mxnet():
    pytest.importorskip('scipy')
    from mxnet.test_utils import assert_almost_equal, chi_square_check

    assert_almost_equal(mx.np.ones(2), mx.np.ones(2))
    _, observed, _ = chi_square_check(lambda n: np.arange(n) % 2, [0, 1], [0.5, 0.5], nsamples=8)
    assert observed.tolist() == [4, 4]


# NumPy scalars, conversions -----------------------------------------------------------------------


@pytest.mark.parametrize('integer', [np.int32, np.int64, np.uint8])
def test_numpy_integers_in_shapes_and_axes(integer):
    assert mx.np.zeros((integer(3), 2)).shape == (3, 2)
    assert mx.np.ones(6).reshape((integer(2), -1)).shape == (2, 3)
    assert mx.np.ones((2, 3)).sum(axis=(integer(0), 1)) == 6
    assert mx.nd.ones((integer(3), 2)).shape == (3, 2)


def test_numpy_integers_as_indices():
    x = mx.np.zeros((2, 2))
    x[np.int64(0)] = 1
    x[np.int32(1), np.int64(1)] = np.float32(2)
    assert x.tolist() == [[1, 1], [0, 2]]
    assert x[np.int64(1), np.int64(1)] == 2


def test_numpy_numbers_with_a_fraction_sign_or_exponent_in_a_tuple():
    x = mx.np.ones((3, 1, 1))
    mean, std = (np.float64(-0.5), np.float32(1.5), 0), (np.float64(1e-1), 1, np.float32(2))
    normalized = mx.npx.image.normalize(x, mean=mean, std=std)
    np.testing.assert_allclose(normalized.asnumpy().ravel(), [15, -0.5, 0.5], rtol=1e-5)


def test_numpy_integers_in_a_symbol():
    x = mx.sym.var('x', shape=(np.int64(2), np.int64(3)))
    assert mx.sym.reshape(x, shape=(np.int64(3), -1)).infer_shape()[1] == [(3, 2)]


def test_numpy_integers_in_a_layer():
    layer = mx.gluon.nn.Conv2D(np.int64(2), (np.int64(3), 3), in_channels=np.int64(1))
    layer.initialize()
    layer.hybridize()
    assert layer(mx.np.ones((1, 1, 4, 5))).shape == (1, 2, 2, 3)


def test_numpy_integers_in_a_data_iterator(tmp_path):
    np.savetxt(tmp_path / 'data.csv', np.arange(6).reshape(3, 2), delimiter=',')
    batches = mx.io.CSVIter(
        data_csv=str(tmp_path / 'data.csv'), data_shape=(np.int64(2),), batch_size=np.int64(3)
    )
    with mx.util.np_array(False):
        assert next(batches).data[0].asnumpy().tolist() == [[0, 1], [2, 3], [4, 5]]


def test_text_of_the_user_stays_as_it_is():
    assert mx.sym.var('x', attr={'note': 'np.pi (about 3)'}).attr('note') == 'np.pi (about 3)'


@pytest.mark.parametrize('array', [mx.np.array([[1.5, 2]]), mx.nd.array([[1.5, 2]])])
def test_conversion_to_numpy(array):
    converted = np.asarray(array)
    assert converted.dtype == np.float32
    assert converted.tolist() == [[1.5, 2]]
    assert np.asarray(array, dtype='int64').tolist() == [[1, 2]]
    assert array.__array__('int64').dtype == np.int64
    assert np.array([array, array]).shape == (2, 1, 2)
    converted[:] = 0
    assert array.asnumpy().tolist() == [[1.5, 2]]
    with pytest.raises(ValueError, match='only copy it'):
        array.__array__(copy=False)
