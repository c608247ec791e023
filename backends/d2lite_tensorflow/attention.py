"""Attention on TensorFlow: a mean of values, weighted by how well their keys answer a query.

Queries are (batch_size, queries, features), keys and values likewise. Valid lengths say how many
keys there are without padding: None for all, or (batch_size,), or (batch_size, queries). The sizes
of keys, queries and values that a layer may be told are found by Keras. Definitions: d2l, chapter
"Attention Mechanisms and Transformers".
"""

import math
from typing import Any

import tensorflow as tf

from d2lite.training.attention import (
    MASKED,
    check_attention,
    check_heads,
    check_lengths,
    check_positions,
    positional_encoding,
)
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import Module
from d2lite_tensorflow.tensor import numpy


def masked_softmax(X: tf.Tensor, valid_lens: tf.Tensor | None) -> tf.Tensor:
    """The softmax of scores X, (batch_size, queries, keys), over the keys within the valid lengths.

    The others have the score -1e6, and so no weight. Where the valid length is 0, all have the
    same. Raises ValueError for valid lengths of another shape, or above the number of keys.
    """
    check_lengths(X.shape, valid_lens, _values(valid_lens))
    if valid_lens is not None:
        lens = valid_lens if len(valid_lens.shape) == 2 else valid_lens[:, None]
        is_valid = tf.range(tf.shape(X)[-1], dtype=lens.dtype) < lens[:, :, None]
        X = tf.where(is_valid, X, tf.constant(max(MASKED, float(X.dtype.min)), X.dtype))
    return tf.nn.softmax(X, axis=-1)


def causal_lens(X: tf.Tensor, start: int = 0) -> tf.Tensor:
    """Valid lengths (batch_size, steps) with which each step of X sees itself and those before it.

    `start`: how many steps came before those of X, and are among the keys.
    """
    lens = tf.range(start + 1, start + X.shape[1] + 1)
    return tf.broadcast_to(lens, tf.shape(X)[:2])


