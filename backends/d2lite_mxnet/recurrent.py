"""Recurrent networks on MXNet, and language models of them.

Inputs are (num_steps, batch_size, num_inputs). A network returns its outputs, one for each step,
and its state, which it takes again to go on. Definitions: d2l, chapters "Recurrent Neural
Networks" and "Modern Recurrent Neural Networks".
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mxnet import Context, autograd, init, np, npx
from mxnet.gluon import nn, rnn

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.recurrent import continued, initial_weights
from d2lite_mxnet.classification import Classifier
from d2lite_mxnet.module import Module
from d2lite_mxnet.tensor import exp, matmul, numpy, stack, swapaxes

if TYPE_CHECKING:
    from d2lite.data.vocabulary import Vocab


class RNNScratch(Module):
    """H = tanh(X W_xh + H W_hh + b_h), step by step, from arrays alone.

    The weights start normal with standard deviation `sigma`, the same on every backend for the same
    seed; `b_h` starts at 0. The state is (batch_size, num_hiddens), at first 0.
    """

    def __init__(self, num_inputs: int, num_hiddens: int, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        seed = next_seed('parameters')
        W_xh, W_hh = initial_weights(seed, sigma, num_inputs, num_hiddens)
        self.W_xh, self.W_hh = np.array(W_xh), np.array(W_hh)
        self.b_h = np.zeros(num_hiddens)
        for param in self.get_scratch_params():
            param.attach_grad()

    def forward(
        self, inputs: np.ndarray, state: np.ndarray | None = None
    ) -> tuple[list[np.ndarray], np.ndarray]:
        if state is None:
            state = np.zeros((inputs.shape[1], self.num_hiddens), ctx=inputs.ctx)
        outputs = []
        for X in inputs:
            state = np.tanh(matmul(X, self.W_xh) + matmul(state, self.W_hh) + self.b_h)
            outputs.append(state)
        return outputs, state


class RNNLMScratch(Classifier):
    """A language model: a recurrent network `rnn` on one-hot tokens, and a dense layer.

    Inputs (batch_size, num_steps) are indices of tokens, outputs (batch_size, num_steps,
    vocab_size) the scores of the tokens that follow. What it plots is the perplexity,
    exp(cross-entropy).
    """

    def __init__(self, rnn: nn.Block, vocab_size: int, lr: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.init_params()

    def init_params(self) -> None:
        """Makes the weights of the output layer."""
        shape = self.rnn.num_hiddens, self.vocab_size
        self.W_hq = np.array(initial_normal(next_seed('parameters'), self.rnn.sigma, shape))
        self.b_q = np.zeros(self.vocab_size)
        for param in self.get_scratch_params():
            param.attach_grad()

    def training_step(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=True)
        return loss

    def validation_step(self, batch: Sequence[np.ndarray]) -> None:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=False)

    def one_hot(self, X: np.ndarray) -> np.ndarray:
        """Indices (batch_size, num_steps) as one-hot rows (num_steps, batch_size, vocab_size)."""
        return npx.one_hot(X.T, self.vocab_size)

    def output_layer(self, rnn_outputs: Sequence[np.ndarray]) -> np.ndarray:
        """The scores (batch_size, num_steps, vocab_size) for the outputs of `rnn`."""
        return matmul(stack(list(rnn_outputs), 1), self.W_hq) + self.b_q

    def forward(self, X: np.ndarray, state: Any = None) -> np.ndarray:
        rnn_outputs, _ = self.rnn(self.one_hot(X), state)
        return self.output_layer(rnn_outputs)

    def predict(
        self,
        prefix: str | Sequence[str],
        num_preds: int,
        vocab: 'Vocab',
        device: Context | None = None,
    ) -> str:
        """The text `prefix` and `num_preds` tokens after it, each the most probable one.

        `device`: by default MXNet's current one. Raises ValueError for an empty prefix.
        """

        def scores(indices, state):
            X = np.array([indices], 'int32', ctx=device)
            rnn_outputs, state = self.rnn(self.one_hot(X), state)
            return numpy(self.output_layer(rnn_outputs)[0, -1]), state

        with autograd.predict_mode():  # without dropout
            return continued(scores, prefix, num_preds, vocab)


class RNN(Module):
    """Gluon's own recurrent layer with tanh.

    The state H is (1, batch_size, num_hiddens). If `bidirectional`, a second layer reads from the
    end: outputs are (num_steps, batch_size, 2 * num_hiddens), and the state is that of both.
    """

    def __init__(self, num_hiddens: int, bidirectional: bool = False) -> None:
        super().__init__()
        self.save_hyperparameters()
        layer = rnn.RNN(num_hiddens, activation='tanh', bidirectional=bidirectional)
        self.rnn = with_one_bias(layer)

    def forward(self, inputs: np.ndarray, H: Any = None) -> tuple[np.ndarray, Any]:
        if H is None:
            (H,) = self.rnn.begin_state(inputs.shape[1], ctx=inputs.ctx)
        outputs, (H,) = self.rnn(inputs, [H])
        return outputs, H


class GRU(RNN):
    """Gluon's own layers of gated recurrent units, `num_layers` of them, with dropout between.

    The state is (num_layers, batch_size, num_hiddens); twice as many layers if `bidirectional`.
    """

    def __init__(
        self,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0,
        bidirectional: bool = False,
    ) -> None:
        Module.__init__(self)
        self.save_hyperparameters()
        self.rnn = rnn.GRU(num_hiddens, num_layers, dropout=dropout, bidirectional=bidirectional)


class LSTM(RNN):
    """Gluon's own layers of long short-term memory, `num_layers` of them, with dropout between.

    The state is a pair, the hidden state and the memory, both (num_layers, batch_size,
    num_hiddens); twice as many layers if `bidirectional`.
    """

    def __init__(
        self,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0,
        bidirectional: bool = False,
    ) -> None:
        Module.__init__(self)
        self.save_hyperparameters()
        layers = rnn.LSTM(num_hiddens, num_layers, dropout=dropout, bidirectional=bidirectional)
        self.rnn = with_one_bias(layers)

    def forward(self, inputs: np.ndarray, H: Any = None) -> tuple[np.ndarray, Any]:
        if H is None:
            H = self.rnn.begin_state(inputs.shape[1], ctx=inputs.ctx)
        return self.rnn(inputs, H)


def with_one_bias(layers: nn.Block) -> nn.Block:
    """The layers with one bias to be trained, as elsewhere: the second, h2h_bias, stays 0.

    The two are only added, so a step would move their sum twice.
    """
    for param in layers.collect_params('.*h2h_bias').values():
        param.grad_req = 'null'
    return layers


class RNNLM(RNNLMScratch):
    """A language model with Gluon's own dense layer."""

    def init_params(self) -> None:
        self.linear = nn.Dense(self.vocab_size, flatten=False)
        self.initialize(init.Xavier())

    def output_layer(self, hiddens: np.ndarray) -> np.ndarray:
        return swapaxes(self.linear(hiddens), 0, 1)
