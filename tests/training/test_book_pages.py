"""What pages of the book override of a Trainer, a model and data works."""

import numpy as np
from compiled import scratch
from contract import backend_of, small_data


def fit(d2l, trainer, model=None):
    d2l.seed_everything(0)
    trainer.fit(model or scratch(d2l), small_data(d2l))
    return trainer


def assert_as_ours(d2l, trainer):
    ours = fit(d2l, d2l.Trainer(max_epochs=2))
    for name, array in ours.get_parameters().items():
        np.testing.assert_allclose(trainer.get_parameters()[name], array, rtol=1e-6)
    assert [row['val_loss'] for row in trainer.history] == [row['val_loss'] for row in ours.history]


def test_a_trainer_whose_constructor_sets_only_some_attributes(d2l):
    class Trainer(d2l.Trainer):
        def __init__(self, max_epochs, num_gpus=0, gradient_clip_val=0):
            self.save_hyperparameters()
            assert num_gpus == 0, 'No GPU support yet'

    assert_as_ours(d2l, fit(d2l, Trainer(max_epochs=2)))


def test_the_methods_that_prepare(d2l):
    called = []

    class Trainer(d2l.Trainer):
        def prepare_data(self, data):
            called.append('data')
            self.train_dataloader = data.train_dataloader()
            self.val_dataloader = data.val_dataloader()
            self.num_train_batches = len(self.train_dataloader)
            self.num_val_batches = (
                len(self.val_dataloader) if self.val_dataloader is not None else 0
            )

        def prepare_model(self, model):
            called.append('model')
            model.trainer = self
            model.board.xlim = [0, self.max_epochs]
            self.model = model

        def prepare_batch(self, batch):
            return batch

    trainer = fit(d2l, Trainer(max_epochs=2))
    assert called == ['data', 'model']
    assert_as_ours(d2l, trainer)
    assert trainer.predict(np.ones((3, 2), np.float32)).shape == (3, 1)


def test_a_model_and_data_with_constructors_of_their_own(d2l):
    class Data(d2l.DataModule):
        def __init__(self, root='../data', num_workers=4):
            self.save_hyperparameters()
            self.batch_size, whole = 16, small_data(d2l)
            self.X, self.y = whole.X, whole.y

        def get_dataloader(self, train):
            rows = slice(0, 64) if train else slice(64, None)
            return self.get_tensorloader((self.X, self.y), train, rows)

    class Model(d2l.LinearRegressionScratch):
        if backend_of(d2l) != 'jax':

            def __init__(self, num_inputs, lr, sigma=0.01):
                super().__init__(num_inputs, lr, sigma)
                self.save_hyperparameters()

    trainer = d2l.Trainer(max_epochs=2)
    d2l.seed_everything(0)
    trainer.fit(Model(2, lr=0.03), Data())
    assert trainer.history[-1]['val_loss'] < trainer.history[0]['val_loss']
    assert repr(trainer.train_dataloader.dataloader.data) == 'Data()'
