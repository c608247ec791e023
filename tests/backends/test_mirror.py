"""The backends mirror each other: the same files, with the same definitions in order."""

import ast
from pathlib import Path

import pytest

BACKENDS = Path(__file__).parent.parent.parent / 'backends'
PACKAGES = [f'd2lite_{name}' for name in ('torch', 'jax', 'tensorflow', 'mxnet', 'nnx')]

# What a framework needs beyond the others.
ADDITIONS = {
    'd2lite_jax/framework.py': {'get_seed', 'get_key'},
    # PyTorch alone does not know the types of ml_dtypes.
    'd2lite_torch/tensor.py': {'from_numpy'},
    # How a step is made by several processes.
    'd2lite_torch/distributed.py': {
        'NORMS',
        'SUMS_ON_THE_WAY',
        'Step',
        'backward',
        'shared_step',
    },
    'd2lite_mxnet/distributed.py': {
        'STATISTICS',
        'take_first',
        'sum_gradients',
        'statistics_of',
    },
    'd2lite_jax/distributed.py': {'ADDRESS', 'on_all_devices', 'platform'},
    'd2lite_tensorflow/distributed.py': {'addresses', 'local_devices', 'meet', 'on_all_devices'},
    # How a step becomes a program.
    'd2lite_torch/compiled.py': {'STEPS_IN_A_CALL', 'SMALL', 'MOST_SHAPES', 'Step', 'modes_of'},
    'd2lite_tensorflow/devices.py': {'placed'},
    'd2lite_jax/state.py': {'kinds_of', 'shapes'},
    'd2lite_torch/state.py': {'shapes'},
    'd2lite_nnx/state.py': {'kinds_of', 'shapes'},
    'd2lite_nnx/framework.py': {'get_seed', 'get_key', 'rngs_or_new'},
    'd2lite_nnx/compiled.py': {'MODES', 'modes_of'},
    'd2lite_nnx/module.py': {'Plain'},
    'd2lite_nnx/classification.py': {'flatten'},
    'd2lite_nnx/convolution.py': {'avg_pool'},
    'd2lite_nnx/resnet.py': {'BatchNorm', 'global_avg_pool'},
    # TensorFlow can be asked whether tf.random was seeded.
    'd2lite_tensorflow/state.py': {'SEED_OF_NONE', 'is_seeded', 'own_numbers'},
    'd2lite_tensorflow/compiled.py': {'OF_KERAS', 'NOT_TOLD'},
    'd2lite_mxnet/compiled.py': {'OF_GLUON', 'MODES', 'parts_of', 'is_written_by_user'},
    'd2lite_jax/compiled.py': {
        'COMPILER_OPTIONS',
        'EXECUTABLES',
        'MOST_EXECUTABLES',
        'MOST_STEPS_IN_A_BLOCK',
        'block_length',
        'compiled_once',
        'in_blocks',
    },
    # PyTorch initializes a model that is there, the others each layer as it is made.
    'd2lite_torch/seq2seq.py': {'init_seq2seq'},
    # Two frameworks have one bias more, and one has layers to be told.
    'd2lite_torch/recurrent.py': {'with_one_bias'},
    'd2lite_mxnet/recurrent.py': {'with_one_bias'},
    'd2lite_tensorflow/recurrent.py': {'recurrent_layer'},
    # PyTorch's schedulers of learning rates are stepped by whoever trains.
    'd2lite_torch/optimizer.py': {'SchedulerCallback', 'optimizer_and_schedulers'},
    # How a step becomes one of mixed precision, beside the settings of the framework.
    'd2lite_torch/precision.py': {'autocast'},
    'd2lite_jax/precision.py': {
        'cast',
        'to_float32',
        'Float32Outputs',
        'LossScale',
        'unless_overflowed',
    },
    'd2lite_tensorflow/precision.py': {'scales'},
    # Flax has no layers for what has no parameters.
    'd2lite_jax/classification.py': {'flatten'},
    'd2lite_jax/convolution.py': {'avg_pool'},
    'd2lite_jax/resnet.py': {'BatchNorm', 'global_avg_pool'},
    'd2lite_tensorflow/resnet.py': {'BatchNorm', 'layers'},
    'd2lite_mxnet/parameters.py': {'blocks', 'own_parameters'},
    'd2lite_tensorflow/module.py': {'plain_variables', 'layers_in'},
    'd2lite_torch/module.py': {'evaluating', 'plain_tensors'},
    'd2lite_mxnet/module.py': {'plain_arrays'},
    # Gluon's losses are blocks, which are made once.
    'd2lite_mxnet/classification.py': {'softmax_cross_entropy'},
    'd2lite_mxnet/linear.py': {'MeanL2Loss', 'mean_l2_loss'},
    # MXNet's mends live in one place, and nowhere else.
    'd2lite_mxnet/framework.py': {'REMOVED_NAMES', 'mx'},
    'd2lite_tensorflow/framework.py': {'keras'},
}
ABSENT = {
    # JAX has no random numbers of its own that could be seeded.
    'd2lite_jax/framework.py': {'seed'},
    'd2lite_nnx/framework.py': {'seed'},
}

