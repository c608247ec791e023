"""Recurrent networks and language models: against NumPy, trained, resumed, compiled."""

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require, skip_long_training
from devices import on_device
from trainings import train

NUM_TOKENS, NUM_HIDDENS, NUM_STEPS, BATCH = 5, 4, 6, 3
CLASSES = ['RNN', 'GRU', 'LSTM']
RNG = np.random.default_rng(0)


def network(d2l, name, num_inputs=NUM_TOKENS, num_hiddens=NUM_HIDDENS, **kwargs):
    """A recurrent network; PyTorch alone is told the number of inputs."""
    sizes = (num_inputs,) if name == 'RNNScratch' or backend_of(d2l) in ('pytorch', 'nnx') else ()
    return getattr(d2l, name)(*sizes, num_hiddens, **kwargs)


def language_model(d2l, name, vocab_size=NUM_TOKENS, lr=1.0, num_hiddens=NUM_HIDDENS, **kwargs):
    rnn = network(d2l, name, vocab_size, num_hiddens, **kwargs)
    return (d2l.RNNLMScratch if name == 'RNNScratch' else d2l.RNNLM)(rnn, vocab_size, lr)


def tokens(shape=(BATCH, NUM_STEPS), seed=0):
    """Indices of tokens that depend on the one before: X, and Y one ahead."""
    rng = np.random.default_rng(seed)
    starts, steps = rng.integers(NUM_TOKENS, size=shape[0]), np.arange(shape[1] + 1)
    text = (starts[:, None] + 2 * steps) % NUM_TOKENS
    return text[:, :-1].astype('int32'), text[:, 1:].astype('int64')


def called(d2l, rnn, X, state=None):
    """The outputs and the state of a network, which on JAX is given new parameters."""
    X = on_device(d2l, d2l.DataModule.tensor(X))
    if backend_of(d2l) != 'jax':
        if backend_of(d2l) == 'mxnet' and not isinstance(rnn, d2l.RNNScratch):
            from mxnet import init

            rnn.initialize(init.Uniform(0.5))  # weights as large as elsewhere
        return rnn(X, state)
    return rnn.apply(rnn.init(d2l.get_key(), X), X, state)


def bound(d2l, rnn, X):
    """The network as a function of NumPy arrays and a state, always with the same parameters."""
    called(d2l, rnn, X)
    if backend_of(d2l) == 'jax':
        rnn = rnn.bind(rnn.init(d2l.get_key(), X))

    def run(X, state=None):
        outputs, state = rnn(on_device(d2l, d2l.DataModule.tensor(X)), state)
        return np.stack([d2l.numpy(each) for each in outputs]), state

    return run


def copied(params, dtype=np.float64):
    """The parameters of an RNNLMScratch by short names: W_xh, W_hh, b_h, W_hq, b_q."""
    return {name.rpartition('.')[2]: np.array(array, dtype) for name, array in params.items()}


def referee(params, X, Y):
    """The scores, and the loss with its gradients by hand, of an RNNLMScratch: float64."""
    p, onehot = copied(params), np.eye(NUM_TOKENS)
    inputs, states = onehot[X.T], [np.zeros((len(X), NUM_HIDDENS))]
    for x in inputs:
        states.append(np.tanh(x @ p['W_xh'] + states[-1] @ p['W_hh'] + p['b_h']))
    scores = np.stack([h @ p['W_hq'] + p['b_q'] for h in states[1:]], 1)
    probs = np.exp(scores - scores.max(-1, keepdims=True))
    probs /= probs.sum(-1, keepdims=True)
    loss = -np.log(np.take_along_axis(probs, Y[..., None], -1)).mean()
    # Back through time: the loss of each step, and what comes from the step after.
    errors = (probs - onehot[Y]) / Y.size
    grads = {name: np.zeros_like(array) for name, array in p.items()}
    after = np.zeros_like(states[0])
    for t in reversed(range(X.shape[1])):
        grads['W_hq'] += states[t + 1].T @ errors[:, t]
        grads['b_q'] += errors[:, t].sum(0)
        before_tanh = (errors[:, t] @ p['W_hq'].T + after) * (1 - states[t + 1] ** 2)
        grads['W_xh'] += inputs[t].T @ before_tanh
        grads['W_hh'] += states[t].T @ before_tanh
        grads['b_h'] += before_tanh.sum(0)
        after = before_tanh @ p['W_hh'].T
    return scores, loss, grads


