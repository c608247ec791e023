"""Attention on NNX: a mean of values, weighted by how well their keys answer a query.

Queries are (batch_size, queries, features), keys and values likewise. Valid lengths say how many
keys there are without padding: None for all, or (batch_size,), or (batch_size, queries). Each layer
keeps the weights of its last call in `attention_weights`. Definitions: d2l, chapter "Attention
Mechanisms and Transformers".
"""

import math
from functools import partial

import jax
from flax import nnx
from jax import Array
from jax import numpy as jnp

from d2lite.training.attention import (
    check_attention,
    check_heads,
    check_lengths,
    check_positions,
    positional_encoding,
)
from d2lite_jax.attention import causal_lens, masked_softmax
from d2lite_nnx import lazy
from d2lite_nnx.framework import rngs_or_new
from d2lite_nnx.module import Module


class AdditiveAttention(nnx.Module):
    """Scores w_v tanh(W_q q + W_k k), for queries and keys that need not have one size.

    The result is (batch_size, queries, features of a value); `attention_weights` are (batch_size,
    queries, keys).
    """

    def __init__(self, num_hiddens: int, dropout: float, rngs: nnx.Rngs | None = None) -> None:
        rngs = rngs_or_new(rngs)
        self.W_q = lazy.Linear(num_hiddens, use_bias=False, rngs=rngs)
        self.W_k = lazy.Linear(num_hiddens, use_bias=False, rngs=rngs)
        self.w_v = nnx.Linear(num_hiddens, 1, use_bias=False, rngs=rngs)
        self.drop = nnx.Dropout(dropout, rngs=rngs)
        self.attention_weights = nnx.data(None)

    def __call__(
        self, queries: Array, keys: Array, values: Array, valid_lens: Array | None
    ) -> Array:
        check_attention(queries, keys, values)
        # Each query with each key: (batch_size, queries, 1, h) + (batch_size, 1, keys, h).
        features = nnx.tanh(self.W_q(queries)[:, :, None] + self.W_k(keys)[:, None])
        weights = masked_softmax(self.w_v(features)[..., 0], valid_lens)
        self.attention_weights = jax.lax.stop_gradient(weights)
        return self.drop(weights) @ values


class DotProductAttention(nnx.Module):
    """Scores q k / sqrt(d), for queries and keys of d features.

    The result is (batch_size, queries, features of a value); `attention_weights` are (batch_size,
    queries, keys).
    """

    def __init__(self, dropout: float, rngs: nnx.Rngs | None = None) -> None:
        self.drop = nnx.Dropout(dropout, rngs=rngs_or_new(rngs))
        self.attention_weights = nnx.data(None)

    def __call__(
        self, queries: Array, keys: Array, values: Array, valid_lens: Array | None = None
    ) -> Array:
        check_attention(queries, keys, values, same_size=True)
        scores = queries @ keys.swapaxes(1, 2) / math.sqrt(queries.shape[-1])
        weights = masked_softmax(scores, valid_lens)
        self.attention_weights = jax.lax.stop_gradient(weights)
        return self.drop(weights) @ values


class MultiHeadAttention(Module):
    """Dot-product attention `num_heads` times side by side, each on projections of its own.

    The result is (batch_size, queries, num_hiddens). `attention.attention_weights` are (batch_size
    * num_heads, queries, keys), the heads of an example one after the other.
    """

    def __init__(
        self,
        num_hiddens: int,
        num_heads: int,
        dropout: float,
        bias: bool = False,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        super().__init__()
        check_heads(num_hiddens, num_heads)
        rngs = rngs_or_new(rngs)
        dense = partial(lazy.Linear, num_hiddens, use_bias=bias, rngs=rngs)
        self.num_heads = num_heads
        self.attention = DotProductAttention(dropout, rngs=rngs)
        self.W_q, self.W_k, self.W_v, self.W_o = dense(), dense(), dense(), dense()

    def forward(
        self, queries: Array, keys: Array, values: Array, valid_lens: Array | None
    ) -> Array:
        check_attention(queries, keys, values)
        check_lengths((*queries.shape[:2], keys.shape[1]), valid_lens)
        queries = self.transpose_qkv(self.W_q(queries))
        keys = self.transpose_qkv(self.W_k(keys))
        values = self.transpose_qkv(self.W_v(values))
        if valid_lens is not None:  # the same for each head
            valid_lens = jnp.repeat(valid_lens, self.num_heads, axis=0)
        output = self.attention(queries, keys, values, valid_lens)
        return self.W_o(self.transpose_output(output))

    def transpose_qkv(self, X: Array) -> Array:
        """Each head as an example: (batch_size * num_heads, n, num_hiddens / num_heads)."""
        X = X.reshape(X.shape[0], X.shape[1], self.num_heads, -1).swapaxes(1, 2)
        return X.reshape(-1, X.shape[2], X.shape[3])

    def transpose_output(self, X: Array) -> Array:
        """The inverse of `transpose_qkv`: (batch_size, n, num_hiddens)."""
        X = X.reshape(-1, self.num_heads, X.shape[1], X.shape[2]).swapaxes(1, 2)
        return X.reshape(X.shape[0], X.shape[1], -1)


class PositionalEncoding(nnx.Module):
    """Adds to X, (batch_size, steps, num_hiddens), a pattern of waves that tells each position.

    `P` is the pattern, (1, max_len, num_hiddens). Raises ValueError for more than `max_len` steps.
    """

    def __init__(
        self,
        num_hiddens: int,
        dropout: float,
        max_len: int = 1000,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        self.drop = nnx.Dropout(dropout, rngs=rngs_or_new(rngs))
        self.P = positional_encoding(num_hiddens, max_len)

    def __call__(self, X: Array, start: int = 0) -> Array:
        """`start`: the position of the first step, where others came before."""
        check_positions(X, start, self.P.shape[1])
        return self.drop(X + jnp.asarray(self.P[:, start : start + X.shape[1]], X.dtype))


__all__ = ['AdditiveAttention', 'DotProductAttention', 'MultiHeadAttention', 'PositionalEncoding']
__all__ += ['causal_lens', 'masked_softmax']
