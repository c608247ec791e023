"""Networks on tokens in NNX: for the loops by hand those of JAX, and the models of d2lite."""

from types import ModuleType

from flax import nnx

from benchmarks.sequences_jax import NETWORKS
from benchmarks.workloads import NUM_BLOCKS, NUM_HEADS, VOCAB_SIZE

__all__ = ['NETWORKS', 'd2lite_model']


def d2lite_model(d2l: ModuleType, model: str, lr: float):
    """The same as a model of d2lite."""
    if model == 'gru':
        return d2l.RNNLM(d2l.GRU(VOCAB_SIZE, 32, 2), VOCAB_SIZE, lr=lr)

    class Transformer(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.lr = lr
            sizes = VOCAB_SIZE, 64, 128, NUM_HEADS, NUM_BLOCKS
            self.encoder = d2l.TransformerEncoder(*sizes, dropout=0)
            self.head = nnx.Linear(64, 10, rngs=nnx.Rngs(0))

        def forward(self, X):
            return self.head(self.encoder(X, None).mean(1))

    return Transformer()