def uniform(found):
    """Parameters large enough for each to matter."""
    rng = np.random.default_rng(1)
    return {n: rng.uniform(-1, 1, found[n].shape).astype(np.float32) for n in sorted(found)}


def test_the_referee_s_gradients_are_central_differences():
    X, Y = tokens()
    shapes = {
        'W_xh': (NUM_TOKENS, NUM_HIDDENS),
        'W_hh': (NUM_HIDDENS, NUM_HIDDENS),
        'b_h': (NUM_HIDDENS,),
        'W_hq': (NUM_HIDDENS, NUM_TOKENS),
        'b_q': (NUM_TOKENS,),
    }
    params = {name: RNG.uniform(-1, 1, shape) for name, shape in shapes.items()}
    grads = referee(params, X, Y)[2]
    for name, array in params.items():
        for index in np.ndindex(array.shape):
            losses = []
            for epsilon in (1e-5, -1e-5):
                moved = {key: value.copy() for key, value in params.items()}
                moved[name][index] += epsilon
                losses.append(referee(moved, X, Y)[1])
            assert grads[name][index] == pytest.approx((losses[0] - losses[1]) / 2e-5, abs=1e-8)


def test_scratch_model_is_numpy_s_forward_and_backward(d2l):
    X, Y = tokens()
    model = language_model(d2l, 'RNNScratch', lr=0.5)
    run = train(d2l, model, [(X, Y)] * 2, init_params=uniform)
    names = {'rnn.W_xh', 'rnn.W_hh', 'rnn.b_h', 'W_hq', 'b_q'}
    assert set(run.parameters[0]) == names
    for step in range(2):
        _, loss, grads = referee(run.parameters[step], X, Y)
        ppl = run.model.board.data['train_ppl'][step].y
        assert ppl == pytest.approx(np.exp(loss), rel=1e-5)
        for name, grad in run.moved(step, lr=0.5).items():
            np.testing.assert_allclose(grad, grads[name.rpartition('.')[2]], atol=2e-6)


def test_scratch_outputs_and_state(d2l):
    rnn = network(d2l, 'RNNScratch')
    X = RNG.standard_normal((NUM_STEPS, BATCH, NUM_TOKENS)).astype(np.float32)
    outputs, state = called(d2l, rnn, X)
    assert len(outputs) == NUM_STEPS
    assert tuple(outputs[0].shape) == tuple(state.shape) == (BATCH, NUM_HIDDENS)
    np.testing.assert_array_equal(d2l.numpy(outputs[-1]), d2l.numpy(state))


@pytest.mark.parametrize('name, layers', [('RNN', 1), ('GRU', 1), ('GRU', 2), ('LSTM', 2)])
def test_the_second_direction_reads_from_the_end(d2l, name, layers):
    """Each place knows what comes after it: in the first half of the features only what was."""
    deep = {} if name == 'RNN' else {'num_layers': layers}
    rnn = network(d2l, name, bidirectional=True, **deep)
    X = RNG.standard_normal((NUM_STEPS, BATCH, NUM_TOKENS)).astype(np.float32)
    run = bound(d2l, rnn, X)
    outputs, state = run(X)
    assert outputs.shape == (NUM_STEPS, BATCH, 2 * NUM_HIDDENS)
    changed = X.copy()
    changed[3] += 1
    differs = (np.abs(run(changed)[0] - outputs) > 1e-6).any(axis=1)  # by step and feature
    forward, backward = np.split(differs, 2, axis=1)
    if layers == 1:
        assert forward.any(axis=1).tolist() == [False] * 3 + [True] * 3
        assert backward.any(axis=1).tolist() == [True] * 4 + [False] * 2
    else:  # the second layer reads both directions of the first
        assert forward.any(axis=1).all() and backward.any(axis=1).all()
    assert np.abs(run(X, state)[0] - outputs).max() > 1e-3  # it goes on from its state


@pytest.mark.parametrize('name', ['RNNScratch', *CLASSES])
def test_a_network_goes_on_from_its_state(d2l, name):
    """Two halves of a sequence, the second from the state of the first, are the whole."""
    kwargs = {'RNNScratch': {'sigma': 1.0}, 'RNN': {}}.get(name, {'num_layers': 2})
    rnn = network(d2l, name, **kwargs)
    X = RNG.standard_normal((NUM_STEPS, BATCH, NUM_TOKENS)).astype(np.float32)
    run = bound(d2l, rnn, X)
    whole, _ = run(X)
    assert whole.shape == (NUM_STEPS, BATCH, NUM_HIDDENS)
    first, state = run(X[:2])
    second, _ = run(X[2:], state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-6)
    assert not np.allclose(second, run(X[2:])[0], atol=1e-3)  # without a state it is another


