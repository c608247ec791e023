"""Recurrent networks on TensorFlow, and language models of them.

Inputs are (num_steps, batch_size, num_inputs). A network returns its outputs, one for each step,
and its state, which it takes again to go on. Definitions: d2l, chapters "Recurrent Neural
Networks" and "Modern Recurrent Neural Networks".
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.recurrent import continued, initial_weights
from d2lite_tensorflow.classification import Classifier
from d2lite_tensorflow.devices import placed
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import Module
from d2lite_tensorflow.tensor import exp, matmul, numpy, stack, swapaxes

if TYPE_CHECKING:
    from d2lite.data.vocabulary import Vocab


class RNNScratch(Module):
    """H = tanh(X W_xh + H W_hh + b_h), step by step, from tensors alone.

    The weights start normal with standard deviation `sigma`, the same on every backend for the same
    seed; `b_h` starts at 0. The state is (batch_size, num_hiddens), at first 0.
    """

    def __init__(self, num_inputs: int, num_hiddens: int, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        seed = next_seed('parameters')
        W_xh, W_hh = initial_weights(seed, sigma, num_inputs, num_hiddens)
        self.W_xh = tf.Variable(W_xh, trainable=True)
        self.W_hh = tf.Variable(W_hh, trainable=True)
        self.b_h = tf.Variable(tf.zeros(num_hiddens), trainable=True)

    def forward(
        self, inputs: tf.Tensor, state: tf.Tensor | None = None
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        if state is None:
            state = tf.zeros((tf.shape(inputs)[1], self.num_hiddens))
        outputs = []
        for X in tf.unstack(inputs):
            state = tf.tanh(matmul(X, self.W_xh) + matmul(state, self.W_hh) + self.b_h)
            outputs.append(state)
        return outputs, state


class RNNLMScratch(Classifier):
    """A language model: a recurrent network `rnn` on one-hot tokens, and a dense layer.

    Inputs (batch_size, num_steps) are indices of tokens, outputs (batch_size, num_steps,
    vocab_size) the scores of the tokens that follow. What it plots is the perplexity,
    exp(cross-entropy).
    """

    def __init__(self, rnn: keras.layers.Layer, vocab_size: int, lr: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.init_params()

    def init_params(self) -> None:
        """Makes the weights of the output layer."""
        shape = self.rnn.num_hiddens, self.vocab_size
        W_hq = initial_normal(next_seed('parameters'), self.rnn.sigma, shape)
        self.W_hq = tf.Variable(W_hq, trainable=True)
        self.b_q = tf.Variable(tf.zeros(self.vocab_size), trainable=True)

    def training_step(self, batch: Sequence[tf.Tensor]) -> tf.Tensor:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=True)
        return loss

    def validation_step(self, batch: Sequence[tf.Tensor]) -> None:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=False)

    def one_hot(self, X: tf.Tensor) -> tf.Tensor:
        """Indices (batch_size, num_steps) as one-hot rows (num_steps, batch_size, vocab_size)."""
        return tf.one_hot(tf.transpose(X), self.vocab_size)

    def output_layer(self, rnn_outputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """The scores (batch_size, num_steps, vocab_size) for the outputs of `rnn`."""
        return matmul(stack(list(rnn_outputs), 1), self.W_hq) + self.b_q

    def forward(self, X: tf.Tensor, state: Any = None) -> tf.Tensor:
        rnn_outputs, _ = self.rnn(self.one_hot(X), state)
        return self.output_layer(rnn_outputs)

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

        def scores(indices, state):
            X = tf.constant([indices])
            rnn_outputs, state = self.rnn(self.one_hot(X), state, training=False)
            return numpy(self.output_layer(rnn_outputs)[0, -1]), state

        with placed(device):
            return continued(scores, prefix, num_preds, vocab)


class RNN(Module):
    """Keras's own recurrent layer with tanh.

    The state H is (batch_size, num_hiddens). If `bidirectional`, a second layer reads from the end:
    outputs are (num_steps, batch_size, 2 * num_hiddens), and the state is a list of both.
    """

    def __init__(self, num_hiddens: int, bidirectional: bool = False) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.rnn = recurrent_layer(keras.layers.SimpleRNN, num_hiddens, bidirectional)

    def forward(self, inputs: tf.Tensor, H: Any = None) -> tuple[tf.Tensor, Any]:
        # Keras has the examples first, and then the steps.
        outputs, *H = self.rnn(swapaxes(inputs, 0, 1), initial_state=H)
        return swapaxes(outputs, 0, 1), H if self.bidirectional else H[0]


class GRU(RNN):
    """Keras's own layers of gated recurrent units, `num_layers` of them, with dropout between.

    The state is a list: for each layer (batch_size, num_hiddens), or two of them if
    `bidirectional`.
    """

    layer = keras.layers.GRU

    def __init__(
        self,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0,
        bidirectional: bool = False,
    ) -> None:
        Module.__init__(self)
        self.save_hyperparameters(ignore=['dropout'])
        self.rnn = [
            recurrent_layer(self.layer, num_hiddens, bidirectional) for _ in range(num_layers)
        ]
        self.dropout = keras.layers.Dropout(dropout)

    def forward(self, X: tf.Tensor, state: Any = None) -> tuple[tf.Tensor, list]:
        X, states = swapaxes(X, 0, 1), []
        for i, layer in enumerate(self.rnn):
            if i > 0:
                X = self.dropout(X, training=self.training)
            X, *after = layer(X, initial_state=None if state is None else state[i])
            states.append(after if len(after) > 1 else after[0])
        return swapaxes(X, 0, 1), states


class LSTM(GRU):
    """Keras's own layers of long short-term memory, `num_layers` of them, with dropout between.

    The state is a list: for each layer a pair, the hidden state and the memory, both (batch_size,
    num_hiddens), or two such pairs in one list if `bidirectional`.
    """

    layer = keras.layers.LSTM


def recurrent_layer(
    layer: type[keras.layers.Layer], num_hiddens: int, bidirectional: bool
) -> keras.layers.Layer:
    """A recurrent layer of Keras that returns all outputs and the state."""
    layer = layer(num_hiddens, return_sequences=True, return_state=True)
    return keras.layers.Bidirectional(layer) if bidirectional else layer


class RNNLM(RNNLMScratch):
    """A language model with Keras's own dense layer."""

    def init_params(self) -> None:
        self.linear = keras.layers.Dense(self.vocab_size)

    def output_layer(self, hiddens: tf.Tensor) -> tf.Tensor:
        return swapaxes(self.linear(hiddens), 0, 1)
