"""What the models of the comparison are trained on: small, and made from a seed."""

from collections.abc import Callable

import numpy as np

# Fewer classes and tokens than in a lesson: what is compared is the same.
CLASSES = 4
TOKENS = 5
SOURCE, TARGET = 7, 6  # tokens of the language that is translated, and of the other
PAD = 0  # a token that counts for no loss


def lesson(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """1,000 examples, y = 2 x1 - 3.4 x2 + 4.2 and noise."""
    X = rng.standard_normal((1000, 2))
    return X, X @ [[2.0], [-3.4]] + 4.2 + 0.01 * rng.standard_normal((1000, 1))


def images(size: int) -> Callable[[np.random.Generator], tuple]:
    """96 images of normal noise, size by size by 1, whose label a linear model could tell."""

    def data(rng):
        X = rng.standard_normal((96, size, size, 1))
        scores = X.reshape(96, -1) @ rng.standard_normal((size * size, CLASSES))
        return X, scores.argmax(1)

    return data


def text(num_steps: int) -> Callable[[np.random.Generator], tuple]:
    """96 rows of tokens of which the next follows from two before it, and those one ahead."""

    def data(rng):
        tokens = list(rng.integers(TOKENS, size=(2, 96)))
        while len(tokens) <= num_steps:
            tokens.append((tokens[-1] + 2 * tokens[-2]) % TOKENS)
        return np.stack(tokens[:-1], 1), np.stack(tokens[1:], 1)

    return data


def sentences(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """96 pairs: source, decoder input, valid lengths, labels. Some sources have the length 0."""
    source, lens = rng.integers(1, SOURCE, (96, 5)), rng.integers(0, 6, 96)
    source[np.arange(5) >= lens[:, None]] = PAD
    target = (source.sum(1, keepdims=True) + np.arange(5)) % (TARGET - 1) + 1
    target[np.arange(5) >= rng.integers(2, 6, (96, 1))] = PAD
    return source, target[:, :-1], lens, target[:, 1:]
