"""Sentence pairs for machine translation, English to French, padded to one length."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from d2lite.data import download as downloads
from d2lite.data.download import DownloadError
from d2lite.data.loader import TensorLoader
from d2lite.data.text import TextData, embedded_text, read_text
from d2lite.data.vocabulary import Vocab

MIN_FREQ = 2  # a token that occurs only once is unknown


class TranslationData(TextData):
    """Pairs of sentences: `arrays`, integers, are source, decoder input, valid lengths, labels.

    The source (n, num_steps) is English, the labels (n, num_steps) are French, and the decoder
    input (n, num_steps) is '<bos>' and the labels but for the last. A sentence ends in '<eos>'; it
    is filled up with '<pad>', or cut, to `num_steps` tokens. Valid lengths (n,) are those of the
    source without padding. `src_vocab` and `tgt_vocab` are the vocabularies.

    The first `num_train` pairs are to train on, the next `num_val` to validate on. A subclass
    defines `_download`. Definition: d2l, section "Machine Translation and the Dataset".
    """

    def __init__(
        self,
        batch_size: int,
        num_steps: int = 9,
        num_train: int = 512,
        num_val: int = 128,
        root: str | os.PathLike = '../data',
    ) -> None:
        super().__init__(root)
        self.save_hyperparameters()
        if num_steps < 1:
            raise ValueError(f'num_steps must be at least 1, got {num_steps}')
        self.arrays, self.src_vocab, self.tgt_vocab = self._build_arrays(self._download())
        self.checked_rows(True, len(self.arrays[0]))

    def _download(self) -> str:
        """The raw text: a line for each pair, with a tab character between the sentences."""
        raise NotImplementedError(f'{type(self).__name__} must define _download(self)')

    def _preprocess(self, text: str) -> str:
        """The text in lower case, with a space before each of the marks , . ! and ?"""
        # French has non-breaking spaces before some marks.
        text = text.replace('\u202f', ' ').replace('\xa0', ' ').lower()
        return ''.join(
            f' {char}' if char in ',.!?' and before != ' ' else char
            for before, char in zip(' ' + text, text, strict=False)
        )

    def _tokenize(
        self, text: str, max_examples: int | None = None
    ) -> tuple[list[list[str]], list[list[str]]]:
        """The tokens of the source and of the target sentences, '<eos>' the last of each.

        At most `max_examples` pairs. Empty lines are left out, and so is what follows a second tab
        character. Raises ValueError for a line without one.
        """
        src, tgt = [], []
        for number, line in enumerate(text.split('\n'), 1):
            if len(src) == max_examples:
                break
            if not line.strip():
                continue
            parts = line.split('\t')
            if len(parts) < 2:
                raise ValueError(
                    f'line {number} is no pair: expected two sentences with a tab character '
                    f'between them, got {line!r}'
                )
            src.append([*parts[0].split(), '<eos>'])
            tgt.append([*parts[1].split(), '<eos>'])
        return src, tgt

    def _build_arrays(
        self, raw_text: str, src_vocab: Vocab | None = None, tgt_vocab: Vocab | None = None
    ) -> tuple[tuple, Vocab, Vocab]:
        """The arrays of a text, and both vocabularies: new ones, or those given."""
        max_examples = self.num_train + self.num_val
        src, tgt = self._tokenize(self._preprocess(raw_text), max_examples)
        if not src:
            raise ValueError(f'the text is empty: there are no pairs in {raw_text[:40]!r}')
        src = [truncate_pad(line, self.num_steps, '<pad>') for line in src]
        tgt = [['<bos>', *truncate_pad(line, self.num_steps, '<pad>')] for line in tgt]
        src_vocab = src_vocab or Vocab(src, MIN_FREQ, ['<pad>', '<eos>'])
        tgt_vocab = tgt_vocab or Vocab(tgt, MIN_FREQ, ['<pad>', '<bos>', '<eos>'])
        src_array = np.array(src_vocab[src], self.label_dtype)
        tgt_array = np.array(tgt_vocab[tgt], self.label_dtype)
        valid_len = np.sum(src_array != src_vocab['<pad>'], axis=1, dtype='int32')
        arrays = src_array, tgt_array[:, :-1], valid_len, tgt_array[:, 1:]
        return tuple(self.as_tensor(array) for array in arrays), src_vocab, tgt_vocab

    def get_dataloader(self, train: bool) -> TensorLoader:
        """Minibatches of source, decoder input, valid lengths and labels."""
        rows = self.checked_rows(train, len(self.arrays[0]))
        return self.get_tensorloader(self.arrays, train, rows)

    def build(self, src_sentences: Sequence[str], tgt_sentences: Sequence[str]) -> tuple[Any, ...]:
        """The arrays of sentences of one's own, in the vocabularies of this data set.

        At most num_train + num_val pairs. Raises ValueError unless there are as many of both.
        """
        if len(src_sentences) != len(tgt_sentences):
            raise ValueError(
                f'expected a translation for each sentence, got {len(src_sentences)} sentences and '
                f'{len(tgt_sentences)} translations'
            )
        pairs = zip(src_sentences, tgt_sentences, strict=True)
        raw_text = '\n'.join(f'{src}\t{tgt}' for src, tgt in pairs)
        return self._build_arrays(raw_text, self.src_vocab, self.tgt_vocab)[0]


class MTFraEng(TranslationData):
    """English sentences and their French translations, from the project Tatoeba.

    The file `root`/fra-eng/fra.txt is read if it is there, else the archive `root`/fra-eng.zip is
    downloaded and unpacked. Raises DownloadError, which says where to put it, if that fails.
    Source: Tatoeba, tatoeba.org, licence CC BY 2.0.
    """

    archive, sha1 = 'fra-eng.zip', '94646ad1522d915e7b0f9296181140edcf86a4f5'

    def _download(self) -> str:
        path = downloads.data_folder(self.root) / 'fra-eng' / 'fra.txt'
        if not path.exists():
            try:
                url = downloads.DATA_URL + self.archive
                downloads.extract(downloads.fetch(url, self.root, self.sha1))
            except DownloadError as error:
                error.add_note(f'Or put its member fra-eng/fra.txt to {path}.')
                error.add_note('d2l.SentencePairs has pairs that need no download.')
                raise
        return read_text(path)


class SentencePairs(TranslationData):
    """Short English sentences and their French translations, part of d2lite: no download."""

    def __init__(
        self,
        batch_size: int,
        num_steps: int = 9,
        num_train: int = 256,
        num_val: int = 64,
    ) -> None:
        super().__init__(batch_size, num_steps, num_train, num_val)

    def _download(self) -> str:
        return embedded_text('sentence_pairs.txt')


def truncate_pad(line: Sequence, num_steps: int, padding_token: Any) -> list:
    """The first `num_steps` tokens of a list, or all of them and then the padding token."""
    return [*line[:num_steps], *[padding_token] * (num_steps - len(line))]
