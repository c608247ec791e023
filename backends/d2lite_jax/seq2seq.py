"""Sequence to sequence on JAX: a recurrent encoder, recurrent decoders, the model of both.

Tokens are (batch_size, num_steps), indices of a vocabulary. Definitions: d2l, sections
"Sequence-to-Sequence Learning for Machine Translation" and "The Bahdanau Attention Mechanism".
"""

from collections.abc import Sequence
from typing import Any

import optax
from flax import linen as nn
from jax import Array

from d2lite_jax.attention import AdditiveAttention
from d2lite_jax.recurrent import GRU
from d2lite_jax.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_jax.tensor import astype, concat, expand_dims, float32, repeat, reshape, swapaxes


class Seq2SeqEncoder(Encoder):
    """Reads the source: an embedding, and layers of gated recurrent units.

    It returns the outputs of all steps, (num_steps, batch_size, num_hiddens), and the state.
    """

    vocab_size: int
    embed_size: int
    num_hiddens: int
    num_layers: int
    dropout: float = 0

    def setup(self) -> None:
        self.embedding = nn.Embed(self.vocab_size, self.embed_size)
        self.rnn = GRU(self.num_hiddens, self.num_layers, self.dropout)

    def __call__(self, X: Array, *args: Any, training: bool = False) -> tuple[Array, Array]:
        return self.rnn(self.embedding(X.T), training=training)


class Seq2SeqDecoder(Decoder):
    """Writes the target: each token goes in with the last output of the encoder.

    The state is the encoder's outputs, and that of the recurrent layers, which begins as the
    encoder's.
    """

    vocab_size: int
    embed_size: int
    num_hiddens: int
    num_layers: int
    dropout: float = 0

    def setup(self) -> None:
        self.embedding = nn.Embed(self.vocab_size, self.embed_size)
        self.rnn = GRU(self.num_hiddens, self.num_layers, self.dropout)
        self.dense = nn.Dense(self.vocab_size)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        return enc_all_outputs

    def __call__(self, X: Array, state: Any, training: bool = False) -> tuple[Array, list]:
        enc_outputs, hidden_state = state
        embs = self.embedding(X.T)
        context = repeat(enc_outputs[-1:], len(embs), 0)  # the same at each step
        inputs = concat((embs, context), -1)
        outputs, hidden_state = self.rnn(inputs, hidden_state, training=training)
        return swapaxes(self.dense(outputs), 0, 1), [enc_outputs, hidden_state]


class Seq2SeqAttentionDecoder(AttentionDecoder):
    """Writes the target: each token goes in with what attention finds in the encoder's outputs.

    The query is the state of the last layer; keys and values are the outputs of the encoder, as far
    as its valid lengths go. The attention weights that it hands over are those of each token,
    (batch_size, 1, steps of the source).
    """

    vocab_size: int
    embed_size: int
    num_hiddens: int
    num_layers: int
    dropout: float = 0

    def setup(self) -> None:
        self.attention = AdditiveAttention(self.num_hiddens, self.dropout)
        self.embedding = nn.Embed(self.vocab_size, self.embed_size)
        self.rnn = GRU(self.num_hiddens, self.num_layers, self.dropout)
        self.dense = nn.Dense(self.vocab_size)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> list:
        enc_outputs, hidden_state = enc_all_outputs
        return [swapaxes(enc_outputs, 0, 1), hidden_state, *(args or [None])]

    def __call__(self, X: Array, state: Any, training: bool = False) -> tuple[Array, list]:
        enc_outputs, hidden_state, enc_valid_lens = state

        def step(self, hidden_state, x):
            query = expand_dims(hidden_state[-1], 1)
            context, weights = self.attention(
                query, enc_outputs, enc_outputs, enc_valid_lens, training=training
            )
            x = concat((expand_dims(x, 0), swapaxes(context, 0, 1)), -1)
            output, hidden_state = self.rnn(x, hidden_state, training=training)
            return hidden_state, (output[0], weights)

        # A loop of Python would be compiled step by step, which takes as often as long.
        run = nn.scan(
            step, variable_broadcast='params', split_rngs={'params': False, 'dropout': True}
        )
        hidden_state, (outputs, weights) = run(self, hidden_state, self.embedding(X.T))
        self.sow('intermediates', 'dec_attention_weights', list(weights))
        return swapaxes(self.dense(outputs), 0, 1), [enc_outputs, hidden_state, enc_valid_lens]


class Seq2Seq(EncoderDecoder):
    """The model of an encoder and a decoder; padding, the token `tgt_pad`, counts for no loss."""

    tgt_pad: int
    lr: float

    def loss(
        self, params: dict, X: tuple[Array, ...], Y: Array, state: Any, averaged: bool = True
    ) -> tuple[Array, dict]:
        loss, updates = super().loss(params, X, Y, state, averaged=False)
        mask = astype(reshape(Y, (-1,)) != self.tgt_pad, float32)
        return (loss * mask).sum() / mask.sum() if averaged else loss * mask, updates

    def validation_step(self, params: dict, batch: Sequence[Array], state: Any) -> None:
        """Reports the loss of a validation minibatch."""
        loss, _ = self.in_its_mode().loss(params, batch[:-1], batch[-1], state)
        self.plot('loss', loss, train=False)

    def configure_optimizers(self) -> optax.GradientTransformation:
        """Optax's own Adam, with the learning rate `lr`."""
        return optax.adam(self.lr)
