"""A vision transformer on JAX: attention between the patches of an image.

Definitions: d2l, section "Transformers for Vision".
"""

from functools import partial

from flax import linen as nn
from jax import Array
from jax import numpy as jnp

from d2lite.training.attention import check_image, num_patches, sides
from d2lite_jax.attention import MultiHeadAttention
from d2lite_jax.classification import Classifier


class PatchEmbedding(nn.Module):
    """Cuts images (n, height, width, c) into patches, and makes num_hiddens numbers of each.

    The result is (n, num_patches, num_hiddens), row by row of the image. Raises ValueError unless
    the patches are whole.
    """

    img_size: int | tuple = 96
    patch_size: int | tuple = 16
    num_hiddens: int = 512

    def setup(self) -> None:
        self.num_patches = num_patches(self.img_size, self.patch_size)
        # A dense layer for each patch: a window that moves on by its own size.
        size = sides(self.patch_size)
        self.conv = nn.Conv(self.num_hiddens, kernel_size=size, strides=size, padding=0)

    def __call__(self, X: Array) -> Array:
        check_image(X.shape[1:3], sides(self.img_size))
        return self.conv(X).reshape(X.shape[0], self.num_patches, -1)


class ViTMLP(nn.Module):
    """Two dense layers for each patch, the Gaussian error linear unit between them, and dropout."""

    mlp_num_hiddens: int
    mlp_num_outputs: int
    dropout: float = 0.5

    def setup(self) -> None:
        self.dense1 = nn.Dense(self.mlp_num_hiddens)
        self.gelu = partial(nn.gelu, approximate=False)
        self.drop1 = nn.Dropout(self.dropout)
        self.dense2 = nn.Dense(self.mlp_num_outputs)
        self.drop2 = nn.Dropout(self.dropout)

    def __call__(self, X: Array, training: bool = False) -> Array:
        X = self.drop1(self.gelu(self.dense1(X)), deterministic=not training)
        return self.drop2(self.dense2(X), deterministic=not training)


class ViTBlock(nn.Module):
    """Attention of a sequence to itself, and dense layers; what goes into each is normalised first.

    X and the result are (batch_size, steps, num_hiddens). It returns its attention weights as well.
    """

    num_hiddens: int
    mlp_num_hiddens: int
    num_heads: int
    dropout: float
    use_bias: bool = False

    def setup(self) -> None:
        self.ln1 = nn.LayerNorm(epsilon=1e-5)
        sizes = self.num_hiddens, self.num_heads, self.dropout, self.use_bias
        self.attention = MultiHeadAttention(*sizes)
        self.ln2 = nn.LayerNorm(epsilon=1e-5)
        self.mlp = ViTMLP(self.mlp_num_hiddens, self.num_hiddens, self.dropout)

    def __call__(
        self, X: Array, valid_lens: Array | None = None, training: bool = False
    ) -> tuple[Array, Array]:
        Y = self.ln1(X)
        Y, weights = self.attention(Y, Y, Y, valid_lens, training=training)
        X = X + Y
        return X + self.mlp(self.ln2(X), training=training), weights


class ViT(Classifier):
    """A vision transformer for images (n, height, width, c).

    A token of its own, `cls_token`, stands before the patches; what it has become after the blocks
    decides on the class. `emb_dropout`, `blk_dropout`: of what goes into the blocks, and in them.
    The attention weights that it hands over by `sow` as 'attention_weights' are those of each
    block, (n * num_heads, 1 + patches, 1 + patches).
    """

    img_size: int | tuple
    patch_size: int | tuple
    num_hiddens: int
    mlp_num_hiddens: int
    num_heads: int
    num_blks: int
    emb_dropout: float
    blk_dropout: float
    lr: float = 0.1
    use_bias: bool = False
    num_classes: int = 10

    def setup(self) -> None:
        h, normal = self.num_hiddens, nn.initializers.normal(0.02)
        self.patch_embedding = PatchEmbedding(self.img_size, self.patch_size, h)
        num_steps = num_patches(self.img_size, self.patch_size) + 1
        self.cls_token = self.param('cls_token', nn.initializers.zeros, (1, 1, h))
        self.pos_embedding = self.param('pos_embedding', normal, (1, num_steps, h))
        self.drop = nn.Dropout(self.emb_dropout)
        sizes = h, self.mlp_num_hiddens, self.num_heads, self.blk_dropout, self.use_bias
        self.blks = [ViTBlock(*sizes) for _ in range(self.num_blks)]
        self.head = nn.Sequential([nn.LayerNorm(epsilon=1e-5), nn.Dense(self.num_classes)])

    def forward(self, X: Array) -> Array:
        X = self.patch_embedding(X)
        X = jnp.concatenate((jnp.repeat(self.cls_token, X.shape[0], axis=0), X), axis=1)
        X = self.drop(X + self.pos_embedding, deterministic=not self.training)
        attention_weights = []
        for blk in self.blks:
            X, weights = blk(X, training=self.training)
            attention_weights.append(weights)
        self.sow('intermediates', 'attention_weights', attention_weights)
        return self.head(X[:, 0])
