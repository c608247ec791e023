"""What pages of the living edition do to classes works; each test is written once for all tabs."""

import numpy as np
import pytest
from compiled import scratch
from contract import backend_of, small_data

from d2lite import faces


def test_a_trainer_with_a_loop_and_helpers_of_its_own(d2l):
    """`prepare_optimizer` of a page is honoured, and what its constructor does not set."""
    if backend_of(d2l) != 'pytorch':
        pytest.skip('a loop of its own is written for one framework')
    called = []

    class Trainer(d2l.Trainer):
        def __init__(self, max_epochs):
            self.save_hyperparameters()

    @d2l.add_to_class(Trainer)
    def one_step(self, batch):
        loss = self.model.training_step(self.prepare_batch(batch))
        self.optim.zero_grad()
        loss.backward()
        self.optim.step()
        self.train_batch_idx += 1

    @d2l.add_to_class(Trainer)
    def prepare_optimizer(self):
        called.append('optimizer')
        self.optim = self.model.configure_optimizers()

    @d2l.add_to_class(Trainer)
    def fit_epoch(self):
        for batch in self.train_dataloader:
            self.one_step(batch)

    trainer = Trainer(max_epochs=2)
    trainer.fit(scratch(d2l), small_data(d2l), None)
    assert called == ['optimizer'] and len(trainer.history) == 2
    assert trainer.history[1]['train_loss'] < trainer.history[0]['train_loss']


def test_a_board_is_flushed(d2l):
    board = d2l.ProgressBoard(display=False)
    for x in range(5):
        board.draw(x, 2 * x, 'loss', every_n=2)
    assert board.data['loss'] == [(0.5, 1), (2.5, 5)]
    board.flush()
    assert board.data['loss'] == [(0.5, 1), (2.5, 5), (4, 8)]
    board.flush()
    assert len(board.data['loss']) == 3
    assert len(board.axes.lines) == 1 and board.axes.figure is board.fig


def test_what_pages_read_of_an_animator(d2l):
    animator = d2l.Animator(xlabel='epoch', legend=['a', 'b'], nrows=1, ncols=2)
    animator.display = False
    animator.add(1, (2, None))
    animator.add(2, (3, 4))
    assert (animator.X, animator.Y) == ([[1, 2], [2]], [[2, 3], [4]])
    assert animator.fmts[0] == '-' and len(animator.axes) == 2
    drawn = []
    animator.config_axes = lambda: drawn.append(1)
    animator.figure()
    assert drawn


def test_modules_that_pages_reach_through_d2l(d2l):
    face = faces.face_of(backend_of(d2l))
    assert face.Image.new('RGB', (1, 1)).size == (1, 1)
    assert face.plt.gcf and face.math.pi > 3
    array = face.np.ones(2)
    assert isinstance(array, np.ndarray) == (backend_of(d2l) != 'mxnet')
    with pytest.raises(AttributeError, match='has no .nowhere'):
        face.nowhere  # noqa: B018


def test_a_module_of_tensorflow_is_called_with_training(d2l):
    if backend_of(d2l) != 'tensorflow':
        pytest.skip('an argument of Keras')
    model = d2l.MLP(num_outputs=2, num_hiddens=3, lr=0.1)
    X = d2l.ones((2, 4))
    assert model(X, training=True).shape == model(X, training=False).shape == (2, 2)
