"""A vision transformer on MXNet: attention between the patches of an image.

Definitions: d2l, section "Transformers for Vision".
"""

from mxnet import init, np
from mxnet.gluon import nn

from d2lite.training.attention import check_image, num_patches, sides
from d2lite_mxnet.attention import MultiHeadAttention
from d2lite_mxnet.classification import Classifier


class PatchEmbedding(nn.Block):
    """Cuts images (n, c, height, width) into patches, and makes num_hiddens numbers of each.

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
        self.conv = nn.Conv2D(num_hiddens, kernel_size=size, strides=size)

    def forward(self, X: np.ndarray) -> np.ndarray:
        check_image(X.shape[2:], (self.height, self.width))
        return self.conv(X).reshape((X.shape[0], -1, self.num_patches)).swapaxes(1, 2)


class ViTMLP(nn.Block):
    """Two dense layers for each patch, the Gaussian error linear unit between them, and dropout."""

    def __init__(self, mlp_num_hiddens: int, mlp_num_outputs: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.dense1 = nn.Dense(mlp_num_hiddens, flatten=False)
        self.gelu = nn.GELU()
        self.dropout1 = nn.Dropout(dropout)
        self.dense2 = nn.Dense(mlp_num_outputs, flatten=False)
        self.dropout2 = nn.Dropout(dropout)

    def forward(self, X: np.ndarray) -> np.ndarray:
        X = self.dropout1(self.gelu(self.dense1(X)))
        return self.dropout2(self.dense2(X))


class ViTBlock(nn.Block):
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
        self.ln1 = nn.LayerNorm()
        self.attention = MultiHeadAttention(num_hiddens, num_heads, dropout, use_bias)
        self.ln2 = nn.LayerNorm()
        self.mlp = ViTMLP(mlp_num_hiddens, num_hiddens, dropout)

    def forward(self, X: np.ndarray, valid_lens: np.ndarray | None = None) -> np.ndarray:
        Y = self.ln1(X)
        X = X + self.attention(Y, Y, Y, valid_lens)
        return X + self.mlp(self.ln2(X))


class ViT(Classifier):
    """A vision transformer for images (n, c, height, width).

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
        new = self.params.get
        self.cls_token = new('cls_token', shape=(1, 1, num_hiddens), init=init.Zero())
        shape = 1, num_steps, num_hiddens
        self.pos_embedding = new('pos_embedding', shape=shape, init=init.Normal(0.02))
        self.dropout = nn.Dropout(emb_dropout)
        sizes = num_hiddens, mlp_num_hiddens, num_heads, blk_dropout, use_bias
        self.blks = nn.Sequential()
        self.blks.add(*[ViTBlock(*sizes) for _ in range(num_blks)])
        self.head = nn.Sequential()
        self.head.add(nn.LayerNorm(), nn.Dense(num_classes))
        self.initialize(init.Xavier())

    def forward(self, X: np.ndarray) -> np.ndarray:
        X = self.patch_embedding(X)
        cls_tokens = self.cls_token.data(X.ctx).repeat(X.shape[0], axis=0)
        X = np.concatenate((cls_tokens, X), axis=1)
        X = self.dropout(X + self.pos_embedding.data(X.ctx))
        for blk in self.blks:
            X = blk(X)
        return self.head(X[:, 0])

    @property
    def attention_weights(self) -> list:
        return [blk.attention.attention.attention_weights for blk in self.blks]
