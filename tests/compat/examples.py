"""Lesson code for each name of the table that can be lent: it fails today, and runs with compat().

`EXAMPLES` has a group for each package; the cells of a group run in one process. The keys are the
names of the table. `START` of a group runs first.
"""

START = {
    'jax': 'import jax, numpy as np\nfrom jax import numpy as jnp\nkey = jax.random.PRNGKey(0)',
    'flax': 'import jax, optax, os\nfrom flax import linen as nn\nfrom jax import numpy as jnp\n'
    'import d2lite.jax as d2l\nkey, X = jax.random.PRNGKey(0), jnp.ones((2, 3))',
    'torch': 'import io, torch\nA, B = 2 * torch.eye(2), torch.ones(2, 1)\n'
    'optim = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)\n'
    'schedulers = torch.optim.lr_scheduler',
    'tensorflow': 'import tensorflow as tf',
    'numpy': 'import numpy as np\nimport scipy.integrate, scipy.signal',
    'data': 'import io\nimport pandas as pd\nimport sklearn.preprocessing\n'
    "data = pd.read_csv(io.StringIO('a,b,c\\n1,x,\\n2,y,3'))",
    'plots': 'import matplotlib\nmatplotlib.use("Agg")\nimport numpy as np\n'
    'from matplotlib import pyplot as plt\nfigure, ax = plt.subplots()',
    'gym': '',
    'mxnet': 'import d2lite.mxnet\nimport mxnet as mx\nfrom mxnet import gluon, np, npx\n'
    'from mxnet.gluon import nn\nnpx.set_np()\nX = np.ones((2, 3))\n'
    'class Net(nn.Block):\n'
    '    def __init__(self):\n'
    '        super().__init__()\n'
    "        self.weight = gluon.Parameter('weight', shape=(3, 2))\n"
    '    def forward(self, X):\n'
    '        return np.dot(X, self.weight.data())',
}

