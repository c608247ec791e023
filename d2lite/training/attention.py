"""What is the same in every backend's attention layers and transformers: positions, and checks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = [
    'MASKED',
    'check_attention',
    'check_heads',
    'check_image',
    'check_lengths',
    'check_positions',
    'num_patches',
    'positional_encoding',
    'sides',
    'window',
]

MASKED = -1e6  # the score of a key that is not to be looked at


def positional_encoding(num_hiddens: int, max_len: int) -> np.ndarray:
    """P (1, max_len, num_hiddens), float32: the sines and cosines of each position.

    P[i, 2j] = sin(i / 10000^(2j/num_hiddens)), and P[i, 2j + 1] is the cosine of the same. Source:
    Vaswani and others, "Attention Is All You Need", 2017.
    """
    frequencies = 10000 ** -(np.arange(0, num_hiddens, 2) / num_hiddens)
    angles = np.arange(max_len)[:, None] * frequencies
    P = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(1, max_len, -1)
    return P[..., :num_hiddens].astype(np.float32)  # without the last cosine, if that is odd


def check_heads(num_hiddens: int, num_heads: int) -> None:
    """Raises ValueError unless `num_hiddens` can be divided among the heads."""
    if num_heads < 1 or num_hiddens % num_heads:
        raise ValueError(
            f'num_hiddens={num_hiddens} cannot be divided among num_heads={num_heads}: each head '
            f'takes num_hiddens/num_heads of them, a whole number'
        )


def check_attention(queries: Any, keys: Any, values: Any, same_size: bool = False) -> None:
    """Raises ValueError, naming the shapes, unless queries, keys and values fit each other.

    `same_size`: whether queries and keys must have as many features.
    """
    shapes = [tuple(each.shape) for each in (queries, keys, values)]
    got = 'got queries of shape {}, keys of shape {} and values of shape {}'.format(*shapes)
    if any(len(shape) != 3 for shape in shapes):
        raise ValueError(
            f'attention takes queries, keys and values of shapes (batch_size, number of them, '
            f'features); {got}'
        )
    queries, keys, values = shapes
    if len(_known(shape[0] for shape in shapes)) > 1:
        raise ValueError(f'queries, keys and values must be of one batch; {got}')
    if len(_known((keys[1], values[1]))) > 1:
        raise ValueError(f'each key needs one value; {got}')
    if same_size and queries[2] != keys[2]:
        raise ValueError(f'queries and keys must have as many features to be multiplied; {got}')


def check_lengths(shape: Sequence[int], valid_lens: Any, values: np.ndarray | None = None) -> None:
    """Raises ValueError unless each valid length is one of an example, or of a query.

    `shape`: (batch_size, queries, keys). `values`: the lengths, or None where they are not known:
    while a compiler looks on.
    """
    if len(shape) != 3:
        raise ValueError(
            f'masked_softmax takes scores of shape (batch_size, queries, keys), got shape '
            f'{tuple(shape)}'
        )
    if valid_lens is None:
        return
    found, (batch, queries, keys) = tuple(valid_lens.shape), shape
    if not (_fits(found, (batch,)) or _fits(found, (batch, queries))):
        raise ValueError(
            f'valid_lens must be of shape ({batch},), a length for each example, or of shape '
            f'({batch}, {queries}), one for each query; got shape {found}'
        )
    if values is not None and values.size and (values.max() > keys or values.min() < 0):
        wrong = values.max() if values.max() > keys else values.min()
        raise ValueError(
            f'{wrong:g} is no valid length: there are {keys} keys, so valid lengths are from 0 to '
            f'{keys}'
        )


def check_positions(X: Any, start: int, max_len: int) -> None:
    """Raises ValueError if X, (batch_size, steps, features), ends after position `max_len`."""
    end = start + X.shape[1]
    if end > max_len:
        raise ValueError(
            f'the sequence has {end} steps, but there are positions for max_len={max_len} only: '
            f'shorten it, or make the model with a larger max_len'
        )


def sides(size: int | Sequence[int]) -> tuple[int, int]:
    """Height and width, given as a pair, or as one number for both."""
    return (size, size) if isinstance(size, int) else tuple(size)


def num_patches(img_size: int | Sequence[int], patch_size: int | Sequence[int]) -> int:
    """The number of patches of an image. Raises ValueError unless they are whole."""
    (height, width), (h, w) = sides(img_size), sides(patch_size)
    if h < 1 or w < 1 or height % h or width % w:
        raise ValueError(
            f'an image of {height} x {width} pixels cannot be cut into patches of {h} x {w}: '
            f'height and width must be divisible by those of a patch'
        )
    return (height // h) * (width // w)


def check_image(found: Sequence[int], expected: tuple[int, int]) -> None:
    """Raises ValueError unless images have the height and width for which a model was made."""
    height, width = expected
    if tuple(found) != (height, width):
        raise ValueError(
            f'the model was made for images of {height} x {width} pixels, got {found[0]} x '
            f'{found[1]}'
        )


def window(before: list[int] | None, indices: list[int], max_len: int) -> list[int]:
    """The last `max_len` of the tokens `before`, None at first, and of those that follow."""
    return [*(before or []), *indices][-max_len:]


def _known(lengths):
    """The different lengths, without None: a program of TensorFlow may be made for any number."""
    return {length for length in lengths if length is not None}


def _fits(found, expected):
    pairs = zip(found, expected, strict=False)
    return len(found) == len(expected) and all(len(_known(pair)) < 2 for pair in pairs)
