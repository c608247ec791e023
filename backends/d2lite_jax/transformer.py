"""Transformers on JAX: attention and dense layers only, from one sequence to another.

Tokens are (batch_size, num_steps), indices of a vocabulary; within, each is num_hiddens numbers.
Definitions: d2l, section "The Transformer Architecture".
"""

import math
from typing import Any

from flax import linen as nn
from jax import Array
from jax import numpy as jnp

from d2lite_jax.attention import MultiHeadAttention, PositionalEncoding, causal_lens
from d2lite_jax.sequence import AttentionDecoder, Encoder


class PositionWiseFFN(nn.Module):
    """Two dense layers, a rectifier between them: the same for each step of a sequence."""

    ffn_num_hiddens: int
    ffn_num_outputs: int

    def setup(self) -> None:
        self.dense1 = nn.Dense(self.ffn_num_hiddens)
        self.dense2 = nn.Dense(self.ffn_num_outputs)

    def __call__(self, X: Array) -> Array:
        return self.dense2(nn.relu(self.dense1(X)))


class AddNorm(nn.Module):
    """The sum of X and of Y, some of it dropped, with layer normalisation."""

    dropout: float

    def setup(self) -> None:
        self.drop = nn.Dropout(self.dropout)
        self.ln = nn.LayerNorm(epsilon=1e-5)  # as PyTorch and MXNet have it

    def __call__(self, X: Array, Y: Array, training: bool = False) -> Array:
        return self.ln(self.drop(Y, deterministic=not training) + X)


class TransformerEncoderBlock(nn.Module):
    """Attention of a sequence to itself, and dense layers; X and the result have the same shape.

    It returns its attention weights as well.
    """

    num_hiddens: int
    ffn_num_hiddens: int
    num_heads: int
    dropout: float
    use_bias: bool = False

    def setup(self) -> None:
        sizes = self.num_hiddens, self.num_heads, self.dropout, self.use_bias
        self.attention = MultiHeadAttention(*sizes)
        self.addnorm1 = AddNorm(self.dropout)
        self.ffn = PositionWiseFFN(self.ffn_num_hiddens, self.num_hiddens)
        self.addnorm2 = AddNorm(self.dropout)

    def __call__(
        self, X: Array, valid_lens: Array | None, training: bool = False
    ) -> tuple[Array, Array]:
        Y, weights = self.attention(X, X, X, valid_lens, training=training)
        Y = self.addnorm1(X, Y, training=training)
        return self.addnorm2(Y, self.ffn(Y), training=training), weights


class TransformerEncoder(Encoder):
    """Reads the source: an embedding, positions, and `num_blks` blocks.

    It returns (batch_size, num_steps, num_hiddens). The attention weights that it hands over are
    those of each block, (batch_size * num_heads, num_steps, num_steps).
    """

    vocab_size: int
    num_hiddens: int
    ffn_num_hiddens: int
    num_heads: int
    num_blks: int
    dropout: float
    use_bias: bool = False

    def setup(self) -> None:
        self.embedding = nn.Embed(self.vocab_size, self.num_hiddens)
        self.pos_encoding = PositionalEncoding(self.num_hiddens, self.dropout)
        sizes = self.num_hiddens, self.ffn_num_hiddens, self.num_heads, self.dropout, self.use_bias
        self.blks = [TransformerEncoderBlock(*sizes) for _ in range(self.num_blks)]

    def __call__(self, X: Array, valid_lens: Array | None, training: bool = False) -> Array:
        # As large as the waves of the positions, however many numbers there are.
        X = self.embedding(X) * math.sqrt(self.num_hiddens)
        X, attention_weights = self.pos_encoding(X, training=training), []
        for blk in self.blks:
            X, weights = blk(X, valid_lens, training=training)
            attention_weights.append(weights)
        self.sow('intermediates', 'enc_attention_weights', attention_weights)
        return X


class TransformerDecoderBlock(nn.Module):
    """Attention to the tokens so far, attention to the source, and dense layers; the `i`-th block.

    The state is what the encoder returned, its valid lengths, and for each block the tokens so far,
    (batch_size, steps, num_hiddens), or None. It returns the weights of both attentions as well.
    """

    num_hiddens: int
    ffn_num_hiddens: int
    num_heads: int
    dropout: float
    i: int

    def setup(self) -> None:
        self.attention1 = MultiHeadAttention(self.num_hiddens, self.num_heads, self.dropout)
        self.addnorm1 = AddNorm(self.dropout)
        self.attention2 = MultiHeadAttention(self.num_hiddens, self.num_heads, self.dropout)
        self.addnorm2 = AddNorm(self.dropout)
        self.ffn = PositionWiseFFN(self.ffn_num_hiddens, self.num_hiddens)
        self.addnorm3 = AddNorm(self.dropout)

    def __call__(
        self, X: Array, state: list, training: bool = False
    ) -> tuple[Array, list, Array, Array]:
        enc_outputs, enc_valid_lens, so_far = state
        before = so_far[self.i]
        tokens = X if before is None else jnp.concatenate((before, X), axis=1)
        so_far = [*so_far[: self.i], tokens, *so_far[self.i + 1 :]]
        # None may look at a token that comes after it: in prediction there is none yet.
        lens = causal_lens(X, tokens.shape[1] - X.shape[1])
        Y, weights1 = self.attention1(X, tokens, tokens, lens, training=training)
        Y = self.addnorm1(X, Y, training=training)
        Z, weights2 = self.attention2(
            Y, enc_outputs, enc_outputs, enc_valid_lens, training=training
        )
        Z = self.addnorm2(Y, Z, training=training)
        X = self.addnorm3(Z, self.ffn(Z), training=training)
        return X, [enc_outputs, enc_valid_lens, so_far], weights1, weights2


class TransformerDecoder(AttentionDecoder):
    """Writes the target: an embedding, positions, `num_blks` blocks, and a dense layer.

    The attention weights that it hands over are two lists, one of attention to the tokens so far,
    one of attention to the source: those of each block, (batch_size * num_heads, num_steps, keys).
    """

    vocab_size: int
    num_hiddens: int
    ffn_num_hiddens: int
    num_heads: int
    num_blks: int
    dropout: float

    def setup(self) -> None:
        self.embedding = nn.Embed(self.vocab_size, self.num_hiddens)
        self.pos_encoding = PositionalEncoding(self.num_hiddens, self.dropout)
        sizes = self.num_hiddens, self.ffn_num_hiddens, self.num_heads, self.dropout
        self.blks = [TransformerDecoderBlock(*sizes, i) for i in range(self.num_blks)]
        self.dense = nn.Dense(self.vocab_size)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> list:
        return [enc_all_outputs, *(args or [None]), [None] * self.num_blks]

    def __call__(self, X: Array, state: list, training: bool = False) -> tuple[Array, list]:
        before = state[2][0]
        start = 0 if before is None else before.shape[1]
        X = self.embedding(X) * math.sqrt(self.num_hiddens)
        X, attention_weights = self.pos_encoding(X, training=training, start=start), ([], [])
        for blk in self.blks:
            X, state, weights1, weights2 = blk(X, state, training=training)
            attention_weights[0].append(weights1)
            attention_weights[1].append(weights2)
        self.sow('intermediates', 'dec_attention_weights', attention_weights)
        return self.dense(X), state
