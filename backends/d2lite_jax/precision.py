"""Precision on JAX: TF32 or not, and mixed precision by a cast of parameters and inputs."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import jax
from flax import struct
from jax import numpy as jnp

from d2lite.training.batches import map_batch
from d2lite.training.precision import FIRST_SCALE, GROWTH_INTERVAL, HALF, refuse, replaces

if TYPE_CHECKING:
    from d2lite_jax.module import Module
    from d2lite_jax.trainer import Trainer, TrainState


def refusal(trainer: 'Trainer', model: 'Module | None') -> str:
    """Why this training cannot have its precision; '' if it can."""
    if trainer.precision == '16-mixed' and model and replaces(model, 'training_step'):
        return (
            f'{type(model).__name__}.training_step() takes the gradients itself, and small ones '
            f"are 0 in float16 unless the loss is scaled; 'bf16-mixed' needs no scale"
        )
    return ''


def prepare(trainer: 'Trainer') -> None:
    """Puts into the TrainState what a step in the trainer's precision needs."""
    state, apply = trainer.state, trainer.state.apply_fn
    if trainer.precision in HALF:
        apply = apply if isinstance(apply, Float32Outputs) else Float32Outputs(apply)
    elif isinstance(apply, Float32Outputs):
        apply = apply.apply
    scale = None
    if trainer.precision == '16-mixed':
        scale = state.loss_scale or LossScale(jnp.float32(FIRST_SCALE), jnp.int32(0))
    trainer.state = state.replace(apply_fn=apply, loss_scale=scale)


@contextlib.contextmanager
def settings(trainer: 'Trainer') -> Iterator[None]:
    """JAX's settings for the trainer's precision; afterwards they are as before."""
    if not trainer.gpus:  # a CPU has float32 only
        yield
        return
    name = 'tensorfloat32' if trainer.precision == 'tf32' else 'float32'
    with jax.default_matmul_precision(name):
        yield


@contextlib.contextmanager
def in_float64() -> Iterator[None]:
    """JAX's settings with which models are made and trained in float64, undone afterwards."""
    with jax.enable_x64(True):
        yield


def cast(trainer: 'Trainer', params: Mapping, batch: Any) -> tuple:
    """Parameters and inputs in the type in which a step computes. Labels are left as they are.

    Raises ValueError for a batch that is a dictionary, in mixed precision.
    """
    if trainer.precision not in HALF:
        return params, batch
    dtype = jnp.dtype(HALF[trainer.precision])

    def to_half(leaf):
        return jnp.asarray(leaf, dtype) if jnp.result_type(leaf) == jnp.float32 else leaf

    params = jax.tree.map(to_half, params)
    if isinstance(batch, Mapping):
        refuse(trainer, 'a batch that is a dictionary does not tell inputs from labels')
    return params, (*map_batch(to_half, tuple(batch[:-1])), batch[-1])


def to_float32(tree: Any) -> Any:
    """The same tree with arrays of 16 bits as float32."""
    halves = (jnp.bfloat16, jnp.float16)
    return jax.tree.map(
        lambda leaf: leaf.astype(jnp.float32) if jnp.result_type(leaf) in halves else leaf, tree
    )


class Float32Outputs:
    """A model's `apply` whose outputs are float32, so that the loss is computed in that."""

    def __init__(self, apply: Callable) -> None:
        self.apply = apply

    def __call__(self, *args, **kwargs):
        return to_float32(self.apply(*args, **kwargs))


class LossScale(struct.PyTreeNode):
    """By what the loss is multiplied, and the number of steps since it was changed."""

    scale: jax.Array
    steps: jax.Array

    def unscaled(self, grads: Any) -> Any:
        """The gradients of the loss itself, in float32."""
        return jax.tree.map(lambda grad: grad / self.scale, to_float32(grads))

    def after(self, finite: jax.Array) -> 'LossScale':
        """The scale of the next step, if the gradients of this one were `finite` or not."""
        grows = self.steps == GROWTH_INTERVAL - 1
        grown = jnp.where(grows, self.scale * 2, self.scale)
        return LossScale(
            jnp.where(finite, grown, self.scale / 2),
            jnp.where(finite & ~grows, self.steps + 1, 0),
        )


def unless_overflowed(before: 'TrainState', after: 'TrainState', grads: Any) -> 'TrainState':
    """The state `after` an update; without the update if the gradients are not finite."""
    leaves = jax.tree.leaves(grads)
    finite = jnp.all(jnp.stack([jnp.isfinite(grad).all() for grad in leaves]))
    params, opt_state = jax.tree.map(
        lambda new, old: jnp.where(finite, new, old),
        (after.params, after.opt_state),
        (before.params, before.opt_state),
    )
    scale = before.loss_scale.after(finite)
    return after.replace(params=params, opt_state=opt_state, loss_scale=scale)
