"""A vision transformer on tf.TensorFlow: attention between the patches of an image.

Definitions: d2l, section "Transformers for Vision".
"""

import tensorflow as tf

from d2lite.training.attention import check_image, num_patches, sides
from d2lite_tensorflow.attention import MultiHeadAttention
from d2lite_tensorflow.classification import Classifier
from d2lite_tensorflow.framework import keras


class PatchEmbedding(keras.layers.Layer):
    """Cuts images (n, height, width, c) into patches, and makes num_hiddens numbers of each.

    The result is (n, num_patches, num_hiddens), row by row of the image. Raises ValueError unless
    the patches are whole.
    """

    def __init__(
        self,
        img_size: int | tuple = 96,
        patch_size: int | tuple = 16,
        num_hiddens: int = 512,
    ) -> None:
        super().__init__()
        self.num_patches = num_patches(img_size, patch_size)
        self.height, self.width = sides(img_size)
        # A dense layer for each patch: a window that moves on by its own size.
        size = sides(patch_size)
        self.conv = keras.layers.Conv2D(num_hiddens, kernel_size=size, strides=size)

    def call(self, X: tf.Tensor) -> tf.Tensor:
        check_image(X.shape[1:3], (self.height, self.width))
        X = self.conv(X)
        return tf.reshape(X, (-1, self.num_patches, X.shape[-1]))


class ViTMLP(keras.layers.Layer):
    """Two dense layers for each patch, the Gaussian error linear unit between them, and dropout."""

    def __init__(self, mlp_num_hiddens: int, mlp_num_outputs: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.dense1 = keras.layers.Dense(mlp_num_hiddens)
        self.gelu = keras.activations.gelu
        self.dropout1 = keras.layers.Dropout(dropout)
        self.dense2 = keras.layers.Dense(mlp_num_outputs)
        self.dropout2 = keras.layers.Dropout(dropout)

    def call(self, X: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        X = self.dropout1(self.gelu(self.dense1(X)), training=training)
        return self.dropout2(self.dense2(X), training=training)


class ViTBlock(keras.layers.Layer):
    """Attention of a sequence to itself, and dense layers; what goes into each is normalised first.

    X and the result are (batch_size, steps, num_hiddens).
    """

    def __init__(
        self,
        num_hiddens: int,
        mlp_num_hiddens: int,
        num_heads: int,
        dropout: float,
        use_bias: bool = False,
    ) -> None:
        super().__init__()
        self.ln1 = keras.layers.LayerNormalization(epsilon=1e-5)
        self.attention = MultiHeadAttention(*[num_hiddens] * 4, num_heads, dropout, use_bias)
        self.ln2 = keras.layers.LayerNormalization(epsilon=1e-5)
        self.mlp = ViTMLP(mlp_num_hiddens, num_hiddens, dropout)

    def call(
        self, X: tf.Tensor, valid_lens: tf.Tensor | None = None, training: bool | None = None
    ) -> tf.Tensor:
        Y = self.ln1(X)
        X = X + self.attention(Y, Y, Y, valid_lens, training=training)
        return X + self.mlp(self.ln2(X), training=training)


class ViT(Classifier):
    """A vision transformer for images (n, height, width, c).

    A token of its own, `cls_token`, stands before the patches; what it has become after the blocks
    decides on the class. `emb_dropout`, `blk_dropout`: of what goes into the blocks, and in them.
    `attention_weights` has those of each block, (n * num_heads, 1 + patches, 1 + patches).
    """

    def __init__(
        self,
        img_size: int | tuple,
        patch_size: int | tuple,
        num_hiddens: int,
        mlp_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        emb_dropout: float,
        blk_dropout: float,
        lr: float = 0.1,
        use_bias: bool = False,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.patch_embedding = PatchEmbedding(img_size, patch_size, num_hiddens)
        num_steps = self.patch_embedding.num_patches + 1
        self.cls_token = tf.Variable(tf.zeros((1, 1, num_hiddens)))
        self.pos_embedding = tf.Variable(tf.random.normal((1, num_steps, num_hiddens), 0, 0.02))
        self.dropout = keras.layers.Dropout(emb_dropout)
        sizes = num_hiddens, mlp_num_hiddens, num_heads, blk_dropout, use_bias
        self.blks = [ViTBlock(*sizes) for _ in range(num_blks)]
        norm = keras.layers.LayerNormalization(epsilon=1e-5)
        self.head = keras.Sequential([norm, keras.layers.Dense(num_classes)])

    def forward(self, X: tf.Tensor) -> tf.Tensor:
        X = self.patch_embedding(X)
        X = tf.concat((tf.repeat(self.cls_token, tf.shape(X)[0], axis=0), X), 1)
        X = self.dropout(X + self.pos_embedding, training=self.training)
        for blk in self.blks:
            X = blk(X, training=self.training)
        return self.head(X[:, 0])

    @property
    def attention_weights(self) -> list:
        return [blk.attention.attention.attention_weights for blk in self.blks]
