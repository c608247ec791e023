"""Trainer: the loop, its counters and history, clipping, and what it says of bad input."""

import numpy as np
import pytest
from contract import another, backend_of, batches, parameters, small_data


def fit(d2l, model=None, data=None, **kwargs):
    model = model or d2l.LinearRegressionScratch(2, lr=0.1)
    trainer = d2l.Trainer(**({'max_epochs': 2} | kwargs))
    trainer.fit(model, data or small_data(d2l))
    return trainer


def test_fit_counts_epochs_and_batches(d2l):
    trainer = fit(d2l, data=small_data(d2l, num_train=50, num_val=20), max_epochs=3)
    assert (trainer.num_train_batches, trainer.num_val_batches) == (4, 2)
    assert (trainer.epoch, trainer.train_batch_idx, trainer.val_batch_idx) == (2, 12, 6)


def test_history_holds_means_and_seconds_of_each_epoch(d2l):
    trainer = fit(d2l, max_epochs=3)
    assert [sorted(entry) for entry in trainer.history] == [
        ['compile_seconds', 'epoch', 'seconds', 'train_loss', 'val_loss']
    ] * 3
    assert [entry['epoch'] for entry in trainer.history] == [1, 2, 3]
    assert all(type(entry['train_loss']) is float for entry in trainer.history)
    assert all(entry['seconds'] > 0 for entry in trainer.history)
    losses = [entry['val_loss'] for entry in trainer.history]
    assert losses[0] > losses[1] > losses[2]
    # The last validation loss, from the parameters and the data.
    w, b = parameters(d2l, trainer)
    squared = [
        np.mean((X @ w + b - y[:, 0]) ** 2) / 2 for X, y in batches(d2l, trainer.val_dataloader)
    ]
    assert losses[2] == pytest.approx(np.mean(squared), rel=1e-5)


def test_training_without_validation_data(d2l):
    trainer = fit(d2l, data=small_data(d2l, num_val=0))
    assert trainer.val_dataloader is None
    assert (trainer.num_val_batches, trainer.val_batch_idx) == (0, 0)
    assert 'val_loss' not in trainer.history[0] and 'train_loss' in trainer.history[0]


def test_a_second_fit_starts_to_count_anew(d2l):
    trainer = fit(d2l)
    first = trainer.history
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.1), small_data(d2l))
    assert (trainer.train_batch_idx, len(trainer.history), len(first)) == (8, 2, 2)


def test_points_are_drawn_at_fractions_of_the_epoch(d2l):
    model = d2l.LinearRegressionScratch(2, lr=0.1)
    fit(d2l, model)
    data = model.board.data
    # 4 batches an epoch, 2 points: means of the batches 0, 1 and 2, 3, at quarters of an epoch.
    assert [point.x for point in data['train_loss']] == [0.125, 0.625, 1.125, 1.625]
    assert [point.x for point in data['val_loss']] == [1, 2]
    assert model.board.xlim == [0, 2] and model.board.xlabel == 'epoch'
    losses = [point.y for point in data['train_loss']]
    history = model.trainer.history
    assert np.mean(losses[:2]) == pytest.approx(history[0]['train_loss'], rel=1e-6)
    assert data['val_loss'][1].y == pytest.approx(history[1]['val_loss'], rel=1e-6)


def test_the_board_can_be_read_while_training(d2l):
    lengths = []

    class Trainer(d2l.Trainer):
        def on_steps_end(self, count):
            super().on_steps_end(count)
            self.metrics.flush()
            lengths.append(len(self.model.board.data.get('train_loss', ())))

    model = d2l.LinearRegressionScratch(2, lr=0.1)
    trainer = Trainer(max_epochs=1, compile=False)
    trainer.fit(model, small_data(d2l))
    assert lengths == [0, 1, 1, 2]
    # Afterwards a step draws at once, and nobody has to flush anything.
    assert trainer.metrics.pending == {}
    for _ in range(2):  # the batches of a point
        model.plot('loss', d2l.tensor(1.0), train=False)
    assert model.board.data['val_loss'][-1].y == 1


def test_what_a_step_plots_twice_or_now_and_then_is_drawn_where_it_belongs(d2l):
    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            value = super().training_step(*args)
            if self.trainer.train_batch_idx % 2:
                self.plot('odd', d2l.tensor(1.0), train=True)
                self.plot('odd', d2l.tensor(3.0), train=True)
            return value

    model = Model(2, lr=0.1)
    trainer = d2l.Trainer(max_epochs=1, compile=False)
    trainer.fit(model, small_data(d2l))
    assert [tuple(point) for point in model.board.data['train_odd']] == [(0.25, 2), (0.75, 2)]
    assert trainer.history[0]['train_odd'] == 2


