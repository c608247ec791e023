"""What pandas and scikit-learn have given up."""

from d2lite.pages.compat.kinds import Made, OldArgument, OldForm, OldProperty, Setting
from d2lite.pages.compat.old_name import OldName


def _strings_are_objects() -> None:
    import pandas as pd

    pd.set_option('future.infer_string', False)


def _append(self, other, ignore_index=False):
    import pandas as pd

    if isinstance(other, dict):
        other = pd.Series(other)
    if isinstance(other, pd.Series) and isinstance(self, pd.DataFrame):
        other = other.to_frame().T
    others = list(other) if isinstance(other, list | tuple) else [other]
    return pd.concat([self, *others], ignore_index=ignore_index)


def _value_counts(values, **options):
    import pandas as pd

    return pd.Series(values).value_counts(**options)


def _fill_with_method(function, note):
    def fillna(self, *args, method=None, **options):
        if method is None:
            return function(self, *args, **options)
        note()
        return self.bfill(**options) if method in ('bfill', 'backfill') else self.ffill(**options)

    return fillna


PANDAS = [
    Setting(
        'pandas',
        'columns of strings with the data type object',
        'pandas 3.0',
        "data.select_dtypes('number'), or pandas.api.types.is_numeric_dtype",
        r'with string dtype|Could not convert .* to numeric|can\'t convert .* numpy\.object_',
        set=_strings_are_objects,
    ),
    *[
        Made('pandas', f'{kind}.{name}', gone, use, make=make)
        for name, gone, use, make in [
            ('append', 'pandas 2.0', 'pandas.concat', lambda: _append),
            ('iteritems', 'pandas 2.0', '.items()', lambda: lambda self: self.items()),
        ]
        for kind in ('DataFrame', 'Series')
    ],
    Made(
        'pandas',
        'DataFrame.applymap',
        'pandas 3.0',
        '.map(function)',
        make=lambda: lambda self, func, **options: self.map(func, **options),
    ),
    OldProperty(
        'pandas',
        'Series.is_monotonic',
        'pandas 2.0',
        '.is_monotonic_increasing',
        get=lambda self: self.is_monotonic_increasing,
    ),
    Made(
        'pandas',
        'value_counts',
        'pandas 3.0',
        'pandas.Series(values).value_counts()',
        make=lambda: _value_counts,
    ),
    *[
        OldForm(
            'pandas',
            f'{kind}.fillna',
            'pandas 3.0',
            '.ffill() or .bfill()',
            r"fillna\(\) got an unexpected keyword argument 'method'",
            form='(method=)',
            accept=_fill_with_method,
        )
        for kind in ('DataFrame', 'Series')
    ],
    OldName(
        'pandas',
        'offset aliases in capital letters',
        'pandas 3.0',
        "'ME', 'QE', 'YE', 'h', 'min' and 's'",
        r'Invalid frequency: ',
    ),
]


SKLEARN = [
    OldArgument(
        'sklearn.preprocessing',
        'OneHotEncoder.__init__',
        'scikit-learn 1.4',
        'sparse_output=',
        keyword='sparse',
        new='sparse_output',
    ),
    OldName(
        'sklearn.metrics',
        'mean_squared_error(squared=False)',
        'scikit-learn 1.6',
        'sklearn.metrics.root_mean_squared_error',
        r"unexpected keyword argument 'squared'",
    ),
    OldName(
        'sklearn.datasets',
        'load_boston',
        'scikit-learn 1.2',
        "sklearn.datasets.fetch_california_housing, or fetch_openml(name='boston')",
        r'load_boston',
    ),
]