JAX = {
    'jax.tree_map': "assert jax.tree_map(lambda a: a + 1, {'a': 1}) == {'a': 2}",
    'jax.tree_leaves': 'assert jax.tree_leaves({"a": 1, "b": [2]}) == [1, 2]',
    'jax.tree_flatten': 'assert jax.tree_flatten([1, 2])[0] == [1, 2]',
    'jax.tree_unflatten': (
        'leaves, kind = jax.tree.flatten({"a": 1})\n'
        'assert jax.tree_unflatten(kind, [2]) == {"a": 2}'
    ),
    'jax.tree_structure': 'assert jax.tree_structure([1]) == jax.tree.structure([2])',
    'jax.tree_transpose': (
        'pair, both = jax.tree.structure((0, 0)), jax.tree.structure([0, 0])\n'
        'assert jax.tree_transpose(pair, both, ([1, 2], [3, 4])) == [(1, 3), (2, 4)]'
    ),
    'jax.tree_reduce': 'assert jax.tree_reduce(lambda a, b: a + b, [1, 2]) == 3',
    'jax.tree_all': 'assert jax.tree_all([True, True])',
    'jax.tree_multimap': 'assert jax.tree_multimap(lambda a, b: a + b, [1], [2]) == [3]',
    'jax.tree_util.tree_multimap': (
        'assert jax.tree_util.tree_multimap(lambda a, b: a + b, [1], [2]) == [3]'
    ),
    'jax.numpy.trapz': 'assert jnp.trapz(jnp.ones(3)) == 2',
    'jax.numpy.in1d': 'assert jnp.in1d(jnp.array([1]), jnp.array([1, 2])).all()',
    'jax.numpy.row_stack': 'assert jnp.row_stack([jnp.ones(2), jnp.ones(2)]).shape == (2, 2)',
    'jax.numpy.round_': 'assert jnp.round_(1.6) == 2',
    'jax.numpy.fix': 'assert jnp.fix(-1.6) == -1',
    'jax.numpy.product': 'assert jnp.product(jnp.array([2, 3])) == 6',
    'jax.numpy.cumproduct': 'assert jnp.cumproduct(jnp.array([2, 3]))[1] == 6',
    'jax.numpy.alltrue': 'assert not jnp.alltrue(jnp.array([True, False]))',
    'jax.numpy.sometrue': 'assert jnp.sometrue(jnp.array([True, False]))',
    'jax.numpy.DeviceArray': 'assert isinstance(jnp.ones(1), jnp.DeviceArray)',
    'jax.ops.index': 'assert jax.ops.index[1:, 2] == (slice(1, None), 2)',
    'jax.ops.index_update': 'assert jax.ops.index_update(jnp.ones(2), 0, 5.0)[0] == 5',
    'jax.ops.index_add': 'assert jax.ops.index_add(jnp.ones(2), 0, 5.0)[0] == 6',
    'jax.ops.index_mul': 'assert jax.ops.index_mul(jnp.ones(2) * 2, 0, 5.0)[0] == 10',
    'jax.ops.index_min': 'assert jax.ops.index_min(jnp.ones(2), 0, 0.0)[0] == 0',
    'jax.ops.index_max': 'assert jax.ops.index_max(jnp.ones(2), 0, 5.0)[0] == 5',
    'jax.random.PRNGKeyArray': 'assert isinstance(key, jax.random.PRNGKeyArray)',
    'jax.random.KeyArray': 'from jax.random import KeyArray\nassert isinstance(key, KeyArray)',
    'jax.random.shuffle': 'assert jax.random.shuffle(key, jnp.arange(4)).sum() == 6',
    'jax.nn.normalize': 'assert abs(jax.nn.normalize(jnp.arange(4.0)).mean()) < 1e-6',
    'jax.interpreters.xla.DeviceArray': (
        'from jax.interpreters import xla\nassert isinstance(jnp.ones(1), xla.DeviceArray)'
    ),
    'jax.clear_backends': 'assert callable(jax.clear_backends)',
    'jax.experimental.enable_x64': (
        'from jax.experimental import enable_x64\n'
        "with enable_x64():\n    assert jnp.ones(1).dtype == 'float64'"
    ),
    'jax.experimental.pjit.PartitionSpec': (
        'from jax.experimental.pjit import PartitionSpec\n'
        "assert PartitionSpec('x') == jax.sharding.PartitionSpec('x')"
    ),
    'jax.experimental.pjit.with_sharding_constraint': (
        'from jax.experimental.pjit import with_sharding_constraint\n'
        'assert with_sharding_constraint is jax.lax.with_sharding_constraint'
    ),
    'jax.config': (
        'from jax.config import config\n'
        "config.update('jax_enable_x64', False)\nassert config is jax.config"
    ),
    'jax.linear_util': 'from jax import linear_util\nassert linear_util.wrap_init',
    'jax.lib.xla_bridge': (
        "from jax.lib import xla_bridge\nassert xla_bridge.get_backend().platform == 'cpu'"
    ),
    'jax.experimental.stax': 'from jax.experimental import stax\nassert len(stax.Dense(3)) == 2',
    'jax.experimental.optimizers': (
        'from jax.experimental.optimizers import sgd\nassert len(sgd(0.1)) == 3'
    ),
    'jax.numpy.clip(a_min=)': 'assert jnp.clip(jnp.ones(1), a_min=2.0)[0] == 2',
    'jax.numpy.clip(a_max=)': 'assert jnp.clip(jnp.ones(1), a_max=0.5)[0] == 0.5',
    'x.device()': "assert jnp.ones(1).device().platform == 'cpu'",
}

FLAX = {
    'methods of FrozenDict (unfreeze, copy, pop) on what Module.init returns': (
        'variables = nn.Dense(2).init(key, X)\n'
        'variables.unfreeze()\nvariables.copy({"a": 1})\nrest, params = variables.pop("params")\n'
        'assert nn.Dense(2).apply({"params": params}, X).shape == (2, 2)'
    ),
    **{
        f'flax.training.checkpoints.{name} with a relative path': (
            f'from flax.training import checkpoints\n'
            f"where = 'relative{number}'\n"
            f'path = {"where" if name.startswith("save") else "os.path.abspath(where)"}\n'
            f"checkpoints.{save}(path, {{'a': jnp.ones(2)}}, 0)\n"
            f"assert checkpoints.restore_checkpoint(where, None)['a'].sum() == 2"
        )
        for number, (name, save) in enumerate(
            [
                ('save_checkpoint', 'save_checkpoint'),
                ('save_checkpoint_multiprocess', 'save_checkpoint_multiprocess'),
                ('restore_checkpoint', 'save_checkpoint'),
            ]
        )
    },
    **{
        f'flax.linen.{name} without features': (
            f'state = nn.{name}.initialize_carry(key, (2,), 4)\n'
            f'variables = nn.{name}().init(key, state, X)\n'
            f'assert nn.{name}().apply(variables, state, X)[1].shape == (2, 4)\n'
            f'same = nn.{name}(4).initialize_carry(key, X.shape)\n'
            f'assert jax.tree.map(jnp.shape, state) == jax.tree.map(jnp.shape, same)\n'
            f'layer = nn.RNN(nn.{name}(4))\n'
            f'assert layer.init_with_output(key, X[None])[0].shape == (1, 2, 4)'
        )
        for name in ('LSTMCell', 'OptimizedLSTMCell', 'SimpleCell', 'GRUCell', 'MGUCell')
    },
    'optax.additive_weight_decay': 'assert optax.additive_weight_decay(0.1).init',
    'optax.hvp': 'assert optax.hvp',
    'optax.hessian_diag': 'assert optax.hessian_diag',
    'optax.fisher_diag': 'assert optax.fisher_diag',
    'optax.maybe_update': 'assert optax.maybe_update(optax.sgd(0.1), lambda step: True).init',
}

