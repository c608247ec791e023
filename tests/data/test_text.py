"""Text for language models: vocabularies, sequences of characters, the text that is embedded."""

import hashlib
import re

import numpy as np
import pytest
from contract import BACKENDS, batches, require
from fashion import server

from d2lite.data import download as downloads
from d2lite.data import text
from d2lite.data.download import DownloadError
from d2lite.data.text import CharacterData, embedded_text, read_text
from d2lite.data.vocabulary import Vocab
from d2lite.saving.storage import FileError

LETTERS = ' abcdefghijklmnopqrstuvwxyz'


def test_a_vocabulary_has_the_frequent_tokens_first():
    vocab = Vocab([['to', 'be', 'or'], ['not', 'to', 'be'], ['be']], reserved_tokens=['<pad>'])
    assert vocab.idx_to_token == ['<unk>', '<pad>', 'be', 'to', 'or', 'not']
    assert vocab.token_to_idx == {token: i for i, token in enumerate(vocab.idx_to_token)}
    assert vocab.token_freqs == [('be', 3), ('to', 2), ('or', 1), ('not', 1)]
    assert len(vocab) == 6 and vocab.unk == 0
    assert Vocab().idx_to_token == ['<unk>']


def test_rare_tokens_are_unknown():
    vocab = Vocab('to be or not to be'.split(), min_freq=2, reserved_tokens=['<pad>', 'or'])
    assert vocab.idx_to_token == ['<unk>', '<pad>', 'or', 'to', 'be']
    assert vocab['not'] == vocab['never'] == vocab.unk


def test_tokens_and_indices_and_back():
    vocab = Vocab(['a', 'b', 'a'])
    assert vocab['a'] == 1 and vocab[['b', 'a']] == [2, 1] and vocab[('x',)] == [0]
    assert vocab[[['b'], ['a', 'x']]] == [[2], [1, 0]] and vocab[[]] == []
    assert vocab.to_tokens(2) == 'b' and vocab.to_tokens([2]) == ['b']
    assert vocab.to_tokens([[1], (2, 0)]) == [['a'], ['b', '<unk>']]
    assert vocab.to_tokens(np.array([1, 2])) == ['a', 'b'] and vocab.to_tokens(np.int64(1)) == 'a'


def test_tensors_of_indices_become_tokens(d2l):
    vocab = Vocab(['a', 'b', 'a'])
    assert vocab.to_tokens(d2l.tensor([1, 2, 0])) == ['a', 'b', '<unk>']
    assert vocab.to_tokens(d2l.tensor([[1], [2]])) == [['a'], ['b']]
    assert vocab.to_tokens(d2l.tensor([2])[0]) == 'b'
    assert d2l.Vocab is Vocab


@pytest.mark.parametrize('index', [3, -1, [0, 3]])
def test_an_index_that_no_token_has(index):
    with pytest.raises(IndexError, match='has 3 tokens, so indices are integers from 0 to 2'):
        Vocab(['a', 'b']).to_tokens(index)


def test_what_is_no_token_and_no_index():
    vocab = Vocab(['a', 'b'])
    with pytest.raises(TypeError, match='a token is a string, got 3, a int'):
        vocab[3]
    with pytest.raises(TypeError, match='a token is a string, got None'):
        Vocab(['a', None])
    with pytest.raises(TypeError, match=r'got the string .a b.: write list\(text\)'):
        Vocab('a b')
    for wrong in (1.5, float('nan'), 'a', None):
        with pytest.raises(TypeError, match='expected the index of a token, an integer'):
            vocab.to_tokens(wrong)


def test_a_text_becomes_letters_and_single_spaces():
    data = CharacterData()
    assert data._preprocess('The Time -- Machine, 1895.\nBy H. G.') == 'the time machine by h g '
    corpus, vocab = data.build('Ab, ba!')
    assert vocab.to_tokens(corpus) == ['a', 'b', ' ', 'b', 'a', ' ']
    again, same = data.build('b x', vocab)
    assert same is vocab and vocab.to_tokens(again) == ['b', ' ', '<unk>']


@pytest.mark.parametrize('raw_text', ['', '\n', '1895 !', 'é'])
def test_an_empty_text(raw_text):
    with pytest.raises(ValueError, match='the text is empty: no letter is left of'):
        CharacterData().build(raw_text)


def test_sequences_and_the_same_one_ahead(d2l):
    data = d2l.ShortStories(batch_size=100, num_steps=7, num_train=250, num_val=120)
    letters = data.vocab.to_tokens(data.corpus)
    X, Y = d2l.numpy(data.X), d2l.numpy(data.Y)
    assert X.shape == Y.shape == (370, 7) and X.dtype.kind == Y.dtype.kind == 'i'
    for i in (0, 1, 369):
        assert data.vocab.to_tokens(X[i]) == letters[i : i + 7]
        assert data.vocab.to_tokens(Y[i]) == letters[i + 1 : i + 8]
    val = batches(d2l, data.val_dataloader())
    assert [x.shape for x, _ in val] == [(100, 7), (20, 7)]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in val]), X[250:])
    train = np.concatenate([x for x, _ in batches(d2l, data.train_dataloader())])
    np.testing.assert_array_equal(np.sort(train, axis=0), np.sort(X[:250], axis=0))
    assert not np.array_equal(train, X[:250])


