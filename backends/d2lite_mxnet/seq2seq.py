"""Sequence to sequence on MXNet: a recurrent encoder, recurrent decoders, the model of both.

Tokens are (batch_size, num_steps), indices of a vocabulary. Definitions: d2l, sections
"Sequence-to-Sequence Learning for Machine Translation" and "The Bahdanau Attention Mechanism".
"""

from collections.abc import Sequence
from typing import Any

from mxnet import gluon, init, np
from mxnet.gluon import nn

from d2lite_mxnet.attention import AdditiveAttention
from d2lite_mxnet.recurrent import GRU
from d2lite_mxnet.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_mxnet.tensor import astype, concat, expand_dims, repeat, reshape, swapaxes


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
        self.rnn = GRU(num_hiddens, num_layers, dropout)
        self.initialize(init.Xavier())

    def forward(self, X: np.ndarray, *args: Any) -> tuple[np.ndarray, np.ndarray]:
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
    ) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = GRU(num_hiddens, num_layers, dropout)
        self.dense = nn.Dense(vocab_size, flatten=False)
        self.initialize(init.Xavier())

    def init_state(self, enc_all_outputs: Any, *args: Any) -> Any:
        return enc_all_outputs

    def forward(self, X: np.ndarray, state: Any) -> tuple[np.ndarray, list]:
        enc_outputs, hidden_state = state
        embs = self.embedding(X.T)
        context = repeat(enc_outputs[-1:], len(embs), 0)  # the same at each step
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
        self.rnn = GRU(num_hiddens, num_layers, dropout)
        self.dense = nn.Dense(vocab_size, flatten=False)
        self.initialize(init.Xavier())

    def init_state(self, enc_all_outputs: Any, *args: Any) -> list:
        enc_outputs, hidden_state = enc_all_outputs
        return [swapaxes(enc_outputs, 0, 1), hidden_state, *(args or [None])]

    def forward(self, X: np.ndarray, state: Any) -> tuple[np.ndarray, list]:
        enc_outputs, hidden_state, enc_valid_lens = state
        outputs, attention_weights = [], []
        for x in self.embedding(X.T):
            query = expand_dims(hidden_state[-1], 1)
            context = self.attention(query, enc_outputs, enc_outputs, enc_valid_lens)
            x = concat((expand_dims(x, 0), swapaxes(context, 0, 1)), -1)
            output, hidden_state = self.rnn(x, hidden_state)
            outputs.append(output)
            attention_weights.append(self.attention.attention_weights)
        self.attention_weights = attention_weights
        outputs = self.dense(concat(outputs, 0))
        return swapaxes(outputs, 0, 1), [enc_outputs, hidden_state, enc_valid_lens]


class Seq2Seq(EncoderDecoder):
    """The model of an encoder and a decoder; padding, the token `tgt_pad`, counts for no loss."""

    def __init__(self, encoder: nn.Block, decoder: nn.Block, tgt_pad: int, lr: float) -> None:
        super().__init__(encoder, decoder)
        self.save_hyperparameters()

    def loss(self, Y_hat: np.ndarray, Y: np.ndarray, averaged: bool = True) -> np.ndarray:
        loss = super().loss(Y_hat, Y, averaged=False)
        mask = astype(reshape(Y, (-1,)) != self.tgt_pad, loss.dtype)
        return (loss * mask).sum() / mask.sum() if averaged else loss * mask

    def batch_weight(self, batch: Sequence[np.ndarray]) -> float:
        """The number of tokens that the loss is a mean of."""
        return float((batch[-1] != self.tgt_pad).sum())

    def validation_step(self, batch: Sequence[np.ndarray]) -> None:
        """Reports the loss of a validation minibatch."""
        self.plot('loss', self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def configure_optimizers(self) -> gluon.Trainer:
        """Gluon's own Adam, with the learning rate `lr`."""
        return gluon.Trainer(self.parameters(), 'adam', {'learning_rate': self.lr})
