"""Trainer(precision=): what a backend cannot do, and steps that a lesson writes itself."""

import types
from functools import partial

import numpy as np
import pytest
from compiled import fast, scratch
from contract import backend_of, small_data
from mixed import MIXED, arrays, fit, mixing, name_of, only


@only('mxnet')
@pytest.mark.parametrize('precision', ['tf32', *MIXED])
def test_mxnet_has_float32_only(d2l, precision):
    with pytest.raises(ValueError, match=f"mxnet cannot train in precision='{precision}' here"):
        d2l.Trainer(max_epochs=1, precision=precision)


@mixing
@pytest.mark.parametrize('precision', MIXED)
def test_a_model_from_scratch(d2l, precision):
    data = small_data(d2l)
    if backend_of(d2l) == 'tensorflow':
        with pytest.raises(ValueError, match='trains tf.Variables of its own'):
            fit(d2l, precision, lambda: scratch(d2l), data)
    elif (backend_of(d2l), precision) == ('pytorch', '16-mixed'):
        with pytest.raises(ValueError, match='takes an optimizer of torch.optim, got SGD'):
            fit(d2l, precision, lambda: scratch(d2l), data)
    else:
        runs = [fit(d2l, each, lambda: scratch(d2l), data, 30) for each in (precision, '32')]
        ours, theirs = (run.history[-1]['train_loss'] for run in runs)
        assert theirs < 0.1
        assert ours == pytest.approx(theirs, abs=0.05)
        assert ours != theirs


@mixing
@pytest.mark.parametrize('precision', MIXED)
def test_a_loop_of_ones_own_is_refused(d2l, precision):
    class Own(d2l.Trainer):
        def fit_epoch(self):
            for batch in self.train_dataloader:
                self.model.training_step(self.prepare_batch(batch))

    with pytest.raises(ValueError, match=r'Own.fit_epoch\(\) makes the steps itself'):
        Own(max_epochs=1, precision=precision)
    Own(max_epochs=1, precision='32')


@only('tensorflow')
def test_keras_2_is_refused(d2l, monkeypatch):
    monkeypatch.setattr(d2l.Trainer.arithmetic, 'keras', types.SimpleNamespace())
    with pytest.raises(ValueError, match='the layers of Keras 2 keep the policy'):
        d2l.Trainer(max_epochs=1, precision='bf16-mixed')


@only('jax')
def test_a_training_step_of_ones_own_on_jax(d2l):
    import jax

    seen = []

    class Own(d2l.LinearRegression):
        def training_step(self, params, batch, state):
            loss, grads = jax.value_and_grad(self.loss)(params, batch[:-1], batch[-1], state)
            self.plot('loss', loss, train=True)
            trees = params, batch[:-1], batch[-1], loss
            seen.extend({name_of(leaf.dtype) for leaf in jax.tree.leaves(tree)} for tree in trees)
            return loss, grads

    with pytest.raises(ValueError, match=r"training_step\(\) takes the gradients itself.*'bf16"):
        d2l.Trainer(max_epochs=1, precision='16-mixed').fit(Own(lr=0.03), small_data(d2l))
    assert not seen
    runs = [
        fit(d2l, 'bf16-mixed', partial(kind, lr=0.03), small_data(d2l), compile=False)
        for kind in (Own, d2l.LinearRegression)
    ]
    # Labels and loss keep their type.
    assert seen[:4] == [{'bfloat16'}, {'bfloat16'}, {'float32'}, {'float32'}]
    for name, array in arrays(runs[1]).items():
        np.testing.assert_array_equal(arrays(runs[0])[name], array)


@only('jax')
def test_batches_that_are_dictionaries_on_jax(d2l):
    class Named(d2l.LinearRegression):
        def forward(self, batch):
            return self.net(batch['X'])

        def training_step(self, params, batch, state):
            raise AssertionError('it gets no batch')

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            return [{'X': d2l.zeros((4, 2)), 'y': d2l.zeros((4, 1))}] if train else None

    with pytest.raises(ValueError, match='a dictionary does not tell inputs from labels'):
        d2l.Trainer(max_epochs=1, precision='bf16-mixed', compile=False).fit(Named(lr=0.1), Data())


@mixing
def test_steps_are_traced_once(d2l):
    found = []

    class Looking(d2l.Callback):
        every_n_train_steps = None

        def on_train_epoch_end(self, trainer, model):
            found.append(trainer.compiled)

    fit(d2l, 'bf16-mixed', compile=fast(d2l), callbacks=[Looking()], max_epochs=3)
    assert found[0]
    assert found[0] is found[1] is found[2]
