"""The language model that is a transformer: against NumPy, trained on text, and what it writes."""

import functools

import numpy as np
import pytest
import reference_attention as reference
from contract import backend_of, first_backend, skip_long_training
from layers import LR, called, fitted, gradients, tensors

TOKENS, HIDDENS, MLP, HEADS, BLOCKS, BATCH, STEPS = 5, 4, 6, 2, 2, 3, 4
RNG = np.random.default_rng(0)


def language_model(d2l, num_blks=BLOCKS, dropout=0.0, max_len=STEPS, lr=LR):
    """A language model that is trained by SGD, whose steps tell the gradients."""

    class Model(d2l.TransformerLM):
        configure_optimizers = d2l.Module.configure_optimizers

    return Model(TOKENS, HIDDENS, MLP, HEADS, num_blks, dropout, max_len, lr)


@functools.cache
def batch():
    text = RNG.integers(TOKENS, size=(BATCH, STEPS + 1)).astype(np.int32)
    return text[:, :-1], text[:, 1:]


def uniform(found):
    """Parameters large enough for each to matter."""
    rng = np.random.default_rng(1)
    return {n: rng.uniform(-1, 1, found[n].shape).astype(np.float32) for n in sorted(found)}


@functools.cache
def parameters():
    d2l = first_backend()
    return fitted(d2l, language_model(d2l), batch(), uniform, max_epochs=0).get_parameters()


@functools.cache
def expected_gradients():
    X, labels = batch()

    def loss(params):
        scores = reference.language_model(params, HEADS, BLOCKS, X)
        return reference.cross_entropy(scores, labels, None)

    return reference.gradients(loss, reference.double(parameters()))


def test_a_language_model_is_numpy_s_forward_and_backward(d2l):
    X, labels = batch()
    trainer = fitted(d2l, language_model(d2l), batch(), parameters(), max_epochs=0)
    scores = reference.language_model(reference.double(parameters()), HEADS, BLOCKS, X)
    np.testing.assert_allclose(called(d2l, trainer, *tensors(d2l, [X])), scores, atol=1e-4)
    found = gradients(d2l, language_model(d2l), batch(), parameters())
    assert set(found) == set(expected_gradients())
    for name, grad in expected_gradients().items():
        np.testing.assert_allclose(found[name], grad, atol=2e-5, err_msg=name)


def test_it_reports_the_perplexity(d2l):
    X, labels = batch()
    model = language_model(d2l, lr=0)
    row = fitted(d2l, model, batch(), parameters(), val=batch()).history[-1]
    scores = reference.language_model(reference.double(parameters()), HEADS, BLOCKS, X)
    perplexity = np.exp(reference.cross_entropy(scores, labels, None))
    assert row['train_ppl'] == pytest.approx(perplexity, rel=1e-4)
    assert row['val_ppl'] == pytest.approx(perplexity, rel=1e-4)


def predicted(d2l, trainer, prefix, num_preds, vocab):
    last = (trainer.state.params,) if backend_of(d2l) == 'jax' else ()
    return trainer.model.predict(prefix, num_preds, vocab, *last)


def test_a_prediction_reads_the_last_tokens_and_no_more(d2l):
    """Each token is what NumPy finds most probable after the `max_len` tokens before it."""
    rng = np.random.default_rng(8)  # of what others write, a token more or less makes another text
    params = {n: rng.uniform(-1.5, 1.5, parameters()[n].shape) for n in sorted(parameters())}
    params = {name: array.astype(np.float32) for name, array in params.items()}

    def most_probable(indices):
        scores = reference.language_model(reference.double(params), HEADS, BLOCKS, indices)
        return int(scores[0, -1].argmax())

    indices = [1, 3]
    for _ in range(12):
        indices.append(most_probable(np.array([indices[-STEPS:]])))
    assert most_probable(np.array([indices[-STEPS - 1 : -1]])) != most_probable(
        np.array([indices[:-1]])
    )
    trainer = fitted(d2l, language_model(d2l), batch(), params, max_epochs=0)
    vocab = d2l.Vocab(list('dbca'))  # a vocabulary of five tokens: <unk>, d, b, c, a
    text = ''.join(vocab.to_tokens(indices))
    prefix = ''.join(vocab.to_tokens([1, 3]))
    assert predicted(d2l, trainer, prefix, 12, vocab) == text
    assert predicted(d2l, trainer, prefix, 0, vocab) == prefix
    with pytest.raises(ValueError, match='the prefix is empty'):
        predicted(d2l, trainer, '', 3, vocab)


def test_training_on_the_embedded_text_lowers_the_perplexity(d2l):
    skip_long_training(d2l)
    data = d2l.ShortStories(batch_size=128, num_steps=16, num_train=2048, num_val=256)
    model = d2l.TransformerLM(len(data.vocab), 32, 64, 4, 1, 0.1, data.num_steps, lr=0.005)
    trainer = d2l.Trainer(max_epochs=3, gradient_clip_val=1)
    trainer.fit(model, data, init_params=d2l.xavier_uniform(0))
    train_ppl = [row['train_ppl'] for row in trainer.history]
    assert train_ppl[0] > train_ppl[1] > train_ppl[2]
    assert trainer.history[-1]['val_ppl'] < 14  # 28 would be guessing
    text = predicted(d2l, trainer, 'it has', 30, data.vocab)
    assert text.startswith('it has') and len(text) == 36
    assert set(text) <= set(data.vocab.idx_to_token)
    assert predicted(d2l, trainer, 'it has', 30, data.vocab) == text  # nothing is dropped


def test_compiled_steps_change_nothing(d2l, recwarn):
    found = []
    for compile in (False, True):
        model = language_model(d2l, num_blks=1)
        trainer = fitted(d2l, model, batch(), uniform, 3, compile=compile)
        found.append(trainer.get_parameters())
    assert not [str(each.message) for each in recwarn.list if 'step by step' in str(each.message)]
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, atol=1e-5, err_msg=name)


def test_a_text_that_is_too_long(d2l):
    with pytest.raises(ValueError, match='has 4 steps, but there are positions for max_len=3'):
        fitted(d2l, language_model(d2l, max_len=3), batch())
