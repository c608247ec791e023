"""Trainer(precision=): what a step computes in, what stays float32, and what is put back."""

import os
import types
from functools import partial

import numpy as np
import pytest
from compiled import fast, scratch
from contract import BACKENDS, backend_of, small_data
from networks import adam, classifier
from trainings import evaluate, train

HALF = {'bf16-mixed': 'bfloat16', '16-mixed': 'float16'}
MIXED = list(HALF)


def only(*names):
    """A test of these backends."""
    return pytest.mark.parametrize('d2l', names, indirect=True)


# MXNet has float32 only, and so has Keras 2. On NNX a layer is told its type.
KERAS_2 = os.environ.get('TF_USE_LEGACY_KERAS') == '1'
FLOAT32_ONLY = {'mxnet', 'nnx', 'tensorflow'} if KERAS_2 else {'mxnet', 'nnx'}
mixing = only(*[name for name in BACKENDS if name not in FLOAT32_ONLY])


def network(d2l, **kwargs):
    layers = ('flatten',), ('dense', 32), ('batch_norm_dense',), ('relu',), ('dropout', 0.2)
    return classifier(d2l, *layers, ('dense', 10), **kwargs)


def fit(d2l, precision, make=None, data=None, max_epochs=2, ckpt_path=None, **kwargs):
    d2l.seed_everything(0)
    model = make() if make else d2l.MLP(num_outputs=10, num_hiddens=32, lr=0.1)
    data = data or d2l.Digits(batch_size=64)
    trainer = d2l.Trainer(max_epochs=max_epochs, precision=precision, **kwargs)
    trainer.fit(model, data, ckpt_path=ckpt_path)
    return trainer


def arrays(trainer):
    return trainer.serialization.get_parameters(trainer)


def name_of(dtype):
    """'float32' for that of any framework."""
    return getattr(dtype, 'name', str(dtype)).removeprefix('torch.')


def noting(d2l, model, seen):
    """The model, which notes the type of what its first layer puts out."""

    def forward(self, X):
        for layer in getattr(self.net, 'layers', self.net):
            X = layer(X)
            seen.append(name_of(X.dtype))
        return X

    d2l.add_to_class(type(model))(forward)
    return model


def scale_of(trainer):
    """By what the loss is multiplied now."""
    if trainer.backend == 'pytorch':
        return trainer.scaler.get_scale()
    if trainer.backend == 'jax':
        return float(trainer.state.loss_scale.scale)
    return float(trainer.optim.dynamic_scale)


def test_default_is_float32(d2l):
    if KERAS_2 and backend_of(d2l) == 'tensorflow':
        pytest.skip('Keras 2 has no variables of a Sequential whose layers are called one by one')
    seen = []
    model = noting(d2l, classifier(d2l, ('dense', 4), ('dense', 10)), seen)
    X, y = np.zeros((4, 3), np.float32), np.arange(4)
    run = train(d2l, model, [(X, y)], compile=False)
    assert run.trainer.precision == '32'
    assert set(seen) == {'float32'}


@pytest.mark.parametrize('wrong', [32, 16, 'half', 'bf16', None, ['32']])
def test_what_is_no_precision_is_refused(d2l, wrong):
    with pytest.raises(ValueError, match="'32', 'tf32', 'bf16-mixed' or '16-mixed', got"):
        d2l.Trainer(max_epochs=1, precision=wrong)


@mixing
@pytest.mark.parametrize('compiled', [False, True])
@pytest.mark.parametrize('precision', MIXED)
def test_mixed_precision_trains_nearly_as_float32(d2l, precision, compiled):
    compile = fast(d2l) if compiled else False
    full, mixed = (fit(d2l, each, compile=compile) for each in ('32', precision))
    assert bool(mixed.compiled) == compiled
    for label in ('train_loss', 'val_loss'):
        ours, theirs = mixed.history[-1][label], full.history[-1][label]
        assert type(ours) is float
        assert ours == pytest.approx(theirs, abs=1e-2)
        assert ours != theirs  # it is really used
    assert {array.dtype for array in arrays(mixed).values()} == {np.dtype('float32')}


