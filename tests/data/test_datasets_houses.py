"""KaggleHouse: a table of numbers, categories and gaps, against arrays computed by hand."""

import numpy as np
import pytest
from contract import backend_of, batches

from d2lite.data import download as downloads
from d2lite.data.house_prices import KaggleHouse
from d2lite.saving.storage import FileError

TRAIN = """\
Id,MSSubClass,MSZoning,LotFrontage,LotArea,Alley,Utilities,YrSold,SalePrice
1,60,RL,65,8450,NA,AllPub,2008,208500
2,20,RL,80,9600,Pave,AllPub,2008,181500
3,60,RM,NA,11250,NA,AllPub,2008,223500
4,70,RL,60,9550,Grvl,AllPub,2008,140000
"""
TEST = """\
Id,MSSubClass,MSZoning,LotFrontage,LotArea,Alley,Utilities,YrSold
1461,20,RH,80,11622,NA,AllPub,2008
1462,20,NA,81,14267,Pave,NA,2008
"""


@pytest.fixture
def files(tmp_path):
    paths = tmp_path / 'train.csv', tmp_path / 'test.csv'
    for path, text in zip(paths, (TRAIN, TEST), strict=True):
        path.write_text(text)
    return paths


def standardised(*values):
    """By the textbook: over both tables, n - 1 in the deviation, 0 where a number is missing."""
    known = [value for value in values if value is not None]
    mean = sum(known) / len(known)
    deviation = (sum((value - mean) ** 2 for value in known) / (len(known) - 1)) ** 0.5
    return [0 if value is None else (value - mean) / deviation for value in values]


# A column of zeros and ones for each category, in alphabetical order, and one for none.
EXPECTED = {
    'MSSubClass': standardised(60, 20, 60, 70, 20, 20),
    'LotFrontage': standardised(65, 80, None, 60, 80, 81),
    'LotArea': standardised(8450, 9600, 11250, 9550, 11622, 14267),
    'YrSold': [0, 0, 0, 0, 0, 0],
    'MSZoning_RH': [0, 0, 0, 0, 1, 0],
    'MSZoning_RL': [1, 1, 0, 1, 0, 0],
    'MSZoning_RM': [0, 0, 1, 0, 0, 0],
    'MSZoning_nan': [0, 0, 0, 0, 0, 1],
    'Alley_Grvl': [0, 0, 0, 1, 0, 0],
    'Alley_Pave': [0, 1, 0, 0, 0, 1],
    'Alley_nan': [1, 0, 1, 0, 1, 0],
    'Utilities_AllPub': [1, 1, 1, 1, 1, 0],
    'Utilities_nan': [0, 0, 0, 0, 0, 1],
}
X = np.array(list(EXPECTED.values())).T
LOG_PRICES = np.log([[208500], [181500], [223500], [140000]])


def test_the_tables_as_they_were_read(d2l, files):
    data = d2l.KaggleHouse(2, *files)
    assert data.raw_train.shape == (4, 9) and data.raw_val.shape == (2, 8)
    assert data.train is None
    with pytest.raises(RuntimeError, match=r'call data.preprocess\(\) first'):
        data.train_dataloader()


def test_preprocessing_by_hand(d2l, files):
    data = d2l.KaggleHouse(2, *files)
    data.preprocess()
    assert list(data.train) == [*EXPECTED, 'SalePrice'] and list(data.val) == list(EXPECTED)
    np.testing.assert_allclose(data.train.to_numpy(float)[:, :-1], X[:4], atol=1e-12)
    np.testing.assert_allclose(data.val.to_numpy(float), X[4:], atol=1e-12)
    assert data.raw_train.shape == (4, 9)  # which is left as it was


def test_batches_are_features_and_logarithms_of_prices(d2l, files):
    data = d2l.KaggleHouse(3, *files)
    data.preprocess()
    found = batches(d2l, data.train_dataloader())
    assert [len(y) for _, y in found] == [3, 1]
    features, y = (np.concatenate(parts) for parts in zip(*found, strict=True))
    assert features.dtype == y.dtype == np.float32 and y.shape == (4, 1)
    order = np.argsort(y[:, 0])
    expected = np.argsort(LOG_PRICES[:, 0])
    np.testing.assert_allclose(y[order], LOG_PRICES[expected], rtol=1e-7)
    np.testing.assert_allclose(features[order], X[expected], rtol=1e-6, atol=1e-7)
    assert data.val_dataloader() is None  # its prices are what the competition asks for


