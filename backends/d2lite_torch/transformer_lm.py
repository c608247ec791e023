"""A language model on PyTorch that is a transformer: each token looks at those before it.

The blocks are those of the vision transformer, which normalise first; so has GPT-2. Definitions:
d2l, section "Large-Scale Pretraining with Transformers".
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from d2lite.training.attention import window
from d2lite.training.recurrent import continued
from d2lite_torch.attention import PositionalEncoding, causal_lens
from d2lite_torch.classification import Classifier
from d2lite_torch.module import evaluating
from d2lite_torch.tensor import exp, numpy
from d2lite_torch.vision_transformer import ViTBlock

if TYPE_CHECKING:
    from d2lite.data.vocabulary import Vocab


class TransformerLM(Classifier):
    """A language model: an embedding, positions, `num_blks` blocks, and a dense layer.

    Inputs (batch_size, num_steps) are indices of tokens, outputs (batch_size, num_steps,
    vocab_size) the scores of the tokens that follow. What it plots is the perplexity,
    exp(cross-entropy). `max_len`: the most tokens that it looks at, those of a training example.
    `attention_weights` has those of each block, (batch_size * num_heads, num_steps, num_steps).
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        mlp_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        dropout: float,
        max_len: int,
        lr: float = 0.001,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout, max_len)
        sizes = num_hiddens, mlp_num_hiddens, num_heads, dropout
        self.blks = nn.ModuleList(ViTBlock(*sizes) for _ in range(num_blks))
        self.head = nn.Sequential(nn.LayerNorm(num_hiddens), nn.Linear(num_hiddens, vocab_size))

    def forward(self, X: Tensor) -> Tensor:
        X = self.pos_encoding(self.embedding(X) * math.sqrt(self.num_hiddens))
        lens = causal_lens(X)
        for blk in self.blks:
            X = blk(X, lens)
        return self.head(X)

    def training_step(self, batch: Sequence[Tensor]) -> Tensor:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=True)
        return loss

    def validation_step(self, batch: Sequence[Tensor]) -> None:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=False)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """PyTorch's own Adam, with the learning rate `lr`."""
        return torch.optim.Adam(self.parameters(), self.lr)

    def predict(
        self,
        prefix: str | Sequence[str],
        num_preds: int,
        vocab: 'Vocab',
        device: torch.device | None = None,
    ) -> str:
        """The text `prefix` and `num_preds` tokens after it, each the most probable one.

        `device`: by default that of the model. Raises ValueError for an empty prefix.
        """
        device = device or next(self.parameters()).device

        def scores(indices, before):
            tokens = window(before, indices, self.max_len)
            return numpy(self(torch.tensor([tokens], device=device))[0, -1]), tokens

        with evaluating(self):
            return continued(scores, prefix, num_preds, vocab)

    @property
    def attention_weights(self) -> list:
        return [blk.attention.attention.attention_weights for blk in self.blks]
