"""The parts of divided arrays in files, by Orbax."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import numpy as jnp

from d2lite_jax.distributed import on_all_devices

if TYPE_CHECKING:
    from d2lite_jax.trainer import Trainer


def state_on_mesh(trainer: 'Trainer') -> Any:
    """The state of a training, divided between the devices, also when training has ended."""
    if trainer.mesh is not None:
        return trainer.mesh.state(trainer.state)
    with on_all_devices(trainer):
        return trainer.mesh.state(trainer.state)


def array_or_part(leaf: Any, of_divided: Callable | None) -> Any:
    """A leaf of a state as NumPy array; `of_divided(leaf)` if each device has a part of it."""
    is_divided = isinstance(leaf, jax.Array) and not leaf.is_fully_replicated
    return of_divided(leaf) if of_divided and is_divided else np.array(leaf)


def in_jax(saved: Any) -> jax.Array:
    """An array of a state that was read; a divided one is as it has to be."""
    return saved if isinstance(saved, jax.Array) else jnp.array(saved)


def write_parts(folder: Path, parts: Mapping[str, jax.Array]) -> None:
    """Writes to a folder, from each process, what it has of the arrays."""
    from orbax import checkpoint

    with checkpoint.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder.absolute(), dict(parts))


def read_parts(
    trainer: 'Trainer', folder: Path, notes: Mapping[str, Mapping]
) -> dict[str, jax.Array]:
    """The arrays in a folder, divided as the state is now; `notes`: shapes and dtypes."""
    from orbax import checkpoint

    def wanted(note):
        shape, dtype = tuple(note['shape']), jnp.dtype(note['dtype'])
        if trainer.mesh is None:
            device = trainer.moves_to or jax.local_devices()[0]
            sharding = jax.sharding.SingleDeviceSharding(device)
        else:
            sharding = trainer.mesh.of_state(jax.ShapeDtypeStruct(shape, dtype))
        return jax.ShapeDtypeStruct(shape, dtype, sharding=sharding)

    with checkpoint.StandardCheckpointer() as checkpointer:
        return checkpointer.restore(
            folder.absolute(), {name: wanted(note) for name, note in notes.items()}
        )
