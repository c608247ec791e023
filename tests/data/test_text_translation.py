"""Sentence pairs, padding, BLEU, and the histogram of lengths."""

import hashlib
import zipfile

import matplotlib.pyplot as plt
import numpy as np
import pytest
from contract import BACKENDS, batches, require
from fashion import server

from d2lite.data import download as downloads
from d2lite.data import text, translation
from d2lite.data.bleu import bleu
from d2lite.data.download import DownloadError
from d2lite.data.text import embedded_text
from d2lite.data.translation import truncate_pad

PAIRS = 'Go.\tVa !\nHi.\tSalut !\nRun!\tCours\u202f!\nWho are you?\tQui es-tu ?\n'


@pytest.fixture
def few(d2l):
    """A data set of four pairs."""

    class Few(d2l.SentencePairs):
        def _download(self):
            return PAIRS

    return Few(batch_size=2, num_steps=4, num_train=3, num_val=1)


def test_marks_are_tokens_of_their_own(few):
    assert few._preprocess('Go.\tVa\u202f!\nWait, \xa0now?') == 'go .\tva !\nwait ,  now ?'
    assert few._preprocess('!') == '!'


def test_sentences_become_tokens(few):
    src, tgt = few._tokenize('go .\tva !\n\nno ,  no .\tnon , non .\tby somebody\n')
    assert src == [['go', '.', '<eos>'], ['no', ',', 'no', '.', '<eos>']]
    assert tgt == [['va', '!', '<eos>'], ['non', ',', 'non', '.', '<eos>']]
    assert [len(each) for each in few._tokenize('a\tb\n' * 5, max_examples=3)] == [3, 3]


def test_a_line_without_a_tab_character_is_no_pair(few):
    with pytest.raises(ValueError, match="line 3 is no pair: .* got 'go . va !'"):
        few._tokenize('a\tb\n\ngo . va !\n')


@pytest.mark.parametrize('raw_text', ['', '\n \n'])
def test_a_text_without_pairs(few, raw_text):
    with pytest.raises(ValueError, match='the text is empty: there are no pairs'):
        few._build_arrays(raw_text)


def test_the_arrays_are_padded_or_cut(d2l, few):
    src, dec, valid_len, labels = (d2l.numpy(array) for array in few.arrays)
    assert src.shape == dec.shape == labels.shape == (4, 4)
    assert {array.dtype.kind for array in (src, dec, valid_len, labels)} == {'i'}
    # What occurs once is unknown.
    assert few.src_vocab.idx_to_token == ['<unk>', '<pad>', '<eos>', '.']
    assert few.tgt_vocab.idx_to_token == ['<unk>', '<pad>', '<bos>', '<eos>', '!']
    assert few.src_vocab.to_tokens(src[0]) == ['<unk>', '.', '<eos>', '<pad>']
    assert few.tgt_vocab.to_tokens(dec[0]) == ['<bos>', '<unk>', '!', '<eos>']
    assert few.tgt_vocab.to_tokens(labels[0]) == ['<unk>', '!', '<eos>', '<pad>']
    np.testing.assert_array_equal(valid_len, [3, 3, 3, 4])
    np.testing.assert_array_equal(dec[:, 1:], labels[:, :-1])


def test_batches_of_four_tensors(d2l, few):
    assert [[len(array) for array in batch] for batch in batches(d2l, few.train_dataloader())] == [
        [2, 2, 2, 2],
        [1, 1, 1, 1],
    ]
    ((src, _, _, labels),) = batches(d2l, few.val_dataloader())
    np.testing.assert_array_equal(src, d2l.numpy(few.arrays[0])[3:])
    np.testing.assert_array_equal(labels, d2l.numpy(few.arrays[3])[3:])


def test_sentences_of_ones_own(d2l, few):
    src, dec, valid_len, labels = (d2l.numpy(each) for each in few.build(['Run .'], ['va va !']))
    assert few.src_vocab.to_tokens(src[0]) == ['<unk>', '.', '<eos>', '<pad>']
    assert few.tgt_vocab.to_tokens(dec[0]) == ['<bos>', '<unk>', '<unk>', '!']
    assert few.tgt_vocab.to_tokens(labels[0]) == ['<unk>', '<unk>', '!', '<eos>']
    np.testing.assert_array_equal(valid_len, [3])
    with pytest.raises(ValueError, match='got 2 sentences and 1 translations'):
        few.build(['a', 'b'], ['c'])


def test_pairs_and_lengths_that_do_not_fit(d2l):
    with pytest.raises(ValueError, match='the text has 351 examples in all'):
        d2l.SentencePairs(8, num_train=300, num_val=52)
    with pytest.raises(ValueError, match='num_steps must be at least 1, got 0'):
        d2l.SentencePairs(8, num_steps=0)
    assert d2l.SentencePairs(8, num_train=351, num_val=0).val_dataloader() is None


def test_the_embedded_pairs():
    pairs = [line.split('\t') for line in embedded_text('sentence_pairs.txt').splitlines()]
    english, french = zip(*pairs, strict=True)
    assert len(set(english)) == len(english) == 351
    for sentences in (english, french):
        assert all(each == each.strip() and each[-1] in '.?!' for each in sentences)
        assert all(each[0].isupper() for each in sentences)
    # A question stays one, and French has a space before its mark.
    assert [e[-1] == '?' for e in english] == [f.endswith(' ?') for f in french]
    path = text.resources.files('d2lite.data') / 'sentence_pairs.txt'
    assert 'MIT licence' in path.read_text(encoding='utf-8').partition('\n')[0]


