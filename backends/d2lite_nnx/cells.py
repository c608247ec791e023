"""A recurrent cell for NNX with two biases, and a layer of cells."""

from collections.abc import Callable
from typing import Any

import jax
from flax import nnx
from jax import Array
from jax import numpy as jnp


class GRUCell(nnx.GRUCell):
    """Flax's own gated recurrent units, with the second biases that all other frameworks have."""

    def __init__(self, in_features: int, hidden_features: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(in_features, hidden_features, rngs=rngs)
        start = nnx.initializers.orthogonal()
        sizes = hidden_features, 3 * hidden_features
        self.dense_h = nnx.Linear(*sizes, kernel_init=start, rngs=rngs)


class Layer(nnx.Module):
    """A cell that goes along the steps of its inputs, (num_steps, batch_size, num_inputs).

    If `bidirectional`, a second one comes from the end: outputs are those of both, side by side,
    and states are pairs.
    """

    def __init__(
        self,
        cell: Callable[..., nnx.RNNCellBase],
        num_inputs: int,
        num_hiddens: int,
        bidirectional: bool,
        rngs: nnx.Rngs,
    ) -> None:
        self.forward_cell = cell(num_inputs, num_hiddens, rngs=rngs)
        self.backward_cell = cell(num_inputs, num_hiddens, rngs=rngs) if bidirectional else None

    def __call__(self, X: Array, state: Any) -> tuple[Array, Any]:
        if self.backward_cell is None:
            state, outputs = along(self.forward_cell, state, X)
            return outputs, state
        before, after = state
        before, outputs = along(self.forward_cell, before, X)
        after, others = along(self.backward_cell, after, X, reverse=True)
        return jnp.concatenate((outputs, others), axis=-1), (before, after)


def along(cell: nnx.RNNCellBase, state: Any, X: Array, reverse: bool = False) -> tuple[Any, Array]:
    """The last state and all outputs of a cell that goes along the steps of X."""
    # In a function of its own for each call: JAX remembers what it has traced of the cell itself,
    # and with that the weights of then.
    return jax.lax.scan(lambda state, x: cell(state, x), state, X, reverse=reverse)
