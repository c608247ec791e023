"""Attention on PyTorch: a mean of values, weighted by how well their keys answer a query.

Queries are (batch_size, queries, features), keys and values likewise. Valid lengths say how many
keys there are without padding: None for all, or (batch_size,), or (batch_size, queries).
Definitions: d2l, chapter "Attention Mechanisms and Transformers".
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2lite.training.attention import (
    MASKED,
    check_attention,
    check_heads,
    check_lengths,
    check_positions,
    positional_encoding,
)
from d2lite_torch.module import Module
from d2lite_torch.tensor import numpy


def masked_softmax(X: Tensor, valid_lens: Tensor | None) -> Tensor:
    """The softmax of scores X, (batch_size, queries, keys), over the keys within the valid lengths.

    The others have the score -1e6, and so no weight. Where the valid length is 0, all have the
    same. Raises ValueError for valid lengths of another shape, or above the number of keys.
    """
    check_lengths(X.shape, valid_lens, _values(valid_lens))
    if valid_lens is not None:
        lens = valid_lens if valid_lens.ndim == 2 else valid_lens[:, None]
        is_valid = torch.arange(X.shape[-1], device=X.device) < lens[:, :, None]
        X = X.masked_fill(~is_valid, max(MASKED, torch.finfo(X.dtype).min))
    return F.softmax(X, dim=-1)


def causal_lens(X: Tensor, start: int = 0) -> Tensor:
    """Valid lengths (batch_size, steps) with which each step of X sees itself and those before it.

    `start`: how many steps came before those of X, and are among the keys.
    """
    lens = torch.arange(start + 1, start + X.shape[1] + 1, device=X.device)
    return lens.expand(X.shape[0], -1)


class AdditiveAttention(nn.Module):
    """Scores w_v tanh(W_q q + W_k k), for queries and keys that need not have one size.

    The result is (batch_size, queries, features of a value). `attention_weights`, (batch_size,
    queries, keys), are those of the last call that was not compiled.
    """

    def __init__(self, num_hiddens: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.W_q = nn.LazyLinear(num_hiddens, bias=False)
        self.W_k = nn.LazyLinear(num_hiddens, bias=False)
        self.w_v = nn.LazyLinear(1, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.attention_weights = None

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Tensor | None
    ) -> Tensor:
        check_attention(queries, keys, values)
        # Each query with each key: (batch_size, queries, 1, h) + (batch_size, 1, keys, h).
        features = torch.tanh(self.W_q(queries)[:, :, None] + self.W_k(keys)[:, None])
        weights = masked_softmax(self.w_v(features)[..., 0], valid_lens)
        _keep(self, weights)
        return torch.bmm(self.dropout(weights), values)


class DotProductAttention(nn.Module):
    """Scores q k / sqrt(d), for queries and keys of d features.

    The result is (batch_size, queries, features of a value). `attention_weights`, (batch_size,
    queries, keys), are those of the last call that was not compiled.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.attention_weights = None

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Tensor | None = None
    ) -> Tensor:
        check_attention(queries, keys, values, same_size=True)
        scores = torch.bmm(queries, keys.transpose(1, 2)) / math.sqrt(queries.shape[-1])
        weights = masked_softmax(scores, valid_lens)
        _keep(self, weights)
        return torch.bmm(self.dropout(weights), values)


class MultiHeadAttention(Module):
    """Dot-product attention `num_heads` times side by side, each on projections of its own.

    The result is (batch_size, queries, num_hiddens). `attention.attention_weights` are (batch_size
    * num_heads, queries, keys), the heads of an example one after the other.
    """

    def __init__(
        self, num_hiddens: int, num_heads: int, dropout: float, bias: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        check_heads(num_hiddens, num_heads)
        self.num_heads = num_heads
        self.attention = DotProductAttention(dropout)
        self.W_q = nn.LazyLinear(num_hiddens, bias=bias)
        self.W_k = nn.LazyLinear(num_hiddens, bias=bias)
        self.W_v = nn.LazyLinear(num_hiddens, bias=bias)
        self.W_o = nn.LazyLinear(num_hiddens, bias=bias)

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, valid_lens: Tensor | None
    ) -> Tensor:
        check_attention(queries, keys, values)
        check_lengths((*queries.shape[:2], keys.shape[1]), valid_lens)
        queries = self.transpose_qkv(self.W_q(queries))
        keys = self.transpose_qkv(self.W_k(keys))
        values = self.transpose_qkv(self.W_v(values))
        if valid_lens is not None:  # the same for each head
            valid_lens = valid_lens.repeat_interleave(self.num_heads, dim=0)
        output = self.attention(queries, keys, values, valid_lens)
        return self.W_o(self.transpose_output(output))

    def transpose_qkv(self, X: Tensor) -> Tensor:
        """Each head as an example: (batch_size * num_heads, n, num_hiddens / num_heads)."""
        X = X.reshape(X.shape[0], X.shape[1], self.num_heads, -1).transpose(1, 2)
        return X.reshape(-1, X.shape[2], X.shape[3])

    def transpose_output(self, X: Tensor) -> Tensor:
        """The inverse of `transpose_qkv`: (batch_size, n, num_hiddens)."""
        X = X.reshape(-1, self.num_heads, X.shape[1], X.shape[2]).transpose(1, 2)
        return X.reshape(X.shape[0], X.shape[1], -1)


class PositionalEncoding(nn.Module):
    """Adds to X, (batch_size, steps, num_hiddens), a pattern of waves that tells each position.

    `P` is the pattern, (1, max_len, num_hiddens). Raises ValueError for more than `max_len` steps.
    """

    def __init__(self, num_hiddens: int, dropout: float, max_len: int = 1000) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        P = torch.from_numpy(positional_encoding(num_hiddens, max_len))
        self.register_buffer('P', P, persistent=False)  # moves with the model, and is not trained

    def forward(self, X: Tensor, start: int = 0) -> Tensor:
        """`start`: the position of the first step, where others came before."""
        check_positions(X, start, self.P.shape[1])
        return self.dropout(X + self.P[:, start : start + X.shape[1]].to(X.dtype))


def _values(valid_lens):
    """The lengths as NumPy numbers; None while a compiler looks on, or if they lie on a GPU."""
    if valid_lens is None or torch.compiler.is_compiling() or valid_lens.device.type != 'cpu':
        return None
    return numpy(valid_lens)


def _keep(layer, weights):
    """Keeps weights to be looked at, without their gradient; a compiled step hands over none."""
    if not torch.compiler.is_compiling():
        layer.attention_weights = weights.detach()
