"""Sequence to sequence on NNX: a recurrent encoder, recurrent decoders, the model of both.

Tokens are (batch_size, num_steps), indices of a vocabulary. Definitions: d2l, sections
"Sequence-to-Sequence Learning for Machine Translation" and "The Bahdanau Attention Mechanism".
"""

from collections.abc import Sequence
from typing import Any

import jax
import optax
from flax import nnx
from jax import Array
from jax import numpy as jnp

from d2lite_nnx import lazy
from d2lite_nnx.attention import AdditiveAttention
from d2lite_nnx.framework import rngs_or_new
from d2lite_nnx.recurrent import GRU
from d2lite_nnx.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_nnx.tensor import astype, concat, expand_dims, float32, repeat, reshape, swapaxes


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
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.vocab_size = vocab_size
        self.embedding = lazy.Embed(vocab_size, embed_size, rngs=rngs)
        self.rnn = GRU(embed_size, num_hiddens, num_layers, dropout, rngs=rngs)

    def __call__(self, X: Array, *args: Any) -> tuple[Array, Array]:
        return self.rnn(self.embedding(X.T))


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
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.vocab_size = vocab_size
        self.embedding = lazy.Embed(vocab_size, embed_size, rngs=rngs)
        self.rnn = GRU(embed_size + num_hiddens, num_hiddens, num_layers, dropout, rngs=rngs)
        self.dense = nnx.Linear(num_hiddens, vocab_size, rngs=rngs)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        return enc_all_outputs

    def __call__(self, X: Array, state: Any) -> tuple[Array, list]:
        enc_outputs, hidden_state = state
        embs = self.embedding(X.T)
        context = repeat(enc_outputs[-1:], len(embs), 0)  # the same at each step
        outputs, hidden_state = self.rnn(concat((embs, context), -1), hidden_state)
        return swapaxes(self.dense(outputs), 0, 1), [enc_outputs, hidden_state]


class Seq2SeqAttentionDecoder(AttentionDecoder):
    """Writes the target: each token goes in with what attention finds in the encoder's outputs.

    The query is the state of the last layer; keys and values are the outputs of the encoder, as far
    as its valid lengths go. `attention_weights` has those of each token of the last call,
    (num_steps, batch_size, 1, steps of the source).
    """

    attention_weights = None

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int,
        dropout: float = 0,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.vocab_size = vocab_size
        self.attention = AdditiveAttention(num_hiddens, dropout, rngs=rngs)
        # Now, for none can be made within a loop of JAX.
        states = jnp.zeros((1, 1, num_hiddens))
        lazy.make_layers(self.attention, (states, states, states, None))
        self.embedding = lazy.Embed(vocab_size, embed_size, rngs=rngs)
        self.rnn = GRU(embed_size + num_hiddens, num_hiddens, num_layers, dropout, rngs=rngs)
        self.dense = nnx.Linear(num_hiddens, vocab_size, rngs=rngs)
        self.attention_weights = nnx.data(None)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> list:
        enc_outputs, hidden_state = enc_all_outputs
        return [swapaxes(enc_outputs, 0, 1), hidden_state, *(args or [None])]

    def __call__(self, X: Array, state: Any) -> tuple[Array, list]:
        enc_outputs, hidden_state, enc_valid_lens = state
        # A loop of Python would be compiled step by step, which takes as often as long. In one of
        # JAX each step has layers of its own, and hands on what changes: the counts of random keys.
        layers = self.attention, self.rnn
        graphdef, counts, constants = nnx.split(layers, nnx.RngState, ...)

        def step(carry, x):
            counts, hidden_state = carry
            attention, rnn = nnx.merge(graphdef, counts, constants)
            query = expand_dims(hidden_state[-1], 1)
            context = attention(query, enc_outputs, enc_outputs, enc_valid_lens)
            x = concat((expand_dims(x, 0), swapaxes(context, 0, 1)), -1)
            output, hidden_state = rnn(x, hidden_state)
            counts = nnx.state((attention, rnn), nnx.RngState)
            return (counts, hidden_state), (output[0], attention.attention_weights)

        carry = counts, hidden_state
        carry, (outputs, weights) = jax.lax.scan(step, carry, self.embedding(X.T))
        counts, hidden_state = carry
        nnx.update(layers, counts)
        self.attention_weights = weights
        return swapaxes(self.dense(outputs), 0, 1), [enc_outputs, hidden_state, enc_valid_lens]


class Seq2Seq(EncoderDecoder):
    """The model of an encoder and a decoder; padding, the token `tgt_pad`, counts for no loss."""

    def __init__(self, encoder: nnx.Module, decoder: nnx.Module, tgt_pad: int, lr: float) -> None:
        super().__init__(encoder, decoder)
        self.save_hyperparameters()

    def loss(self, Y_hat: Array, Y: Array, averaged: bool = True) -> Array:
        loss = super().loss(Y_hat, Y, averaged=False)
        mask = astype(reshape(Y, (-1,)) != self.tgt_pad, float32)
        return (loss * mask).sum() / mask.sum() if averaged else loss * mask

    def validation_step(self, batch: Sequence[Array]) -> None:
        """Reports the loss of a validation minibatch."""
        self.plot('loss', self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def configure_optimizers(self) -> optax.GradientTransformation:
        """Optax's own Adam, with the learning rate `lr`."""
        return optax.adam(self.lr)
