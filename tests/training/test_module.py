"""Module: what it needs, and what it says when something is missing."""

import numpy as np
import pytest
from contract import backend_of, small_data


def test_a_module_without_its_methods_says_which(d2l):
    class Empty(d2l.Module):
        pass

    model = Empty()
    with pytest.raises(
        NotImplementedError,
        match='Empty has no learning rate: set self.lr for plain SGD, or define',
    ):
        model.configure_optimizers()
    with pytest.raises(NotImplementedError, match='Empty must define loss'):
        model.loss(*[None] * (4 if backend_of(d2l) == 'jax' else 2))
    with pytest.raises(NotImplementedError, match=r'Empty must define forward\(self, X\)'):
        model.forward(d2l.ones((2, 2)))


def test_plotting_needs_a_trainer(d2l):
    with pytest.raises(RuntimeError, match=r'has no trainer yet.*fit\(model, data\)'):
        d2l.LinearRegressionScratch(2, lr=0.1).plot('loss', 1.0, train=True)


def test_a_loss_that_is_no_number_is_named_by_its_shape(d2l):
    class Model(d2l.LinearRegressionScratch):
        if backend_of(d2l) == 'jax':

            def training_step(self, params, batch, state):
                return self.plot('loss', d2l.ones((16, 1)), train=True)

        else:

            def loss(self, y_hat, y):
                return (y_hat - y) ** 2

    kind, message = TypeError, r'a tensor of shape \(16, 1\): the loss must be one number'
    if backend_of(d2l) == 'jax':
        kind, message = ValueError, r'takes one number, got shape \(16, 1\): average it'
    with pytest.raises(kind, match=message):
        d2l.Trainer(max_epochs=1).fit(Model(2, lr=0.1), small_data(d2l))


def flat_labels(d2l, num_labels=64):
    class Data(d2l.DataModule):
        """Labels of shape (n,), where the model predicts (n, 1)."""

        def __init__(self, batch_size=16):
            self.save_hyperparameters()
            data = small_data(d2l)
            self.X, self.y = data.X[:64], d2l.reshape(data.y, (-1,))[:64]

        def get_dataloader(self, train):
            y = self.y if num_labels == 64 else d2l.ones((64, 2))
            return self.get_tensorloader((self.X, y), train)

    return Data()


@pytest.mark.parametrize('name', ['LinearRegressionScratch', 'LinearRegression'])
def test_labels_without_the_last_axis_are_aligned(d2l, name):
    def losses(data):
        d2l.seed_everything(0)
        args = (2, 0.1) if name == 'LinearRegressionScratch' else (0.1,)
        trainer = d2l.Trainer(max_epochs=10)
        trainer.fit(getattr(d2l, name)(*args), data)
        return trainer.history[-1]['val_loss']

    # Broadcast to (n, n), the loss could not fall below the variance of the labels.
    assert losses(flat_labels(d2l)) < 0.1


@pytest.mark.parametrize('name', ['LinearRegressionScratch', 'LinearRegression'])
def test_labels_that_do_not_match_are_refused_with_both_shapes(d2l, name):
    args = (2, 0.1) if name == 'LinearRegressionScratch' else (0.1,)
    with pytest.raises(ValueError, match=r'shape \(16, 1\) do not match labels of shape \(16, 2\)'):
        d2l.Trainer(max_epochs=1).fit(getattr(d2l, name)(*args), flat_labels(d2l, 2))


def test_apply_init_gives_lazy_layers_their_shapes(d2l):
    model = d2l.LinearRegression(lr=0.1)
    X = d2l.ones((4, 3))
    if backend_of(d2l) == 'jax':
        variables = model.apply_init((X,), key=d2l.get_key())
        assert variables['params']['net']['kernel'].shape == (3, 1)
    else:
        model.apply_init([X])
        assert sorted(tuple(p.shape) for p in model.get_w_b()) in ([(1,), (1, 3)], [(1,), (3, 1)])
    # and with an initializer of one's own
    if backend_of(d2l) == 'pytorch':
        model = d2l.LinearRegression(lr=0.1)
        model.apply_init([X], lambda layer: layer.weight.data.fill_(7))
    elif backend_of(d2l) == 'tensorflow':
        import tensorflow as tf

        model.net = tf.keras.Sequential([model.net])
        model.apply_init([X], lambda layer: layer.set_weights([7 * np.ones((3, 1)), np.zeros(1)]))
    elif backend_of(d2l) == 'mxnet':
        from mxnet import init

        model.apply_init([X], init.Constant(7))
    elif backend_of(d2l) == 'nnx':
        model.apply_init([X], lambda layer: layer.kernel.set_value(7 * d2l.ones((3, 1))))
    if backend_of(d2l) != 'jax':
        w = d2l.numpy(model.get_w_b()[0])
        assert (w == 7).all()


def listed_model(d2l):
    """A scratch model that keeps what it trains in a list and a dictionary."""
    if backend_of(d2l) == 'nnx':  # which has its own
        from flax import nnx

        List, Dict = nnx.List, nnx.Dict
    else:
        List, Dict = list, dict

    def trained(values):
        if backend_of(d2l) == 'tensorflow':
            import tensorflow as tf

            return tf.Variable(values)
        tensor = d2l.tensor(values)
        if backend_of(d2l) == 'pytorch':
            return tensor.requires_grad_()
        if backend_of(d2l) == 'nnx':
            return nnx.Param(tensor)
        tensor.attach_grad()
        return tensor

    class Model(d2l.LinearRegressionScratch):
        def __init__(self):
            d2l.Module.__init__(self)
            self.lr = 0.1
            self.listed = List([trained([[0.0], [0.0]])])
            self.more = Dict({'b': trained([0.0])})

        def forward(self, X):
            return d2l.matmul(X, self.listed[0]) + self.more['b']

        def configure_optimizers(self):
            if backend_of(d2l) in ('tensorflow', 'nnx'):
                return d2l.SGD(self.lr)
            return d2l.SGD([self.listed[0], self.more['b']], self.lr)

    return Model()


def test_tensors_in_lists_and_dictionaries_are_trained_clipped_and_saved(d2l):
    if backend_of(d2l) == 'jax':
        pytest.skip('a JAX model holds no tensors')
    model = listed_model(d2l)
    trainer = d2l.Trainer(max_epochs=1, gradient_clip_val=0.5)
    trainer.fit(model, small_data(d2l, num_train=16))
    found = trainer.serialization.get_parameters(trainer)
    assert {name: array.shape for name, array in found.items()} == {
        'listed.0': (2, 1),
        'more.b': (1,),
    }
    moved = np.concatenate([found['listed.0'][:, 0], found['more.b']])
    assert np.linalg.norm(moved) == pytest.approx(0.05, rel=1e-5)
    given = {name: array + 1 for name, array in found.items()}
    trainer.fit(model, small_data(d2l), init_params=given)
    after = trainer.serialization.get_parameters(trainer)
    assert (after['listed.0'] != given['listed.0']).all() and after['more.b'] != given['more.b']
