"""What is the same in every backend's recurrent networks: how a language model goes on."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from d2lite.seeds import initial_normal

if TYPE_CHECKING:
    from d2lite.data.vocabulary import Vocab

__all__ = ['continued', 'initial_weights']


def continued(scores: Callable, prefix: str | Sequence[str], num_preds: int, vocab: 'Vocab') -> str:
    """The text `prefix` and `num_preds` tokens after it, each the one with the highest score.

    `scores(indices, state)` returns the scores (vocab_size,) of the token that follows `indices`,
    a list, and the new state; before the first call that is None. Raises ValueError for an empty
    prefix.
    """
    if len(prefix) == 0:
        raise ValueError('the prefix is empty: a prediction needs at least one token to start from')
    indices = vocab[list(prefix)]
    following, state = indices, None
    for _ in range(num_preds):
        numbers, state = scores(following, state)
        following = [int(np.argmax(numbers))]
        indices += following
    return ''.join(vocab.to_tokens(indices))


def initial_weights(
    seed: int, sigma: float, num_inputs: int, num_hiddens: int
) -> tuple[np.ndarray, np.ndarray]:
    """Initial W_xh (num_inputs, num_hiddens) and W_hh (num_hiddens, num_hiddens), float32."""
    W = initial_normal(seed, sigma, (num_inputs + num_hiddens, num_hiddens))
    return W[:num_inputs], W[num_inputs:]
