"""Networks on tokens in TensorFlow: for the loops by hand, and the models of d2lite."""

import math
from types import ModuleType

import numpy as np
import tensorflow as tf

from benchmarks.workloads import NUM_BLOCKS, NUM_HEADS, VOCAB_SIZE
from d2lite.training.attention import positional_encoding

keras = tf.keras
layers = keras.layers


class GRUNetwork:
    """Keras's layers, whose gates are z, r and n, and whose two biases are one array."""

    def __init__(self):
        parts = [layers.GRU(32, return_sequences=True) for _ in range(2)]
        one_hot = layers.Lambda(lambda X: tf.one_hot(X, VOCAB_SIZE))
        tokens = keras.Input((32,), dtype='int32')
        self.net = keras.Sequential([tokens, one_hot, *parts, layers.Dense(VOCAB_SIZE)])
        self.net(tf.zeros((1, 32), tf.int32))
        self.trainable_variables = self.trainable_weights = self.net.trainable_variables

    def __call__(self, X, training=None):
        return self.net(X, training=training)

    def set_weights(self, arrays):
        *gates, W, b = arrays
        weights = [exchanged(array) for array in gates]
        first, second = ([*w[:2], np.stack(w[2:])] for w in (weights[:4], weights[4:]))
        self.net.set_weights([*first, *second, W, b])

    def get_weights(self):
        *gates, W, b = self.net.get_weights()
        weights = [*gates[:2], *gates[2], *gates[3:5], *gates[5]]
        return [*map(exchanged, weights), W, b]


def exchanged(array):
    """The first two gates the other way round."""
    one, other, new = np.split(array, 3, -1)
    return np.concatenate([other, one, new], -1)


class TransformerNetwork:
    def __init__(self):
        self.P = tf.constant(positional_encoding(64, 32), tf.float32)
        self.trainable_variables = []

    def set_weights(self, arrays):
        self.trainable_variables = [tf.Variable(array) for array in arrays]
        self.trainable_weights = self.trainable_variables

    def get_weights(self):
        return [variable.numpy() for variable in self.trainable_variables]

    def __call__(self, X, training=None):
        embedding, *blocks, W, b = self.trainable_variables
        X = tf.nn.embedding_lookup(embedding, X) * math.sqrt(64) + self.P
        for i in range(NUM_BLOCKS):
            X = block(X, *blocks[12 * i : 12 * (i + 1)])
        return tf.reduce_mean(X, 1) @ W + b


def block(X, W_q, W_k, W_v, W_o, scale1, shift1, W_1, b_1, W_2, b_2, scale2, shift2):
    shape = tf.shape(X)
    split = tf.concat([shape[:2], [NUM_HEADS, -1]], 0)
    q, k, v = (tf.transpose(tf.reshape(dense(X, W), split), (0, 2, 1, 3)) for W in (W_q, W_k, W_v))
    weights = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / math.sqrt(64 / NUM_HEADS))
    Y = tf.reshape(tf.transpose(tf.matmul(weights, v), (0, 2, 1, 3)), shape)
    X = layer_norm(X + dense(Y, W_o), scale1, shift1)
    return layer_norm(X + dense(tf.nn.relu(dense(X, W_1) + b_1), W_2) + b_2, scale2, shift2)


def dense(X, W):
    """A product of matrices, as large as can be: of one row for each token."""
    flat = tf.reshape(X, (-1, X.shape[-1])) @ W
    return tf.reshape(flat, (-1, X.shape[1], W.shape[1]))


def layer_norm(X, scale, shift):
    mean, variance = tf.nn.moments(X, -1, keepdims=True)
    return tf.nn.batch_normalization(X, mean, variance, shift, scale, 1e-5)


NETWORKS = {'gru': GRUNetwork, 'transformer': TransformerNetwork}


def d2lite_model(d2l: ModuleType, model: str, lr: float):
    """The same as a model of d2lite."""
    if model == 'gru':
        return d2l.RNNLM(d2l.GRU(32, 2), VOCAB_SIZE, lr=lr)

    class Transformer(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.lr = lr
            sizes = dict(key_size=64, query_size=64, value_size=64, num_hiddens=64, norm_shape=[2])
            self.encoder = d2l.TransformerEncoder(
                VOCAB_SIZE, **sizes, ffn_num_hiddens=128, num_heads=NUM_HEADS,
                num_blks=NUM_BLOCKS, dropout=0,
            )  # fmt: skip
            self.head = layers.Dense(10)

        def forward(self, X):
            return self.head(tf.reduce_mean(self.encoder(X, None), 1))

    return Transformer()
