"""Attention on MXNet: a mean of values, weighted by how well their keys answer a query.

Queries are (batch_size, queries, features), keys and values likewise. Valid lengths say how many
keys there are without padding: None for all, or (batch_size,), or (batch_size, queries).
Definitions: d2l, chapter "Attention Mechanisms and Transformers".
"""

import math
from typing import Any

import numpy as onp
from mxnet import np, npx
from mxnet.gluon import nn

from d2lite.training.attention import (
    MASKED,
    check_attention,
    check_heads,
    check_lengths,
    check_positions,
    positional_encoding,
)
from d2lite_mxnet.module import Module
from d2lite_mxnet.tensor import numpy


def masked_softmax(X: np.ndarray, valid_lens: np.ndarray | None) -> np.ndarray:
    """The softmax of scores X, (batch_size, queries, keys), over the keys within the valid lengths.

    The others have the score -1e6, and so no weight. Where the valid length is 0, all have the
    same. Raises ValueError for valid lengths of another shape, or above the number of keys.
    """
    check_lengths(X.shape, valid_lens, _values(valid_lens))
    if valid_lens is not None:
        # MXNet's own operation for this; the gradient of its `where` with a number is wrong.
        lens = valid_lens if valid_lens.ndim == 2 else valid_lens.repeat(X.shape[1])
        rows = X.reshape((-1, X.shape[2]))
        score = max(MASKED, float(onp.finfo(X.dtype).min))
        rows = npx.sequence_mask(rows, lens.reshape(-1), True, value=score, axis=1)
        X = rows.reshape(X.shape)
    return npx.softmax(X, axis=-1)


def causal_lens(X: np.ndarray, start: int = 0) -> np.ndarray:
    """Valid lengths (batch_size, steps) with which each step of X sees itself and those before it.

    `start`: how many steps came before those of X, and are among the keys.
    """
    lens = np.arange(start + 1, start + X.shape[1] + 1, dtype='int32', ctx=X.ctx)
    return np.broadcast_to(lens, X.shape[:2])


class AdditiveAttention(nn.Block):
    """Scores w_v tanh(W_q q + W_k k), for queries and keys that need not have one size.

    The result is (batch_size, queries, features of a value). `attention_weights`, (batch_size,
    queries, keys), are those of the last call.
    """

    def __init__(self, num_hiddens: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.W_q = nn.Dense(num_hiddens, use_bias=False, flatten=False)
        self.W_k = nn.Dense(num_hiddens, use_bias=False, flatten=False)
        self.w_v = nn.Dense(1, use_bias=False, flatten=False)
        self.dropout = nn.Dropout(dropout)
        self.attention_weights = None

    def forward(
        self,
        queries: np.ndarray,
        keys: np.ndarray,
        values: np.ndarray,
        valid_lens: np.ndarray | None,
    ) -> np.ndarray:
        check_attention(queries, keys, values)
        # Each query with each key: (batch_size, queries, 1, h) + (batch_size, 1, keys, h).
        features = np.tanh(np.expand_dims(self.W_q(queries), 2) + np.expand_dims(self.W_k(keys), 1))
        weights = masked_softmax(self.w_v(features)[..., 0], valid_lens)
        _keep(self, weights)
        return npx.batch_dot(self.dropout(weights), values)


class DotProductAttention(nn.Block):
    """Scores q k / sqrt(d), for queries and keys of d features.

    The result is (batch_size, queries, features of a value). `attention_weights`, (batch_size,
    queries, keys), are those of the last call.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.attention_weights = None

    def forward(
        self,
        queries: np.ndarray,
        keys: np.ndarray,
        values: np.ndarray,
        valid_lens: np.ndarray | None = None,
    ) -> np.ndarray:
        check_attention(queries, keys, values, same_size=True)
        scores = npx.batch_dot(queries, keys, transpose_b=True) / math.sqrt(queries.shape[-1])
        weights = masked_softmax(scores, valid_lens)
        _keep(self, weights)
        return npx.batch_dot(self.dropout(weights), values)


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
        use_bias: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_heads(num_hiddens, num_heads)
        self.num_heads = num_heads
        self.attention = DotProductAttention(dropout)
        self.W_q = nn.Dense(num_hiddens, use_bias=use_bias, flatten=False)
        self.W_k = nn.Dense(num_hiddens, use_bias=use_bias, flatten=False)
        self.W_v = nn.Dense(num_hiddens, use_bias=use_bias, flatten=False)
        self.W_o = nn.Dense(num_hiddens, use_bias=use_bias, flatten=False)

    def forward(
        self,
        queries: np.ndarray,
        keys: np.ndarray,
        values: np.ndarray,
        valid_lens: np.ndarray | None,
    ) -> np.ndarray:
        check_attention(queries, keys, values)
        check_lengths((*queries.shape[:2], keys.shape[1]), valid_lens)
        queries = self.transpose_qkv(self.W_q(queries))
        keys = self.transpose_qkv(self.W_k(keys))
        values = self.transpose_qkv(self.W_v(values))
        if valid_lens is not None:  # the same for each head
            valid_lens = valid_lens.repeat(self.num_heads, axis=0)
        output = self.attention(queries, keys, values, valid_lens)
        return self.W_o(self.transpose_output(output))

    def transpose_qkv(self, X: np.ndarray) -> np.ndarray:
        """Each head as an example: (batch_size * num_heads, n, num_hiddens / num_heads)."""
        X = X.reshape(X.shape[0], X.shape[1], self.num_heads, -1).swapaxes(1, 2)
        return X.reshape(-1, X.shape[2], X.shape[3])

    def transpose_output(self, X: np.ndarray) -> np.ndarray:
        """The inverse of `transpose_qkv`: (batch_size, n, num_hiddens)."""
        X = X.reshape(-1, self.num_heads, X.shape[1], X.shape[2]).swapaxes(1, 2)
        return X.reshape(X.shape[0], X.shape[1], -1)


class PositionalEncoding(nn.Block):
    """Adds to X, (batch_size, steps, num_hiddens), a pattern of waves that tells each position.

    `P` is the pattern, (1, max_len, num_hiddens). Raises ValueError for more than `max_len` steps.
    """

    def __init__(self, num_hiddens: int, dropout: float, max_len: int = 1000) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.P = np.array(positional_encoding(num_hiddens, max_len))

    def forward(self, X: np.ndarray, start: int = 0) -> np.ndarray:
        """`start`: the position of the first step, where others came before."""
        check_positions(X, start, self.P.shape[1])
        return self.dropout(X + self.P[:, start : start + X.shape[1]].as_in_ctx(X.ctx))


def _values(valid_lens):
    """The lengths as NumPy numbers; None if they lie on a GPU."""
    if valid_lens is None or valid_lens.ctx.device_type != 'cpu':
        return None
    return numpy(valid_lens)


def _keep(layer, weights):
    """Keeps weights to be looked at, without their gradient."""
    layer.attention_weights = weights.detach()
