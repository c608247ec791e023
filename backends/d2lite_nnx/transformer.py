"""Transformers on NNX: attention and dense layers only, from one sequence to another.

Tokens are (batch_size, num_steps), indices of a vocabulary; within, each is num_hiddens numbers.
Definitions: d2l, section "The Transformer Architecture".
"""

import math
from typing import Any

from flax import nnx
from jax import Array
from jax import numpy as jnp

from d2lite_nnx import lazy
from d2lite_nnx.attention import MultiHeadAttention, PositionalEncoding, causal_lens
from d2lite_nnx.framework import rngs_or_new
from d2lite_nnx.sequence import AttentionDecoder, Encoder


class PositionWiseFFN(nnx.Module):
    """Two dense layers, a rectifier between them: the same for each step of a sequence."""

    def __init__(
        self, ffn_num_hiddens: int, ffn_num_outputs: int, rngs: nnx.Rngs | None = None
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.dense1 = lazy.Linear(ffn_num_hiddens, rngs=rngs)
        self.dense2 = nnx.Linear(ffn_num_hiddens, ffn_num_outputs, rngs=rngs)

    def __call__(self, X: Array) -> Array:
        return self.dense2(nnx.relu(self.dense1(X)))


class AddNorm(nnx.Module):
    """The sum of X and of Y, some of it dropped, with layer normalisation."""

    def __init__(self, norm_shape: int, dropout: float, rngs: nnx.Rngs | None = None) -> None:
        rngs = rngs_or_new(rngs)
        self.drop = nnx.Dropout(dropout, rngs=rngs)
        self.ln = nnx.LayerNorm(norm_shape, epsilon=1e-5, rngs=rngs)  # as PyTorch and MXNet have it

    def __call__(self, X: Array, Y: Array) -> Array:
        return self.ln(self.drop(Y) + X)


class TransformerEncoderBlock(nnx.Module):
    """Attention of a sequence to itself, and dense layers; X and the result have the same shape."""

    def __init__(
        self,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float,
        use_bias: bool = False,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.attention = MultiHeadAttention(num_hiddens, num_heads, dropout, use_bias, rngs=rngs)
        self.addnorm1 = AddNorm(num_hiddens, dropout, rngs=rngs)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens, rngs=rngs)
        self.addnorm2 = AddNorm(num_hiddens, dropout, rngs=rngs)

    def __call__(self, X: Array, valid_lens: Array | None) -> Array:
        Y = self.addnorm1(X, self.attention(X, X, X, valid_lens))
        return self.addnorm2(Y, self.ffn(Y))


class TransformerEncoder(Encoder):
    """Reads the source: an embedding, positions, and `num_blks` blocks.

    It returns (batch_size, num_steps, num_hiddens). `attention_weights` has those of each block,
    (batch_size * num_heads, num_steps, num_steps).
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
        use_bias: bool = False,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.vocab_size, self.num_hiddens = vocab_size, num_hiddens
        self.embedding = lazy.Embed(vocab_size, num_hiddens, rngs=rngs)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout, rngs=rngs)
        sizes = num_hiddens, ffn_num_hiddens, num_heads, dropout, use_bias
        self.blks = nnx.List(TransformerEncoderBlock(*sizes, rngs=rngs) for _ in range(num_blks))

    def __call__(self, X: Array, valid_lens: Array | None) -> Array:
        # As large as the waves of the positions, however many numbers there are.
        X = self.pos_encoding(self.embedding(X) * math.sqrt(self.num_hiddens))
        for blk in self.blks:
            X = blk(X, valid_lens)
        return X

    @property
    def attention_weights(self) -> list:
        return [blk.attention.attention.attention_weights for blk in self.blks]


class TransformerDecoderBlock(nnx.Module):
    """Attention to the tokens so far, attention to the source, and dense layers; the `i`-th block.

    The state is what the encoder returned, its valid lengths, and for each block the tokens so far,
    (batch_size, steps, num_hiddens), or None.
    """

    def __init__(
        self,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float,
        i: int,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.i = i
        self.attention1 = MultiHeadAttention(num_hiddens, num_heads, dropout, rngs=rngs)
        self.addnorm1 = AddNorm(num_hiddens, dropout, rngs=rngs)
        self.attention2 = MultiHeadAttention(num_hiddens, num_heads, dropout, rngs=rngs)
        self.addnorm2 = AddNorm(num_hiddens, dropout, rngs=rngs)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens, rngs=rngs)
        self.addnorm3 = AddNorm(num_hiddens, dropout, rngs=rngs)

    def __call__(self, X: Array, state: list) -> tuple[Array, list]:
        enc_outputs, enc_valid_lens, so_far = state
        before = so_far[self.i]
        tokens = X if before is None else jnp.concatenate((before, X), axis=1)
        so_far = [*so_far[: self.i], tokens, *so_far[self.i + 1 :]]
        # None may look at a token that comes after it: in prediction there is none yet.
        lens = causal_lens(X, tokens.shape[1] - X.shape[1])
        Y = self.addnorm1(X, self.attention1(X, tokens, tokens, lens))
        Z = self.addnorm2(Y, self.attention2(Y, enc_outputs, enc_outputs, enc_valid_lens))
        return self.addnorm3(Z, self.ffn(Z)), [enc_outputs, enc_valid_lens, so_far]


class TransformerDecoder(AttentionDecoder):
    """Writes the target: an embedding, positions, `num_blks` blocks, and a dense layer.

    `attention_weights` has two lists, one of attention to the tokens so far, one of attention to
    the source: those of each block, (batch_size * num_heads, num_steps, keys).
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.vocab_size, self.num_hiddens, self.num_blks = vocab_size, num_hiddens, num_blks
        self.embedding = lazy.Embed(vocab_size, num_hiddens, rngs=rngs)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout, rngs=rngs)
        sizes = num_hiddens, ffn_num_hiddens, num_heads, dropout
        self.blks = nnx.List(TransformerDecoderBlock(*sizes, i, rngs=rngs) for i in range(num_blks))
        self.dense = nnx.Linear(num_hiddens, vocab_size, rngs=rngs)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> list:
        return [enc_all_outputs, *(args or [None]), [None] * self.num_blks]

    def __call__(self, X: Array, state: list) -> tuple[Array, list]:
        before = state[2][0]
        start = 0 if before is None else before.shape[1]
        X = self.pos_encoding(self.embedding(X) * math.sqrt(self.num_hiddens), start)
        for blk in self.blks:
            X, state = blk(X, state)
        return self.dense(X), state

    @property
    def attention_weights(self) -> list:
        pairs = [(blk.attention1.attention, blk.attention2.attention) for blk in self.blks]
        return [[each.attention_weights for each in layers] for layers in zip(*pairs, strict=True)]
