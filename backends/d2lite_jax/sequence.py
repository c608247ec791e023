"""Encoders and decoders on JAX: from one sequence to another.

An encoder reads the source, a decoder writes the target, one token after the other. Definitions:
d2l, sections "The Encoder-Decoder Architecture" and "Sequence-to-Sequence Learning for Machine
Translation".
"""

from collections.abc import Sequence
from typing import Any

import jax
from flax import linen as nn
from jax import Array

from d2lite.training.sequence import check_pairs, decoded, weights_of
from d2lite_jax import tensor
from d2lite_jax.classification import Classifier


class Encoder(nn.Module):
    """Base class of encoders: a subclass defines `__call__`."""

    def setup(self) -> None:
        """Nothing to make: a subclass makes its layers here."""

    def __call__(self, X: Array, *args: Any, training: bool = False) -> Any:
        """What a decoder needs of sources X, (batch_size, num_steps); `args`: their lengths."""
        raise NotImplementedError(f'{type(self).__name__} must define __call__(self, X, *args)')


class Decoder(nn.Module):
    """Base class of decoders: a subclass defines `init_state` and `__call__`."""

    def setup(self) -> None:
        """Nothing to make: a subclass makes its layers here."""

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        """The state before the first token, from what the encoder returned."""
        raise NotImplementedError(
            f'{type(self).__name__} must define init_state(self, enc_all_outputs, *args)'
        )

    def __call__(self, X: Array, state: Any, training: bool = False) -> tuple[Array, Any]:
        """The scores (batch_size, num_steps, vocab_size) of what follows each of X; the state."""
        raise NotImplementedError(f'{type(self).__name__} must define __call__(self, X, state)')


class AttentionDecoder(Decoder):
    """Base class of decoders with attention.

    Its `__call__` hands over its attention weights by
    `self.sow('intermediates', 'dec_attention_weights', weights)`, for a module of Flax keeps
    nothing; an encoder hands over its own as 'enc_attention_weights'.
    """


class EncoderDecoder(Classifier):
    """An encoder, and a decoder that begins with what it has read."""

    encoder: nn.Module
    decoder: nn.Module

    def __call__(self, enc_X: Array, dec_X: Array, *args: Any) -> Array:
        check_pairs(enc_X, dec_X, *args)
        enc_all_outputs = self.encoder(enc_X, *args, training=self.training)
        dec_state = self.decoder.init_state(enc_all_outputs, *args)
        return self.decoder(dec_X, dec_state, training=self.training)[0]  # without the state

    def predict_step(
        self,
        params: dict,
        batch: Sequence[Array],
        num_steps: int,
        save_attention_weights: bool = False,
        beam_size: int | None = None,
        eos: int | None = None,
    ) -> tuple[Array, tuple]:
        """The tokens (n, num_steps) that the model writes for a batch, and its attention weights.

        Each token is the most probable one, and is what the decoder reads next; the first one that
        it reads is that of the targets, '<bos>'. With a `beam_size`, that many beginnings are kept
        at each step, and the best sentence is what is returned. Sentences are complete with the
        token `eos`, which then fills up the rest.

        The attention weights, a pair of a list with the decoder's of each step and the encoder's,
        are kept if `save_attention_weights`. `params`: those in `trainer.state`.
        """

        def applied(part):
            """The encoder or the decoder as one program, which also returns what it has sown."""
            variables = {'params': params[part]}
            apply = getattr(self, part).apply
            return jax.jit(
                lambda *inputs: apply(variables, *inputs, training=False, mutable='intermediates')
            )

        encode, decode = applied('encoder'), applied('decoder')
        enc_weights = None

        def start(src, src_valid_len):
            nonlocal enc_weights
            enc_all_outputs, sown = encode(src, src_valid_len)
            enc_weights = _sown(sown, 'enc_attention_weights')
            return self.decoder.init_state(enc_all_outputs, src_valid_len)

        def step(X, state):
            (Y, state), sown = decode(X, state)
            if not save_attention_weights:
                return Y, state, None
            weights = _sown(sown, 'dec_attention_weights')
            return Y, state, weights_of(self.decoder, weights)

        tokens, weights = decoded(self, tensor, start, step, batch, num_steps, beam_size, eos)
        return tokens, (weights, enc_weights) if save_attention_weights else ([], [])


def _sown(variables, name):
    """What a module has handed over by `self.sow('intermediates', name, ...)`, or None."""
    return variables.get('intermediates', {}).get(name, (None,))[0]
