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
    sizes = (NUM_TOKENS,) if backend_of(d2l) in ('pytorch', 'nnx') else ()
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


@pytest.mark.parametrize('kind', ['RNN', 'LSTM, both ways'])
def test_a_second_bias_is_added_where_there_is_one_only(kind):
    def with_both(found):
        rng = np.random.default_rng(1)
        return {n: rng.uniform(-1, 1, found[n].shape).astype(np.float32) for n in sorted(found)}

    outputs = []
    for name in BACKENDS:
        d2l = require(name)
        run = train(d2l, model(d2l, kind), [(X, Y)], max_epochs=0, init_params=with_both)
        outputs.append(evaluate(d2l, run.trainer, X))
    for other in outputs[1:]:
        np.testing.assert_allclose(other, outputs[0], atol=1e-5)


def moved(source, kind, target_model, path):
    """Outputs of a model of `source`, and those of another one that was given its parameters."""
    d2l = require(source)
    d2l.seed_everything(0)
    run = train(d2l, model(d2l, kind), [(X, Y)] * 3, init_params=uniform)
    run.trainer.save_parameters(path)
    expected = evaluate(d2l, run.trainer, X)
    target, net = target_model
    trainer = train(target, net, [(X, Y)], max_epochs=0).trainer
    trainer.load_parameters(path)
    return expected, evaluate(target, trainer, X)


def test_a_cell_with_fewer_biases_takes_their_sum(tmp_path):
    """Flax's own, which a lesson may use: with a second bias for one of three gates only."""
    d2l = require('jax')
    from flax import linen as nn

    class Lesson(d2l.GRU):
        def setup(self):
            self.rnn = [self.layer(nn.GRUCell) for _ in range(self.num_layers)]
            self.drop = nn.Dropout(self.dropout)

    net = d2l.RNNLM(Lesson(NUM_HIDDENS, num_layers=2), NUM_TOKENS, 0.5)
    path = tmp_path / 'gru.safetensors'
    expected, found = moved('tensorflow', 'GRU, two layers', (d2l, net), path)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_another_kind_of_gru_is_not_taken_for_this_one(tmp_path):
    """With `reset_after=False` Keras computes something else, which no other framework does."""
    d2l = require('tensorflow')
    from d2lite_tensorflow.framework import keras

    class Lesson(d2l.RNN):
        def __init__(self):
            d2l.Module.__init__(self)
            self.bidirectional = False
            kwargs = {'return_sequences': True, 'return_state': True, 'reset_after': False}
            self.rnn = keras.layers.GRU(NUM_HIDDENS, **kwargs)

    net = d2l.RNNLM(Lesson(), NUM_TOKENS, 0.5)
    with pytest.raises(
        ValueError, match='does not fit the model:(.|\n)*missing: rnn.rnn.recurrent_kernel'
    ):
        moved('pytorch', 'GRU', (d2l, net), tmp_path / 'gru.safetensors')


def test_a_network_of_one_layer_has_its_number_in_the_names():
    """Also where the layer stands alone, and not in a list."""
    expected = {
        'rnn.rnn.0.weight_ih',
        'rnn.rnn.0.weight_hh',
        'rnn.rnn.0.bias_ih',
        'rnn.rnn.0.bias_hh',
    }
    for name in BACKENDS:
        d2l = require(name)
        trainer = train(d2l, model(d2l, 'RNN'), [(X, Y)], max_epochs=0).trainer
        assert set(trainer.get_parameters()) - {'linear.weight', 'linear.bias'} == expected
