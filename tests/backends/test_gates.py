"""Parameters of recurrent layers move between frameworks, and train the same there."""

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require
from trainings import evaluate, train

NUM_TOKENS, NUM_HIDDENS = 5, 4
RNG = np.random.default_rng(0)
X = RNG.integers(NUM_TOKENS, size=(3, 6)).astype('int32')
Y = RNG.integers(NUM_TOKENS, size=(3, 6)).astype('int64')
KINDS = {
    'RNN': {},
    'RNN, both ways': {'bidirectional': True},
    'GRU': {},
    'GRU, two layers': {'num_layers': 2},
    'GRU, both ways': {'num_layers': 2, 'bidirectional': True},
    'LSTM': {},
    'LSTM, two layers': {'num_layers': 2},
    'LSTM, both ways': {'num_layers': 2, 'bidirectional': True},
}


def model(d2l, kind, lr=0.5):
    sizes = (NUM_TOKENS,) if backend_of(d2l) == 'pytorch' else ()
    rnn = getattr(d2l, kind.partition(',')[0])(*sizes, NUM_HIDDENS, **KINDS[kind])
    return d2l.RNNLM(rnn, NUM_TOKENS, lr)


def uniform(found):
    """Parameters large enough for each to matter; a bias that is not trained is 0."""
    rng = np.random.default_rng(1)
    drawn = {n: rng.uniform(-1, 1, found[n].shape).astype(np.float32) for n in sorted(found)}
    return {n: drawn[n] * (trains(n) or len(found[n].shape) > 1) for n in drawn}


def trains(name):
    return 'bias_hh' not in name


@pytest.mark.parametrize('kind', KINDS)
def test_outputs_are_the_same_for_all_pairs(kind, tmp_path):
    """From each framework, as it made them, to each of the others, by way of a file."""
    made, expected = {}, {}
    for name in BACKENDS:
        d2l = require(name)
        d2l.seed_everything(0)
        run = train(d2l, model(d2l, kind), [(X, Y)], max_epochs=2)
        run.trainer.save_parameters(tmp_path / f'{name}.safetensors')
        made[name], expected[name] = run.trainer, evaluate(d2l, run.trainer, X)
    names = [sorted((n, a.shape) for n, a in t.get_parameters().items()) for t in made.values()]
    assert all(each == names[0] for each in names)
    for target in BACKENDS:
        d2l = require(target)
        for source in BACKENDS:
            made[target].load_parameters(tmp_path / f'{source}.safetensors')
            found = evaluate(d2l, made[target], X)
            np.testing.assert_allclose(found, expected[source], atol=1e-5, err_msg=source)
    for name in BACKENDS:  # they were different models
        for other in BACKENDS:
            assert name == other or np.abs(expected[name] - expected[other]).max() > 0.01


@pytest.mark.parametrize('kind', KINDS)
def test_losses_are_the_same_from_the_same_parameters(kind):
    found = {}
    for name in BACKENDS:
        d2l = require(name)
        run = train(d2l, model(d2l, kind), [(X, Y)] * 5, init_params=uniform)
        found[name] = run
    first, *others = found.values()
    ppl = [np.array([p.y for p in run.model.board.data['train_ppl']]) for run in found.values()]
    assert ppl[0][-1] < 0.9 * ppl[0][0]
    for run, losses in zip(others, ppl[1:], strict=True):
        np.testing.assert_allclose(losses, ppl[0], rtol=2e-5)
        for name, array in first.parameters[-1].items():
            np.testing.assert_allclose(run.parameters[-1][name], array, atol=2e-5, err_msg=name)
    moved = [n for n, a in first.parameters[0].items() if (a != first.parameters[-1][n]).any()]
    assert moved == [n for n in first.parameters[0] if trains(n) or 'GRU' in kind]
