"""A recurrent cell for JAX, with all the biases that the layers of the other frameworks have."""

from flax import linen as nn
from jax import Array
from jax import numpy as jnp


class GRUCell(nn.GRUCell):
    """Flax's own gated recurrent units, with the second biases that all other frameworks have.

    Flax has one for the new state alone. A step moves the sum of two biases twice.
    """

    @nn.compact
    def __call__(self, carry: Array, inputs: Array) -> tuple[Array, Array]:
        size, start = self.features, self.recurrent_kernel_init
        x = {gate: nn.Dense(size, name=f'i{gate}')(inputs) for gate in 'rzn'}
        h = {gate: nn.Dense(size, kernel_init=start, name=f'h{gate}')(carry) for gate in 'rzn'}
        reset, update = nn.sigmoid(x['r'] + h['r']), nn.sigmoid(x['z'] + h['z'])
        new = jnp.tanh(x['n'] + reset * h['n'])
        carry = (1 - update) * new + update * carry
        return carry, carry
