"""Attention on JAX: a mean of values, weighted by how well their keys answer a query.

Queries are (batch_size, queries, features), keys and values likewise. Valid lengths say how many
keys there are without padding: None for all, or (batch_size,), or (batch_size, queries). Each layer
returns its result and its attention weights, for a module of Flax keeps nothing. Definitions: d2l,
chapter "Attention Mechanisms and Transformers".
"""

import math

import jax
from flax import linen as nn
from jax import Array
from jax import numpy as jnp

from d2lite.training.attention import (
    MASKED,
    check_attention,
    check_heads,
    check_lengths,
    check_positions,
    positional_encoding,
)
from d2lite_jax.tensor import numpy


def masked_softmax(X: Array, valid_lens: Array | None) -> Array:
    """The softmax of scores X, (batch_size, queries, keys), over the keys within the valid lengths.

    The others have the score -1e6, and so no weight. Where the valid length is 0, all have the
    same. Raises ValueError for valid lengths of another shape, or above the number of keys.
    """
    check_lengths(X.shape, valid_lens, _values(valid_lens))
    if valid_lens is not None:
        lens = valid_lens if valid_lens.ndim == 2 else valid_lens[:, None]
        is_valid = jnp.arange(X.shape[-1]) < lens[:, :, None]
        X = jnp.where(is_valid, X, max(MASKED, float(jnp.finfo(X.dtype).min)))
    return nn.softmax(X, axis=-1)


def causal_lens(X: Array, start: int = 0) -> Array:
    """Valid lengths (batch_size, steps) with which each step of X sees itself and those before it.

    `start`: how many steps came before those of X, and are among the keys.
    """
    lens = jnp.arange(start + 1, start + X.shape[1] + 1)
    return jnp.broadcast_to(lens, X.shape[:2])


class AdditiveAttention(nn.Module):
    """Scores w_v tanh(W_q q + W_k k), for queries and keys that need not have one size.

    The results are (batch_size, queries, features of a value), and the attention weights
    (batch_size, queries, keys).
    """

    num_hiddens: int
    dropout: float

    def setup(self) -> None:
        self.W_q = nn.Dense(self.num_hiddens, use_bias=False)
        self.W_k = nn.Dense(self.num_hiddens, use_bias=False)
        self.w_v = nn.Dense(1, use_bias=False)
        self.drop = nn.Dropout(self.dropout)

    def __call__(
        self,
        queries: Array,
        keys: Array,
        values: Array,
        valid_lens: Array | None,
        training: bool = False,
    ) -> tuple[Array, Array]:
        check_attention(queries, keys, values)
        # Each query with each key: (batch_size, queries, 1, h) + (batch_size, 1, keys, h).
        features = nn.tanh(self.W_q(queries)[:, :, None] + self.W_k(keys)[:, None])
        weights = masked_softmax(self.w_v(features)[..., 0], valid_lens)
        return self.drop(weights, deterministic=not training) @ values, weights


class DotProductAttention(nn.Module):
    """Scores q k / sqrt(d), for queries and keys of d features.

    The results are (batch_size, queries, features of a value), and the attention weights
    (batch_size, queries, keys).
    """

    dropout: float

    def setup(self) -> None:
        self.drop = nn.Dropout(self.dropout)

    def __call__(
        self,
        queries: Array,
        keys: Array,
        values: Array,
        valid_lens: Array | None = None,
        training: bool = False,
    ) -> tuple[Array, Array]:
        check_attention(queries, keys, values, same_size=True)
        scores = queries @ keys.swapaxes(1, 2) / math.sqrt(queries.shape[-1])
        weights = masked_softmax(scores, valid_lens)
        return self.drop(weights, deterministic=not training) @ values, weights


class MultiHeadAttention(nn.Module):
    """Dot-product attention `num_heads` times side by side, each on projections of its own.

    The results are (batch_size, queries, num_hiddens), and the attention weights (batch_size
    * num_heads, queries, keys), the heads of an example one after the other.
    """

    num_hiddens: int
    num_heads: int
    dropout: float
    bias: bool = False

    def setup(self) -> None:
        check_heads(self.num_hiddens, self.num_heads)
        self.attention = DotProductAttention(self.dropout)
        self.W_q = nn.Dense(self.num_hiddens, use_bias=self.bias)
        self.W_k = nn.Dense(self.num_hiddens, use_bias=self.bias)
        self.W_v = nn.Dense(self.num_hiddens, use_bias=self.bias)
        self.W_o = nn.Dense(self.num_hiddens, use_bias=self.bias)

    def __call__(
        self,
        queries: Array,
        keys: Array,
        values: Array,
        valid_lens: Array | None,
        training: bool = False,
    ) -> tuple[Array, Array]:
        check_attention(queries, keys, values)
        check_lengths((*queries.shape[:2], keys.shape[1]), valid_lens)
        queries = self.transpose_qkv(self.W_q(queries))
        keys = self.transpose_qkv(self.W_k(keys))
        values = self.transpose_qkv(self.W_v(values))
        if valid_lens is not None:  # the same for each head
            valid_lens = jnp.repeat(valid_lens, self.num_heads, axis=0)
        output, weights = self.attention(queries, keys, values, valid_lens, training=training)
        return self.W_o(self.transpose_output(output)), weights

    def transpose_qkv(self, X: Array) -> Array:
        """Each head as an example: (batch_size * num_heads, n, num_hiddens / num_heads)."""
        X = X.reshape(X.shape[0], X.shape[1], self.num_heads, -1).swapaxes(1, 2)
        return X.reshape(-1, X.shape[2], X.shape[3])

    def transpose_output(self, X: Array) -> Array:
        """The inverse of `transpose_qkv`: (batch_size, n, num_hiddens)."""
        X = X.reshape(-1, self.num_heads, X.shape[1], X.shape[2]).swapaxes(1, 2)
        return X.reshape(X.shape[0], X.shape[1], -1)


class PositionalEncoding(nn.Module):
    """Adds to X, (batch_size, steps, num_hiddens), a pattern of waves that tells each position.

    `P` is the pattern, (1, max_len, num_hiddens). Raises ValueError for more than `max_len` steps.
    """

    num_hiddens: int
    dropout: float
    max_len: int = 1000

    def setup(self) -> None:
        self.drop = nn.Dropout(self.dropout)
        self.P = positional_encoding(self.num_hiddens, self.max_len)

    def __call__(self, X: Array, training: bool = False, start: int = 0) -> Array:
        """`start`: the position of the first step, where others came before."""
        check_positions(X, start, self.max_len)
        X = X + jnp.asarray(self.P[:, start : start + X.shape[1]], X.dtype)
        return self.drop(X, deterministic=not training)


def _values(valid_lens):
    """The lengths as NumPy numbers; None while a compiler looks on."""
    if valid_lens is None or isinstance(valid_lens, jax.core.Tracer):
        return None
    return numpy(valid_lens)
