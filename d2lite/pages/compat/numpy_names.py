"""What NumPy and SciPy have given up."""

from d2lite.pages.compat.kinds import Alias, Made, OldArgument
from d2lite.pages.compat.old_name import OldName

BUILTINS = [
    Alias('numpy', name, 'NumPy 1.24', name)
    for name in ('int', 'float', 'object', 'str', 'complex')
]

NUMPY_2 = [
    Alias('numpy', name, 'NumPy 2.0', f'numpy.{use}')
    for name, use in {
        'Inf': 'inf',
        'Infinity': 'inf',
        'infty': 'inf',
        'PINF': 'inf',
        'NaN': 'nan',
        'NAN': 'nan',
        'float_': 'float64',
        'complex_': 'complex128',
        'singlecomplex': 'complex64',
        'longfloat': 'longdouble',
        'string_': 'bytes_',
        'unicode_': 'str_',
        'product': 'prod',
        'cumproduct': 'cumprod',
        'sometrue': 'any',
        'alltrue': 'all',
        'round_': 'round',
        'mat': 'asmatrix',
        'AxisError': 'exceptions.AxisError',
        'ComplexWarning': 'exceptions.ComplexWarning',
        'RankWarning': 'exceptions.RankWarning',
        'VisibleDeprecationWarning': 'exceptions.VisibleDeprecationWarning',
    }.items()
]

NUMPY = [
    *BUILTINS,
    Alias('numpy', 'bool8', 'NumPy 2.4', 'numpy.bool'),
    Alias('numpy', 'in1d', 'NumPy 2.4', 'numpy.isin'),
    Alias('numpy', 'trapz', 'NumPy 2.4', 'numpy.trapezoid'),
    *NUMPY_2,
    Made('numpy', 'asfarray', 'NumPy 2.0', 'numpy.asarray(a, float)', make=lambda: _as_floats),
    Made('numpy', 'msort', 'NumPy 2.0', 'numpy.sort(a, axis=0)', make=lambda: _sorted_rows),
    OldArgument('numpy', 'quantile', 'NumPy 2.4', 'method=', keyword='interpolation', new='method'),
    OldArgument(
        'numpy', 'percentile', 'NumPy 2.4', 'method=', keyword='interpolation', new='method'
    ),
    OldName(
        'numpy', 'array(copy=False)', 'NumPy 2.0', 'numpy.asarray', 'Unable to avoid copy while'
    ),
    OldName('numpy', 'NINF', 'NumPy 2.0', '-numpy.inf'),
    OldName('numpy', 'math', 'NumPy 1.25', 'import math'),
]


def _as_floats(a, dtype=float):
    import numpy as np

    return np.asarray(a, dtype=dtype)


def _sorted_rows(a):
    import numpy as np

    return np.sort(a, axis=0)


SCIPY = [
    Alias('scipy.integrate', 'trapz', 'SciPy 1.14', 'scipy.integrate.trapezoid'),
    Alias('scipy.integrate', 'simps', 'SciPy 1.14', 'scipy.integrate.simpson'),
    Alias('scipy.integrate', 'cumtrapz', 'SciPy 1.14', 'scipy.integrate.cumulative_trapezoid'),
    *[
        Alias('scipy.signal', name, 'SciPy 1.13', f'scipy.signal.windows.{name}')
        for name in ('gaussian', 'hann', 'hamming', 'blackman', 'boxcar', 'triang')
    ],
]
