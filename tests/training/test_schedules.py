"""Schedules of learning rates, as each framework has them: 3 steps an epoch, for 4 epochs."""

import numpy as np
import pytest
from compiled import fast
from contract import backend_of, require, small_data


def torch_optimizers(kind):
    def configure_optimizers(self):
        import torch

        optim = torch.optim.SGD(self.parameters(), 0.1)
        schedulers = torch.optim.lr_scheduler
        if kind == 'tuple':
            return optim, schedulers.StepLR(optim, 2, 0.5)
        if kind == 'lists':
            return [optim], [schedulers.StepLR(optim, 2, 0.5)]
        if kind == 'dictionary':
            return {'optimizer': optim, 'lr_scheduler': schedulers.StepLR(optim, 2, 0.5)}
        if kind == 'steps':
            scheduler = schedulers.StepLR(optim, 6, 0.5)
            return {
                'optimizer': optim,
                'lr_scheduler': {'scheduler': scheduler, 'interval': 'step'},
            }
        plateau = schedulers.ReduceLROnPlateau(optim, factor=0.5, patience=0, threshold=100)
        return optim, {'scheduler': plateau, 'monitor': 'train_loss'}

    return configure_optimizers


def mxnet_optimizer(self):
    from mxnet import gluon, lr_scheduler

    schedule = lr_scheduler.FactorScheduler(step=6, factor=0.5, base_lr=0.1)
    return gluon.Trainer(
        self.collect_params(), 'sgd', {'learning_rate': 0.1, 'lr_scheduler': schedule}
    )


def tensorflow_optimizer(self):
    from d2lite_tensorflow.framework import keras

    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 6, 0.5, staircase=True)
    return keras.optimizers.SGD(decay)


def jax_optimizer(self):
    import optax

    schedule = optax.exponential_decay(0.1, 6, 0.5, staircase=True)
    return optax.inject_hyperparams(optax.sgd)(learning_rate=schedule)


SCHEDULES = [
    *(('pytorch', kind) for kind in ('tuple', 'lists', 'dictionary', 'steps', 'plateau')),
    ('mxnet', 'steps'),
    ('tensorflow', 'steps'),
    ('jax', 'steps'),
    ('nnx', 'steps'),
]
OTHERS = {'mxnet': mxnet_optimizer, 'tensorflow': tensorflow_optimizer, 'jax': jax_optimizer}
OTHERS['nnx'] = jax_optimizer


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('backend, kind', SCHEDULES)
def test_a_schedule_is_followed_and_resumed(backend, kind, compiled, tmp_path, monkeypatch):
    if backend == 'pytorch':
        if compiled and kind not in ('steps', 'tuple'):
            pytest.skip('to export steps takes long, and schedulers do not depend on it')
        monkeypatch.setattr('torch.compile', lambda graph, **options: graph)
    d2l = require(backend)

    class Model(d2l.LinearRegression):
        configure_optimizers = torch_optimizers(kind) if backend == 'pytorch' else OTHERS[backend]

    def run(max_epochs, **kwargs):
        d2l.seed_everything(0)
        data = small_data(d2l, num_train=48, num_val=0)
        trainer = d2l.Trainer(
            max_epochs,
            callbacks=[lrs],
            compile=fast(d2l) if compiled else False,
            checkpoint_every=5,
            checkpoint_path=tmp_path / 'x',
        )
        trainer.fit(Model(lr=0.1), data, init_params=d2l.xavier_uniform(0), **kwargs)
        return trainer.get_parameters()

    class Look(d2l.Callback):
        every_n_train_steps = None

        def on_train_batch_end(self, trainer, model):
            self.after[trainer.train_batch_idx] = trainer.current_lr()

    lrs = Look()
    lrs.after = {}
    expected = run(4)
    # The frameworks differ in when they tell of the rate that follows the sixth step.
    seen = {step: lr for step, lr in lrs.after.items() if step not in (6, 12)}
    assert {3, 5, 9} <= seen.keys()
    for step, lr in seen.items():
        # Of that threshold every epoch is a plateau.
        halved = (step - 1) // 3 if kind == 'plateau' else int(step > 6)
        assert lr == pytest.approx(0.1 / 2**halved), step
    run(2)  # its checkpoint is that after step 5, in the middle of an epoch
    resumed = run(4, ckpt_path=tmp_path / 'x')
    for name, array in expected.items():
        np.testing.assert_array_equal(resumed[name], array)


def test_a_rate_that_is_not_constant_trains_otherwise(d2l):
    """By hand: the gradients of one batch a step, with the rates of the schedule."""
    if backend_of(d2l) == 'pytorch':
        optimizer = torch_optimizers('steps')
    else:
        optimizer = OTHERS[backend_of(d2l)]

    class Model(d2l.LinearRegression):
        configure_optimizers = optimizer

    class Look(d2l.Callback):
        parameters = []

        def on_train_batch_end(self, trainer, model):
            self.parameters.append(trainer.get_parameters())

    look = Look()
    look.parameters = []
    start = {'net.weight': np.zeros((2, 1), np.float32), 'net.bias': np.zeros(1, np.float32)}
    data = small_data(d2l, num_train=48, num_val=0)
    trainer = d2l.Trainer(4, callbacks=[look], compile=False)
    trainer.fit(Model(lr=0.1), data, init_params=start)
    X, y = (np.float64(d2l.numpy(tensor)) for tensor in (data.X[:48], data.y[:48]))
    w, b = np.zeros((2, 1)), np.zeros(1)
    loader = trainer.train_dataloader.dataloader
    loader.epoch = 0
    rates = [0.1] * 6 + [0.05] * 6
    orders = np.concatenate([loader.next_order().reshape(3, 16) for _ in range(4)])
    factor = 2 if look.parameters[0]['net.bias'][0] == pytest.approx(
        0.2 * y[orders[0]].mean(), rel=1e-3
    ) else 1  # fmt: skip
    for rows, lr, found in zip(orders, rates, look.parameters, strict=True):
        error = X[rows] @ w + b - y[rows]
        w = w - lr * factor * X[rows].T @ error / 16
        b = b - lr * factor * error.mean(axis=0)
        np.testing.assert_allclose(found['net.weight'], w, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found['net.bias'], b, rtol=1e-4, atol=1e-5)
