"""Networks on tokens in PyTorch: for the loops by hand, and the models of d2lite."""

import math
from types import ModuleType

import torch
from torch import nn

from benchmarks.workloads import NUM_BLOCKS, NUM_HEADS, VOCAB_SIZE
from d2lite.training.attention import positional_encoding

F = nn.functional


class GRUNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(VOCAB_SIZE, 32, 2)
        self.linear = nn.Linear(32, VOCAB_SIZE)

    def forward(self, X):
        outputs, _ = self.rnn(F.one_hot(X.T, VOCAB_SIZE).float())
        return self.linear(outputs).transpose(0, 1)


class TransformerNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB_SIZE, 64)
        self.blocks = nn.Sequential(*(Block() for _ in range(NUM_BLOCKS)))
        self.head = nn.Linear(64, 10)
        P = torch.from_numpy(positional_encoding(64, 32)).float()
        self.register_buffer('P', P, persistent=False)

    def forward(self, X):
        X = self.embedding(X) * math.sqrt(64) + self.P
        return self.head(self.blocks(X).mean(1))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(64, 64, bias=False) for _ in range(4))
        self.ln1 = nn.LayerNorm(64)
        self.dense1, self.dense2 = nn.Linear(64, 128), nn.Linear(128, 64)
        self.ln2 = nn.LayerNorm(64)

    def forward(self, X):
        heads = [
            dense(X).unflatten(-1, (NUM_HEADS, -1)).transpose(1, 2)
            for dense in (self.W_q, self.W_k, self.W_v)
        ]
        Y = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        X = self.ln1(X + self.W_o(Y))
        return self.ln2(X + self.dense2(F.relu(self.dense1(X))))


NETWORKS = {'gru': GRUNetwork, 'transformer': TransformerNetwork}


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
            self.head = nn.LazyLinear(10)

        def forward(self, X):
            return self.head(self.encoder(X, None).mean(1))

    return Transformer()