SCHEDULERS = {
    'LambdaLR': 'lambda epoch: 1.0',
    'MultiplicativeLR': 'lambda epoch: 1.0',
    'StepLR': '1',
    'MultiStepLR': '[1]',
    'ConstantLR': '',
    'LinearLR': '',
    'ExponentialLR': '0.9',
    'PolynomialLR': '',
    'CosineAnnealingLR': '3',
    'ReduceLROnPlateau': '',
    'CyclicLR': '0.1, 0.2',
    'CosineAnnealingWarmRestarts': '3',
    'OneCycleLR': '0.1, 5',
}

TORCH = {
    'torch.symeig': (
        'values, vectors = torch.symeig(A, eigenvectors=True)\n'
        'assert values.tolist() == [2, 2] and vectors.shape == (2, 2)'
    ),
    'torch.lstsq': 'solution, _ = torch.lstsq(B, A)\nassert torch.allclose(A @ solution, B)',
    'torch.solve': 'solution, _ = torch.solve(B, A)\nassert torch.allclose(A @ solution, B)',
    'torch.matrix_rank': 'assert torch.matrix_rank(A) == 2',
    'torch.load of whole objects': (
        'file = io.BytesIO()\ntorch.save(torch.nn.Linear(1, 1), file)\nfile.seek(0)\n'
        'assert torch.load(file).in_features == 1'
    ),
    'torch.set_deterministic': 'torch.set_deterministic(False)',
    'torch.is_deterministic': 'assert not torch.is_deterministic()',
    'x.next()': (
        'batches = iter(torch.utils.data.DataLoader([3, 4]))\nassert batches.next().item() == 3'
    ),
    **{
        f'torch.optim.lr_scheduler.{name}(verbose=)': (
            f'assert schedulers.{name}(optim, {arguments + "," if arguments else ""} verbose=True)'
        )
        for name, arguments in SCHEDULERS.items()
    },
}

TENSORFLOW = {
    'Keras 2': (
        'layer = tf.keras.layers.LSTM(2, time_major=True, return_sequences=True)\n'
        'assert layer(tf.ones((5, 3, 4))).shape == (5, 3, 2)'
    ),
    'int() or float() of an array with one element': (
        'import numpy as np\n'
        'assert int(np.array([3])) == 3 and float(tf.constant([[0.5]])) == 0.5\n'
        "assert int('4') == 4 and int('ff', 16) == 255 and float() == 0"
    ),
}

