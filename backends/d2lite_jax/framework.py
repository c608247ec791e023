"""JAX with Flax and Optax, imported in the state that d2lite needs: as they come."""

import re
from importlib import metadata

import flax
import jax
import optax

from d2lite.seeds import next_seed

NAME = 'jax'


def version() -> str:
    """The releases of JAX, Flax and Optax, e.g. '0.10.2 (flax 0.12.8, optax 0.2.8)'."""
    return f'{jax.__version__} (flax {flax.__version__}, optax {optax.__version__})'


def device_names() -> list[str]:
    """The devices JAX can use, GPUs first: e.g. ['gpu:0', 'cpu:0']."""
    devices = jax.local_devices()
    if devices[0].platform != 'cpu':
        devices = devices + jax.local_devices(backend='cpu')
    return [f'{device.platform}:{device.id}' for device in devices]


def cuda_version() -> str:
    """The version of CUDA that the plugin of JAX is for, '' without a plugin."""
    names = [distribution.name for distribution in metadata.distributions()]
    found = [re.fullmatch(r'jax[-_]cuda(\d+)[-_]plugin', name or '') for name in names]
    return max([match[1] for match in found if match], default='')


def get_seed() -> int:
    """A seed for a random key, repeatable after `seed_everything`."""
    return next_seed('keys')


def get_key() -> jax.Array:
    """A new random key: JAX has no random numbers of its own that one could seed."""
    return jax.random.PRNGKey(get_seed())
