"""Encoders and decoders on NNX: from one sequence to another.

An encoder reads the source, a decoder writes the target, one token after the other. Definitions:
d2l, sections "The Encoder-Decoder Architecture" and "Sequence-to-Sequence Learning for Machine
Translation".
"""

from collections.abc import Sequence
from typing import Any

import jax
from flax import nnx
from jax import Array

from d2lite.training.sequence import check_pairs, decoded, weights_of
from d2lite_nnx import tensor
from d2lite_nnx.classification import Classifier


class Encoder(nnx.Module):
    """Base class of encoders: a subclass defines `__call__`."""

    def __call__(self, X: Array, *args: Any) -> Any:
        """What a decoder needs of sources X, (batch_size, num_steps); `args`: their lengths."""
        raise NotImplementedError(f'{type(self).__name__} must define __call__(self, X, *args)')


class Decoder(nnx.Module):
    """Base class of decoders: a subclass defines `init_state` and `__call__`."""

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        """The state before the first token, from what the encoder returned."""
        raise NotImplementedError(
            f'{type(self).__name__} must define init_state(self, enc_all_outputs, *args)'
        )

    def __call__(self, X: Array, state: Any) -> tuple[Array, Any]:
        """The scores (batch_size, num_steps, vocab_size) of what follows each of X; the state."""
        raise NotImplementedError(f'{type(self).__name__} must define __call__(self, X, state)')


class AttentionDecoder(Decoder):
    """Base class of decoders with attention."""

    @property
    def attention_weights(self) -> Any:
        """The attention weights of the last call."""
        raise NotImplementedError(f'{type(self).__name__} must define attention_weights')


class EncoderDecoder(Classifier):
    """An encoder, and a decoder that begins with what it has read."""

    def __init__(self, encoder: nnx.Module, decoder: nnx.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, enc_X: Array, dec_X: Array, *args: Any) -> Array:
        check_pairs(enc_X, dec_X, *args)
        enc_all_outputs = self.encoder(enc_X, *args)
        dec_state = self.decoder.init_state(enc_all_outputs, *args)
        return self.decoder(dec_X, dec_state)[0]  # the scores, without the state

    def predict_step(
        self,
        batch: Sequence[Array],
        device: jax.Device | None,
        num_steps: int,
        save_attention_weights: bool = False,
        beam_size: int | None = None,
        eos: int | None = None,
    ) -> tuple[Array, list]:
        """The tokens (n, num_steps) that the model writes for a batch, and its attention weights.

        Each token is the most probable one, and is what the decoder reads next; the first one that
        it reads is that of the targets, '<bos>'. With a `beam_size`, that many beginnings are kept
        at each step, and the best sentence is what is returned. Sentences are complete with the
        token `eos`, which then fills up the rest.

        The attention weights, a list with those of each step, are kept if `save_attention_weights`.
        `device`: by default that of the batch.
        """
        if device is not None:
            batch = jax.device_put(batch, device)
        training = self.training
        self.eval()  # without dropout
        decode = _program(self.decoder)

        @nnx.jit  # which gives the encoder its attention weights
        def encode(encoder, *inputs):
            return encoder(*inputs)

        def start(src, src_valid_len):
            enc_all_outputs = encode(self.encoder, src, src_valid_len)
            return self.decoder.init_state(enc_all_outputs, src_valid_len)

        def step(X, state):
            (Y, state), weights = decode(X, state)
            return Y, state, weights_of(self.decoder, weights) if save_attention_weights else None

        tokens, weights = decoded(self, tensor, start, step, batch, num_steps, beam_size, eos)
        (self.train if training else self.eval)()
        return tokens, weights if save_attention_weights else []


def _program(part):
    """The decoder as one program, which also returns its attention weights."""
    graphdef, variables = nnx.split(part)

    @jax.jit
    def apply(variables, *inputs):
        part = nnx.merge(graphdef, variables)
        outputs = part(*inputs)
        return outputs, getattr(part, 'attention_weights', None)

    return lambda *inputs: apply(variables, *inputs)