NUMPY = {
    **{
        f'numpy.{name}': f'assert np.{name} is {name}'
        for name in ('int', 'float', 'object', 'str', 'complex')
    },
    **{
        f'numpy.{name}': f'assert np.{name} == float("inf")'
        for name in ('Inf', 'Infinity', 'infty', 'PINF')
    },
    **{f'numpy.{name}': f'assert np.{name} != np.{name}' for name in ('NaN', 'NAN')},
    **{
        f'numpy.{name}': f'assert np.ones(1, np.{name}).dtype == {dtype!r}'
        for name, dtype in {
            'float_': 'float64',
            'complex_': 'complex128',
            'singlecomplex': 'complex64',
            'longfloat': 'longdouble',
            'bool8': 'bool',
        }.items()
    },
    'numpy.string_': "assert np.string_('a') == b'a'",
    'numpy.unicode_': "assert np.unicode_('a') == 'a'",
    'numpy.product': 'assert np.product([2, 3]) == 6',
    'numpy.cumproduct': 'assert np.cumproduct([2, 3]).tolist() == [2, 6]',
    'numpy.sometrue': 'assert np.sometrue([True, False])',
    'numpy.alltrue': 'assert not np.alltrue([True, False])',
    'numpy.round_': 'assert np.round_(1.6) == 2',
    'numpy.mat': 'assert np.mat([[1, 2]]).shape == (1, 2)',
    'numpy.in1d': 'assert np.in1d([1], [1, 2]).all()',
    'numpy.trapz': 'assert np.trapz([1, 1, 1]) == 2',
    'numpy.asfarray': "assert np.asfarray([1]).dtype == 'float64'",
    'numpy.msort': 'assert np.msort([[2], [1]]).tolist() == [[1], [2]]',
    'numpy.quantile(interpolation=)': "assert np.quantile([1, 2], 0.5, interpolation='lower') == 1",
    'numpy.percentile(interpolation=)': (
        "assert np.percentile([1, 2], 50, interpolation='lower') == 1"
    ),
    **{
        f'numpy.{name}': f'assert issubclass(np.{name}, Exception)'
        for name in ('AxisError', 'ComplexWarning', 'RankWarning', 'VisibleDeprecationWarning')
    },
    'scipy.integrate.trapz': 'assert scipy.integrate.trapz([1, 1, 1]) == 2',
    'scipy.integrate.simps': 'assert scipy.integrate.simps([1, 1, 1]) == 2',
    'scipy.integrate.cumtrapz': 'assert scipy.integrate.cumtrapz([1, 1, 1])[-1] == 2',
    'scipy.signal.gaussian': 'assert len(scipy.signal.gaussian(5, 1)) == 5',
    **{
        f'scipy.signal.{name}': f'assert len(scipy.signal.{name}(5)) == 5'
        for name in ('hann', 'hamming', 'blackman', 'boxcar', 'triang')
    },
}

DATA = {
    'columns of strings with the data type object': (
        "numbers = data.dtypes[data.dtypes != 'object'].index\n"
        'data[numbers] = data[numbers].apply(lambda x: (x - x.mean()) / x.std())'
    ),
    'pandas.DataFrame.append': (
        "assert data.append({'a': 5}, ignore_index=True)['a'].tolist()[2] == 5\n"
        'assert len(data.append(data)) == len(data.append([data])) == 4'
    ),
    'pandas.Series.append': "assert len(data['a'].append(data['c'])) == 4",
    'pandas.DataFrame.iteritems': (
        "assert [name for name, column in data.iteritems()] == ['a', 'b', 'c']"
    ),
    'pandas.Series.iteritems': "assert [i for i, value in data['a'].iteritems()] == [0, 1]",
    'pandas.DataFrame.applymap': "assert data[['b']].applymap(len).sum().item() == 2",
    'pandas.Series.is_monotonic': 'assert pd.Series([1, 2]).is_monotonic',
    'pandas.value_counts': 'assert pd.value_counts([7, 7]).tolist() == [2]',
    'pandas.DataFrame.fillna(method=)': (
        "assert pd.DataFrame({'a': [1, None]}).fillna(method='ffill')['a'].tolist() == [1, 1]\n"
        "assert pd.DataFrame({'a': [1, None]}).fillna(5)['a'].tolist() == [1, 5]"
    ),
    'pandas.Series.fillna(method=)': (
        "assert pd.Series([None, 1]).fillna(method='bfill').tolist() == [1, 1]"
    ),
    'sklearn.preprocessing.OneHotEncoder(sparse=)': (
        'encoder = sklearn.preprocessing.OneHotEncoder(sparse=False)\n'
        'assert encoder.fit_transform([[1], [2]]).tolist() == [[1, 0], [0, 1]]\n'
        "assert encoder.get_params()['sparse_output'] is False"
    ),
}