@mixing
@pytest.mark.parametrize('precision', ['32', *MIXED])
def test_compiled_steps_compute_the_same(d2l, precision):
    compiled, plain = (
        fit(d2l, precision, lambda: network(d2l), compile=each) for each in (fast(d2l), False)
    )
    assert compiled.compiled
    # A compiler need not round between two operations.
    atol = 1e-5 if precision == '32' else 2e-2
    for name, array in arrays(plain).items():
        np.testing.assert_allclose(arrays(compiled)[name], array, atol=atol, err_msg=name)


@mixing
@pytest.mark.parametrize('precision', MIXED)
def test_layers_compute_in_16_bits(d2l, precision):
    seen, losses = [], []
    model = noting(d2l, classifier(d2l, ('dense', 4), ('dense', 10)), seen)
    X, y = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32), np.arange(8)

    class Noting(d2l.Callback):
        def on_train_batch_end(self, trainer, model):
            losses.append(len(seen))

    run = train(d2l, model, [(X, y)] * 2, [(X, y)], 2, precision=precision, compile=False,
                callbacks=[Noting()])  # fmt: skip
    assert set(seen[-2 * 3 :]) == {HALF[precision]}  # two steps and a validation, of two layers
    assert len(losses) == 4
    seen.clear()
    out = evaluate(d2l, run.trainer, X)
    assert out.dtype == np.float32
    assert set(seen) == {'float32'}  # the model is as it was


@mixing
@pytest.mark.parametrize('precision', MIXED)
def test_normalisation_and_dropout(d2l, precision):
    full, mixed = (fit(d2l, each, lambda: network(d2l), max_epochs=3) for each in ('32', precision))
    assert mixed.history[-1]['train_loss'] == pytest.approx(full.history[-1]['train_loss'], abs=0.1)
    assert mixed.history[-1]['train_loss'] < 0.6 * mixed.history[0]['train_loss']
    theirs = arrays(full)
    for name, array in arrays(mixed).items():
        assert array.dtype == np.float32, name
        assert np.abs(array - theirs[name]).mean() < 0.05, name


@mixing
def test_tf32_on_a_cpu_is_float32(d2l):
    if d2l.Trainer.find_gpus():
        pytest.skip('here is a GPU')
    full, tf32 = (fit(d2l, each, max_epochs=1) for each in ('32', 'tf32'))
    for name, array in arrays(full).items():
        np.testing.assert_array_equal(arrays(tf32)[name], array)


def one_batch(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(8, 3)).astype(np.float32), rng.integers(0, 10, 8)


@mixing
@pytest.mark.parametrize('compiled', [False, True])
def test_an_overflow_skips_the_update_and_halves_the_scale(d2l, compiled, monkeypatch):
    monkeypatch.setattr(d2l.Trainer.arithmetic, 'FIRST_SCALE', 2.0**100)
    model = classifier(d2l, ('dense', 4), ('dense', 10), optimizer=adam(d2l))
    run = train(d2l, model, [one_batch()] * 3, precision='16-mixed',
                compile=fast(d2l) if compiled else False)  # fmt: skip
    first = run.parameters[0]
    for step in run.parameters[1:]:
        for name, array in first.items():
            np.testing.assert_array_equal(step[name], array, err_msg=name)
    assert scale_of(run.trainer) == 2.0**97
    assert np.isfinite(run.trainer.history[-1]['train_loss'])


@mixing
def test_the_scale_grows_after_steps_without_overflow(d2l, monkeypatch):
    monkeypatch.setattr(d2l.Trainer.arithmetic, 'GROWTH_INTERVAL', 2)
    model = classifier(d2l, ('dense', 4), ('dense', 10))
    run = train(d2l, model, [one_batch()] * 5, precision='16-mixed')
    assert scale_of(run.trainer) == 2.0**17
    assert len({run.parameters[step]['net.0.weight'].tobytes() for step in range(6)}) == 6


