"""Encoders and decoders on PyTorch: from one sequence to another.

An encoder reads the source, a decoder writes the target, one token after the other. Definitions:
d2l, sections "The Encoder-Decoder Architecture" and "Sequence-to-Sequence Learning for Machine
Translation".
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from d2lite.training.batches import map_batch
from d2lite.training.sequence import check_pairs, decoded, weights_of
from d2lite_torch import tensor
from d2lite_torch.classification import Classifier
from d2lite_torch.module import evaluating


class Encoder(nn.Module):
    """Base class of encoders: a subclass defines `forward`."""

    def __init__(self) -> None:
        super().__init__()

    def forward(self, X: Tensor, *args: Any) -> Any:
        """What a decoder needs of sources X, (batch_size, num_steps); `args`: their lengths."""
        raise NotImplementedError(f'{type(self).__name__} must define forward(self, X, *args)')


class Decoder(nn.Module):
    """Base class of decoders: a subclass defines `init_state` and `forward`."""

    def __init__(self) -> None:
        super().__init__()

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        """The state before the first token, from what the encoder returned."""
        raise NotImplementedError(
            f'{type(self).__name__} must define init_state(self, enc_all_outputs, *args)'
        )

    def forward(self, X: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The scores (batch_size, num_steps, vocab_size) of what follows each of X; the state."""
        raise NotImplementedError(f'{type(self).__name__} must define forward(self, X, state)')


class AttentionDecoder(Decoder):
    """Base class of decoders with attention."""

    @property
    def attention_weights(self) -> Any:
        """The attention weights of the last call."""
        raise NotImplementedError(f'{type(self).__name__} must define attention_weights')


class EncoderDecoder(Classifier):
    """An encoder, and a decoder that begins with what it has read."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, enc_X: Tensor, dec_X: Tensor, *args: Any) -> Tensor:
        check_pairs(enc_X, dec_X, *args)
        enc_all_outputs = self.encoder(enc_X, *args)
        dec_state = self.decoder.init_state(enc_all_outputs, *args)
        return self.decoder(dec_X, dec_state)[0]  # the scores, without the state

    def predict_step(
        self,
        batch: Sequence[Tensor],
        device: torch.device | None,
        num_steps: int,
        save_attention_weights: bool = False,
        beam_size: int | None = None,
        eos: int | None = None,
    ) -> tuple[Tensor, list]:
        """The tokens (n, num_steps) that the model writes for a batch, and its attention weights.

        Each token is the most probable one, and is what the decoder reads next; the first one that
        it reads is that of the targets, '<bos>'. With a `beam_size`, that many beginnings are kept
        at each step, and the best sentence is what is returned. Sentences are complete with the
        token `eos`, which then fills up the rest.

        The attention weights, a list with those of each step, are kept if `save_attention_weights`.
        `device`: by default that of the model.
        """
        device = device or next(self.parameters()).device
        batch = map_batch(lambda each: each.to(device), batch)

        def start(src, src_valid_len):
            return self.decoder.init_state(self.encoder(src, src_valid_len), src_valid_len)

        def step(X, state):
            Y, state = self.decoder(X.to(device), state)
            if not save_attention_weights:
                return Y, state, None
            weights = getattr(self.decoder, 'attention_weights', None)
            return Y, state, weights_of(self.decoder, weights)

        with evaluating(self):
            tokens, weights = decoded(self, tensor, start, step, batch, num_steps, beam_size, eos)
        return tokens, weights if save_attention_weights else []
