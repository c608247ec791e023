"""Loops on Flax NNX for a GPU, in float32 throughout, as those of JAX."""

import jax
from flax import nnx

from benchmarks import loops_jax_gpu, loops_nnx
from benchmarks.loop import Losses


class Tutorial(loops_jax_gpu.Float32, loops_nnx.Tutorial):
    """The same as on the CPU: each batch goes from NumPy to the GPU."""

    def epoch(self) -> Losses:
        losses = super().epoch()
        jax.block_until_ready(nnx.state(self.net))
        return losses


class Best(loops_nnx.NNXLoop, loops_jax_gpu.Best):
    """That of JAX: `nnx.split` before all epochs, `nnx.merge` within the program."""


Compiled = Best  # which is compiled already
