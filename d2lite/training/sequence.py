"""What is the same in every backend's encoders and decoders: checks, and how a sentence is made."""

from collections.abc import Callable
from typing import Any

__all__ = ['check_pairs', 'decoded', 'weights_of']


def check_pairs(enc_X: Any, dec_X: Any) -> None:
    """Raises ValueError, naming both shapes, unless there are as many targets as sources."""
    source, target = tuple(enc_X.shape), tuple(dec_X.shape)
    if None in (source[0], target[0]):  # a program of TensorFlow may be made for any number
        return
    if source[0] != target[0]:
        raise ValueError(
            f'expected a target for each source, got sources of shape {source} and targets of '
            f'shape {target}: both are (batch_size, num_steps)'
        )


def decoded(
    tensor: Any, step: Callable, state: Any, first: Any, num_steps: int
) -> tuple[Any, list]:
    """The tokens (n, num_steps) that follow `first` (n, 1), and the attention weights of each step.

    `step(X, state)` returns the scores (n, 1, vocab_size) of the tokens that follow X, (n, 1), the
    new state and the attention weights; `tensor` is the backend's module of that name. Each token
    is the most probable one.
    """
    outputs, attention_weights = [first], []
    for _ in range(num_steps):
        Y, state, weights = step(outputs[-1], state)
        outputs.append(tensor.astype(tensor.argmax(Y, 2), first.dtype))
        attention_weights.append(weights)
    return tensor.concat(outputs[1:], 1), attention_weights


def weights_of(decoder: Any, weights: Any) -> Any:
    """The attention weights of a decoder. Raises ValueError if they are None: it has none."""
    if weights is None:
        raise ValueError(
            f'{type(decoder).__name__} has no attention weights to save: '
            f'save_attention_weights=True is for an AttentionDecoder'
        )
    return weights