def test_the_same_seed_gives_the_same_scratch_model():
    found = []
    for name in BACKENDS:
        d2l = require(name)
        d2l.seed_everything(4)
        model = language_model(d2l, 'RNNScratch')
        X, Y = tokens()
        found.append(train(d2l, model, [(X, Y)], max_epochs=0).parameters[0])
    for other in found[1:]:
        assert set(other) == set(found[0])
        for key, array in other.items():
            np.testing.assert_array_equal(array, found[0][key])
    assert 0.004 < np.std(found[0]['rnn.W_xh']) < 0.02
    assert not np.array_equal(found[0]['rnn.W_xh'][:4], found[0]['rnn.W_hh'])


@pytest.mark.parametrize('name', ['RNNScratch', *CLASSES])
def test_training_on_the_embedded_text_lowers_the_perplexity(d2l, name):
    skip_long_training(d2l)
    data = d2l.ShortStories(batch_size=128, num_steps=16, num_train=2048, num_val=256)
    deep = {'num_layers': 2, 'dropout': 0.1} if name == 'GRU' else {}
    model = language_model(d2l, name, len(data.vocab), 1.0, num_hiddens=24, **deep)
    trainer = d2l.Trainer(max_epochs=3, gradient_clip_val=1)
    trainer.fit(model, data)
    assert {'train_ppl', 'val_ppl'} < set(trainer.history[-1])
    train_ppl = [row['train_ppl'] for row in trainer.history]
    assert train_ppl[0] > train_ppl[1] > train_ppl[2]
    assert trainer.history[-1]['val_ppl'] < 19  # 28 would be guessing
    text = predicted(d2l, trainer, 'it has', 10, data.vocab)
    assert text.startswith('it has') and len(text) == 16
    assert set(text) <= set(data.vocab.idx_to_token)
    assert predicted(d2l, trainer, 'it has', 10, data.vocab) == text  # nothing is dropped
    assert predicted(d2l, trainer, 'it', 0, data.vocab) == 'it'
    with pytest.raises(ValueError, match='the prefix is empty'):
        predicted(d2l, trainer, '', 3, data.vocab)


def predicted(d2l, trainer, prefix, num_preds, vocab):
    last = (trainer.state.params,) if backend_of(d2l) == 'jax' else ()
    return trainer.model.predict(prefix, num_preds, vocab, *last)


@pytest.mark.parametrize('name', ['RNNScratch', 'GRU'])
def test_a_prediction_goes_on_with_what_was_learned(d2l, name):
    """Of tokens that follow each other by a rule, all that come after are known."""
    X, Y = tokens((20, NUM_STEPS))
    lr = 1.0 if name == 'RNNScratch' else 2.0
    model = language_model(d2l, name, lr=lr, num_hiddens=16)
    run = train(d2l, model, [(X, Y)] * 30, max_epochs=4)
    assert run.trainer.history[-1]['train_ppl'] < 1.5
    vocab = d2l.Vocab(list('dbca'))  # a vocabulary of five tokens: <unk>, d, b, c, a
    text = ''.join(vocab.to_tokens([(1 + 2 * i) % NUM_TOKENS for i in range(8)]))
    assert text == 'dc<unk>badc<unk>'
    assert predicted(d2l, run.trainer, 'dc', 6, vocab) == text


def test_a_prediction_reads_all_that_came_before(d2l):
    X, Y = tokens()
    model = language_model(d2l, 'RNNScratch')
    run = train(d2l, model, [(X, Y)], max_epochs=0, init_params=uniform)
    indices = [1, 3, 2]
    for _ in range(12):
        scores, *_ = referee(run.parameters[0], np.array([indices]), np.array([indices]))
        indices.append(int(scores[0, -1].argmax()))
    vocab = d2l.Vocab(list('dbca'))
    text = ''.join(vocab.to_tokens(indices))
    assert predicted(d2l, run.trainer, 'dcb', 12, vocab) == text


