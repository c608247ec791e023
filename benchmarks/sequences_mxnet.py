"""Networks on tokens in MXNet: for the loops by hand, and the models of d2lite."""

import math
from types import ModuleType

from mxnet import np as mnp
from mxnet.gluon import nn, rnn

from benchmarks.workloads import NUM_BLOCKS, NUM_HEADS, VOCAB_SIZE
from d2lite.training.attention import positional_encoding


class GRUNetwork(nn.HybridBlock):
    def __init__(self):
        super().__init__()
        self.rnn = rnn.GRU(32, 2, input_size=VOCAB_SIZE)
        self.linear = nn.Dense(VOCAB_SIZE, flatten=False)

    def hybrid_forward(self, F, X):
        X = F.np.swapaxes(X, 0, 1)
        # In a graph a layer cannot make a state of its own, whose size would not be known.
        start = F.npx.one_hot(F.npx.slice(X, begin=(0,), end=(2,)), 32) * 0
        outputs, _ = self.rnn(F.npx.one_hot(X, VOCAB_SIZE), [start])
        return F.np.swapaxes(self.linear(outputs), 0, 1)


class TransformerNetwork(nn.HybridBlock):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB_SIZE, 64)
        self.blocks = nn.HybridSequential()
        self.blocks.add(*(Block() for _ in range(NUM_BLOCKS)))
        self.head = nn.Dense(10)
        P = mnp.array(positional_encoding(64, 32))
        self.P = self.params.get_constant('P', P)

    def hybrid_forward(self, F, X, P):
        return self.head(self.blocks(self.embedding(X) * math.sqrt(64) + P).mean(axis=1))


class Block(nn.HybridBlock):
    def __init__(self):
        super().__init__()
        for name in 'qkvo':
            dense = nn.Dense(64, use_bias=False, flatten=False)
            setattr(self, f'W_{name}', dense)
        self.ln1 = nn.LayerNorm()
        self.dense1 = nn.Dense(128, activation='relu', flatten=False)
        self.dense2 = nn.Dense(64, flatten=False)
        self.ln2 = nn.LayerNorm()

    def hybrid_forward(self, F, X):
        def heads(dense):
            each = F.npx.reshape(dense(X), (-2, -2, NUM_HEADS, -1))
            return F.npx.reshape(F.np.transpose(each, (0, 2, 1, 3)), (-5, -2, -2))

        scores = F.npx.batch_dot(heads(self.W_q), heads(self.W_k), transpose_b=True)
        weights = F.npx.softmax(scores / math.sqrt(64 / NUM_HEADS))
        Y = F.npx.batch_dot(weights, heads(self.W_v))
        Y = F.np.transpose(F.npx.reshape(Y, (-6, -1, NUM_HEADS, -2, -2)), (0, 2, 1, 3))
        X = self.ln1(X + self.W_o(F.npx.reshape(Y, (-2, -2, -5))))
        return self.ln2(X + self.dense2(self.dense1(X)))


NETWORKS = {'gru': GRUNetwork, 'transformer': TransformerNetwork}


def d2lite_model(d2l: ModuleType, model: str, lr: float):
    """The same as a model of d2lite."""
    if model == 'gru':
        return d2l.RNNLM(d2l.GRU(32, 2), VOCAB_SIZE, lr=lr)

    class Transformer(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.lr = lr
            sizes = VOCAB_SIZE, 64, 128, NUM_HEADS, NUM_BLOCKS
            self.encoder = d2l.TransformerEncoder(*sizes, dropout=0)
            self.head = nn.Dense(10)
            self.head.initialize()

        def forward(self, X):
            return self.head(self.encoder(X, None).mean(axis=1))

    return Transformer()