@mixing
@pytest.mark.parametrize('compiled', [False, True])
def test_clipping_is_about_the_gradients_themselves(d2l, compiled):
    lr = 0.5
    model = classifier(d2l, ('dense', 4), ('dense', 10), lr=lr)
    run = train(d2l, model, [one_batch()], precision='16-mixed', gradient_clip_val=0.01,
                compile=fast(d2l) if compiled else False)  # fmt: skip
    squares = [np.sum(array.astype(float) ** 2) for array in run.moved(0, lr).values()]
    assert np.sqrt(sum(squares)) == pytest.approx(0.01, rel=1e-3)


@mixing
def test_an_anomaly_stops_training(d2l):
    X, y = one_batch()
    model = classifier(d2l, ('dense', 4), ('dense', 10))
    with pytest.raises(FloatingPointError, match='train_loss'):
        train(d2l, model, [(X, y), (X * np.nan, y)], precision='16-mixed', detect_anomaly=True)


@mixing
@pytest.mark.parametrize('precision', MIXED)
def test_a_checkpoint_goes_on_bit_for_bit(d2l, precision, tmp_path, monkeypatch):
    monkeypatch.setattr(d2l.Trainer.arithmetic, 'GROWTH_INTERVAL', 5)
    path = tmp_path / 'run.safetensors'

    def make():
        return network(d2l, optimizer=adam(d2l), lr=0.01)

    whole = fit(d2l, precision, make, max_epochs=3)
    fit(d2l, precision, make, max_epochs=1).save_checkpoint(path)
    resumed = fit(d2l, precision, make, max_epochs=3, ckpt_path=path)
    for name, array in arrays(whole).items():
        np.testing.assert_array_equal(arrays(resumed)[name], array, err_msg=name)
    if precision == '16-mixed':
        assert scale_of(resumed) == scale_of(whole) != 2.0**15


@mixing
def test_a_checkpoint_of_another_precision_goes_on_with_a_warning(d2l, tmp_path):
    path = tmp_path / 'run.safetensors'
    fit(d2l, '16-mixed', max_epochs=1).save_checkpoint(path)
    with pytest.warns(UserWarning, match="precision='16-mixed', and training goes on in '32'"):
        trainer = fit(d2l, '32', ckpt_path=path)
    assert trainer.history[-1]['train_loss'] < trainer.history[0]['train_loss']
    trainer.save_checkpoint(path)
    with pytest.warns(UserWarning, match="precision='32', and training goes on in '16-mixed'"):
        assert scale_of(fit(d2l, '16-mixed', max_epochs=3, ckpt_path=path)) == 2.0**15


