"""What a step reads may change between epochs: compiled or not, the next epoch goes by it."""

import numpy as np
import pytest
from compiled import fit, scratch, sgd
from contract import backend_of, require

from d2lite.training.callbacks import Callback

SCALE = 1.0


class Helper:
    def __init__(self):
        self.scale = 1.0


class Change(Callback):
    """Calls `change(trainer, model)` after the second epoch."""

    def __init__(self, change):
        self.change = change

    def on_train_epoch_end(self, trainer, model):
        if trainer.epoch == 1:
            self.change(trainer, model)


def losses(d2l, make, change, compiled, **kwargs):
    """The training losses of four epochs."""
    callbacks = [Change(change)] if change else []
    trainer = fit(d2l, make, compiled, max_epochs=4, callbacks=callbacks, **kwargs)
    assert bool(trainer.compiled) == compiled
    return [row['train_loss'] for row in trainer.history]


def check_followed(d2l, prepare, **kwargs):
    """`prepare` returns what makes a model and what changes it, anew for each training."""

    def run(compiled, changed=True):
        make, change = prepare()
        return losses(d2l, make, change if changed else None, compiled, **kwargs)

    plain, unchanged = run(False), run(False, changed=False)
    assert plain[:2] == unchanged[:2]
    assert plain[2:] != pytest.approx(unchanged[2:], rel=1e-3)
    assert run(True) == pytest.approx(plain, rel=1e-5)


def test_what_a_callback_changes_within_an_epoch(d2l):
    """After every third of seven steps, which a compiled pass over the data would run past."""

    class Decay(Callback):
        every_n_train_steps = 3

        def on_train_batch_end(self, trainer, model):
            model.own_scale *= 0.5

    def run(compiled, callbacks):
        def make():
            model = scaled(d2l, lambda model: model.own_scale)
            model.own_scale = 1.0
            return model

        trainer = fit(d2l, make, compiled, callbacks=callbacks)
        assert bool(trainer.compiled) == compiled
        return [row['train_loss'] for row in trainer.history]

    plain = run(False, [Decay()])
    assert plain != pytest.approx(run(False, []), rel=1e-3)
    assert run(True, [Decay()]) == pytest.approx(plain, rel=1e-5)


def test_what_a_loader_changes_within_an_epoch(d2l):
    def run(compiled):
        models = []

        def make():
            models.append(scaled(d2l, lambda model: model.own_scale))
            models[-1].own_scale = 1.0
            return models[-1]

        class Data(d2l.DataModule):
            def train_dataloader(self):
                rng = np.random.default_rng(0)
                batches = [rng.normal(size=(8, 2)).astype(np.float32) for _ in range(4)]
                return Changing((X, X[:, :1]) for X in batches)

            def val_dataloader(self):
                return None

        class Changing(list):
            def __iter__(self):
                for number, batch in enumerate(super().__iter__()):
                    models[-1].own_scale = 0.5**number
                    yield batch

        return losses(d2l, make, None, compiled, data=Data)

    assert run(True) == pytest.approx(run(False), rel=1e-5)


def scaled(d2l, scale):
    """A model whose loss is `scale(model)` times its own."""

    class Model(d2l.LinearRegressionScratch):
        scale = 1.0

        def loss(self, *args):
            return scale(self) * super().loss(*args)

    return Model(2, lr=0.03)


def of_model():
    def change(trainer, model):
        model.own_scale = 0.1

    return lambda model: model.own_scale, change


def of_class():
    def change(trainer, model):
        type(model).scale = 0.1

    return lambda model: model.scale, change


def of_helper():
    helper = Helper()

    def change(trainer, model):
        helper.scale = 0.1

    return lambda model: helper.scale, change


def of_module():
    global SCALE
    SCALE = 1.0

    def change(trainer, model):
        global SCALE
        SCALE = 0.1

    return lambda model: SCALE, change


def of_closure():
    scale = 1.0

    def change(trainer, model):
        nonlocal scale
        scale = 0.1

    return lambda model: scale, change


def of_dictionary():
    scales = {'loss': 1.0}
    return lambda model: scales['loss'], lambda trainer, model: scales.update(loss=0.1)


def of_list():
    scales = [1.0]

    def change(trainer, model):
        scales[0] = 0.1

    return lambda model: scales[0], change


def of_array():
    scales = np.ones(2, np.float32)
    return lambda model: float(scales[1]), lambda trainer, model: scales.fill(0.1)


def of_function():
    functions = [lambda: 1.0]

    def change(trainer, model):
        functions[0] = lambda: 0.1

    return lambda model: functions[0](), change


VALUES = [
    of_model,
    of_class,
    of_helper,
    of_module,
    of_closure,
    of_dictionary,
    of_list,
    of_array,
    of_function,
]


