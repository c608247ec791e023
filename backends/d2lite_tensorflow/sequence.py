"""Encoders and decoders on TensorFlow: from one sequence to another.

An encoder reads the source, a decoder writes the target, one token after the other. Definitions:
d2l, sections "The Encoder-Decoder Architecture" and "Sequence-to-Sequence Learning for Machine
Translation".
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from d2lite.training.sequence import check_pairs, decoded, weights_of
from d2lite_tensorflow import tensor
from d2lite_tensorflow.classification import Classifier
from d2lite_tensorflow.devices import placed
from d2lite_tensorflow.framework import keras


class Encoder(keras.layers.Layer):
    """Base class of encoders: a subclass defines `call`."""

    def __init__(self) -> None:
        super().__init__()

    def build(self, *shapes: Any) -> None:
        """Nothing to do: the layers within get their shapes when they are called."""

    def call(self, X: tf.Tensor, *args: Any) -> Any:
        """What a decoder needs of sources X, (batch_size, num_steps); `args`: their lengths."""
        raise NotImplementedError(f'{type(self).__name__} must define call(self, X, *args)')


class Decoder(keras.layers.Layer):
    """Base class of decoders: a subclass defines `init_state` and `call`."""

    def __init__(self) -> None:
        super().__init__()

    def build(self, *shapes: Any) -> None:
        """Nothing to do: the layers within get their shapes when they are called."""

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        """The state before the first token, from what the encoder returned."""
        raise NotImplementedError(
            f'{type(self).__name__} must define init_state(self, enc_all_outputs, *args)'
        )

    def call(self, X: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
        """The scores (batch_size, num_steps, vocab_size) of what follows each of X; the state."""
        raise NotImplementedError(f'{type(self).__name__} must define call(self, X, state)')


class AttentionDecoder(Decoder):
    """Base class of decoders with attention."""

    @property
    def attention_weights(self) -> Any:
        """The attention weights of the last call."""
        raise NotImplementedError(f'{type(self).__name__} must define attention_weights')


class EncoderDecoder(Classifier):
    """An encoder, and a decoder that begins with what it has read."""

    def __init__(self, encoder: keras.layers.Layer, decoder: keras.layers.Layer) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def call(self, enc_X: tf.Tensor, dec_X: tf.Tensor, *args: Any) -> tf.Tensor:
        check_pairs(enc_X, dec_X, *args)
        enc_all_outputs = self.encoder(enc_X, *args, training=self.training)
        dec_state = self.decoder.init_state(enc_all_outputs, *args)
        return self.decoder(dec_X, dec_state, training=self.training)[0]  # without the state

    def predict_step(
        self,
        batch: Sequence[tf.Tensor],
        device: Any,
        num_steps: int,
        save_attention_weights: bool = False,
        beam_size: int | None = None,
        eos: int | None = None,
    ) -> tuple[tf.Tensor, list]:
        """The tokens (n, num_steps) that the model writes for a batch, and its attention weights.

        Each token is the most probable one, and is what the decoder reads next; the first one that
        it reads is that of the targets, '<bos>'. With a `beam_size`, that many beginnings are kept
        at each step, and the best sentence is what is returned. Sentences are complete with the
        token `eos`, which then fills up the rest.

        The attention weights, a list with those of each step, are kept if `save_attention_weights`.
        `device`: by default where TensorFlow computes.
        """

        def start(src, src_valid_len):
            enc_all_outputs = self.encoder(src, src_valid_len, training=False)
            return self.decoder.init_state(enc_all_outputs, src_valid_len)

        def step(X, state):
            Y, state = self.decoder(X, state, training=False)
            if not save_attention_weights:
                return Y, state, None
            weights = getattr(self.decoder, 'attention_weights', None)
            return Y, state, weights_of(self.decoder, weights)

        with placed(device):
            tokens, weights = decoded(self, tensor, start, step, batch, num_steps, beam_size, eos)
        return tokens, weights if save_attention_weights else []
