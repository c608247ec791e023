"""Sequence to sequence on TensorFlow: a recurrent encoder, recurrent decoders, the model of both.

Tokens are (batch_size, num_steps), indices of a vocabulary. Definitions: d2l, sections
"Sequence-to-Sequence Learning for Machine Translation" and "The Bahdanau Attention Mechanism".
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from d2lite_tensorflow.attention import AdditiveAttention
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.recurrent import GRU
from d2lite_tensorflow.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_tensorflow.tensor import (
    astype,
    concat,
    expand_dims,
    reduce_sum,
    repeat,
    reshape,
    swapaxes,
)


class Seq2SeqEncoder(Encoder):
    """Reads the source: an embedding, and layers of gated recurrent units.

    It returns the outputs of all steps, (num_steps, batch_size, num_hiddens), and the state.
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0,
    ) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.embedding = keras.layers.Embedding(vocab_size, embed_size)
        self.rnn = GRU(num_hiddens, num_layers, dropout)

    def call(
        self, X: tf.Tensor, *args: Any, training: bool | None = None
    ) -> tuple[tf.Tensor, list]:
        return self.rnn(self.embedding(tf.transpose(X)), training=training)


class Seq2SeqDecoder(Decoder):
    """Writes the target: each token goes in with the last output of the encoder.

    The state is the encoder's outputs, and that of the recurrent layers, which begins as the
    encoder's.
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0,
    ) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.embedding = keras.layers.Embedding(vocab_size, embed_size)
        self.rnn = GRU(num_hiddens, num_layers, dropout)
        self.dense = keras.layers.Dense(vocab_size)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        return enc_all_outputs

    def call(
        self, X: tf.Tensor, state: Any, training: bool | None = None
    ) -> tuple[tf.Tensor, list]:
        enc_outputs, hidden_state = state
        embs = self.embedding(tf.transpose(X))
        context = repeat(enc_outputs[-1:], tf.shape(embs)[0], 0)  # the same at each step
        outputs, hidden_state = self.rnn(
            concat((embs, context), -1), hidden_state, training=training
        )
        return swapaxes(self.dense(outputs), 0, 1), [enc_outputs, hidden_state]


class Seq2SeqAttentionDecoder(AttentionDecoder):
    """Writes the target: each token goes in with what attention finds in the encoder's outputs.

    The query is the state of the last layer; keys and values are the outputs of the encoder, as far
    as its valid lengths go. `attention_weights` has those of each token of the last call,
    (batch_size, 1, steps of the source).
    """

    attention_weights = None

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0,
    ) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.attention = AdditiveAttention(num_hiddens, num_hiddens, num_hiddens, dropout)
        self.embedding = keras.layers.Embedding(vocab_size, embed_size)
        self.rnn = GRU(num_hiddens, num_layers, dropout)
        self.dense = keras.layers.Dense(vocab_size)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> list:
        enc_outputs, hidden_state = enc_all_outputs
        return [swapaxes(enc_outputs, 0, 1), hidden_state, *(args or [None])]

    def call(
        self, X: tf.Tensor, state: Any, training: bool | None = None
    ) -> tuple[tf.Tensor, list]:
        enc_outputs, hidden_state, enc_valid_lens = state
        outputs, attention_weights = [], []
        for x in tf.unstack(self.embedding(tf.transpose(X))):
            query = expand_dims(hidden_state[-1], 1)
            context = self.attention(
                query, enc_outputs, enc_outputs, enc_valid_lens, training=training
            )
            x = concat((expand_dims(x, 0), swapaxes(context, 0, 1)), -1)
            output, hidden_state = self.rnn(x, hidden_state, training=training)
            outputs.append(output)
            attention_weights.append(self.attention.attention_weights)
        if not tf.is_symbolic_tensor(X):  # a compiled step hands over none
            self.attention_weights = attention_weights
        outputs = self.dense(concat(outputs, 0))
        return swapaxes(outputs, 0, 1), [enc_outputs, hidden_state, enc_valid_lens]


class Seq2Seq(EncoderDecoder):
    """The model of an encoder and a decoder; padding, the token `tgt_pad`, counts for no loss."""

    def __init__(
        self, encoder: keras.layers.Layer, decoder: keras.layers.Layer, tgt_pad: int, lr: float
    ) -> None:
        super().__init__(encoder, decoder)
        self.save_hyperparameters()

    def loss(self, Y_hat: tf.Tensor, Y: tf.Tensor, averaged: bool = True) -> tf.Tensor:
        loss = super().loss(Y_hat, Y, averaged=False)
        mask = astype(reshape(Y, (-1,)) != self.tgt_pad, loss.dtype)
        return reduce_sum(loss * mask) / reduce_sum(mask) if averaged else loss * mask

    def validation_step(self, batch: Sequence[tf.Tensor]) -> None:
        """Reports the loss of a validation minibatch."""
        self.plot('loss', self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def configure_optimizers(self) -> keras.optimizers.Optimizer:
        """Keras's own Adam, with the learning rate `lr`."""
        return keras.optimizers.Adam(self.lr, epsilon=1e-8)  # as small as elsewhere
