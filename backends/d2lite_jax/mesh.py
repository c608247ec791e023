"""A mesh of devices on JAX: what lies where when several of them compute one program."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

if TYPE_CHECKING:
    from d2lite_jax.trainer import Trainer


class DeviceMesh:
    """Devices that compute together, and how arrays lie on them.

    `strategy`: with 'fsdp' each device holds a part of the parameters, else all of them.
    """

    def __init__(self, devices: list, strategy: str = 'auto') -> None:
        # Auto leaves it to XLA how results are divided; with Explicit a model would have to say.
        self.mesh = Mesh(np.array(devices), ('data',), axis_types=(AxisType.Auto,))
        self.strategy = strategy
        self.whole = NamedSharding(self.mesh, PartitionSpec())
        self.gathered = jax.jit(lambda tree: tree, out_shardings=self.whole)

    def divided(self, shape: tuple, axis: int = 0) -> NamedSharding:
        """An axis divided between the devices; whole on each if that is not possible evenly."""
        if not shape or shape[axis] % self.mesh.size:
            return self.whole
        return NamedSharding(self.mesh, PartitionSpec(*[None] * axis, 'data'))

    def of_state(self, leaf: Any) -> NamedSharding:
        """Where a part of the state is: of parameters the longest axis may be divided."""
        shape, numbers = jnp.shape(leaf), jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
        if self.strategy == 'auto' or not shape or not numbers:
            return self.whole
        return self.divided(shape, int(np.argmax(shape)))

    def put(self, tree: Any, sharding_of: Callable) -> Any:
        """The arrays, of which each process has the same, as arrays on the mesh."""

        def placed(leaf):
            sharding = sharding_of(leaf)
            if isinstance(leaf, jax.core.Tracer):
                return lax.with_sharding_constraint(leaf, sharding)
            if isinstance(leaf, jax.Array) and leaf.sharding.device_set == sharding.device_set:
                return jax.device_put(leaf, sharding)
            host = np.asarray(leaf)
            return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])

        return jax.tree.map(placed, tree)

    def batch(self, batch: Any) -> Any:
        """A minibatch, its rows divided between the devices."""
        return self.put(batch, lambda leaf: self.divided(leaf.shape))

    def copies(self, tree: Any) -> Any:
        """The arrays, all of them on each device."""
        return self.put(tree, lambda leaf: self.whole)

    def state(self, tree: Any) -> Any:
        """The state of a training, as the strategy has it."""
        return self.put(tree, self.of_state)

    def stacked(self, array: np.ndarray) -> jax.Array:
        """The arrays that the processes have, each another one, as rows on each device."""
        shape = self.mesh.size, *array.shape
        rows = jax.make_array_from_callback(shape, self.divided(shape), lambda _: array[None])
        return self.gathered(rows)

    def everywhere(self, tree: Any) -> Any:
        """The arrays, of which some are divided, all of them on each device."""

        def whole(leaf):
            is_divided = isinstance(leaf, jax.Array) and not leaf.is_fully_replicated
            return self.gathered(leaf) if is_divided else leaf

        return jax.tree.map(whole, tree)

    def local(self, tree: Any) -> Any:
        """The arrays on a device of this process alone."""
        return jax.tree.map(lambda leaf: jnp.array(np.asarray(leaf)), self.everywhere(tree))


def whole(trainer: 'Trainer', tree: Any) -> Any:
    """Arrays of a training, as they are for a single device."""
    return tree if trainer.mesh is None else trainer.mesh.everywhere(tree)
