"""Recurrent networks on JAX, and language models of them.

Inputs are (num_steps, batch_size, num_inputs). A network returns its outputs, one for each step,
and its state, which it takes again to go on. Definitions: d2l, chapters "Recurrent Neural
Networks" and "Modern Recurrent Neural Networks".
"""

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

import jax
from flax import linen as nn
from jax import Array
from jax import numpy as jnp

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.recurrent import continued, initial_weights
from d2lite_jax.cells import GRUCell
from d2lite_jax.classification import Classifier
from d2lite_jax.tensor import exp, matmul, numpy, stack, swapaxes

if TYPE_CHECKING:
    from d2lite.data.vocabulary import Vocab


class RNNScratch(nn.Module):
    """H = tanh(X W_xh + H W_hh + b_h), step by step, from arrays alone.

    The weights start normal with standard deviation `sigma`, the same on every backend for the same
    seed; `b_h` starts at 0. The state is (batch_size, num_hiddens), at first 0.
    """

    num_inputs: int
    num_hiddens: int
    sigma: float = 0.01
    init_seed: int = field(
        default_factory=lambda: next_seed('parameters'), kw_only=True, repr=False, compare=False
    )

    def setup(self) -> None:
        sizes = self.num_inputs, self.num_hiddens
        W_xh, W_hh = initial_weights(self.init_seed, self.sigma, *sizes)
        self.W_xh = self.param('W_xh', lambda key: jnp.array(W_xh))
        self.W_hh = self.param('W_hh', lambda key: jnp.array(W_hh))
        self.b_h = self.param('b_h', nn.initializers.zeros, (self.num_hiddens,))

    def __call__(self, inputs: Array, state: Array | None = None) -> tuple[Array, Array]:
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

    rnn: nn.Module
    vocab_size: int
    lr: float = 0.01
    init_seed: int | None = field(
        default_factory=lambda: next_seed('parameters'), kw_only=True, repr=False, compare=False
    )

    def setup(self) -> None:
        """Makes the weights of the output layer."""
        shape = self.rnn.num_hiddens, self.vocab_size
        W_hq = initial_normal(self.init_seed, self.rnn.sigma, shape)
        self.W_hq = self.param('W_hq', lambda key: jnp.array(W_hq))
        self.b_q = self.param('b_q', nn.initializers.zeros, (self.vocab_size,))

    def training_step(self, params: dict, batch: Sequence[Array], state: Any) -> tuple:
        loss, value, grads = self.loss_and_grads(params, batch, state)
        self.plot('ppl', exp(loss), train=True)
        return value, grads

    def validation_step(self, params: dict, batch: Sequence[Array], state: Any) -> None:
        loss, _ = self.in_its_mode().loss(params, batch[:-1], batch[-1], state)
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
        self, prefix: str | Sequence[str], num_preds: int, vocab: 'Vocab', params: dict
    ) -> str:
        """The text `prefix` and `num_preds` tokens after it, each the most probable one.

        `params`: those in `trainer.state`. Raises ValueError for an empty prefix.
        """
        model = self.clone(training=False)  # without dropout

        @jax.jit
        def apply(X, state):
            return model.apply({'params': params}, X, state, method='scores_and_state')

        def scores(indices, state):
            Y, state = apply(jnp.array([indices]), state)
            return numpy(Y[0, -1]), state

        return continued(scores, prefix, num_preds, vocab)

    def scores_and_state(self, X: Array, state: Any) -> tuple[Array, Any]:
        """What `forward` returns, and the state of `rnn` after it."""
        rnn_outputs, state = self.rnn(self.one_hot(X), state)
        return self.output_layer(rnn_outputs), state


class RNN(nn.Module):
    """Flax's own recurrent cell with tanh.

    The state H is (batch_size, num_hiddens). If `bidirectional`, a second cell reads from the end:
    outputs are (num_steps, batch_size, 2 * num_hiddens), and the state is a pair of both.
    """

    num_hiddens: int
    bidirectional: bool = field(default=False, kw_only=True)

    has_memory = False  # whether the state is a pair

    def setup(self) -> None:
        self.rnn = self.layer(nn.SimpleCell)

    def layer(self, cell: type[nn.RNNCellBase]) -> nn.RNN | nn.Bidirectional:
        """A layer of recurrent cells."""
        if self.bidirectional:
            both = nn.RNN(cell(self.num_hiddens)), nn.RNN(cell(self.num_hiddens))
            return nn.Bidirectional(*both, time_major=True, return_carry=True)
        return nn.RNN(cell(self.num_hiddens), time_major=True, return_carry=True)

    def start(self, X: Array) -> Any:
        """The first state of a layer: 0, in float64 for such inputs, where Flax takes float32."""
        dtype = jnp.promote_types(X.dtype, jnp.float32)
        zeros = jnp.zeros((X.shape[1], self.num_hiddens), dtype)
        state = (zeros, zeros) if self.has_memory else zeros
        return (state, state) if self.bidirectional else state

    def __call__(self, inputs: Array, H: Any = None, training: bool = False) -> tuple[Array, Any]:
        """`training`: whether units are dropped, in networks that have dropout."""
        H, outputs = self.rnn(inputs, initial_carry=self.start(inputs) if H is None else H)
        return outputs, H


class GRU(RNN):
    """Layers of gated recurrent units, `num_layers` of them, with dropout between.

    The state is (num_layers, batch_size, num_hiddens); twice as many layers if `bidirectional`.
    """

    num_layers: int = 1
    dropout: float = 0

    cell = GRUCell

    def setup(self) -> None:
        self.rnn = [self.layer(self.cell) for _ in range(self.num_layers)]
        self.drop = nn.Dropout(self.dropout)

    def __call__(self, X: Array, state: Any = None, training: bool = False) -> tuple[Array, Any]:
        states, directions = [], 1 + self.bidirectional
        for i, layer in enumerate(self.rnn):
            before = self.start(X)
            if state is not None:
                numbers = range(i * directions, (i + 1) * directions)
                before = [jax.tree.map(lambda each, n=n: each[n], state) for n in numbers]
                before = before if self.bidirectional else before[0]
            if i > 0:
                X = self.drop(X, deterministic=not training)
            after, X = layer(X, initial_carry=before)
            states += after if self.bidirectional else [after]
        return X, jax.tree.map(lambda *each: jnp.stack(each), *states)


class LSTM(GRU):
    """Flax's own long short-term memory, `num_layers` layers of it, with dropout between.

    The state is a pair, the memory and the hidden state, both (num_layers, batch_size,
    num_hiddens); twice as many layers if `bidirectional`.
    """

    cell, has_memory = nn.OptimizedLSTMCell, True


class RNNLM(RNNLMScratch):
    """A language model with Flax's own dense layer."""

    training: bool = True
    init_seed: int | None = field(default=None, kw_only=True, repr=False, compare=False)

    def setup(self) -> None:
        self.linear = nn.Dense(self.vocab_size)

    def output_layer(self, hiddens: Array) -> Array:
        return swapaxes(self.linear(hiddens), 0, 1)

    def forward(self, X: Array, state: Any = None) -> Array:
        rnn_outputs, _ = self.rnn(self.one_hot(X), state, self.training)
        return self.output_layer(rnn_outputs)