def test_folds_are_made_of_tables_that_are_preprocessed(d2l, files):
    data = d2l.KaggleHouse(4, *files)
    data.preprocess()
    fold = d2l.KaggleHouse(4, data.train.drop(index=[0, 1]), data.train.loc[[0, 1]])
    ((features, y),) = batches(d2l, fold.val_dataloader())
    np.testing.assert_allclose(features, X[:2], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(y, LOG_PRICES[:2], rtol=1e-7)
    assert len(batches(d2l, fold.train_dataloader())[0][1]) == 2


def test_a_second_table_may_have_prices_or_be_missing(d2l, files):
    data = d2l.KaggleHouse(4, files[0], files[0])
    data.preprocess()
    ((_, y),) = batches(d2l, data.val_dataloader())
    np.testing.assert_allclose(y, LOG_PRICES, rtol=1e-7)
    alone = d2l.KaggleHouse(4, files[0])
    alone.preprocess()
    assert alone.val_dataloader() is None
    np.testing.assert_allclose(
        alone.train['LotArea'], standardised(8450, 9600, 11250, 9550), atol=1e-12
    )


def test_a_model_trains_on_it(d2l, files):
    data = d2l.KaggleHouse(4, *files)
    data.preprocess()
    model = d2l.LinearRegression(lr=0.05)
    trainer = d2l.Trainer(max_epochs=150)
    trainer.fit(model, data)
    assert trainer.history[-1]['train_loss'] < 0.1 < 10 < trainer.history[0]['train_loss']


@pytest.mark.parametrize(
    'file, old, new, message',
    [
        (0, 'SalePrice', 'Price', 'train.csv has no column SalePrice; its columns are Id, MSSub'),
        (0, 'Id,', 'Number,', 'train.csv has no column Id'),
        (1, 'Id,', 'Number,', 'test.csv has no column Id'),
        (1, 'LotArea', 'Area', 'only .*train.csv has LotArea, and only .*test.csv has Area'),
        (1, 'Id,MS', 'Id,New,MS', 'only .*train.csv has none, and only .*test.csv has New'),
        (1, ',LotArea', '', 'train.csv has LotArea, and only .*test.csv has none'),
        (0, '181500', 'dear', r'train.csv, line 3: .*SalePrice must be a price above 0, got dear'),
        (0, '140000', '', 'train.csv, line 5: .*got nan'),
        (0, '223500', '-1', 'train.csv, line 4: .*got -1'),
        (0, '223500', 'inf', 'train.csv, line 4: .*got inf'),
        (1, '11622', 'large', 'test.csv has words in the column LotArea, the other file only num'),
        (0, '9600', 'large', 'train.csv has words in the column LotArea'),
        (1, TEST.partition('\n')[2], '', 'test.csv has a header, and no rows'),
        (0, TRAIN.partition('\n')[2], '', 'train.csv has a header, and no rows'),
        (0, TRAIN, '', 'train.csv is not a CSV file: No columns'),
        (0, '60,RL,65', '60,RL,65,1,1,1', 'train.csv .* rows have more values than the header'),
    ],
)
def test_a_file_that_does_not_fit_is_one_error(files, file, old, new, message):
    assert old in files[file].read_text()
    files[file].write_text(files[file].read_text().replace(old, new, 1))
    with pytest.raises(FileError, match=message):
        KaggleHouse(2, *files)


def test_a_file_that_is_not_there_or_no_text(d2l, tmp_path, files):
    with pytest.raises(FileError, match='none.csv cannot be read: No such file'):
        d2l.KaggleHouse(2, tmp_path / 'none.csv')
    files[0].write_bytes(b'\xff\xfe\x00\x81' * 10)
    with pytest.raises(FileError, match='train.csv is not a CSV file'):
        d2l.KaggleHouse(2, *files)


def test_without_files_it_asks_for_those_of_the_book(d2l, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, 'DATA_URL', 'https://localhost:1/')
    with pytest.raises(downloads.DownloadError, match='kaggle_house_pred_train.csv is not in'):
        d2l.KaggleHouse(2, root=tmp_path)
    assert backend_of(d2l) and list(tmp_path.iterdir()) == []
