"""Batches of any structure: what a loader gives reaches the lesson's own steps."""

import numpy as np
import pytest
from contract import backend_of

LR = 0.0625
RNG = np.random.default_rng(0)
X, X2 = RNG.standard_normal((2, 12, 2)).astype(np.float32)
Y = (X @ [[2], [-3.4]] + 4.2).astype(np.float32)


def structured(kind, one, two, y):
    if kind == 'nested':
        return (one, (two, one)), y
    return {'one': one, 'pair': (two, one), 'y': y}


def parts(batch):
    """One input, a pair of inputs, and labels."""
    if isinstance(batch, dict):
        return batch['one'], batch['pair'], batch['y']
    (one, pair), y = batch
    return one, pair, y


def data_of(d2l, kind):
    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            tensors = [self.tensor(array) for array in (X, X2, Y)]
            rows = [slice(0, 5), slice(5, 10), slice(10, 12)]  # the last one is smaller
            return [structured(kind, *(tensor[each] for tensor in tensors)) for each in rows]

    return Data()


def model_of(d2l):
    """A linear regression on the sum of the inputs, less the second."""
    if backend_of(d2l) == 'jax':
        import jax

        class Model(d2l.LinearRegressionScratch):
            def apply_init(self, dummy_input, key):
                return self.init(
                    key,
                    dummy_input[0]['one']
                    if isinstance(dummy_input[0], dict)
                    else dummy_input[0][0],
                )

            def training_step(self, params, batch, state):
                one, (two, again), y = parts(batch)
                loss, grads = jax.value_and_grad(self.loss)(params, (one + two + again,), y, state)
                self.plot('loss', loss, train=True)
                return loss, grads

            def validation_step(self, params, batch, state):
                one, (two, again), y = parts(batch)
                self.plot('loss', self.loss(params, (one + two + again,), y, state), train=False)

        return Model(2, lr=LR, init_seed=1)

    class Model(d2l.LinearRegressionScratch):
        def training_step(self, batch):
            one, (two, again), y = parts(batch)
            loss = self.loss(self(one + two + again), y)
            self.plot('loss', loss, train=True)
            return loss

        def validation_step(self, batch):
            one, (two, again), y = parts(batch)
            self.plot('loss', self.loss(self(one + two + again), y), train=False)

    return Model(2, lr=LR)


def losses_by_hand(epochs):
    inputs, w, b, found = (2 * X + X2).astype(np.float64), np.zeros((2, 1)), 0.0, []
    for _ in range(epochs):
        losses = []
        for rows in (slice(0, 5), slice(5, 10), slice(10, 12)):
            error = inputs[rows] @ w + b - Y[rows]
            losses.append((error**2 / 2).mean())
            w, b = w - LR * inputs[rows].T @ error / len(error), b - LR * error.mean()
        found.append(np.mean(losses))
    return found


@pytest.mark.parametrize('compile', [None, False])
@pytest.mark.parametrize('kind', ['nested', 'dictionary'])
def test_nested_batches_and_dictionaries_reach_the_steps(d2l, kind, compile, recwarn):
    trainer = d2l.Trainer(max_epochs=3, compile=compile)
    initial = {'w': np.zeros((2, 1), 'float32'), 'b': np.zeros(1, 'float32')}
    trainer.fit(model_of(d2l), data_of(d2l, kind), init_params=initial)
    losses = [row['train_loss'] for row in trainer.history]
    np.testing.assert_allclose(losses, losses_by_hand(3), rtol=1e-4)
    assert all('val_loss' in row for row in trainer.history)
    assert not [w for w in recwarn if 'step by step' in str(w.message)]
