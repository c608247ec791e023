"""Predictions and metrics of a trained model."""

import numpy as np
import pytest
from compiled import fast, scratch
from contract import backend_of, require, small_data
from models import dropout_model
from trainings import images

X = np.random.default_rng(0).standard_normal((11, 2)).astype(np.float32)
Y = X @ np.float32([[2], [-3.4]]) + np.float32(4.2)


def trained(d2l, model=None, data=None, **kwargs):
    d2l.seed_everything(0)
    trainer = d2l.Trainer(**({'max_epochs': 1} | kwargs))
    trainer.fit(model or scratch(d2l), data or small_data(d2l))
    return trainer


def expected(trainer, X=X):
    w, b = (trainer.get_parameters()[name] for name in 'wb')
    return X @ w + b


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('batch_size', [4, 256])
def test_predictions_are_those_of_the_parameters(d2l, batch_size, compiled):
    trainer = trained(d2l, compile=fast(d2l) if compiled else False)
    for given in (X, d2l.DataModule.as_tensor(X), X.tolist(), (X,)):
        found = trainer.predict(given, batch_size=batch_size)
        assert d2l.DataModule.is_tensor(found)
        np.testing.assert_allclose(d2l.numpy(found), expected(trainer), rtol=1e-5)


def test_a_tensor_of_another_framework(d2l):
    other = require('jax' if backend_of(d2l) == 'pytorch' else 'pytorch')
    trainer = trained(d2l)
    found = trainer.predict(other.DataModule.as_tensor(X))
    np.testing.assert_allclose(d2l.numpy(found), expected(trainer), rtol=1e-5)


def test_validation_is_a_mean_of_the_examples(d2l):
    trainer = trained(d2l)
    loss = ((expected(trainer) - Y) ** 2 / 2).mean()
    assert trainer.validate((X, Y), batch_size=4) == {'val_loss': pytest.approx(loss, rel=1e-5)}
    assert trainer.test((X, Y), batch_size=4) == {'test_loss': pytest.approx(loss, rel=1e-5)}
    batches = [(X[:8], Y[:8]), (X[8:], Y[8:])]
    assert trainer.validate(batches) == {'val_loss': pytest.approx(loss, rel=1e-5)}


def test_the_validation_data_of_the_last_fit(d2l):
    data = small_data(d2l, num_val=32)
    trainer = trained(d2l, data=data)
    last = pytest.approx(trainer.history[-1]['val_loss'], rel=1e-5)
    assert trainer.validate() == {'val_loss': last}
    assert trainer.validate(data) == {'val_loss': last}
    assert trainer.test(data) == {'test_loss': last}
    before = len(trainer.history), trainer.val_batch_idx
    trainer.validate()
    assert (len(trainer.history), trainer.val_batch_idx) == before
    assert len(trainer.model.board.data['val_loss']) == 1


def test_test_data_of_a_data_module(d2l):
    class Data(d2l.SyntheticRegressionData):
        def test_dataloader(self):
            return [(X, Y)]

    data = Data(w=d2l.tensor([2.0, -3.4]), b=4.2, num_train=32, num_val=16, batch_size=16)
    trainer = trained(d2l, data=data)
    loss = ((expected(trainer) - Y) ** 2 / 2).mean()
    assert trainer.test(data) == {'test_loss': pytest.approx(loss, rel=1e-5)}


def test_dropout_is_off_and_the_mode_as_before(d2l):
    trainer = trained(d2l, dropout_model(d2l))
    for training in (False, True):
        trainer.set_training(training)
        first, second = (d2l.numpy(trainer.predict(X)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        assert trainer.validate((X, Y)) == trainer.validate((X, Y))
        assert trainer.model.training is training


def test_a_classifier_reports_its_accuracy_and_changes_no_statistics(d2l):
    rng = np.random.default_rng(0)
    pictures = images(d2l, rng.standard_normal((12, 8, 8, 1)).astype(np.float32))
    labels = rng.integers(0, 10, 12)

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            return [(pictures, d2l.DataModule.as_tensor(labels))] if train else None

    trainer = trained(d2l, d2l.ResNet(((1, 4),), lr=0.1), Data())
    before = trainer.get_parameters()
    found = trainer.validate((pictures, labels), batch_size=5)
    Y_hat = d2l.numpy(trainer.predict(pictures, batch_size=5))
    assert Y_hat.shape == (12, 10)
    assert found['val_acc'] == pytest.approx((Y_hat.argmax(1) == labels).mean())
    for name, array in trainer.get_parameters().items():
        np.testing.assert_array_equal(array, before[name])
    with pytest.raises(ValueError, match='label 10 is that of no class'):
        trainer.validate((pictures, labels + 1 + (9 - labels.max())))
    with pytest.raises(ValueError, match=r'there are no validation data: validate\(data\) takes'):
        trainer.validate()


def test_a_callback_may_validate(d2l):
    losses = []

    class Look(d2l.Callback):
        def on_train_epoch_end(self, trainer, model):
            losses.append(trainer.validate((X, Y))['val_loss'])

        every_n_train_steps = 2

        def on_train_batch_end(self, trainer, model):
            trainer.predict(X)

    trainer = trained(d2l, callbacks=[Look()], max_epochs=3)
    plain = trained(d2l, max_epochs=3)
    assert len(losses) == 3 and losses[0] > losses[-1]
    for name, array in plain.get_parameters().items():
        np.testing.assert_allclose(trainer.get_parameters()[name], array, rtol=1e-6)


@pytest.mark.parametrize('method', ['predict', 'validate', 'test'])
def test_before_fit(d2l, method):
    with pytest.raises(RuntimeError, match=rf'{method} needs a model: call fit'):
        getattr(d2l.Trainer(1), method)(X)


def test_jax_says_how_to_predict(d2l):
    if backend_of(d2l) != 'jax':
        model = trained(d2l).model
        assert model(d2l.DataModule.as_tensor(X)).shape == (11, 1)
        return
    with pytest.raises(RuntimeError, match=r'live beside it: write trainer.predict\(X\), or model'):
        trained(d2l).model(X)


def test_one_line_says_what_it_is(d2l):
    data, trainer = small_data(d2l), d2l.Trainer(max_epochs=2)
    assert repr(data) == 'SyntheticRegressionData(b=4.2, num_train=64, num_val=32, batch_size=16)'
    assert repr(trainer) == 'Trainer(max_epochs=2)'
    assert repr(d2l.ProgressBoard()) == '<ProgressBoard: no points yet>'
    trainer.fit(scratch(d2l), data)
    loss = trainer.history[-1]['val_loss']
    assert repr(trainer).endswith(f', val_loss {loss:.4g}')
    assert repr(trainer).startswith('Trainer(max_epochs=2): LinearRegressionScratch, 2 epochs, ')
    board = trainer.model.board
    assert repr(board) == '<ProgressBoard: train_loss (4 points), val_loss (2 points)>'