class AdditiveAttention(keras.layers.Layer):
    """Scores w_v tanh(W_q q + W_k k), for queries and keys that need not have one size.

    The result is (batch_size, queries, features of a value). `attention_weights`, (batch_size,
    queries, keys), are those of the last call that was not compiled.
    """

    def __init__(
        self, key_size: int, query_size: int, num_hiddens: int, dropout: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.W_q = keras.layers.Dense(num_hiddens, use_bias=False)
        self.W_k = keras.layers.Dense(num_hiddens, use_bias=False)
        self.w_v = keras.layers.Dense(1, use_bias=False)
        self.dropout = keras.layers.Dropout(dropout)
        self.attention_weights = None

    def call(
        self,
        queries: tf.Tensor,
        keys: tf.Tensor,
        values: tf.Tensor,
        valid_lens: tf.Tensor | None,
        training: bool | None = None,
    ) -> tf.Tensor:
        check_attention(queries, keys, values)
        # Each query with each key: (batch_size, queries, 1, h) + (batch_size, 1, keys, h).
        features = tf.tanh(self.W_q(queries)[:, :, None] + self.W_k(keys)[:, None])
        weights = masked_softmax(self.w_v(features)[..., 0], valid_lens)
        _keep(self, weights)
        return self.dropout(weights, training=training) @ values


class DotProductAttention(keras.layers.Layer):
    """Scores q k / sqrt(d), for queries and keys of d features.

    The result is (batch_size, queries, features of a value). `attention_weights`, (batch_size,
    queries, keys), are those of the last call that was not compiled.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = keras.layers.Dropout(dropout)
        self.attention_weights = None

    def call(
        self,
        queries: tf.Tensor,
        keys: tf.Tensor,
        values: tf.Tensor,
        valid_lens: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        check_attention(queries, keys, values, same_size=True)
        scores = tf.matmul(queries, keys, transpose_b=True) / math.sqrt(queries.shape[-1])
        weights = masked_softmax(scores, valid_lens)
        _keep(self, weights)
        return self.dropout(weights, training=training) @ values


class MultiHeadAttention(Module):
    """Dot-product attention `num_heads` times side by side, each on projections of its own.

    The result is (batch_size, queries, num_hiddens). `attention.attention_weights` are (batch_size
    * num_heads, queries, keys), the heads of an example one after the other.
    """

    def __init__(
        self,
        key_size: int,
        query_size: int,
        value_size: int,
        num_hiddens: int,
        num_heads: int,
        dropout: float,
        bias: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_heads(num_hiddens, num_heads)
        self.num_heads = num_heads
        self.attention = DotProductAttention(dropout)
        self.W_q = keras.layers.Dense(num_hiddens, use_bias=bias)
        self.W_k = keras.layers.Dense(num_hiddens, use_bias=bias)
        self.W_v = keras.layers.Dense(num_hiddens, use_bias=bias)
        self.W_o = keras.layers.Dense(num_hiddens, use_bias=bias)

    def call(
        self,
        queries: tf.Tensor,
        keys: tf.Tensor,
        values: tf.Tensor,
        valid_lens: tf.Tensor | None,
        training: bool | None = None,
    ) -> tf.Tensor:
        check_attention(queries, keys, values)
        check_lengths((*queries.shape[:2], keys.shape[1]), valid_lens)
        queries = self.transpose_qkv(self.W_q(queries))
        keys = self.transpose_qkv(self.W_k(keys))
        values = self.transpose_qkv(self.W_v(values))
        if valid_lens is not None:  # the same for each head
            valid_lens = tf.repeat(valid_lens, self.num_heads, axis=0)
        output = self.attention(queries, keys, values, valid_lens, training=training)
        return self.W_o(self.transpose_output(output))

    def transpose_qkv(self, X: tf.Tensor) -> tf.Tensor:
        """Each head as an example: (batch_size * num_heads, n, num_hiddens / num_heads)."""
        n, size = tf.shape(X)[1], X.shape[-1] // self.num_heads
        X = tf.transpose(tf.reshape(X, (-1, n, self.num_heads, size)), (0, 2, 1, 3))
        return tf.reshape(X, (-1, n, size))

    def transpose_output(self, X: tf.Tensor) -> tf.Tensor:
        """The inverse of `transpose_qkv`: (batch_size, n, num_hiddens)."""
        n, size = tf.shape(X)[1], X.shape[-1]
        X = tf.transpose(tf.reshape(X, (-1, self.num_heads, n, size)), (0, 2, 1, 3))
        return tf.reshape(X, (-1, n, self.num_heads * size))


class PositionalEncoding(keras.layers.Layer):
    """Adds to X, (batch_size, steps, num_hiddens), a pattern of waves that tells each position.

    `P` is the pattern, (1, max_len, num_hiddens). Raises ValueError for more than `max_len` steps.
    """

    def __init__(self, num_hiddens: int, dropout: float, max_len: int = 1000) -> None:
        super().__init__()
        self.dropout = keras.layers.Dropout(dropout)
        self.P = positional_encoding(num_hiddens, max_len)

    def call(self, X: tf.Tensor, training: bool | None = None, start: int = 0) -> tf.Tensor:
        """`start`: the position of the first step, where others came before."""
        check_positions(X, start, self.P.shape[1])
        X = X + tf.constant(self.P[:, start : start + X.shape[1]], X.dtype)
        return self.dropout(X, training=training)


def _values(valid_lens):
    """The lengths as NumPy numbers; None while a compiler looks on, or if they lie on a GPU."""
    if valid_lens is None or tf.is_symbolic_tensor(valid_lens) or 'GPU' in valid_lens.device:
        return None
    return numpy(valid_lens)


def _keep(layer, weights):
    """Keeps weights to be looked at; a compiled step hands over none."""
    if not tf.is_symbolic_tensor(weights):
        layer.attention_weights = weights
