"""Labels of classes: of any integer type, and those of no class are one error on every backend."""

import numpy as np
import pytest
from compiled import fast
from contract import backend_of
from networks import classifier
from test_classification import call, cross_entropy
from trainings import train

RNG = np.random.default_rng(0)
DTYPES = ['uint8', 'int8', 'int32', 'int64']  # MXNet has no others


def examples(n=24, q=3):
    return RNG.standard_normal((n, 4)).astype(np.float32), RNG.integers(0, q, n)


def data_of(d2l, y, y_val, kind):
    """Data with these labels, as a loader of whole tensors or as a list of batches."""

    class Data(d2l.DataModule):
        batch_size = 8

        def get_dataloader(self, train):
            X, _ = examples()
            labels = np.asarray(y if train else y_val, 'int32')
            tensors = d2l.DataModule.tensor(X), d2l.DataModule.tensor(labels)
            loader = self.get_tensorloader(tensors, train)
            return loader if kind == 'whole' else [loader.batch(None, i) for i in range(3)]

    return Data()


@pytest.mark.parametrize('dtype', DTYPES)
def test_loss_and_accuracy_are_the_same_for_labels_of_any_integer_type(d2l, dtype):
    logits = 3 * RNG.standard_normal((7, 5))
    Y = RNG.integers(0, 5, 7).astype(dtype)
    each = call(d2l, 'loss', logits, Y, averaged=False)
    np.testing.assert_allclose(each, cross_entropy(logits, Y.astype(int)), rtol=1e-5, atol=4e-6)
    right = call(d2l, 'accuracy', logits, Y, averaged=False)
    np.testing.assert_array_equal(right, logits.argmax(axis=1) == Y)


def test_a_label_of_8_bits_is_not_taken_for_a_class_beyond_them(d2l):
    logits = np.zeros((1, 300))
    logits[0, 256] = 1
    assert call(d2l, 'accuracy', logits, np.array([0], 'uint8')) == 0


@pytest.mark.parametrize('compiled', [True, False])
def test_a_training_is_the_same_for_labels_of_8_bits(d2l, compiled):
    losses = {}
    for dtype in ('uint8', 'int32'):
        X, y = np.eye(4, dtype=np.float32), np.array([0, 1, 2, 1])

        class Data(d2l.DataModule):
            batch_size = 2

            def get_dataloader(self, train, dtype=dtype, X=X, y=y):
                tensors = d2l.DataModule.tensor(X), d2l.DataModule.tensor(y.astype(dtype))
                return self.get_tensorloader(tensors, False)

        d2l.seed_everything(0)
        trainer = d2l.Trainer(max_epochs=2, compile=fast(d2l) if compiled else False)
        trainer.fit(classifier(d2l, ('dense', 3)), Data(), init_params=zeros)
        assert bool(trainer.compiled) is compiled
        losses[dtype] = trainer.history[-1]['train_loss'], trainer.history[-1]['val_acc']
    assert losses['uint8'] == pytest.approx(losses['int32'], rel=1e-6)


def zeros(found):
    return {name: np.zeros_like(array) for name, array in found.items()}


MESSAGE = 'label {} is that of no class: .* 3 of them, so labels are integers from 0 to 2'


@pytest.mark.parametrize('method', ['loss', 'accuracy'])
@pytest.mark.parametrize('label', [-100, -1, 3])
def test_a_label_of_no_class_is_refused_with_its_value_and_the_range(d2l, label, method):
    with pytest.raises(ValueError, match=MESSAGE.format(label)):
        call(d2l, method, np.zeros((2, 3)), np.array([0, label], 'int32'))


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('kind', ['whole', 'batches'])
@pytest.mark.parametrize('label', [-1, 3])
def test_a_label_of_no_class_ends_a_training_before_its_step(d2l, label, kind, compiled):
    _, y = examples()
    wrong = y.copy()
    wrong[13] = label  # in the second batch
    model = classifier(d2l, ('dense', 3))
    trainer = d2l.Trainer(max_epochs=1, compile=fast(d2l) if compiled else False)
    with pytest.raises(ValueError, match=MESSAGE.format(label)):
        trainer.fit(model, data_of(d2l, wrong, y, kind))
    assert trainer.train_batch_idx == (0 if kind == 'whole' else 1)


@pytest.mark.parametrize('kind', ['whole', 'batches'])
def test_a_label_of_no_class_in_the_validation_is_refused(d2l, kind):
    _, y = examples()
    trainer = d2l.Trainer(max_epochs=1)
    with pytest.raises(ValueError, match=MESSAGE.format(7)):
        trainer.fit(classifier(d2l, ('dense', 3)), data_of(d2l, y, [*y[:-1], 7], kind))
    assert trainer.history == []


def test_labels_that_a_lesson_changes_on_the_way_are_looked_at_where_they_arrive(d2l):
    X, y = examples()
    made = type(classifier(d2l, ('dense', 3)))

    class Trainer(d2l.Trainer):
        def prepare_batch(self, batch):
            return batch[0], batch[1] - 1

    run = train(d2l, made(lr=0.1), [(X, y + 1)], trainer=Trainer)
    assert np.isfinite(run.losses).all() and run.trainer.train_batch_idx == 1
    with pytest.raises(ValueError, match=MESSAGE.format(-1)):
        train(d2l, made(lr=0.1), [(X, y)], trainer=Trainer, compile=False)


def test_the_lessons_own_loss_may_take_other_labels(d2l):
    X, y = examples()
    made = type(classifier(d2l, ('dense', 3)))

    class Own(made):
        def loss(self, *args):
            args = [*args]
            index = 2 if backend_of(d2l) == 'jax' else 1
            args[index] = args[index] % 3
            return super().loss(*args)

    run = train(d2l, Own(lr=0.1), [(X, y + 3)])
    assert np.isfinite(run.losses).all() and run.trainer.train_batch_idx == 1


def test_right_predictions_are_counted(d2l):
    y_hat = d2l.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    labels = d2l.DataModule.tensor(np.array([1, 1, 1], np.int32))
    assert d2l.accuracy(y_hat, labels) == 2.0
    assert d2l.accuracy(d2l.tensor([1.0, 0.0, 1.0]), labels) == 2.0
    with pytest.raises(
        ValueError, match=r'accuracy takes y_hat of shape .* got \(3, 2\) and \(2,\)'
    ):
        d2l.accuracy(y_hat, labels[:2])
