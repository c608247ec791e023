"""Text for language models: sequences of characters, and the same sequences one ahead."""

import os
import re
from importlib import resources
from pathlib import Path

import numpy as np

from d2lite.data import download as downloads
from d2lite.data.download import DownloadError
from d2lite.data.loader import TensorLoader
from d2lite.data.module import DataModule
from d2lite.data.vocabulary import Vocab
from d2lite.saving.storage import FileError


class TextData(DataModule):
    """Text as indices of tokens."""

    def checked_rows(self, train: bool, num_examples: int) -> slice:
        """The rows to train on or to validate on. Raises ValueError if there are too few."""
        wanted = self.num_train + self.num_val
        if self.num_train < 1 or self.num_val < 0 or wanted > num_examples:
            raise ValueError(
                f'num_train={self.num_train} and num_val={self.num_val} do not fit: the text has '
                f'{num_examples} examples in all, and at least one is to train on'
            )
        return slice(0, self.num_train) if train else slice(self.num_train, wanted)

    def val_dataloader(self) -> TensorLoader | None:
        return self.get_dataloader(train=False) if self.num_val else None


class CharacterData(TextData):
    """A text as sequences of characters: X and Y (n, num_steps), where Y is one character ahead.

    `corpus` has the index of each character, `vocab` is the Vocab. Sequence i begins at character
    i, so sequences overlap. The first `num_train` are to train on, the next `num_val` to validate
    on. A subclass defines `_download`. Definition: d2l, section "Language Models".
    """

    def __init__(
        self,
        batch_size: int | None = None,
        num_steps: int | None = None,
        num_train: int = 10000,
        num_val: int = 5000,
        root: str | os.PathLike = '../data',
    ) -> None:
        """Without `batch_size` and `num_steps` no text is read: `build` takes one of one's own."""
        super().__init__(root)
        self.save_hyperparameters()
        if batch_size is None and num_steps is None:
            return
        if batch_size is None or num_steps is None or num_steps < 1:
            raise ValueError(
                f'{type(self).__name__} needs a batch_size and a num_steps of at least 1, got '
                f'batch_size={batch_size} and num_steps={num_steps}'
            )
        corpus, self.vocab = self.build(self._download())
        self.corpus = np.asarray(corpus, self.label_dtype)
        num_windows = max(0, len(corpus) - num_steps)
        rows = self.checked_rows(True, num_windows).stop + num_val
        windows = np.lib.stride_tricks.sliding_window_view(self.corpus, num_steps + 1)[:rows]
        self.X, self.Y = self.as_tensor(windows[:, :-1]), self.as_tensor(windows[:, 1:])

    def _download(self) -> str:
        """The raw text."""
        raise NotImplementedError(f'{type(self).__name__} must define _download(self)')

    def _preprocess(self, text: str) -> str:
        """The text in lower case, with one space for all that is no letter from a to z."""
        return re.sub('[^A-Za-z]+', ' ', text).lower()

    def _tokenize(self, text: str) -> list[str]:
        """The tokens of a text: its characters."""
        return list(text)

    def build(self, raw_text: str, vocab: Vocab | None = None) -> tuple[list[int], Vocab]:
        """The indices of the tokens of a text, and the vocabulary: a new one, or that given.

        Raises ValueError for a text in which no letter is left.
        """
        tokens = self._tokenize(self._preprocess(raw_text))
        if not any(token.strip() for token in tokens):
            raise ValueError(f'the text is empty: no letter is left of {raw_text[:40]!r}')
        if vocab is None:
            vocab = Vocab(tokens)
        return vocab[tokens], vocab

    def get_dataloader(self, train: bool) -> TensorLoader:
        """Minibatches of X and Y, integers, both (batch_size, num_steps)."""
        if not hasattr(self, 'X'):
            raise AttributeError(
                f'{type(self).__name__} was made without batch_size and num_steps, so it has no '
                f'minibatches: write {type(self).__name__}(batch_size=64, num_steps=32)'
            )
        return self.get_tensorloader((self.X, self.Y), train, self.checked_rows(train, len(self.X)))


class TimeMachine(CharacterData):
    """The characters of H. G. Wells, "The Time Machine", 1895; 28 tokens.

    The file `root`/timemachine.txt is downloaded unless it is there. Raises DownloadError, which
    says where to put it, if it is missing and cannot be fetched.
    """

    file, sha1 = 'timemachine.txt', '090b5e7e70c295757f55df93cb0a180b9691891a'

    def _download(self) -> str:
        try:
            return read_text(downloads.fetch(downloads.DATA_URL + self.file, self.root, self.sha1))
        except DownloadError as error:
            error.add_note('d2l.ShortStories has a text that needs no download.')
            raise


class ShortStories(CharacterData):
    """The characters of some short stories, which are part of d2lite: no download; 28 tokens."""

    def _download(self) -> str:
        return embedded_text('short_stories.txt')


def read_text(path: str | os.PathLike) -> str:
    """The text in a file. Raises FileError if it is missing, or not encoded in UTF-8."""
    try:
        return Path(path).read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        raise FileError(
            f'{path} is not encoded in UTF-8: byte {error.start} is 0x{error.object[error.start]:x}'
        ) from None
    except OSError as error:
        raise FileError(f'{path} cannot be read: {error.strerror or error}') from None


def embedded_text(name: str) -> str:
    """The text in a file that is part of d2lite, without the lines that begin with #."""
    text = resources.files('d2lite.data').joinpath(name).read_text(encoding='utf-8')
    return ''.join(line for line in text.splitlines(True) if not line.startswith('#'))