# Functions that a framework has as they are may be plain assignments, so only names are compared
# there, not their order.
UNORDERED = {'tensor.py', 'framework.py'}


# JAX alone has a recurrent cell of its own, and is told where on a mesh of devices arrays lie. On a
# CPU, PyTorch alone is told the layout of convolutions; MXNet alone has blocks of two kinds.
ALONE = {
    'cells.py': ('d2lite_jax', 'd2lite_nnx'),
    'channels.py': ('d2lite_torch',),
    'graphs.py': ('d2lite_torch',),
    'sharding.py': ('d2lite_torch',),
    'sharded.py': ('d2lite_torch', 'd2lite_jax'),  # whose engines divide parameters
    'hybrid.py': ('d2lite_mxnet',),
    'mesh.py': ('d2lite_jax',),
    'on_mesh.py': ('d2lite_jax',),
    'replicas.py': ('d2lite_tensorflow',),
    'lazy.py': ('d2lite_nnx',),  # NNX has no layers that learn how many inputs they have
    'train_state.py': ('d2lite_jax', 'd2lite_nnx'),  # the others keep it in model and optimizer
    # The others have channels last, as files have them.
    'flattening.py': ('d2lite_torch', 'd2lite_mxnet'),
}


# NNX is a second style of Flax. What has nothing to do with its modules it takes from JAX: these
# files, and elsewhere the names that it imports from the file of the same name.
TAKEN_FROM_JAX = {'clipping.py', 'devices.py', 'distributed.py', 'optimizer.py', 'tensor.py'}


def files(package):
    found = {path.name for path in (BACKENDS / package).glob('*.py')}
    return sorted(found | TAKEN_FROM_JAX if package == 'd2lite_nnx' else found)


def public_names(package, file):
    """The public functions, classes and variables of a file, in order."""
    names = []
    for node in ast.parse((BACKENDS / package / file).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            targets = [t for target in node.targets for t in getattr(target, 'elts', [target])]
            names += [target.id for target in targets if isinstance(target, ast.Name)]
        elif package == 'd2lite_nnx' and isinstance(node, ast.ImportFrom):
            if node.module == f'd2lite_jax.{Path(file).stem}':
                names += [each.name for each in node.names]
    additions = ADDITIONS.get(f'{package}/{file}', set())
    return [name for name in names if not name.startswith('_') and name not in additions]


def test_every_backend_has_the_same_files():
    alone = {
        package: {file for file, packages in ALONE.items() if package in packages}
        for package in PACKAGES
    }
    shared = set(files(PACKAGES[0])) - alone[PACKAGES[0]]
    assert {package: set(files(package)) for package in PACKAGES} == {
        package: shared | alone[package] for package in PACKAGES
    }


@pytest.mark.parametrize('package', PACKAGES[1:])
@pytest.mark.parametrize(
    'file', [f for f in files(PACKAGES[0]) if f != '__init__.py' and f not in ALONE]
)
def test_every_file_has_the_same_definitions(package, file):
    if package == 'd2lite_nnx' and file in TAKEN_FROM_JAX:
        package = 'd2lite_jax'
    ours, first = public_names(package, file), public_names(PACKAGES[0], file)
    absent = ABSENT.get(f'{package}/{file}', set())
    assert not absent & set(ours)
    first = [name for name in first if name not in absent]
    if file in UNORDERED or package == 'd2lite_nnx':  # imports stand before definitions
        ours, first = sorted(ours), sorted(first)
    assert ours == first


def test_additions_exist():
    for path, names in ADDITIONS.items():
        text = (BACKENDS / path).read_text()
        assert [name for name in names if name not in text] == []
