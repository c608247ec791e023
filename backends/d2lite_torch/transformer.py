"""Transformers on PyTorch: attention and dense layers only, from one sequence to another.

Tokens are (batch_size, num_steps), indices of a vocabulary; within, each is num_hiddens numbers.
Definitions: d2l, section "The Transformer Architecture".
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from d2lite_torch.attention import MultiHeadAttention, PositionalEncoding, causal_lens
from d2lite_torch.sequence import AttentionDecoder, Encoder


class PositionWiseFFN(nn.Module):
    """Two dense layers, a rectifier between them: the same for each step of a sequence."""

    def __init__(self, ffn_num_hiddens: int, ffn_num_outputs: int) -> None:
        super().__init__()
        self.dense1 = nn.LazyLinear(ffn_num_hiddens)
        self.dense2 = nn.LazyLinear(ffn_num_outputs)

    def forward(self, X: Tensor) -> Tensor:
        return self.dense2(torch.relu(self.dense1(X)))


class AddNorm(nn.Module):
    """The sum of X and of Y, some of it dropped, with layer normalisation."""

    def __init__(self, norm_shape: int | tuple, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(norm_shape)

    def forward(self, X: Tensor, Y: Tensor) -> Tensor:
        return self.ln(self.dropout(Y) + X)


class TransformerEncoderBlock(nn.Module):
    """Attention of a sequence to itself, and dense layers; X and the result have the same shape."""

    def __init__(
        self,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        dropout: float,
        use_bias: bool = False,
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(num_hiddens, num_heads, dropout, use_bias)
        self.addnorm1 = AddNorm(num_hiddens, dropout)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm2 = AddNorm(num_hiddens, dropout)

    def forward(self, X: Tensor, valid_lens: Tensor | None) -> Tensor:
        Y = self.addnorm1(X, self.attention(X, X, X, valid_lens))
        return self.addnorm2(Y, self.ffn(Y))


class TransformerEncoder(Encoder):
    """Reads the source: an embedding, positions, and `num_blks` blocks.

    It returns (batch_size, num_steps, num_hiddens). `attention_weights` has those of each block,
    (batch_size * num_heads, num_steps, num_steps).
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
        use_bias: bool = False,
    ) -> None:
        super().__init__()
        self.num_hiddens = num_hiddens
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout)
        sizes = num_hiddens, ffn_num_hiddens, num_heads, dropout, use_bias
        self.blks = nn.ModuleList(TransformerEncoderBlock(*sizes) for _ in range(num_blks))

    def forward(self, X: Tensor, valid_lens: Tensor | None) -> Tensor:
        # As large as the waves of the positions, however many numbers there are.
        X = self.pos_encoding(self.embedding(X) * math.sqrt(self.num_hiddens))
        for blk in self.blks:
            X = blk(X, valid_lens)
        return X

    @property
    def attention_weights(self) -> list:
        return [blk.attention.attention.attention_weights for blk in self.blks]


class TransformerDecoderBlock(nn.Module):
    """Attention to the tokens so far, attention to the source, and dense layers; the `i`-th block.

    The state is what the encoder returned, its valid lengths, and for each block the tokens so far,
    (batch_size, steps, num_hiddens), or None.
    """

    def __init__(
        self, num_hiddens: int, ffn_num_hiddens: int, num_heads: int, dropout: float, i: int
    ) -> None:
        super().__init__()
        self.i = i
        self.attention1 = MultiHeadAttention(num_hiddens, num_heads, dropout)
        self.addnorm1 = AddNorm(num_hiddens, dropout)
        self.attention2 = MultiHeadAttention(num_hiddens, num_heads, dropout)
        self.addnorm2 = AddNorm(num_hiddens, dropout)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm3 = AddNorm(num_hiddens, dropout)

    def forward(self, X: Tensor, state: list) -> tuple[Tensor, list]:
        enc_outputs, enc_valid_lens, so_far = state
        before = so_far[self.i]
        tokens = X if before is None else torch.cat((before, X), dim=1)
        so_far = [*so_far[: self.i], tokens, *so_far[self.i + 1 :]]
        # None may look at a token that comes after it: in prediction there is none yet.
        lens = causal_lens(X, tokens.shape[1] - X.shape[1])
        Y = self.addnorm1(X, self.attention1(X, tokens, tokens, lens))
        Z = self.addnorm2(Y, self.attention2(Y, enc_outputs, enc_outputs, enc_valid_lens))
        return self.addnorm3(Z, self.ffn(Z)), [enc_outputs, enc_valid_lens, so_far]


class TransformerDecoder(AttentionDecoder):
    """Writes the target: an embedding, positions, `num_blks` blocks, and a dense layer.

    `attention_weights` has two lists, one of attention to the tokens so far, one of attention to
    the source: those of each block, (batch_size * num_heads, num_steps, keys).
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.num_hiddens, self.num_blks = num_hiddens, num_blks
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout)
        sizes = num_hiddens, ffn_num_hiddens, num_heads, dropout
        self.blks = nn.ModuleList(TransformerDecoderBlock(*sizes, i) for i in range(num_blks))
        self.dense = nn.LazyLinear(vocab_size)

    def init_state(self, enc_all_outputs: Any, *args: Any) -> list:
        return [enc_all_outputs, *(args or [None]), [None] * self.num_blks]

    def forward(self, X: Tensor, state: list) -> tuple[Tensor, list]:
        before = state[2][0]
        start = 0 if before is None else before.shape[1]
        X = self.pos_encoding(self.embedding(X) * math.sqrt(self.num_hiddens), start)
        for blk in self.blks:
            X, state = blk(X, state)
        return self.dense(X), state

    @property
    def attention_weights(self) -> list:
        pairs = [(blk.attention1.attention, blk.attention2.attention) for blk in self.blks]
        return [[each.attention_weights for each in layers] for layers in zip(*pairs, strict=True)]
