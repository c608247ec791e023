"""Transformers on tf.TensorFlow: attention and dense layers only, from one sequence to another.

Tokens are (batch_size, num_steps), indices of a vocabulary; within, each is num_hiddens numbers.
Keras finds the sizes of keys, queries and values itself; `norm_shape` are axes. Definitions: d2l,
section "The Transformer Architecture".
"""

import math
from typing import Any

import tensorflow as tf

from d2lite_tensorflow.attention import MultiHeadAttention, PositionalEncoding, causal_lens
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.sequence import AttentionDecoder, Encoder


class PositionWiseFFN(keras.layers.Layer):
    """Two dense layers, a rectifier between them: the same for each step of a sequence."""

    def __init__(self, ffn_num_hiddens: int, ffn_num_outputs: int) -> None:
        super().__init__()
        self.dense1 = keras.layers.Dense(ffn_num_hiddens, activation='relu')
        self.dense2 = keras.layers.Dense(ffn_num_outputs)

    def call(self, X: tf.Tensor) -> tf.Tensor:
        return self.dense2(self.dense1(X))


class AddNorm(keras.layers.Layer):
    """The sum of X and of Y, some of it dropped, with layer normalisation."""

    def __init__(self, norm_shape: int | list, dropout: float) -> None:
        super().__init__()
        self.dropout = keras.layers.Dropout(dropout)
        self.ln = keras.layers.LayerNormalization(norm_shape, epsilon=1e-5)  # as PyTorch has it

    def call(self, X: tf.Tensor, Y: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        return self.ln(self.dropout(Y, training=training) + X)


class TransformerEncoderBlock(keras.layers.Layer):
    """Attention of a sequence to itself, and dense layers; X and the result have the same shape."""

    def __init__(
        self,
        key_size: int,
        query_size: int,
        value_size: int,
        num_hiddens: int,
        norm_shape: int | list,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float,
        bias: bool = False,
    ) -> None:
        super().__init__()
        sizes = key_size, query_size, value_size
        self.attention = MultiHeadAttention(*sizes, num_hiddens, num_heads, dropout, bias)
        self.addnorm1 = AddNorm(norm_shape, dropout)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm2 = AddNorm(norm_shape, dropout)

    def call(
        self, X: tf.Tensor, valid_lens: tf.Tensor | None, training: bool | None = None
    ) -> tf.Tensor:
        Y = self.attention(X, X, X, valid_lens, training=training)
        Y = self.addnorm1(X, Y, training=training)
        return self.addnorm2(Y, self.ffn(Y), training=training)


class TransformerEncoder(Encoder):
    """Reads the source: an embedding, positions, and `num_blks` blocks.

    It returns (batch_size, num_steps, num_hiddens). `attention_weights` has those of each block,
    (batch_size * num_heads, num_steps, num_steps).
    """

    def __init__(
        self,
        vocab_size: int,
        key_size: int,
        query_size: int,
        value_size: int,
        num_hiddens: int,
        norm_shape: int | list,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.num_hiddens = num_hiddens
        self.embedding = keras.layers.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout)
        sizes = key_size, query_size, value_size, num_hiddens, norm_shape, ffn_num_hiddens
        sizes += num_heads, dropout, bias
        self.blks = [TransformerEncoderBlock(*sizes) for _ in range(num_blks)]

    def call(
        self, X: tf.Tensor, valid_lens: tf.Tensor | None, training: bool | None = None
    ) -> tf.Tensor:
        # As large as the waves of the positions, however many numbers there are.
        X = self.embedding(X) * math.sqrt(self.num_hiddens)
        X = self.pos_encoding(X, training=training)
        for blk in self.blks:
            X = blk(X, valid_lens, training=training)
        return X

    @property
    def attention_weights(self) -> list:
        return [blk.attention.attention.attention_weights for blk in self.blks]


class TransformerDecoderBlock(keras.layers.Layer):
    """Attention to the tokens so far, attention to the source, and dense layers; the `i`-th block.

    The state is what the encoder returned, its valid lengths, and for each block the tokens so far,
    (batch_size, steps, num_hiddens), or None.
    """

    def __init__(
        self,
        key_size: int,
        query_size: int,
        value_size: int,
        num_hiddens: int,
        norm_shape: int | list,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float,
        i: int,
    ) -> None:
        super().__init__()
        self.i, sizes = i, (key_size, query_size, value_size)
        self.attention1 = MultiHeadAttention(*sizes, num_hiddens, num_heads, dropout)
        self.addnorm1 = AddNorm(norm_shape, dropout)
        self.attention2 = MultiHeadAttention(*sizes, num_hiddens, num_heads, dropout)
        self.addnorm2 = AddNorm(norm_shape, dropout)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm3 = AddNorm(norm_shape, dropout)

    def call(
        self, X: tf.Tensor, state: list, training: bool | None = None
    ) -> tuple[tf.Tensor, list]:
        enc_outputs, enc_valid_lens, so_far = state
        before = so_far[self.i]
        tokens = X if before is None else tf.concat((before, X), axis=1)
        so_far = [*so_far[: self.i], tokens, *so_far[self.i + 1 :]]
        # None may look at a token that comes after it: in prediction there is none yet.
        lens = causal_lens(X, tokens.shape[1] - X.shape[1])
        Y = self.attention1(X, tokens, tokens, lens, training=training)
        Y = self.addnorm1(X, Y, training=training)
        Z = self.attention2(Y, enc_outputs, enc_outputs, enc_valid_lens, training=training)
        Z = self.addnorm2(Y, Z, training=training)
        X = self.addnorm3(Z, self.ffn(Z), training=training)
        return X, [enc_outputs, enc_valid_lens, so_far]


class TransformerDecoder(AttentionDecoder):
    """Writes the target: an embedding, positions, `num_blks` blocks, and a dense layer.

    `attention_weights` has two lists, one of attention to the tokens so far, one of attention to
    the source: those of each block, (batch_size * num_heads, num_steps, keys).
    """

    def __init__(
        self,
        vocab_size: int,
        key_size: int,
        query_size: int,
        value_size: int,
        num_hiddens: int,
        norm_shape: int | list,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.num_hiddens, self.num_blks = num_hiddens, num_blks
        self.embedding = keras.layers.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout)
        sizes = key_size, query_size, value_size, num_hiddens, norm_shape, ffn_num_hiddens
        sizes += num_heads, dropout
        self.blks = [TransformerDecoderBlock(*sizes, i) for i in range(num_blks)]
        self.dense = keras.layers.Dense(vocab_size)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> list:
        return [enc_all_outputs, *(args or [None]), [None] * self.num_blks]

    def call(
        self, X: tf.Tensor, state: list, training: bool | None = None
    ) -> tuple[tf.Tensor, list]:
        before = state[2][0]
        start = 0 if before is None else before.shape[1]
        X = self.embedding(X) * math.sqrt(self.num_hiddens)
        X = self.pos_encoding(X, training=training, start=start)
        for blk in self.blks:
            X, state = blk(X, state, training=training)
        return self.dense(X), state

    @property
    def attention_weights(self) -> list:
        pairs = [(blk.attention1.attention, blk.attention2.attention) for blk in self.blks]
        return [[each.attention_weights for each in layers] for layers in zip(*pairs, strict=True)]
