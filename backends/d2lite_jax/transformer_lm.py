"""A language model on JAX that is a transformer: each token looks at those before it.

The blocks are those of the vision transformer, which normalise first; so has GPT-2. Definitions:
d2l, section "Large-Scale Pretraining with Transformers".
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import optax
from flax import linen as nn
from jax import Array
from jax import numpy as jnp

from d2lite.training.attention import window
from d2lite.training.recurrent import continued
from d2lite_jax.attention import PositionalEncoding, causal_lens
from d2lite_jax.classification import Classifier
from d2lite_jax.tensor import exp, numpy
from d2lite_jax.vision_transformer import ViTBlock

if TYPE_CHECKING:
    from d2lite.data.vocabulary import Vocab


class TransformerLM(Classifier):
    """A language model: an embedding, positions, `num_blks` blocks, and a dense layer.

    Inputs (batch_size, num_steps) are indices of tokens, outputs (batch_size, num_steps,
    vocab_size) the scores of the tokens that follow. What it plots is the perplexity,
    exp(cross-entropy). `max_len`: the most tokens that it looks at, those of a training example.
    The attention weights that it hands over by `sow` as 'attention_weights' are those of each
    block, (batch_size * num_heads, num_steps, num_steps).
    """

    vocab_size: int
    num_hiddens: int
    mlp_num_hiddens: int
    num_heads: int
    num_blks: int
    dropout: float
    max_len: int
    lr: float = 0.001

    def setup(self) -> None:
        self.embedding = nn.Embed(self.vocab_size, self.num_hiddens)
        self.pos_encoding = PositionalEncoding(self.num_hiddens, self.dropout, self.max_len)
        sizes = self.num_hiddens, self.mlp_num_hiddens, self.num_heads, self.dropout
        self.blks = [ViTBlock(*sizes) for _ in range(self.num_blks)]
        self.head = nn.Sequential([nn.LayerNorm(epsilon=1e-5), nn.Dense(self.vocab_size)])

    def forward(self, X: Array) -> Array:
        X = self.embedding(X) * math.sqrt(self.num_hiddens)
        X = self.pos_encoding(X, training=self.training)
        lens, attention_weights = causal_lens(X), []
        for blk in self.blks:
            X, weights = blk(X, lens, training=self.training)
            attention_weights.append(weights)
        self.sow('intermediates', 'attention_weights', attention_weights)
        return self.head(X)

    def training_step(self, params: dict, batch: Sequence[Array], state: Any) -> tuple:
        loss, value, grads = self.loss_and_grads(params, batch, state)
        self.plot('ppl', exp(loss), train=True)
        return value, grads

    def validation_step(self, params: dict, batch: Sequence[Array], state: Any) -> None:
        loss, _ = self.in_its_mode().loss(params, batch[:-1], batch[-1], state)
        self.plot('ppl', exp(loss), train=False)

    def configure_optimizers(self) -> optax.GradientTransformation:
        """Optax's own Adam, with the learning rate `lr`."""
        return optax.adam(self.lr)

    def predict(
        self, prefix: str | Sequence[str], num_preds: int, vocab: 'Vocab', params: dict
    ) -> str:
        """The text `prefix` and `num_preds` tokens after it, each the most probable one.

        `params`: those in `trainer.state`. Raises ValueError for an empty prefix.
        """
        apply = jax.jit(self.clone(training=False).apply)  # without dropout
        longest = min(len(prefix) + num_preds, self.max_len)

        def scores(indices, before):
            tokens = window(before, indices, self.max_len)
            # Filled up to one length, for which there is one program; none sees a later token.
            X = jnp.array([tokens + [0] * (longest - len(tokens))])
            return numpy(apply({'params': params}, X)[0, len(tokens) - 1]), tokens

        return continued(scores, prefix, num_preds, vocab)
