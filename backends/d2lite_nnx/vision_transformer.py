"""A vision transformer on NNX: attention between the patches of an image.

Definitions: d2l, section "Transformers for Vision".
"""

from functools import partial

from flax import nnx
from jax import Array
from jax import numpy as jnp

from d2lite.training.attention import check_image, num_patches, sides
from d2lite_nnx import lazy
from d2lite_nnx.attention import MultiHeadAttention
from d2lite_nnx.classification import Classifier
from d2lite_nnx.framework import rngs_or_new


class PatchEmbedding(nnx.Module):
    """Cuts images (n, height, width, c) into patches, and makes num_hiddens numbers of each.

    The result is (n, num_patches, num_hiddens), row by row of the image. Raises ValueError unless
    the patches are whole.
    """

    def __init__(
        self,
        img_size: int | tuple = 96,
        patch_size: int | tuple = 16,
        num_hiddens: int = 512,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        self.num_patches = num_patches(img_size, patch_size)
        self.height, self.width = sides(img_size)
        # A dense layer for each patch: a window that moves on by its own size.
        window = {'kernel_size': sides(patch_size), 'strides': sides(patch_size), 'padding': 0}
        self.conv = lazy.Conv(num_hiddens, **window, rngs=rngs_or_new(rngs))

    def __call__(self, X: Array) -> Array:
        check_image(X.shape[1:3], (self.height, self.width))
        return self.conv(X).reshape(X.shape[0], self.num_patches, -1)


class ViTMLP(nnx.Module):
    """Two dense layers for each patch, the Gaussian error linear unit between them, and dropout."""

    def __init__(
        self,
        mlp_num_hiddens: int,
        mlp_num_outputs: int,
        dropout: float = 0.5,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.dense1 = lazy.Linear(mlp_num_hiddens, rngs=rngs)
        self.gelu = partial(nnx.gelu, approximate=False)
        self.drop1 = nnx.Dropout(dropout, rngs=rngs)
        self.dense2 = nnx.Linear(mlp_num_hiddens, mlp_num_outputs, rngs=rngs)
        self.drop2 = nnx.Dropout(dropout, rngs=rngs)

    def __call__(self, X: Array) -> Array:
        X = self.drop1(self.gelu(self.dense1(X)))
        return self.drop2(self.dense2(X))


class ViTBlock(nnx.Module):
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
        rngs: nnx.Rngs | None = None,
    ) -> None:
        rngs = rngs_or_new(rngs)
        self.ln1 = nnx.LayerNorm(num_hiddens, epsilon=1e-5, rngs=rngs)
        self.attention = MultiHeadAttention(num_hiddens, num_heads, dropout, use_bias, rngs=rngs)
        self.ln2 = nnx.LayerNorm(num_hiddens, epsilon=1e-5, rngs=rngs)
        self.mlp = ViTMLP(mlp_num_hiddens, num_hiddens, dropout, rngs=rngs)

    def __call__(self, X: Array, valid_lens: Array | None = None) -> Array:
        Y = self.ln1(X)
        X = X + self.attention(Y, Y, Y, valid_lens)
        return X + self.mlp(self.ln2(X))


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
        rngs: nnx.Rngs | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        rngs = rngs_or_new(rngs)
        self.patch_embedding = PatchEmbedding(img_size, patch_size, num_hiddens, rngs=rngs)
        shape = 1, self.patch_embedding.num_patches + 1, num_hiddens
        self.cls_token = nnx.Param(jnp.zeros((1, 1, num_hiddens)))
        self.pos_embedding = nnx.Param(nnx.initializers.normal(0.02)(rngs.params(), shape))
        self.drop = nnx.Dropout(emb_dropout, rngs=rngs)
        sizes = num_hiddens, mlp_num_hiddens, num_heads, blk_dropout, use_bias
        self.blks = nnx.List(ViTBlock(*sizes, rngs=rngs) for _ in range(num_blks))
        self.head = nnx.Sequential(
            nnx.LayerNorm(num_hiddens, epsilon=1e-5, rngs=rngs),
            nnx.Linear(num_hiddens, num_classes, rngs=rngs),
        )

    def forward(self, X: Array) -> Array:
        X = self.patch_embedding(X)
        X = jnp.concatenate((jnp.repeat(self.cls_token[...], X.shape[0], axis=0), X), axis=1)
        X = self.drop(X + self.pos_embedding)
        for blk in self.blks:
            X = blk(X)
        return self.head(X[:, 0])

    @property
    def attention_weights(self) -> list:
        return [blk.attention.attention.attention_weights for blk in self.blks]