@pytest.mark.parametrize('value', VALUES, ids=lambda value: value.__name__)
def test_a_value_that_the_loss_reads(d2l, value):
    def prepare():
        scale, change = value()

        def make():
            model = scaled(d2l, scale)
            model.own_scale = 1.0
            return model

        return make, change

    check_followed(d2l, prepare)


def test_the_learning_rate_of_our_sgd(d2l):
    class Model(d2l.LinearRegressionScratch):
        def configure_optimizers(self):
            return sgd(d2l, self, self.lr)

    def change(trainer, model):
        trainer.optim.lr = 0.001

    check_followed(d2l, lambda: (lambda: Model(2, lr=0.03), change))


def test_an_object_that_is_called_like_a_part_of_the_trainer(d2l):
    helper = Helper()

    def prepare():
        def make():
            helper.scale = 1.0
            model = scaled(d2l, lambda model: model.optim.scale)
            model.optim = helper
            return model

        def change(trainer, model):
            model.optim.scale = 0.1

        return make, change

    check_followed(d2l, prepare)


def test_the_learning_rate_within_an_optimizer_of_nnx():
    d2l = require('nnx')
    from flax import nnx

    class Model(d2l.LinearRegressionScratch):
        def configure_optimizers(self):
            return nnx.Optimizer(self, d2l.SGD(self.lr), wrt=nnx.Param)

    def change(trainer, model):
        trainer.optim.tx.lr = 0.001

    check_followed(d2l, lambda: (lambda: Model(2, lr=0.03), change))


def test_the_learning_rate_of_the_frameworks_sgd(d2l):
    def injected(self):
        import optax

        return optax.inject_hyperparams(optax.sgd)(learning_rate=self.lr)

    def change(trainer, model):
        if backend_of(d2l) == 'pytorch':
            trainer.optim.param_groups[0]['lr'] = 0.001
        elif backend_of(d2l) == 'mxnet':
            trainer.optim.set_learning_rate(0.001)
        elif backend_of(d2l) == 'tensorflow':
            trainer.optim.learning_rate = 0.001
        elif backend_of(d2l) == 'nnx':
            rate = trainer.optim.opt_state.hyperparams['learning_rate']
            rate.set_value(d2l.tensor(0.001))
        else:
            trainer.state.opt_state.hyperparams['learning_rate'] = np.float32(0.001)

    class Model(d2l.LinearRegression):
        if backend_of(d2l) in ('jax', 'nnx'):
            configure_optimizers = injected

    check_followed(d2l, lambda: (lambda: Model(lr=0.03), change))


def test_the_norm_that_gradients_are_clipped_to(d2l):
    def change(trainer, model):
        trainer.gradient_clip_val = 0.1

    check_followed(d2l, lambda: (lambda: scratch(d2l), change), gradient_clip_val=100.0)


def test_parameters_that_are_edited_in_place(d2l):
    def change(trainer, model):
        if backend_of(d2l) == 'pytorch':
            model.w.data.mul_(2)
        elif backend_of(d2l) == 'mxnet':
            model.w *= 2
        elif backend_of(d2l) == 'tensorflow':
            model.w.assign(2 * model.w)
        elif backend_of(d2l) == 'nnx':
            model.w[...] *= 2
        else:
            params = {**trainer.state.params, 'w': 2 * trainer.state.params['w']}
            trainer.state = trainer.state.replace(params=params)

    check_followed(d2l, lambda: (lambda: scratch(d2l), change))


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('backend', ['tensorflow', 'pytorch'])
def test_a_layer_that_is_frozen(backend, compiled, monkeypatch):
    d2l = require(backend)
    found = []
    if backend == 'pytorch':
        monkeypatch.setattr('torch.compile', lambda graph, **options: graph)
        from torch import nn

        make = nn.LazyLinear, nn.Sequential
    else:
        from d2lite_tensorflow.framework import keras

        make = keras.layers.Dense, lambda *layers: keras.Sequential(list(layers))
    layer, sequential = make

    class Model(d2l.LinearRegression):
        def __init__(self, lr):
            super().__init__(lr)
            self.net = sequential(layer(3), layer(1))

    class Change(Callback):
        def on_train_epoch_end(self, trainer, model):
            found.append(trainer.get_parameters())
            if trainer.epoch == 1 and backend == 'tensorflow':
                model.net.layers[0].trainable = False
            elif trainer.epoch == 1:
                model.net[0].requires_grad_(False)

    fit(d2l, lambda: Model(lr=0.03), compiled, max_epochs=4, callbacks=[Change()])
    frozen, trained = ([each[name] for each in found] for name in ('net.0.weight', 'net.1.weight'))
    assert (frozen[0] != frozen[1]).any()
    for i in (2, 3):
        np.testing.assert_array_equal(frozen[i], frozen[1])
        assert (trained[i] != trained[i - 1]).any()