def test_more_points_than_batches_draws_every_batch(d2l):
    model = d2l.LinearRegressionScratch(2, lr=0.1)
    model.plot_train_per_epoch = 100
    model.plot_valid_per_epoch = 100
    fit(d2l, model)
    assert len(model.board.data['train_loss']) == 8
    assert len(model.board.data['val_loss']) == 4


def test_no_points_asked_for_still_makes_a_history(d2l):
    model = d2l.LinearRegressionScratch(2, lr=0.1)
    model.plot_train_per_epoch = model.plot_valid_per_epoch = 0
    trainer = fit(d2l, model)
    assert dict(model.board.data) == {}
    assert trainer.history[1]['train_loss'] > 0


def one_step(d2l, **kwargs):
    """How far one step of SGD at lr = 0.1 moves w and b, which start at 0."""
    d2l.seed_everything(0)
    model = d2l.LinearRegressionScratch(2, lr=0.1, sigma=0)
    trainer = fit(d2l, model, small_data(d2l, num_train=16), max_epochs=1, **kwargs)
    return np.concatenate(parameters(d2l, trainer))


def test_clipping_clips(d2l):
    free = one_step(d2l)
    clipped = one_step(d2l, gradient_clip_val=0.5)
    assert np.linalg.norm(free) > 0.1
    assert np.linalg.norm(clipped) == pytest.approx(0.1 * 0.5, rel=1e-5)
    np.testing.assert_allclose(clipped / 0.05, free / np.linalg.norm(free), rtol=1e-5)


def test_clipping_leaves_small_gradients_alone(d2l):
    np.testing.assert_array_equal(one_step(d2l, gradient_clip_val=1e6), one_step(d2l))


def test_prepare_batch_of_ones_own_is_used_for_training_and_validation(d2l):
    seen = []

    class Trainer(d2l.Trainer):
        def prepare_batch(self, batch):
            seen.append(len(batch[0]))
            X, y = batch
            return 0 * X, y

    trainer = Trainer(max_epochs=1)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.1, sigma=0), small_data(d2l))
    w, b = parameters(d2l, trainer)
    assert seen.count(16) >= 6
    np.testing.assert_array_equal(w, [0, 0])  # no features, no gradient
    assert b[0] != 0


def test_a_training_step_of_ones_own_is_used(d2l):
    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            result = super().training_step(*args)
            self.plot('twice', 2.0, train=True)
            return result

    trainer = fit(d2l, Model(2, lr=0.1))
    assert trainer.history[0]['train_twice'] == 2.0


def test_a_loader_of_ones_own_is_used(d2l):
    class Lists(d2l.DataModule):
        def get_dataloader(self, train):
            X, y = d2l.ones((8, 2)), d2l.ones((8, 1))
            return [(X, y)] * (5 if train else 2)

    trainer = fit(d2l, data=Lists())
    assert (trainer.train_batch_idx, trainer.val_batch_idx) == (10, 4)
    assert trainer.history[1]['train_loss'] < trainer.history[0]['train_loss']


def test_fit_without_data_is_one_clear_error(d2l):
    model = d2l.LinearRegressionScratch(2, lr=0.1)
    for call in (lambda t: t.fit(model), lambda t: t.fit(model, None)):
        trainer = d2l.Trainer(max_epochs=1)
        with pytest.raises(TypeError, match='fit needs data to train on'):
            call(trainer)
        assert not hasattr(trainer, 'model') and getattr(model, 'trainer', None) is None


def test_fit_says_what_is_wrong_with_its_arguments(d2l):
    trainer = d2l.Trainer(max_epochs=1)
    model, data = d2l.LinearRegressionScratch(2, lr=0.1), small_data(d2l)
    with pytest.raises(TypeError, match='got the class LinearRegressionScratch'):
        trainer.fit(d2l.LinearRegressionScratch, data)
    with pytest.raises(TypeError, match=r'model must be a d2l.Module; dict has no training_step'):
        trainer.fit({}, data)
    with pytest.raises(TypeError, match=r'data must be a d2l.DataModule; list has no train_data'):
        trainer.fit(model, [1, 2])


def test_a_model_of_another_backend_is_refused(d2l):
    other = another(d2l)
    with pytest.raises(TypeError, match=f'is for {backend_of(d2l)}, but model is a Module of'):
        d2l.Trainer(1).fit(other.LinearRegressionScratch(2, lr=0.1), small_data(d2l))
    with pytest.raises(TypeError, match=f'is for {backend_of(d2l)}, but data is a DataModule of'):
        d2l.Trainer(1).fit(d2l.LinearRegressionScratch(2, lr=0.1), small_data(other))


