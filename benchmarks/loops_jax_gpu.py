"""Loops on JAX for a GPU, in float32 throughout. JAX puts on the GPU whatever it makes."""

from collections.abc import Callable

import jax
import numpy as np

from benchmarks import loops_jax
from benchmarks.loop import Losses


class Float32:
    """Products in true float32: on a GPU JAX would take TF32 for them."""

    def fit(self, num_epochs: int, stamp: Callable[[], None] = lambda: None) -> None:
        with jax.default_matmul_precision('float32'):
            super().fit(num_epochs, stamp)


class Tutorial(Float32, loops_jax.Tutorial):
    """The same as on the CPU: each batch goes from NumPy to the GPU."""

    def epoch(self) -> Losses:
        losses = super().epoch()
        jax.block_until_ready(self.state)
        return losses


class Best(Float32, loops_jax.Best):
    """The data lie on the GPU; an epoch is one call, a `lax.scan`, convolutions included.

    The parameters are donated to it, and updated where they are. No options of the compiler.
    """

    def prepare(self) -> None:
        self.tensors = self.whole_tensors()
        self.whole_epoch = jax.jit(self.traced_epoch, donate_argnums=0)

    def epoch(self) -> Losses:
        order = self.order().astype(np.int32)
        self.params, losses = self.whole_epoch(self.params, order, *self.tensors)
        jax.block_until_ready(self.params)
        return tuple(loss if loss is None else float(loss) for loss in losses)


Compiled = Best  # which is compiled already
