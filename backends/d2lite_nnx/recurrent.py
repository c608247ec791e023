"""Recurrent networks on NNX, and language models of them.

Inputs are (num_steps, batch_size, num_inputs). A network returns its outputs, one for each step,
and its state, which it takes again to go on. Definitions: d2l, chapters "Recurrent Neural
Networks" and "Modern Recurrent Neural Networks".
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
from flax import nnx
from jax import Array
from jax import numpy as jnp

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.recurrent import continued, initial_weights
from d2lite_nnx import lazy
from d2lite_nnx.cells import GRUCell, Layer
from d2lite_nnx.classification import Classifier
from d2lite_nnx.framework import rngs_or_new
from d2lite_nnx.module import Module
from d2lite_nnx.tensor import exp, matmul, numpy, stack, swapaxes

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
        self.W_xh = nnx.Param(jnp.array(W_xh))
        self.W_hh = nnx.Param(jnp.array(W_hh))
        self.b_h = nnx.Param(jnp.zeros(num_hiddens))

    def forward(self, inputs: Array, state: Array | None = None) -> tuple[Array, Array]:
        def step(state, X):
            state = jnp.tanh(matmul(X, self.W_xh) + matmul(state, self.W_hh) + self.b_h)
            return state, state

        if state is None:
            state = jnp.zeros((inputs.shape[1], self.num_hiddens))
        # A loop of Python would be compiled step by step, which takes as often as long.
        state, outputs = jax.lax.scan(step, state, inputs)
        return outputs, state


class RNNLMScratch(Classifier):
    """A language model: a recurrent network `rnn` on one-hot tokens, and a dense layer.

    Inputs (batch_size, num_steps) are indices of tokens, outputs (batch_size, num_steps,
    vocab_size) the scores of the tokens that follow. What it plots is the perplexity,
    exp(cross-entropy).
    """

    def __init__(
        self, rnn: nnx.Module, vocab_size: int, lr: float = 0.01, rngs: nnx.Rngs | None = None
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.init_params(rngs)

    def init_params(self, rngs: nnx.Rngs | None) -> None:
        """Makes the weights of the output layer."""
        shape = self.rnn.num_hiddens, self.vocab_size
        W_hq = initial_normal(next_seed('parameters'), self.rnn.sigma, shape)
        self.W_hq = nnx.Param(jnp.array(W_hq))
        self.b_q = nnx.Param(jnp.zeros(self.vocab_size))

    def training_step(self, batch: Sequence[Array]) -> Array:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=True)
        return loss

    def validation_step(self, batch: Sequence[Array]) -> None:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=False)

    def one_hot(self, X: Array) -> Array:
        """Indices (batch_size, num_steps) as one-hot rows (num_steps, batch_size, vocab_size)."""
        return jax.nn.one_hot(X.T, self.vocab_size)

    def output_layer(self, rnn_outputs: Sequence[Array]) -> Array:
        """The scores (batch_size, num_steps, vocab_size) for the outputs of `rnn`."""
        return matmul(swapaxes(stack(rnn_outputs), 0, 1), self.W_hq) + self.b_q

    def forward(self, X: Array, state: Any = None) -> Array:
        rnn_outputs, _ = self.rnn(self.one_hot(X), state)
        return self.output_layer(rnn_outputs)

    def predict(
        self,
        prefix: str | Sequence[str],
        num_preds: int,
        vocab: 'Vocab',
        device: jax.Device | None = None,
    ) -> str:
        """The text `prefix` and `num_preds` tokens after it, each the most probable one.

        `device`: by default that of the model. Raises ValueError for an empty prefix.
        """
        graphdef, variables = nnx.split(self)

        @jax.jit
        def apply(variables, X, state):
            model = nnx.merge(graphdef, variables)
            model.eval()  # without dropout
            rnn_outputs, state = model.rnn(model.one_hot(X), state)
            return model.output_layer(rnn_outputs), state

        def scores(indices, state):
            X = jax.device_put(jnp.array([indices]), device)
            Y, state = apply(variables, X, state)
            return numpy(Y[0, -1]), state

        return continued(scores, prefix, num_preds, vocab)


class RNN(Module):
    """Flax's own recurrent cell with tanh.

    The state H is (batch_size, num_hiddens). If `bidirectional`, a second cell reads from the end:
    outputs are (num_steps, batch_size, 2 * num_hiddens), and the state is a pair of both.
    """

    has_memory = False  # whether the state is a pair

    def __init__(
        self,
        num_inputs: int,
        num_hiddens: int,
        bidirectional: bool = False,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        # The type of the inputs, whichever it is: without it, this cell alone has float32.
        cell = partial(nnx.SimpleCell, dtype=None)
        self.rnn = Layer(cell, num_inputs, num_hiddens, bidirectional, rngs_or_new(rngs))

    def start(self, X: Array) -> Any:
        """The first state of a layer: 0, in float64 for such inputs."""
        dtype = jnp.promote_types(X.dtype, jnp.float32)
        zeros = jnp.zeros((X.shape[1], self.num_hiddens), dtype)
        state = (zeros, zeros) if self.has_memory else zeros
        return (state, state) if self.bidirectional else state

    def forward(self, inputs: Array, H: Any = None) -> tuple[Array, Any]:
        return self.rnn(inputs, self.start(inputs) if H is None else H)


class GRU(RNN):
    """Layers of gated recurrent units, `num_layers` of them, with dropout between.

    The state is (num_layers, batch_size, num_hiddens); twice as many layers if `bidirectional`.
    """

    cell = GRUCell

    def __init__(
        self,
        num_inputs: int,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0,
        bidirectional: bool = False,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        Module.__init__(self)
        self.save_hyperparameters()
        rngs, width = rngs_or_new(rngs), num_hiddens * (1 + bidirectional)
        sizes = [num_inputs] + [width] * (num_layers - 1)
        self.rnn = nnx.List(
            Layer(self.cell, size, num_hiddens, bidirectional, rngs) for size in sizes
        )
        self.drop = nnx.Dropout(dropout, rngs=rngs)

    def forward(self, X: Array, state: Any = None) -> tuple[Array, Any]:
        states, directions = [], 1 + self.bidirectional
        for i, layer in enumerate(self.rnn):
            before = self.start(X)
            if state is not None:
                numbers = range(i * directions, (i + 1) * directions)
                before = [jax.tree.map(lambda each, n=n: each[n], state) for n in numbers]
                before = before if self.bidirectional else before[0]
            if i > 0:
                X = self.drop(X)
            X, after = layer(X, before)
            states += after if self.bidirectional else [after]
        return X, jax.tree.map(lambda *each: jnp.stack(each), *states)


class LSTM(GRU):
    """Flax's own long short-term memory, `num_layers` layers of it, with dropout between.

    The state is a pair, the memory and the hidden state, both (num_layers, batch_size,
    num_hiddens); twice as many layers if `bidirectional`.
    """

    cell, has_memory = nnx.OptimizedLSTMCell, True


class RNNLM(RNNLMScratch):
    """A language model with Flax's own dense layer."""

    def init_params(self, rngs: nnx.Rngs | None) -> None:
        self.linear = lazy.Linear(self.vocab_size, rngs=rngs_or_new(rngs))

    def output_layer(self, hiddens: Array) -> Array:
        return swapaxes(self.linear(hiddens), 0, 1)
