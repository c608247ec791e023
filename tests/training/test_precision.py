"""Trainer(precision=): what a step computes in, and what stays float32."""

import numpy as np
import pytest
from compiled import fast
from contract import backend_of
from mixed import HALF, KERAS_2, MIXED, arrays, fit, mixing, network, noting, one_batch, scale_of
from networks import adam, classifier
from trainings import evaluate, train


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