def test_a_loader_without_batches_is_refused(d2l):
    class Data(d2l.DataModule):
        def __init__(self, loader):
            self.loader = loader

        def get_dataloader(self, train):
            return self.loader

    model = d2l.LinearRegressionScratch(2, lr=0.1)
    with pytest.raises(ValueError, match=r'train_dataloader\(\) has no batches'):
        d2l.Trainer(1).fit(model, Data([]))
    with pytest.raises(ValueError, match=r'train_dataloader\(\) (has no|gave no) batches'):
        d2l.Trainer(1).fit(model, Data(iter([])))
    for nothing, what in ((None, 'nothing'), (3, 'one int')):
        with pytest.raises(TypeError, match=rf'train_dataloader\(\) returned {what}: it must'):
            d2l.Trainer(1).fit(model, Data(nothing))


@pytest.mark.parametrize(
    'arguments, message',
    [
        ({'max_epochs': -1}, 'max_epochs must be an integer >= 0, got -1'),
        ({'max_epochs': 1.5}, 'max_epochs must be an integer >= 0, got 1.5'),
        ({'max_epochs': 1, 'num_gpus': 'all'}, "num_gpus must be an integer >= 0, got 'all'"),
        ({'max_epochs': 1, 'gradient_clip_val': -1}, 'gradient_clip_val must be a number >= 0'),
        ({'max_epochs': 1, 'gradient_clip_val': 'x'}, 'gradient_clip_val must be a number >= 0'),
    ],
)
def test_bad_arguments(d2l, arguments, message):
    with pytest.raises(ValueError, match=message):
        d2l.Trainer(**arguments)


def test_a_gpu_that_is_not_there_is_told(d2l, monkeypatch):
    monkeypatch.setattr(d2l.Trainer, 'find_gpus', staticmethod(lambda: []))
    with pytest.warns(UserWarning, match=f'{backend_of(d2l)} finds 0 GPU.*training on the CPU'):
        trainer = d2l.Trainer(max_epochs=1, num_gpus=1)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.1), small_data(d2l))
    assert 'cpu' in trainer.device.lower()


def test_of_several_gpus_one_is_trained_on(d2l, monkeypatch):
    monkeypatch.setattr(d2l.Trainer, 'find_gpus', staticmethod(lambda: [d2l.cpu(), 'another']))
    with pytest.warns(UserWarning, match='on one GPU, here the first.*needs a process for each'):
        trainer = d2l.Trainer(max_epochs=1, num_gpus=2)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.1), small_data(d2l))
    assert len(trainer.history) == 1


def test_a_gpu_that_is_there_is_trained_on(d2l):
    if not d2l.num_gpus():
        pytest.skip('this machine has no GPU')
    on_cpu = fit(d2l, num_gpus=0)
    d2l.seed_everything(0)
    on_gpu = fit(d2l, num_gpus=1)
    assert 'cpu' not in on_gpu.device.lower()
    for cpu, gpu in zip(parameters(d2l, on_cpu), parameters(d2l, on_gpu), strict=True):
        np.testing.assert_allclose(gpu, cpu, rtol=1e-4)


def test_training_works_in_another_thread(d2l):
    import threading

    found = []
    thread = threading.Thread(target=lambda: found.append(parameters(d2l, fit(d2l))))
    thread.start()
    thread.join()
    d2l.seed_everything(0)
    for here, there in zip(parameters(d2l, fit(d2l)), found[0], strict=True):
        assert here.shape == there.shape


def test_fit_epoch_of_ones_own_is_used(d2l):
    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            self.epochs_seen = [*getattr(self, 'epochs_seen', []), self.epoch]

    trainer = Trainer(max_epochs=3)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.1), small_data(d2l))
    assert trainer.epochs_seen == [0, 1, 2]


def test_a_model_that_is_fitted_again_goes_on(d2l):
    """With the same trainer or another one; `init_params` starts anew."""

    def losses(trainer):
        trainer.fit(model, data, **kwargs)
        return [row['train_loss'] for row in trainer.history]

    model, data = d2l.LinearRegression(lr=0.03), small_data(d2l)
    model.board.display = False
    kwargs = {'init_params': d2l.xavier_uniform(seed=0)}
    trainer = d2l.Trainer(max_epochs=2)
    first = losses(trainer)
    again = losses(d2l.Trainer(max_epochs=2))
    assert again[0] == pytest.approx(first[0], rel=0.2)
    kwargs = {}
    second = losses(trainer)
    assert first[0] > first[1] > second[0] > second[1]
    third = losses(d2l.Trainer(max_epochs=1))
    assert second[1] > third[0]
