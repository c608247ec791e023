"""Vocab: tokens and their indices."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

UNKNOWN = '<unk>'

Nested = str | Sequence  # a token, or a list of tokens, or a list of such lists


class Vocab:
    """A vocabulary: the indices 0, 1, ... of tokens, and the tokens of indices.

    `tokens`: a list of strings, or a list of lists of them. `min_freq`: a token that occurs less
    often is unknown. `reserved_tokens`: such as '<pad>', which need not occur. '<unk>' has index 0,
    then come the reserved tokens, then the others: frequent ones first, equally frequent ones in
    the order in which they occur. `token_freqs` has (token, number of occurrences) of all of them.

    Raises TypeError for a token that is no string. Definition: d2l, section "Converting Raw Text
    into Sequence Data".
    """

    def __init__(
        self, tokens: Sequence = (), min_freq: int = 0, reserved_tokens: Sequence[str] = ()
    ) -> None:
        self.token_freqs = Counter(_flat(tokens)).most_common()
        reserved = {token: None for token in _flat(reserved_tokens)}
        often = {token: None for token, freq in self.token_freqs if freq >= min_freq}
        self.idx_to_token = list({UNKNOWN: None} | reserved | often)  # a dictionary has each once
        self.token_to_idx = {token: index for index, token in enumerate(self.idx_to_token)}

    def __len__(self) -> int:
        return len(self.idx_to_token)

    def __getitem__(self, tokens: Nested) -> Any:
        """The index of a token, that of '<unk>' if it is unknown; of lists, lists of indices."""
        if isinstance(tokens, str):
            return self.token_to_idx.get(tokens, self.unk)
        if isinstance(tokens, list | tuple):
            return [self[token] for token in tokens]
        raise TypeError(_no_token(tokens))

    def to_tokens(self, indices: Any) -> Any:
        """The token of an index; of a list or a tensor of indices, a list of tokens.

        Raises TypeError for what is no integer, IndexError for an index that no token has.
        """
        if isinstance(indices, list | tuple) or getattr(indices, 'ndim', 0):
            return [self.to_tokens(index) for index in indices]
        # A tensor of one number; MXNet makes floats of integers, and TensorFlow has no `item`.
        number = indices.item() if hasattr(indices, 'item') else indices
        number = number.numpy().item() if hasattr(number, 'numpy') else number
        if not isinstance(number, int | float) or number % 1:
            raise TypeError(f'expected the index of a token, an integer, got {indices!r}')
        index = int(number)
        if not 0 <= index < len(self):
            raise IndexError(
                f'no token has the index {index}: the vocabulary has {len(self)} tokens, so '
                f'indices are integers from 0 to {len(self) - 1}'
            )
        return self.idx_to_token[index]

    @property
    def unk(self) -> int:
        """The index of '<unk>', which stands for all tokens that are not in the vocabulary."""
        return self.token_to_idx[UNKNOWN]


def _flat(tokens: Nested) -> Iterable[str]:
    """The tokens of a list, or of a list of lists."""
    if isinstance(tokens, str):
        raise TypeError(
            f'expected a list of tokens, got the string {tokens[:20]!r}: write list(text) for its '
            f'characters, or text.split() for its words'
        )
    for token in tokens:
        if isinstance(token, list | tuple):
            yield from _flat(token)
        elif isinstance(token, str):
            yield token
        else:
            raise TypeError(_no_token(token))


def _no_token(token):
    return f'a token is a string, got {token!r}, a {type(token).__name__}'
