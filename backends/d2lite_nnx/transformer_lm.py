"""A language model on NNX that is a transformer: each token looks at those before it.

The blocks are those of the vision transformer, which normalise first; so has GPT-2. Definitions:
d2l, section "Large-Scale Pretraining with Transformers".
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax
import optax
from flax import nnx
from jax import Array
from jax import numpy as jnp

from d2lite.training.attention import window
from d2lite.training.recurrent import continued
from d2lite_nnx import lazy
from d2lite_nnx.attention import PositionalEncoding, causal_lens
from d2lite_nnx.classification import Classifier
from d2lite_nnx.framework import rngs_or_new
from d2lite_nnx.tensor import exp, numpy
from d2lite_nnx.vision_transformer import ViTBlock

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
        rngs: nnx.Rngs | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        rngs = rngs_or_new(rngs)
        self.embedding = lazy.Embed(vocab_size, num_hiddens, rngs=rngs)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout, max_len, rngs=rngs)
        sizes = num_hiddens, mlp_num_hiddens, num_heads, dropout
        self.blks = nnx.List(ViTBlock(*sizes, rngs=rngs) for _ in range(num_blks))
        self.head = nnx.Sequential(
            nnx.LayerNorm(num_hiddens, epsilon=1e-5, rngs=rngs),
            nnx.Linear(num_hiddens, vocab_size, rngs=rngs),
        )

    def forward(self, X: Array) -> Array:
        X = self.pos_encoding(self.embedding(X) * math.sqrt(self.num_hiddens))
        lens = causal_lens(X)
        for blk in self.blks:
            X = blk(X, lens)
        return self.head(X)

    def training_step(self, batch: Sequence[Array]) -> Array:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=True)
        return loss

    def validation_step(self, batch: Sequence[Array]) -> None:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=False)

    def configure_optimizers(self) -> optax.GradientTransformation:
        """Optax's own Adam, with the learning rate `lr`."""
        return optax.adam(self.lr)

    def predict(
        self,
        prefix: str | Sequence[str],
        num_preds: int,
        vocab: 'Vocab',
        device: jax.Device | None = None,
    ) -> str:
        """The text `prefix` and `num_preds` tokens after it, each the most probable one.

        `device`: by default that of the model. Raises ValueError for an empty prefix.
        """
        longest = min(len(prefix) + num_preds, self.max_len)
        graphdef, variables = nnx.split(self)

        @jax.jit
        def apply(variables, X):
            model = nnx.merge(graphdef, variables)
            model.eval()  # without dropout
            return model(X)

        def scores(indices, before):
            tokens = window(before, indices, self.max_len)
            # Filled up to one length, for which there is one program; none sees a later token.
            X = jnp.array([tokens + [0] * (longest - len(tokens))])
            Y = apply(variables, jax.device_put(X, device))
            return numpy(Y[0, len(tokens) - 1]), tokens

        return continued(scores, prefix, num_preds, vocab)

    @property
    def attention_weights(self) -> list:
        return [blk.attention.attention.attention_weights for blk in self.blks]
