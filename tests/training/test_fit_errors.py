"""What `fit` says of mistakes in a lesson, and what it takes that looks like one."""

import numpy as np
import pytest
from compiled import fast, fit, scratch
from contract import backend_of, small_data


def model_with_a_spare_parameter(d2l):
    """Our SGD trains a parameter that the loss does not depend on."""

    class Model(d2l.LinearRegressionScratch):
        if backend_of(d2l) == 'jax':

            def setup(self):
                super().setup()
                self.param('spare', lambda key: np.ones(3, np.float32))

            def configure_optimizers(self):
                return d2l.SGD(self.lr)

        else:

            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                if backend_of(d2l) == 'pytorch':
                    import torch

                    self.spare = torch.nn.Parameter(torch.ones(3))
                elif backend_of(d2l) == 'tensorflow':
                    import tensorflow as tf

                    self.spare = tf.Variable(tf.ones(3))
                elif backend_of(d2l) == 'nnx':
                    from flax import nnx

                    self.spare = nnx.Param(d2l.ones((3,)))
                else:
                    self.spare = d2l.ones((3,))
                    self.spare.attach_grad()

            def configure_optimizers(self):
                if backend_of(d2l) in ('tensorflow', 'nnx'):
                    return d2l.SGD(self.lr)
                return d2l.SGD([self.w, self.b, self.spare], self.lr)

    return Model(2, lr=0.03)


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('clip', [0, 0.5])
def test_a_parameter_without_a_gradient_stays(d2l, clip, compiled):
    trainer = fit(d2l, lambda: model_with_a_spare_parameter(d2l), compiled, gradient_clip_val=clip)
    plain = fit(d2l, lambda: scratch(d2l), False, gradient_clip_val=clip)
    found, expected = trainer.get_parameters(), plain.get_parameters()
    np.testing.assert_array_equal(found['spare'], np.ones(3))
    np.testing.assert_allclose(found['w'], expected['w'], rtol=1e-5)


def plotting(d2l, shape):
    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            self.plot('mine', 2 * d2l.ones(shape), train=True)
            return super().training_step(*args)

    return Model(2, lr=0.03)


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('shape', [(1,), (1, 1)])
def test_one_element_is_one_number(d2l, shape, compiled):
    trainer = fit(d2l, lambda: plotting(d2l, shape), compiled)
    assert [row['train_mine'] for row in trainer.history] == [2, 2, 2]
    assert {point.y for point in trainer.model.board.data['train_mine']} == {2}


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('shape', [(2,), (16, 1)])
def test_more_elements_are_refused_at_once(d2l, shape, compiled):
    model = plotting(d2l, shape)
    trainer = d2l.Trainer(max_epochs=1, compile=fast(d2l) if compiled else False)
    with pytest.raises(ValueError, match=r"plot\('mine', ...\) takes one number, got shape \("):
        trainer.fit(model, small_data(d2l))
    assert trainer.train_batch_idx == 0


@pytest.mark.parametrize('compiled', [True, False])
def test_a_second_fit_draws_from_the_beginning(d2l, compiled):
    model = scratch(d2l)
    trainer = d2l.Trainer(max_epochs=2, compile=fast(d2l) if compiled else False)
    for _ in range(2):
        trainer.fit(model, small_data(d2l))
        data = model.board.data
        assert [point.x for point in data['train_loss']] == [0.125, 0.625, 1.125, 1.625]
        assert [point.x for point in data['val_loss']] == [1, 2]
    assert model.board.xlim == [0, 2]


class Once:
    """A loader whose batches come once, as those of a generator do."""

    def __init__(self, batches):
        self.length, self.batches = len(batches), iter(batches)

    def __len__(self):
        return self.length

    def __iter__(self):
        return self.batches


def test_a_loader_that_can_be_iterated_once_is_told_in_the_second_epoch(d2l):
    class Data(d2l.SyntheticRegressionData):
        def get_dataloader(self, train):
            loader = super().get_dataloader(train)
            return Once(list(loader)) if train else loader

    data = Data(w=d2l.tensor([2.0, -3.4]), b=4.2, num_train=64, num_val=16, batch_size=16)
    trainer = d2l.Trainer(max_epochs=3)
    with pytest.raises(ValueError, match=r'train_dataloader\(\) gave no batches.*iterated before'):
        trainer.fit(scratch(d2l), data)
    assert len(trainer.history) == 1


def test_a_folder_of_checkpoints_that_is_not_there(d2l, tmp_path):
    with pytest.raises(ValueError, match='checkpoint_path: there is no folder .*not_there'):
        d2l.Trainer(1, checkpoint_every=1, checkpoint_path=tmp_path / 'not_there' / 'x')
    d2l.Trainer(1, checkpoint_path=tmp_path / 'not_there' / 'x')  # none are written


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('result, what', [(None, 'nothing'), (1.5, 'a float')])
def test_a_training_step_that_returns_no_loss(d2l, result, what, compiled):
    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            super().training_step(*args)
            return result

    trainer = d2l.Trainer(max_epochs=1, compile=fast(d2l) if compiled else False)
    with pytest.raises(TypeError, match=rf'Model.training_step\(\) returned {what}: it must'):
        trainer.fit(Model(2, lr=0.03), small_data(d2l))
    assert trainer.train_batch_idx == 0


def test_a_loss_for_each_example_is_told(d2l):
    class Model(d2l.LinearRegressionScratch):
        def loss(self, *args):
            return super().loss(*args) * d2l.ones((16,))

        def plot(self, *args, **kwargs):
            pass

    message = r'Model.loss\(\) returned a tensor of shape \(16,\): the loss must be one number'
    with pytest.raises(TypeError, match=message):
        d2l.Trainer(max_epochs=1).fit(Model(2, lr=0.03), small_data(d2l))


@pytest.mark.parametrize('kind', ['nothing', 'a tuple'])
def test_configure_optimizers_that_returns_no_optimizer(d2l, kind):
    class Model(d2l.LinearRegressionScratch):
        def configure_optimizers(self):
            optim = super().configure_optimizers()
            return None if kind == 'nothing' else (optim, optim, optim)

    message = rf'Model.configure_optimizers\(\) returned {kind}: .*must return the optimizer'
    with pytest.raises(TypeError, match=message):
        d2l.Trainer(max_epochs=1).fit(Model(2, lr=0.03), small_data(d2l))


def test_there_is_no_history_before_fit(d2l):
    assert d2l.Trainer(max_epochs=1).history == []


def test_callbacks_that_are_none(d2l):
    with pytest.raises(TypeError, match='callbacks must be objects .* got the class EarlyStopping'):
        d2l.Trainer(1, callbacks=[d2l.EarlyStopping])
    with pytest.raises(TypeError, match='callbacks must be objects of subclasses of d2l.Callback'):
        d2l.Trainer(1, callbacks=[print])
