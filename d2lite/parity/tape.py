"""Gradients in NumPy: arrays that remember how they were computed.

Each operation stands beside its gradient. `gradients` walks back from a scalar through all that it
was computed from. Everything is in float64, and nothing is here for speed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np


class Value:
    """An array in float64.

    `parents`: the Values that it was computed from, each with a function that takes the gradient
    for this array and returns what that adds to the gradient for the parent.
    """

    __array_ufunc__ = None  # array + Value is Value.__radd__, and no array of Values

    def __init__(self, array: Any, parents: Sequence[tuple['Value', Callable]] = ()) -> None:
        self.array = np.asarray(array, np.float64)
        self.parents = parents

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def __len__(self) -> int:
        return len(self.array)

    def __add__(self, other: Any) -> 'Value':
        other = as_value(other)
        return Value(self.array + other.array, [(self, lambda g: g), (other, lambda g: g)])

    def __mul__(self, other: Any) -> 'Value':
        a, b = self.array, as_value(other).array
        return Value(a * b, [(self, lambda g: g * b), (as_value(other), lambda g: g * a)])

    def __matmul__(self, other: Any) -> 'Value':
        """The product of matrices, which are the last two axes."""
        other = as_value(other)
        a, b = self.array, other.array
        parents = [
            (self, lambda g: g @ b.swapaxes(-1, -2)),
            (other, lambda g: a.swapaxes(-1, -2) @ g),
        ]
        return Value(a @ b, parents)

    def __pow__(self, exponent: float) -> 'Value':
        a = self.array
        return Value(a**exponent, [(self, lambda g: g * exponent * a ** (exponent - 1))])

    def __getitem__(self, index: Any) -> 'Value':
        """Entries by slices and numbers."""

        def gradient(g):
            whole = np.zeros(self.shape)
            whole[index] = g
            return whole

        return Value(self.array[index], [(self, gradient)])

    def take(self, rows: np.ndarray) -> 'Value':
        """The rows with these numbers, an array of any shape; a row may be there more than once."""

        def gradient(g):
            whole = np.zeros(self.shape)
            np.add.at(whole, rows, g)
            return whole

        return Value(self.array[rows], [(self, gradient)])

    def __neg__(self) -> 'Value':
        return self * -1

    def __sub__(self, other: Any) -> 'Value':
        return self + -as_value(other)

    def __rsub__(self, other: Any) -> 'Value':
        return as_value(other) - self

    def __truediv__(self, other: Any) -> 'Value':
        return self * as_value(other) ** -1

    __radd__, __rmul__ = __add__, __mul__

    def __rmatmul__(self, other: Any) -> 'Value':
        return as_value(other) @ self

    def sum(self, axis: int | tuple | None = None, keepdims: bool = False) -> 'Value':
        total = self.array.sum(axis, keepdims=True)

        def gradient(g):
            return np.broadcast_to(g.reshape(total.shape), self.shape)

        return Value(total if keepdims else self.array.sum(axis), [(self, gradient)])

    def mean(self, axis: int | tuple | None = None, keepdims: bool = False) -> 'Value':
        total = self.sum(axis, keepdims)
        return total * (total.array.size / self.array.size)

    def reshape(self, *shape: int) -> 'Value':
        return Value(self.array.reshape(shape), [(self, lambda g: g.reshape(self.shape))])

    def transpose(self, *axes: int) -> 'Value':
        return Value(self.array.transpose(axes), [(self, lambda g: g.transpose(np.argsort(axes)))])

    def pad(self, *widths: tuple[int, int]) -> 'Value':
        """Zeros around the array: for each axis, how many before and after."""
        inside = tuple(slice(a, a + n) for (a, _), n in zip(widths, self.shape, strict=True))
        return Value(np.pad(self.array, widths), [(self, lambda g: g[inside])])


def as_value(x: Any) -> Value:
    """A Value as it is; an array or a number as a Value without parents."""
    return x if isinstance(x, Value) else Value(x)


def exp(x: Value) -> Value:
    y = np.exp(x.array)
    return Value(y, [(x, lambda g: g * y)])


def log(x: Value) -> Value:
    return Value(np.log(x.array), [(x, lambda g: g / x.array)])


def tanh(x: Value) -> Value:
    y = np.tanh(x.array)
    return Value(y, [(x, lambda g: g * (1 - y**2))])


def sigmoid(x: Value) -> Value:
    y = 1 / (1 + np.exp(-x.array))
    return Value(y, [(x, lambda g: g * y * (1 - y))])


def relu(x: Value) -> Value:
    return Value(np.maximum(x.array, 0), [(x, lambda g: g * (x.array > 0))])


def erf(x: Value) -> Value:
    """The error function, of which the distribution function of the normal distribution is made."""
    slope = 2 / math.sqrt(math.pi) * np.exp(-(x.array**2))
    return Value(np.vectorize(math.erf)(x.array), [(x, lambda g: g * slope)])


def concat(values: Sequence[Value], axis: int = 0) -> Value:
    """The Values one after another along an axis."""
    ends = np.cumsum([value.shape[axis] for value in values])

    def part(number):
        return lambda g: np.split(g, ends[:-1], axis)[number]

    array = np.concatenate([value.array for value in values], axis)
    return Value(array, [(value, part(number)) for number, value in enumerate(values)])


def stack(values: Sequence[Value], axis: int = 0) -> Value:
    """The Values side by side along a new axis."""
    shape = list(values[0].shape)
    shape.insert(axis, 1)
    return concat([value.reshape(*shape) for value in values], axis)


def gradients(value: Value, values: Mapping[str, Value]) -> dict[str, np.ndarray]:
    """By name: the gradients of `value`, a scalar, for `values`; 0 for others than it came from."""
    found = {id(value): np.ones(value.shape)}
    for each in reversed(_in_order(value)):
        g = found[id(each)]
        for parent, gradient in each.parents:
            share = _sum_to(gradient(g), parent.shape)
            found[id(parent)] = found.get(id(parent), 0) + share
    return {name: found.get(id(each), np.zeros(each.shape)) for name, each in values.items()}


def _in_order(value):
    """All that `value` was computed from, and itself: parents before their children."""
    ordered, seen, stack = [], set(), [(value, False)]
    while stack:
        each, parents_are_done = stack.pop()
        if parents_are_done:
            ordered.append(each)
        elif id(each) not in seen:
            seen.add(id(each))
            stack.append((each, True))
            stack += [(parent, False) for parent, _ in each.parents]
    return ordered


def _sum_to(gradient, shape):
    """The gradient for an array of `shape` that was broadcast to that of `gradient`."""
    extra = gradient.ndim - len(shape)
    gradient = gradient.sum(tuple(range(extra)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
    return gradient.sum(stretched, keepdims=True)
