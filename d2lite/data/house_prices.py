"""House prices: tables of numbers, categories and gaps, from the competition on Kaggle.

Source: De Cock, "Ames, Iowa: Alternative to the Boston Housing Data as an End of Semester
Regression Project", Journal of Statistics Education, 2011.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from d2lite.data import download as downloads
from d2lite.data.loader import TensorLoader
from d2lite.data.module import DataModule
from d2lite.data.optional import import_for
from d2lite.saving.storage import FileError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

LABEL = 'SalePrice'


class KaggleHouse(DataModule):
    """House prices in Ames, Iowa: 1,460 houses with a price and 1,459 without.

    `train`, `val`: CSV files in the format of the competition, whose columns are Id, the features,
    and in the first one SalePrice; or DataFrames that are preprocessed already, as for k-fold
    cross-validation. Without them, both files are downloaded to `root`. `raw_train` and `raw_val`
    are the tables as read, from which `preprocess()` makes `train` and `val`.

    Raises FileError for a file that does not fit, ImportError without pandas. Definition:
    d2l, section "Predicting House Prices on Kaggle".
    """

    files = {
        'kaggle_house_pred_train.csv': '585e9cc93e70b39160e7921475f9bcd7d31219ce',
        'kaggle_house_pred_test.csv': 'fa19780a7b011d9b009e8bff8e99922a8ee2eb90',
    }

    def __init__(
        self,
        batch_size: int,
        train: 'str | os.PathLike | DataFrame | None' = None,
        val: 'str | os.PathLike | DataFrame | None' = None,
        root: str | os.PathLike = '../data',
        num_workers: int = 4,
    ) -> None:
        super().__init__(root, num_workers)
        self.save_hyperparameters()
        pandas = import_for('KaggleHouse', 'pandas')
        if isinstance(train, pandas.DataFrame):
            return
        if train is None:
            train, val = (
                downloads.fetch(downloads.DATA_URL + name, root, sha1)
                for name, sha1 in self.files.items()
            )
        self.raw_train, self.raw_val = _read(train, ['Id', LABEL]), None
        if val is not None:
            self.raw_val = _read(val, ['Id'])
            _check_same_features(self.raw_train, self.raw_val, train, val)
        self.train = self.val = None

    def preprocess(self) -> None:
        """Makes `train` and `val`, DataFrames of numbers, from `raw_train` and `raw_val`.

        Numbers are standardised with the mean and standard deviation over both tables, and missing
        ones become 0. Each category becomes a column of its own, and so does its absence.
        """
        import pandas

        tables = [self.raw_train] if self.raw_val is None else [self.raw_train, self.raw_val]
        features = pandas.concat(tables).drop(columns=['Id', LABEL])
        numeric = [name for name in features if _is_numeric(features[name])]
        numbers = features[numeric].astype(np.float64)
        # A column of one value has deviation 0, and 0 / 0 is missing as well.
        features[numeric] = ((numbers - numbers.mean()) / numbers.std()).fillna(0)
        features = pandas.get_dummies(features, dummy_na=True)
        num_train = len(self.raw_train)
        self.train, self.val = features[:num_train].copy(), None
        self.train[LABEL] = self.raw_train[LABEL]
        if self.raw_val is not None:
            self.val = features[num_train:].copy()
            if LABEL in self.raw_val:
                self.val[LABEL] = self.raw_val[LABEL]

    def get_dataloader(self, train: bool) -> TensorLoader | None:
        """Minibatches of X (n, features) and the logarithm of the price (n, 1), both float32.

        None for a table without prices. Raises RuntimeError before `preprocess()`.
        """
        if self.train is None:
            raise RuntimeError('the tables are as they were read: call data.preprocess() first')
        table = self.train if train else self.val
        if table is None or LABEL not in table:
            return None
        X = table.drop(columns=[LABEL]).to_numpy(np.float32)
        y = np.log(table[[LABEL]].to_numpy(np.float64)).astype(np.float32)
        return self.get_tensorloader((self.tensor(X), self.tensor(y)), train)


def _read(path: str | os.PathLike, required: list[str]) -> 'DataFrame':
    import pandas

    try:
        table = pandas.read_csv(path)
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise FileError(f'{path} is not a CSV file: {error}') from None
    except OSError as error:
        raise FileError(f'{path} cannot be read: {error.strerror or error}') from None
    if not isinstance(table.index, pandas.RangeIndex):  # pandas took the first values for an index
        raise FileError(
            f'{path} is not a CSV file: its rows have more values than the header names'
        )
    if missing := [name for name in required if name not in table]:
        raise FileError(
            f'{path} has no column {_some(missing)}; its columns are {_some(table.columns)}'
        )
    if len(table) == 0:
        raise FileError(f'{path} has a header, and no rows')
    if LABEL in table:
        prices = pandas.to_numeric(table[LABEL], errors='coerce')
        bad = np.flatnonzero(~(np.isfinite(prices) & (prices > 0)))
        if len(bad):
            raise FileError(
                f'{path}, line {bad[0] + 2}: the column {LABEL} must be a price above 0, '
                f'got {table[LABEL].iloc[bad[0]]}'
            )
    return table


def _check_same_features(train: 'DataFrame', val: 'DataFrame', train_path, val_path) -> None:
    only_train = [name for name in train if name not in val and name != LABEL]
    only_val = [name for name in val if name not in train]
    if only_train or only_val:
        raise FileError(
            f'the tables must have the same features: only {train_path} has '
            f'{_some(only_train) or "none"}, and only {val_path} has {_some(only_val) or "none"}'
        )
    for name in val:
        one, other = train[name].dropna(), val[name].dropna()
        if len(one) and len(other) and _is_numeric(one) != _is_numeric(other):
            path = val_path if _is_numeric(one) else train_path
            raise FileError(f'{path} has words in the column {name}, the other file only numbers')


def _is_numeric(column: 'Series') -> bool:
    return column.dtype.kind in 'iufb'  # integers, floats and booleans


def _some(names: Iterable[str]) -> str:
    first, more = list(names)[:10], list(names)[10:]
    return ', '.join(first) + (f' and {len(more)} more' if more else '')