@pytest.mark.parametrize('name', ['RNNScratch', 'GRU'])
def test_a_resumed_training_ends_the_same(d2l, tmp_path, name):
    def trained(max_epochs, name_of_file, ckpt_path=None):
        d2l.seed_everything(0)
        data = d2l.ShortStories(batch_size=32, num_steps=4, num_train=96, num_val=32)
        deep = {'num_layers': 2, 'dropout': 0.5} if name == 'GRU' else {}
        model = language_model(d2l, name, len(data.vocab), **deep)
        # Each training has a checkpoint an epoch: what `tf.random` draws depends on where they are.
        path = tmp_path / name_of_file
        trainer = d2l.Trainer(max_epochs=max_epochs, checkpoint_every=3, checkpoint_path=path)
        trainer.fit(model, data, ckpt_path=ckpt_path)
        return trainer

    trained(1, 'first')
    resumed = trained(3, 'resumed', ckpt_path=tmp_path / 'first').get_parameters()
    whole = trained(3, 'whole').get_parameters()
    assert set(resumed) == set(whole) and len(whole) >= 5
    for key, array in whole.items():
        np.testing.assert_array_equal(resumed[key], array)


@pytest.mark.parametrize('name', CLASSES)
def test_compiled_steps_change_nothing_or_say_why_there_are_none(d2l, name, recwarn):
    X, Y = tokens()
    # PyTorch's own layers are not compiled. Its scratch model is, which takes long; so not here.
    found = {}
    for compiled in (False, True):
        d2l.seed_everything(0)
        model = language_model(d2l, name)
        kwargs = {'compile': True} if compiled else {'compile': False}
        run = train(d2l, model, [(X, Y)] * 3, init_params=uniform, **kwargs)
        found[compiled] = run.parameters[-1]
        said = [str(warning.message) for warning in recwarn.list]
        if compiled and backend_of(d2l) == 'pytorch':
            assert any('no program for a recurrent layer' in message for message in said)
        else:
            assert not any('step by step' in message for message in said)
    for key, array in found[False].items():
        np.testing.assert_allclose(found[True][key], array, atol=1e-5)


def test_gradients_are_clipped_to_a_common_norm(d2l):
    arrays = [np.array([3.0, 4.0], np.float32), None, np.array([[12.0]], np.float32)]  # norm 13
    for theta, scale in ((6.5, 0.5), (20, 1)):
        for found, array in zip(clipped(d2l, arrays, theta), arrays, strict=True):
            if array is None:  # of what has no gradient there is nothing to clip
                assert found is None
            else:
                np.testing.assert_allclose(found, array * scale, rtol=1e-6)


def test_without_gradients_nothing_is_clipped(d2l):
    assert clipped(d2l, [None, None], 1) == [None, None]


def clipped(d2l, arrays, theta):
    """What grad_clipping makes of gradients, NumPy arrays or None."""

    def in_numpy(grads):
        return [None if grad is None else d2l.numpy(grad) for grad in grads]

    grads = [a if a is None else d2l.DataModule.tensor(a.copy()) for a in arrays]
    if backend_of(d2l) in ('jax', 'nnx', 'tensorflow'):
        return in_numpy(d2l.grad_clipping(grads, theta))

    class Net:
        params = [d2l.ones((1,) if array is None else array.shape) for array in arrays]

    for param, grad in zip(Net.params, grads, strict=True):
        if backend_of(d2l) == 'pytorch':
            param.grad = grad
        elif grad is not None:
            param.attach_grad()
            param.grad[:] = grad
    d2l.grad_clipping(Net, theta)
    return in_numpy(param.grad for param in Net.params)


@pytest.mark.parametrize('backend', ['pytorch', 'mxnet'])
@pytest.mark.parametrize('name', ['RNNScratch', *CLASSES])
def test_gradients_of_a_network_are_clipped(backend, name):
    """Also where some parameters have none."""
    d2l = require(backend)
    d2l.seed_everything(0)
    X, Y = tokens()
    model = language_model(d2l, name)
    train(d2l, model, [(X, Y)], init_params=uniform)
    norm = np.sqrt(sum(np.sum(grad**2) for grad in gradients(model)))
    d2l.grad_clipping(model, float(norm / 2))
    after = np.sqrt(sum(np.sum(grad**2) for grad in gradients(model)))
    assert norm > 0.01 and after == pytest.approx(norm / 2, rel=1e-5)


def gradients(model):
    if hasattr(model, 'collect_params'):
        params = list(model.collect_params().values())
        grads = [param.grad() for param in params if param.grad_req != 'null'] or [
            param.grad for param in model.get_scratch_params()
        ]
        return [grad.asnumpy() for grad in grads]
    return [p.grad.numpy(force=True) for p in model.parameters() if p.grad is not None]