@mixing
@pytest.mark.parametrize('precision', MIXED)
def test_another_precision_leads_to_a_new_trace(d2l, precision):
    class Change(d2l.Callback):
        def on_train_epoch_end(self, trainer, model):
            trainer.precision = precision

    compiled, plain = (
        fit(d2l, '32', compile=each, callbacks=[Change()]) for each in (fast(d2l), False)
    )
    full = fit(d2l, '32', compile=fast(d2l))
    losses = [trainer.history[1]['train_loss'] for trainer in (compiled, plain, full)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert losses[0] != losses[2]
    again = fit(d2l, precision, compile=fast(d2l))
    assert again.history[0]['train_loss'] != full.history[0]['train_loss']


# What the framework was told before a training holds after it.


@pytest.fixture
def gpu(d2l, monkeypatch):
    """The CPU stands in for a GPU."""
    if backend_of(d2l) == 'pytorch':
        import torch

        found = torch.device('cpu')
    elif backend_of(d2l) == 'jax':
        import jax

        found = jax.devices()[0]
    else:
        import tensorflow as tf

        found = tf.device('/CPU:0')
    monkeypatch.setattr(d2l.Trainer, 'find_gpus', staticmethod(lambda: [found]))


def current(d2l):
    """How the framework multiplies matrices of float32 now."""
    if backend_of(d2l) == 'pytorch':
        import torch

        newer = hasattr(torch.backends, 'fp32_precision')
        if not newer:
            return torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
        backends = torch.backends
        switches = [backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn]
        switches += [backends.mkldnn.matmul, backends.mkldnn.conv, backends]
        return [switch.fp32_precision for switch in switches]
    if backend_of(d2l) == 'jax':
        import jax

        return jax.config.jax_default_matmul_precision
    import tensorflow as tf

    return tf.config.experimental.tensor_float_32_execution_enabled()


def in_step(d2l, precision, model=None):
    """What holds within a step, on what stands in for a GPU."""
    found = []
    model = model or classifier(d2l, ('dense', 4), ('dense', 10))
    kind = type(model)

    class Looking(d2l.Trainer):
        def fit_epoch(self):
            found.append(current(d2l))
            super().fit_epoch()

    train(d2l, model, [one_batch()], trainer=Looking, precision=precision, num_gpus=1)
    assert type(model) is kind
    return found[0]


@mixing
@pytest.mark.parametrize('precision', ['32', 'tf32', 'bf16-mixed'])
def test_settings_hold_within_fit_and_not_after(d2l, gpu, precision):
    before = current(d2l)
    found = in_step(d2l, precision)
    assert current(d2l) == before
    tf32 = precision == 'tf32'
    if backend_of(d2l) == 'pytorch':
        assert ('tf32' in found[:3]) is tf32
    elif backend_of(d2l) == 'jax':
        assert found == ('tensorfloat32' if tf32 else 'float32')
    else:
        assert found is tf32


@mixing
def test_settings_are_put_back_after_an_exception(d2l, gpu):
    before, found = current(d2l), []
    for precision in ('tf32', 'bf16-mixed'):
        model = classifier(d2l, ('dense', 4), ('dense', 10))

        class Failing(d2l.Trainer):
            def fit_epoch(self):
                super().fit_epoch()
                found.append(current(d2l))
                raise OSError('on purpose')

        with pytest.raises(OSError, match='on purpose'):
            train(d2l, model, [one_batch()], trainer=Failing, precision=precision, num_gpus=1)
        assert current(d2l) == before
        if backend_of(d2l) == 'tensorflow':
            assert {layer.dtype_policy.name for layer in model.net.layers} == {'float32'}
    assert found[0] != found[1]


# PyTorch has two kinds of switches, and refuses the older once the newer were used.


@only('pytorch')
@pytest.mark.parametrize('kind', ['older', 'newer', 'newer for all'])
def test_a_users_own_switches_on_pytorch(d2l, gpu, kind):
    import torch

    if kind != 'older' and not hasattr(torch.backends, 'fp32_precision'):
        pytest.skip('this PyTorch has the older switches only')
    first = current(d2l)
    if hasattr(torch.backends, 'fp32_precision'):
        kept = [
            each.fp32_precision for each in (torch.backends.cudnn.conv, torch.backends.cudnn.rnn)
        ]
    try:
        if kind == 'older':
            torch.set_float32_matmul_precision('high')
        elif kind == 'newer':
            torch.backends.cuda.matmul.fp32_precision = 'tf32'
        else:
            torch.backends.fp32_precision = 'tf32'
        before = current(d2l)
        assert 'tf32' not in in_step(d2l, '32')[:5]
        assert current(d2l) == before
        if kind == 'older':
            assert torch.get_float32_matmul_precision() == 'high'
        if kind == 'newer for all':  # what follows it still does
            torch.backends.fp32_precision = 'ieee'
            assert torch.backends.cuda.matmul.fp32_precision == 'ieee'
    finally:
        torch.set_float32_matmul_precision('highest')
        if hasattr(torch.backends, 'fp32_precision'):
            torch.backends.fp32_precision = 'none'
            torch.backends.cuda.matmul.fp32_precision = 'none'
            torch.backends.mkldnn.matmul.fp32_precision = 'none'
            torch.backends.cudnn.conv.fp32_precision = kept[0]
            torch.backends.cudnn.rnn.fp32_precision = kept[1]
    assert current(d2l) == first


# What a backend, or a training, cannot do.


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
