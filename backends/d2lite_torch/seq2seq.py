"""Sequence to sequence on PyTorch: a recurrent encoder, recurrent decoders, the model of both.

Tokens are (batch_size, num_steps), indices of a vocabulary. Definitions: d2l, sections
"Sequence-to-Sequence Learning for Machine Translation" and "The Bahdanau Attention Mechanism".
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2lite_torch.attention import AdditiveAttention
from d2lite_torch.recurrent import GRU
from d2lite_torch.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_torch.tensor import astype, concat, repeat, reshape, swapaxes


def init_seq2seq(module: nn.Module) -> None:
    """Xavier-uniform weights for a dense or recurrent layer; for `module.apply`.

    Nothing for a lazy layer, which has no weights before its first inputs.
    """
    if isinstance(module, nn.Linear | nn.RNNBase):
        for name, param in module.named_parameters():
            if 'weight' in name and not is_lazy(param):
                nn.init.xavier_uniform_(param)


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
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = GRU(embed_size, num_hiddens, num_layers, dropout)
        self.apply(init_seq2seq)

    def forward(self, X: Tensor, *args: Any) -> tuple[Tensor, Tensor]:
        return self.rnn(self.embedding(X.T.long()))


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
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = GRU(embed_size + num_hiddens, num_hiddens, num_layers, dropout)
        self.dense = nn.Linear(num_hiddens, vocab_size)
        self.apply(init_seq2seq)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        return enc_all_outputs

    def forward(self, X: Tensor, state: Any) -> tuple[Tensor, list]:
        enc_outputs, hidden_state = state
        embs = self.embedding(X.T.long())
        context = repeat(enc_outputs[-1:], (len(embs), 1, 1))  # the same at each step
        outputs, hidden_state = self.rnn(concat((embs, context), -1), hidden_state)
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
        self.attention = AdditiveAttention(num_hiddens, dropout)
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = GRU(embed_size + num_hiddens, num_hiddens, num_layers, dropout)
        self.dense = nn.Linear(num_hiddens, vocab_size)
        self.apply(init_seq2seq)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> list:
        enc_outputs, hidden_state = enc_all_outputs
        return [swapaxes(enc_outputs, 0, 1), hidden_state, *(args or [None])]

    def forward(self, X: Tensor, state: Any) -> tuple[Tensor, list]:
        enc_outputs, hidden_state, enc_valid_lens = state
        outputs, attention_weights = [], []
        for x in self.embedding(X.T.long()):
            query = hidden_state[-1].unsqueeze(1)
            context = self.attention(query, enc_outputs, enc_outputs, enc_valid_lens)
            x = concat((x.unsqueeze(0), swapaxes(context, 0, 1)), -1)
            output, hidden_state = self.rnn(x, hidden_state)
            outputs.append(output)
            attention_weights.append(self.attention.attention_weights)
        self.attention_weights = attention_weights
        outputs = self.dense(concat(outputs, 0))
        return swapaxes(outputs, 0, 1), [enc_outputs, hidden_state, enc_valid_lens]


class Seq2Seq(EncoderDecoder):
    """The model of an encoder and a decoder; padding, the token `tgt_pad`, counts for no loss."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, tgt_pad: int, lr: float) -> None:
        super().__init__(encoder, decoder)
        self.save_hyperparameters()

    def loss(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        loss = super().loss(Y_hat, Y, averaged=False)
        mask = astype(reshape(Y, (-1,)) != self.tgt_pad, loss.dtype)
        return (loss * mask).sum() / mask.sum() if averaged else loss * mask

    def batch_weight(self, batch: Sequence[Tensor]) -> float:
        """The number of tokens that the loss is a mean of."""
        return float((batch[-1] != self.tgt_pad).sum())

    def validation_step(self, batch: Sequence[Tensor]) -> None:
        """Reports the loss of a validation minibatch."""
        self.plot('loss', self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """PyTorch's own Adam, with the learning rate `lr`."""
        return torch.optim.Adam(self.parameters(), self.lr)