PLOTS = {
    'matplotlib.pyplot.stem(use_line_collection=)': 'plt.stem([1, 2], use_line_collection=True)',
    'matplotlib.axes.Axes.stem(use_line_collection=)': 'ax.stem([1, 2], use_line_collection=True)',
    'matplotlib.pyplot.grid(b=)': 'plt.grid(b=True)',
    'matplotlib.axes.Axes.grid(b=)': 'ax.grid(b=True)',
    'matplotlib.pyplot.boxplot(labels=)': "plt.boxplot([1, 2], labels=['a'])",
    'matplotlib.axes.Axes.boxplot(labels=)': (
        "ax.boxplot([1, 2], labels=['a'])\nassert ax.get_xticklabels()[0].get_text() == 'a'"
    ),
    'matplotlib.pyplot.gca(projection=)': (
        "plt.figure()\nassert plt.gca(projection='3d').name == '3d'"
    ),
    'matplotlib.figure.Figure.gca(projection=)': (
        "assert plt.figure().gca(projection='3d').name == '3d'"
    ),
    "matplotlib.style.use('seaborn')": (
        "plt.style.use('seaborn')\nplt.style.use(['seaborn-whitegrid', 'ggplot'])\n"
        "plt.style.use('seaborn-v0_8')\nplt.style.use('default')"
    ),
    'matplotlib.cm.get_cmap': "assert plt.cm.get_cmap('viridis', 5).N == 5",
    'matplotlib.axes.Axes.plot_date': "assert ax.plot_date([1], [1])[0].get_marker() == 'o'",
    'matplotlib.pyplot.plot_date': "assert plt.plot_date([1], [1])[0].get_marker() == 'o'",
    'matplotlib.backend_bases.FigureCanvasBase.set_window_title': (
        "figure.canvas.set_window_title('a')"
    ),
    'matplotlib.contour.ContourSet.collections': (
        'for each in ax.contour(np.eye(3)).collections:\n    each.set_alpha(0.5)'
    ),
    'matplotlib.legend.Legend.legendHandles': (
        "assert len(ax.legend(ax.plot([1]), ['a']).legendHandles) == 1"
    ),
    **{
        f'mpl_toolkits.mplot3d.Axes3D.w_{axis}axis': (
            f"plt.figure().add_subplot(projection='3d').w_{axis}axis.set_pane_color((1, 1, 1, 1))"
        )
        for axis in 'xyz'
    },
    'IPython.display.set_matplotlib_formats': (
        "from IPython import display\ndisplay.set_matplotlib_formats('svg')"
    ),
    'IPython.display.set_matplotlib_close': (
        'from IPython.display import set_matplotlib_close\nset_matplotlib_close(True)'
    ),
    'IPython.core.display.display': 'from IPython.core.display import display\ndisplay(1)',
    'IPython.core.display.clear_output': (
        'from IPython.core.display import clear_output\nclear_output()'
    ),
}

GYM = {
    'gym': "import gym\nassert gym.make('Lake') == 'Lake of gymnasium'",
    'gym.spaces': 'from gym.spaces import Box\nassert Box == "a box"',
    'gym.wrappers': 'import gym.wrappers\nassert gym.wrappers.Record == "recorder"',
    'gym.envs': 'import gym.envs\nassert gym.envs.registry == {}',
    'gym.envs.registration': (
        'from gym.envs.registration import register\nassert register == "a function"'
    ),
}

MXNET = {
    'mxnet.numpy.ndarray.device': 'assert X.device == mx.cpu()',
    'mxnet.numpy.ndarray.to_device': 'assert X.to_device(mx.cpu()).shape == (2, 3)',
    'mxnet.numpy_extension.current_device': 'assert npx.current_device() == mx.cpu()',
    'mxnet.numpy.zeros(device=)': 'assert np.zeros(2, device=mx.cpu()).sum() == 0',
    'mxnet.numpy.ones(device=)': 'assert np.ones(2, device=mx.cpu()).sum() == 2',
    'mxnet.numpy.array(device=)': 'assert np.array([2], device=mx.cpu()).sum() == 2',
    'mxnet.numpy.full(device=)': 'assert np.full((2,), 2, device=mx.cpu()).sum() == 4',
    'mxnet.gluon.Block.initialize(device=)': (
        'net = nn.Dense(2)\nnet.initialize(device=mx.cpu())\nassert net(X).shape == (2, 2)'
    ),
    'mxnet.gluon.ParameterDict.__len__': 'assert len(nn.Dense(2).collect_params()) == 2',
    'mxnet.gluon.Block.__setattr__ of a Parameter': (
        'net = Net()\nnet.initialize()\nassert net(X).shape == (2, 2)\n'
        'assert [*net.collect_params()] == [net.weight.name]\n'
        'assert Net().weight.name != net.weight.name'
    ),
    'mxnet.gluon.Parameter without a name': 'assert gluon.Parameter(shape=(2,)).shape == (2,)',
}

EXAMPLES = {
    'jax': JAX,
    'flax': FLAX,
    'torch': TORCH,
    'tensorflow': TENSORFLOW,
    'numpy': NUMPY,
    'data': DATA,
    'plots': PLOTS,
    'gym': GYM,
    'mxnet': MXNET,
}
