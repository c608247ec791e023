"""A language model on tf.TensorFlow that is a transformer: each token looks at those before it.

The blocks are those of the vision transformer, which normalise first; so has GPT-2. Definitions:
d2l, section "Large-Scale Pretraining with Transformers".
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from d2lite.training.attention import window
from d2lite.training.recurrent import continued
from d2lite_tensorflow.attention import PositionalEncoding, causal_lens
from d2lite_tensorflow.classification import Classifier
from d2lite_tensorflow.devices import placed
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.tensor import exp, numpy
from d2lite_tensorflow.vision_transformer import ViTBlock

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
        self.embedding = keras.layers.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout, max_len)
        sizes = num_hiddens, mlp_num_hiddens, num_heads, dropout
        self.blks = [ViTBlock(*sizes) for _ in range(num_blks)]
        norm = keras.layers.LayerNormalization(epsilon=1e-5)
        self.head = keras.Sequential([norm, keras.layers.Dense(vocab_size)])

    def forward(self, X: tf.Tensor) -> tf.Tensor:
        X = self.embedding(X) * math.sqrt(self.num_hiddens)
        X = self.pos_encoding(X, training=self.training)
        lens = causal_lens(X)
        for blk in self.blks:
            X = blk(X, lens, training=self.training)
        return self.head(X)

    def training_step(self, batch: Sequence[tf.Tensor]) -> tf.Tensor:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=True)
        return loss

    def validation_step(self, batch: Sequence[tf.Tensor]) -> None:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=False)

    def configure_optimizers(self) -> keras.optimizers.Optimizer:
        """Keras's own Adam, with the learning rate `lr`."""
        return keras.optimizers.Adam(self.lr, epsilon=1e-8)  # as small as elsewhere

    def predict(
        self,
        prefix: str | Sequence[str],
        num_preds: int,
        vocab: 'Vocab',
        device: Any = None,
    ) -> str:
        """The text `prefix` and `num_preds` tokens after it, each the most probable one.

        `device`: by default where TensorFlow computes. Raises ValueError for an empty prefix.
        """

        def scores(indices, before):
            tokens = window(before, indices, self.max_len)
            return numpy(self(tf.constant([tokens]), training=False)[0, -1]), tokens

        with placed(device):
            return continued(scores, prefix, num_preds, vocab)

    @property
    def attention_weights(self) -> list:
        return [blk.attention.attention.attention_weights for blk in self.blks]
