"""Networks on tokens in JAX: plain functions for the loops by hand, and the models of d2lite."""

import math
from types import ModuleType

import jax
from jax import lax, nn
from jax import numpy as jnp

from benchmarks.workloads import NUM_BLOCKS, NUM_HEADS, VOCAB_SIZE
from d2lite.training.attention import positional_encoding


class GRUNetwork:
    """A product for each gate in each step.

    One product for all gates takes 1.5 times as long, with those of the inputs before all steps.
    """

    def apply(self, variables, X):
        *layers, W, b = variables['params']
        X = nn.one_hot(X.T, VOCAB_SIZE)
        for i in (0, 4):
            X = gru(X, *layers[i : i + 4])
        return (X @ W + b).swapaxes(0, 1)


def gru(X, *arrays):
    reset, update, new = zip(*(jnp.split(array, 3, -1) for array in arrays), strict=True)

    def parts(x, H, W_ih, W_hh, b_ih, b_hh):
        return x @ W_ih + b_ih, H @ W_hh + b_hh

    def step(H, x):
        r, z = (nn.sigmoid(sum(parts(x, H, *gate))) for gate in (reset, update))
        of_x, of_H = parts(x, H, *new)
        H = (1 - z) * jnp.tanh(of_x + r * of_H) + z * H
        return H, H

    return lax.scan(step, jnp.zeros((X.shape[1], 32)), X)[1]


class TransformerNetwork:
    def apply(self, variables, X):
        embedding, *blocks, W, b = variables['params']
        X = jnp.take(embedding, X, axis=0, mode='clip') * math.sqrt(64)
        X = X + positional_encoding(64, 32)
        for i in range(NUM_BLOCKS):
            X = block(X, *blocks[12 * i : 12 * (i + 1)])
        return X.mean(1) @ W + b


def block(X, W_q, W_k, W_v, W_o, scale1, shift1, W_1, b_1, W_2, b_2, scale2, shift2):
    heads = [(X @ W).reshape(*X.shape[:2], NUM_HEADS, -1) for W in (W_q, W_k, W_v)]
    Y = jax.nn.dot_product_attention(*heads).reshape(X.shape)
    X = layer_norm(X + Y @ W_o, scale1, shift1)
    return layer_norm(X + nn.relu(X @ W_1 + b_1) @ W_2 + b_2, scale2, shift2)


def layer_norm(X, scale, shift):
    return nn.standardize(X, epsilon=1e-5) * scale + shift


NETWORKS = {'gru': GRUNetwork, 'transformer': TransformerNetwork}


def d2lite_model(d2l: ModuleType, model: str, lr: float):
    """The same as a model of d2lite."""
    from flax import linen

    if model == 'gru':
        return d2l.RNNLM(rnn=d2l.GRU(num_hiddens=32, num_layers=2), vocab_size=VOCAB_SIZE, lr=lr)

    class Transformer(d2l.Classifier):
        lr: float = 0.1

        def setup(self):
            sizes = VOCAB_SIZE, 64, 128, NUM_HEADS, NUM_BLOCKS
            self.encoder = d2l.TransformerEncoder(*sizes, dropout=0)
            self.head = linen.Dense(10)

        def forward(self, X):
            return self.head(self.encoder(X, None).mean(1))

    return Transformer(lr=lr)