def test_the_batches_are_the_same_on_all_backends():
    found = []
    for name in BACKENDS:
        d2l = require(name)
        d2l.seed_everything(3)
        data = d2l.ShortStories(batch_size=64, num_steps=5, num_train=128, num_val=1)
        found.append(batches(d2l, data.train_dataloader()))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def test_without_validation_examples_there_is_no_loader(d2l):
    assert d2l.ShortStories(8, 4, num_train=16, num_val=0).val_dataloader() is None


def test_the_embedded_text_is_long_enough_for_the_defaults(d2l):
    data = d2l.ShortStories(1024, 32)
    assert data.X.shape == (15000, 32)
    assert sorted(data.vocab.idx_to_token[1:]) == list(LETTERS)


def test_the_embedded_text_has_a_licence_and_starts_after_it():
    path = text.resources.files('d2lite.data') / 'short_stories.txt'
    assert 'MIT licence' in path.read_text(encoding='utf-8').partition('\n')[0]
    assert embedded_text('short_stories.txt').lstrip().startswith('The Lighthouse')


@pytest.mark.parametrize('sizes', [(16571, 0), (10000, 6571), (0, 10), (10, -1)])
def test_more_examples_than_the_text_has(d2l, sizes):
    num_windows = 16602 - 32
    with pytest.raises(ValueError, match=f'do not fit: the text has {num_windows} examples in all'):
        d2l.ShortStories(64, 32, *sizes)
    d2l.ShortStories(64, 32, num_windows, 0)


def test_arguments_that_do_not_fit(d2l):
    for arguments in [(64,), (None, 32), (64, 0)]:
        with pytest.raises(ValueError, match='needs a batch_size and a num_steps of at least 1'):
            d2l.ShortStories(*arguments)
    with pytest.raises(AttributeError, match='was made without batch_size and num_steps'):
        d2l.ShortStories().train_dataloader()


def test_a_page_may_write_the_constructor_anew(d2l):
    """As lessons do, cell by cell, with add_to_class."""

    class Letters(d2l.TimeMachine):
        def _download(self):
            return 'The time traveller, for so it will be convenient to speak of him.'

    @d2l.add_to_class(Letters)
    def __init__(self, batch_size, num_steps):
        super(d2l.TimeMachine, self).__init__()
        self.save_hyperparameters()
        self.corpus, self.vocab = self.build(self._download())

    data = Letters(2, 5)
    assert (data.batch_size, data.num_steps, len(data.corpus)) == (2, 5, 64)


def test_the_time_machine_is_read_from_its_file(d2l, tmp_path, monkeypatch):
    story = b'The Time Machine, by H. G. Wells [1898]. ' * 4
    (tmp_path / 'timemachine.txt').write_bytes(story)
    monkeypatch.setattr(text.TimeMachine, 'sha1', hashlib.sha1(story).hexdigest())
    data = d2l.TimeMachine(2, 5, num_train=10, num_val=2, root=tmp_path)
    assert ''.join(data.vocab.to_tokens(data.corpus[:28])) == 'the time machine by h g well'
    assert len(batches(d2l, data.train_dataloader())) == 5


def test_the_time_machine_is_downloaded(d2l, tmp_path, monkeypatch):
    (tmp_path / 'served').mkdir()
    (tmp_path / 'served' / 'timemachine.txt').write_text('Time. ' * 9)
    sha1 = hashlib.sha1(b'Time. ' * 9).hexdigest()
    monkeypatch.setattr(text.TimeMachine, 'sha1', sha1)
    with server(tmp_path / 'served', monkeypatch) as (url, paths):
        monkeypatch.setattr(downloads, 'DATA_URL', url)
        for _ in range(2):
            data = d2l.TimeMachine(2, 5, 10, 2, root=tmp_path / 'data')
    assert paths == ['/timemachine.txt'] and len(data.corpus) == 45


def test_without_a_network_the_error_says_which_file_belongs_where(d2l, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, 'DATA_URL', 'https://localhost:1/')
    with pytest.raises(DownloadError) as caught:
        d2l.TimeMachine(2, 5, root=tmp_path)
    assert f'timemachine.txt is not in {tmp_path}' in str(caught.value)
    assert re.search('ShortStories .* needs no download', ''.join(caught.value.__notes__))


def test_a_file_that_is_not_utf_8(tmp_path):
    (tmp_path / 'latin.txt').write_bytes('le café'.encode('latin-1'))
    with pytest.raises(FileError, match='latin.txt is not encoded in UTF-8: byte 6 is 0xe9'):
        read_text(tmp_path / 'latin.txt')
    with pytest.raises(FileError, match='none.txt cannot be read: No such file'):
        read_text(tmp_path / 'none.txt')
