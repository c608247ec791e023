"""What JAX, Flax and Optax have given up."""

from d2lite.pages.compat import flax_names
from d2lite.pages.compat.kinds import Alias, Made, OldArgument, OldModule
from d2lite.pages.compat.old_name import OldName


def _updated(method):
    def update(x, idx, y, **options):
        return getattr(x.at[idx], method)(y, **options)

    return update


TREES = [
    Alias('jax', f'tree_{name}', 'JAX 0.6.0', f'jax.tree.{name}')
    for name in ('map', 'leaves', 'flatten', 'unflatten', 'structure', 'transpose', 'reduce', 'all')
]

NUMPY = [
    Alias('jax.numpy', name, gone, f'jax.numpy.{use}')
    for name, gone, use in [
        ('trapz', 'JAX 0.4.36', 'trapezoid'),
        ('in1d', 'JAX 0.4.24', 'isin'),
        ('row_stack', 'JAX 0.4.24', 'vstack'),
        ('round_', 'JAX 0.6.0', 'round'),
        ('fix', 'JAX 0.10.0', 'trunc'),
        ('product', 'a release before JAX 0.4.18', 'prod'),
        ('cumproduct', 'a release before JAX 0.4.18', 'cumprod'),
        ('alltrue', 'a release before JAX 0.4.18', 'all'),
        ('sometrue', 'a release before JAX 0.4.18', 'any'),
        ('DeviceArray', 'a release before JAX 0.4.18', 'ndarray'),
    ]
]

UPDATES = [
    Made(
        'jax.ops',
        f'index_{name}',
        'JAX 0.3.2',
        f'x.at[idx].{method}(y)',
        make=lambda method=method: _updated(method),
    )
    for name, method in [
        ('update', 'set'),
        ('add', 'add'),
        ('mul', 'multiply'),
        ('min', 'min'),
        ('max', 'max'),
    ]
]

JAX = [
    *TREES,
    *NUMPY,
    *UPDATES,
    Alias('jax.ops', 'index', 'JAX 0.3.2', 'numpy.s_'),
    Alias('jax.tree_util', 'tree_multimap', 'JAX 0.3.16', 'jax.tree.map'),
    Alias('jax', 'tree_multimap', 'JAX 0.3.16', 'jax.tree.map'),
    Alias('jax.random', 'PRNGKeyArray', 'JAX 0.4.24', 'jax.Array'),
    Alias('jax.random', 'KeyArray', 'JAX 0.4.24', 'jax.Array'),
    Alias('jax.random', 'shuffle', 'JAX 0.4.36', 'jax.random.permutation'),
    Alias('jax.nn', 'normalize', 'JAX 0.4.36', 'jax.nn.standardize'),
    Alias('jax.interpreters.xla', 'DeviceArray', 'JAX 0.4.18', 'jax.Array'),
    Alias('jax', 'clear_backends', 'JAX 0.6.0', 'jax.extend.backend.clear_backends'),
    Alias('jax.experimental', 'enable_x64', 'JAX 0.10.0', 'jax.enable_x64'),
    Alias('jax.experimental.pjit', 'PartitionSpec', 'JAX 0.4.18', 'jax.sharding.PartitionSpec'),
    Alias(
        'jax.experimental.pjit',
        'with_sharding_constraint',
        'JAX 0.4.24',
        'jax.lax.with_sharding_constraint',
    ),
    OldModule('jax', 'config', 'JAX 0.4.31', 'jax'),  # its `config` is the same object
    OldModule('jax', 'linear_util', 'JAX 0.4.24', 'jax.extend.linear_util'),
    OldModule('jax.lib', 'xla_bridge', 'JAX 0.9.0', 'jax.extend.backend'),
    OldModule('jax.experimental', 'stax', 'JAX 0.3.16', 'jax.example_libraries.stax'),
    OldModule('jax.experimental', 'optimizers', 'JAX 0.3.16', 'jax.example_libraries.optimizers'),
    OldArgument('jax.numpy', 'clip', 'JAX 0.10.0', 'min=', keyword='a_min', new='min'),
    OldArgument('jax.numpy', 'clip', 'JAX 0.10.0', 'max=', keyword='a_max', new='max'),
    Alias('optax', 'additive_weight_decay', 'Optax 0.1.9', 'optax.add_decayed_weights'),
    Alias('optax', 'hvp', 'Optax 0.1.9', 'optax.second_order.hvp'),
    Alias('optax', 'hessian_diag', 'Optax 0.1.9', 'optax.second_order.hessian_diag'),
    Alias('optax', 'fisher_diag', 'Optax 0.1.9', 'optax.second_order.fisher_diag'),
    Alias('optax', 'maybe_update', 'Optax 0.2.5', 'optax.conditionally_transform'),
    OldName('jax.experimental', 'host_callback', 'JAX 0.4.36', 'jax.pure_callback'),
    OldName('jax', 'xla_computation', 'JAX 0.4.36', 'jax.jit(f).lower(...).compiler_ir("hlo")'),
    OldName('jax.experimental', 'maps', 'JAX 0.4.31', 'jax.shard_map'),
    OldName('flax', 'optim', 'Flax 0.6.0', 'an optimizer of Optax'),
    *flax_names.FLAX,
]  # fmt: skip