def test_the_embedded_pairs_fit_into_the_defaults(d2l):
    data = d2l.SentencePairs(batch_size=64)
    assert len(data.arrays[0]) == 320
    assert d2l.numpy(data.arrays[2]).max() < data.num_steps  # no English sentence is cut,
    labels = d2l.numpy(data.arrays[3])
    assert (labels == data.tgt_vocab['<eos>']).sum(axis=1).tolist() == [1] * 320  # no French one
    for array, vocab in ((data.arrays[0], data.src_vocab), (labels, data.tgt_vocab)):
        assert (d2l.numpy(array) == vocab.unk).mean() < 0.02


def test_the_batches_are_the_same_on_all_backends():
    found = []
    for name in BACKENDS:
        d2l = require(name)
        d2l.seed_everything(3)
        found.append(batches(d2l, d2l.SentencePairs(64).train_dataloader()))
    for other in found[1:]:
        for ours, theirs in zip(found[0], other, strict=True):
            for one, another in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(one, another)


def test_the_book_s_pairs_are_read_from_their_file(d2l, tmp_path):
    (tmp_path / 'fra-eng').mkdir()
    (tmp_path / 'fra-eng' / 'fra.txt').write_text(PAIRS, encoding='utf-8')
    data = d2l.MTFraEng(2, num_steps=4, num_train=3, num_val=1, root=tmp_path)
    np.testing.assert_array_equal(d2l.numpy(data.arrays[2]), [3, 3, 3, 4])


def test_the_book_s_pairs_are_downloaded_and_unpacked(d2l, tmp_path, monkeypatch):
    (tmp_path / 'served').mkdir()
    path = tmp_path / 'served' / 'fra-eng.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('fra-eng/fra.txt', PAIRS)
    monkeypatch.setattr(translation.MTFraEng, 'sha1', hashlib.sha1(path.read_bytes()).hexdigest())
    with server(tmp_path / 'served', monkeypatch) as (url, paths):
        monkeypatch.setattr(downloads, 'DATA_URL', url)
        for _ in range(2):
            data = d2l.MTFraEng(2, num_steps=4, num_train=3, num_val=1, root=tmp_path / 'data')
    assert paths == ['/fra-eng.zip'] and len(data.arrays[0]) == 4


def test_without_a_network_the_error_says_which_file_belongs_where(d2l, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, 'DATA_URL', 'https://localhost:1/')
    with pytest.raises(DownloadError) as caught:
        d2l.MTFraEng(2, root=tmp_path)
    assert f'fra-eng.zip is not in {tmp_path}' in str(caught.value)
    assert str(tmp_path / 'fra-eng' / 'fra.txt') in caught.value.__notes__[0]
    assert 'SentencePairs' in caught.value.__notes__[1]


def test_truncate_and_pad(d2l):
    assert truncate_pad([1, 2, 3], 2, 0) == [1, 2]
    assert truncate_pad([1, 2, 3], 5, 0) == [1, 2, 3, 0, 0]
    assert truncate_pad(('a',), 1, '<pad>') == ['a'] and truncate_pad([], 1, 0) == [0]
    assert d2l.truncate_pad is truncate_pad


def test_bleu_of_examples_computed_by_hand(d2l):
    assert d2l.bleu is bleu
    assert bleu('a b c d', 'a b c d', 2) == 1
    # p_1 = 4/5, p_2 = 3/4; as long as the label.
    expected = (4 / 5) ** 0.5 * (3 / 4) ** 0.25
    assert bleu('a b c d x', 'a b c d e', 2) == pytest.approx(expected)
    # Two words for six: p_1 = 2/2, p_2 = 1/1.
    assert bleu('a b', 'a b c d e f', 2) == pytest.approx(np.exp(1 - 6 / 2))
    # Each word counts as often as it is in the label: p_1 = 1/3. Longer ones are not punished.
    assert bleu('a a a', 'a b', 1) == pytest.approx((1 / 3) ** 0.5)
    assert bleu('a', 'a', 4) == 1  # it has no longer n-grams
    assert bleu('', 'a', 2) == bleu('x', 'a', 2) == 0


def test_bleu_without_n_grams():
    with pytest.raises(ValueError, match='k must be at least 1'):
        bleu('a', 'a', 0)


def test_the_histogram_shows_how_often_a_length_occurs(d2l):
    d2l.show_list_len_pair_hist(
        ['source', 'target'], 'tokens', 'count', ['ab', 'cd', 'abcdefgh'], [['x'] * 8, [1, 2]]
    )
    axes = plt.gca()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('tokens', 'count')
    source, target = axes.containers
    assert [bar.get_height() for bar in source] == [2] + 8 * [0] + [1]
    assert [bar.get_height() for bar in target] == [1] + 8 * [0] + [1]
    assert [each.get_text() for each in axes.get_legend().get_texts()] == ['source', 'target']
    assert target[0].get_hatch() and not source[0].get_hatch()
    plt.close('all')
