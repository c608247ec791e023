"""What is told before a training goes wrong, and what its cause is if it has."""

import os
import re

import numpy as np
import pytest
from compiled import fast, scratch
from contract import backend_of, small_data
from models import momentum_model


def fit(d2l, model=None, data=None, max_epochs=1, **kwargs):
    d2l.seed_everything(0)
    trainer = d2l.Trainer(max_epochs=max_epochs)
    trainer.fit(model or momentum_model(d2l), data or small_data(d2l), **kwargs)
    return trainer


def test_another_optimizer_is_refused(d2l, tmp_path):
    fit(d2l).save_checkpoint(tmp_path / 'x')
    plain = d2l.LinearRegression(lr=0.01)
    with pytest.raises(
        ValueError, match=r'with the optimizer \w.*, this one has (SGD|Adam): resume with'
    ):
        if backend_of(d2l) == 'pytorch':  # whose SGD with momentum has the same name

            class Adam(d2l.LinearRegression):
                def configure_optimizers(self):
                    import torch

                    return torch.optim.Adam(self.parameters(), self.lr)

            plain = Adam(lr=0.01)
        fit(d2l, plain, max_epochs=2, ckpt_path=tmp_path / 'x')


def test_fewer_epochs_than_are_done_are_refused(d2l, tmp_path):
    trainer = d2l.Trainer(max_epochs=3, checkpoint_every=5, checkpoint_path=tmp_path / 'y')
    trainer.fit(momentum_model(d2l), small_data(d2l))
    trainer.save_checkpoint(tmp_path / 'x')
    for path, sentence in (
        ('x', 'x was written after epoch 3, and max_epochs=2: training goes on with max_epochs=4'),
        ('y', 'y was written in epoch 3, and max_epochs=2: training goes on with max_epochs=3'),
    ):
        with pytest.raises(ValueError, match=re.escape(sentence)):
            fit(d2l, max_epochs=2, ckpt_path=tmp_path / path)
    with pytest.raises(ValueError, match='x was written after 12 steps, and max_steps=3'):
        d2l.seed_everything(0)
        few = d2l.Trainer(max_steps=3)
        few.fit(momentum_model(d2l), small_data(d2l), ckpt_path=tmp_path / 'x')


@pytest.mark.parametrize('path', ['/proc/x', '.'])
def test_a_path_that_cannot_be_written_is_told_before_training(d2l, path):
    message = 'cannot be written|is a folder; name a file in it'
    with pytest.raises(ValueError, match=f'checkpoint_path: .*({message})'):
        d2l.Trainer(max_epochs=1, checkpoint_every=1, checkpoint_path=path)
    trainer = d2l.Trainer(max_epochs=1, callbacks=[d2l.ModelCheckpoint(path=path)])
    with pytest.raises(ValueError, match=f'ModelCheckpoint path: .*({message})'):
        trainer.fit(scratch(d2l), small_data(d2l))
    assert trainer.train_batch_idx == 0


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('which, name', [('X', 'the inputs'), ('y', 'the labels')])
def test_data_that_are_no_numbers_are_told_as_the_cause(d2l, which, name, compiled):
    data = small_data(d2l)
    array = np.array(d2l.numpy(getattr(data, which)))
    array[[3, 20], 0] = np.nan, np.inf
    setattr(data, which, data.as_tensor(array))
    trainer = d2l.Trainer(max_epochs=1, compile=fast(d2l) if compiled else False)
    sentence = f'{name} of the training data are NaN or infinite in the rows 3, 20. Mend'
    with pytest.warns(UserWarning, match=f'train_loss became (nan|inf) in epoch 1.*{sentence}'):
        trainer.fit(scratch(d2l), data)


def test_a_batch_of_no_numbers_is_told_by_the_anomaly_detection(d2l):
    X, y = np.ones((16, 2), np.float32), np.ones((16, 1), np.float32)
    bad = np.where(np.arange(16)[:, None] % 2 == 0, np.nan, X)

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            return [(X, y), (bad.astype(np.float32), y)]

    sentence = (
        'train_loss became nan in epoch 1, step 2: the inputs of the last training batch are NaN '
        'or infinite in the rows 0, 2, 4, 6, 8 and 3 more. Mend these rows'
    )
    with pytest.raises(FloatingPointError, match=sentence):
        d2l.Trainer(max_epochs=1, detect_anomaly=True).fit(scratch(d2l), Data())


def test_a_learning_rate_that_is_too_large_is_still_the_cause_of_others(d2l):
    with pytest.warns(UserWarning, match='training has diverged. A smaller learning rate'):
        d2l.Trainer(max_epochs=3).fit(d2l.LinearRegressionScratch(2, lr=1e30), small_data(d2l))


def scheduled(d2l):
    """Linear regression whose learning rate is 0.1, and from the fifth step on 0.01."""
    backend = backend_of(d2l)

    class Model(d2l.LinearRegression):
        def configure_optimizers(self):
            if backend in ('jax', 'nnx'):
                import optax

                schedule = optax.piecewise_constant_schedule(0.1, {4: 0.1})
                return optax.inject_hyperparams(optax.sgd)(learning_rate=schedule)
            if backend == 'mxnet':
                from mxnet import gluon, lr_scheduler

                schedule = lr_scheduler.FactorScheduler(step=4, factor=0.1, base_lr=0.1)
                settings = {'learning_rate': 0.1, 'lr_scheduler': schedule}
                return gluon.Trainer(self.collect_params(), 'sgd', settings)
            if backend == 'tensorflow':
                from d2lite_tensorflow.framework import keras

                schedule = keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.1, 0.01])
                return keras.optimizers.SGD(schedule)
            import torch

            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            schedule = torch.optim.lr_scheduler.StepLR(optimizer, 4, 0.1)
            return optimizer, {'scheduler': schedule, 'interval': 'step'}

    return Model(lr=0.1)


@pytest.mark.parametrize('clip', [0, 100])
def test_the_learning_rate_is_that_of_the_next_step(d2l, clip):
    if backend_of(d2l) == 'tensorflow' and os.environ.get('TF_USE_LEGACY_KERAS') == '1':
        pytest.skip('an optimizer of Keras 2 tells the rate of the step before')
    rates = []

    class Rates(d2l.Callback):
        def on_train_batch_end(self, trainer, model):
            rates.append(trainer.current_lr())

    trainer = d2l.Trainer(max_epochs=2, callbacks=[Rates()], gradient_clip_val=clip)
    trainer.fit(scheduled(d2l), small_data(d2l))
    assert rates[:7] == pytest.approx([0.1] * 3 + [0.01] * 4, rel=1e-5)


def frozen(d2l):
    backend = backend_of(d2l)
    model = scratch(d2l) if backend == 'pytorch' else d2l.LinearRegression(lr=0.1)
    if backend == 'tensorflow':
        model.net.trainable = False
    elif backend == 'mxnet':
        model.initialize()
        model.collect_params().setattr('grad_req', 'null')
    else:
        model.requires_grad_(False)
    return model


def test_a_model_of_which_all_is_frozen(d2l):
    if backend_of(d2l) in ('jax', 'nnx'):
        pytest.skip('Flax has no frozen parameters')
    sentence = 'the loss of LinearRegression(Scratch)? depends on no parameter that is trained'
    with pytest.raises(ValueError, match=sentence):
        d2l.Trainer(max_epochs=1, compile=False).fit(frozen(d2l), small_data(d2l))
