"""Attention, transformers, vision transformers, language models: parameters move elsewhere.

Each model, trained a little on one framework, puts out the same on another; and from common initial
parameters all frameworks train it to the same loss.
"""

import functools
import itertools

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require
from layers import called, fitted, model_of, tensors

RNG = np.random.default_rng(0)
MODELS = ['attention', 'transformer', 'vit', 'language model']
PAIRS = list(itertools.permutations(BACKENDS, 2))


def made(d2l, name):
    keras = backend_of(d2l) == 'tensorflow'
    if name == 'attention':
        sizes = (8,) * 3 if keras else ()
        return model_of(d2l, d2l.MultiHeadAttention(*sizes, 8, 2, 0.0, True), 4)
    if name == 'vit':
        return d2l.ViT((4, 6), 2, 8, 16, 2, 2, 0.0, 0.0, lr=0.1, num_classes=3)
    if name == 'language model':
        return d2l.TransformerLM(7, 8, 16, 2, 2, 0.0, max_len=6, lr=0.01)
    rest = *((*[8] * 4, [2]) if keras else (8,)), 16, 2, 2, 0.0
    encoder, decoder = d2l.TransformerEncoder(7, *rest), d2l.TransformerDecoder(6, *rest)
    return d2l.Seq2Seq(encoder, decoder, tgt_pad=0, lr=0.01)


@functools.cache
def batch(name):
    def numbers(*shape):
        return RNG.uniform(-1, 1, shape).astype(np.float32)

    def tokens(high, *shape):
        return RNG.integers(1, high, shape).astype(np.int32)

    if name == 'attention':
        return numbers(4, 3, 5), numbers(4, 6, 5), numbers(4, 6, 5), tokens(6, 4), numbers(4, 3, 8)
    if name == 'vit':
        return numbers(8, 4, 6, 1), tokens(3, 8)
    if name == 'language model':
        return tokens(7, 8, 6), tokens(7, 8, 6)
    return tokens(7, 8, 6), tokens(6, 8, 5), tokens(6, 8), tokens(6, 8, 5)


def in_layout(d2l, arrays):
    """Images with their channels first where the backend wants them so."""
    first, *rest = arrays
    if first.ndim == 4 and backend_of(d2l) in ('pytorch', 'mxnet'):
        first = np.ascontiguousarray(first.transpose(0, 3, 1, 2))
    return [first, *rest]


@functools.cache
def trained(backend, name):
    """The trainer after two steps from the framework's own initial parameters."""
    d2l = require(backend)
    d2l.seed_everything(1)
    return fitted(d2l, made(d2l, name), in_layout(d2l, batch(name)), max_epochs=2)


def outputs(d2l, trainer, name):
    return called(d2l, trainer, *tensors(d2l, in_layout(d2l, batch(name))[:-1]))


@functools.cache
def outputs_where_trained(backend, name):
    return outputs(require(backend), trained(backend, name), name)


@pytest.mark.parametrize('name', MODELS)
@pytest.mark.parametrize('source, target', PAIRS, ids=[f'{a} to {b}' for a, b in PAIRS])
def test_parameters_move_between_all_pairs_of_frameworks(source, target, name, tmp_path):
    expected = outputs_where_trained(source, name)
    trained(source, name).save_parameters(tmp_path / 'p.safetensors')
    d2l = require(target)
    params = d2l.load_parameters(tmp_path / 'p.safetensors')
    trainer = fitted(d2l, made(d2l, name), in_layout(d2l, batch(name)), params, max_epochs=0)
    np.testing.assert_allclose(outputs(d2l, trainer, name), expected, atol=1e-5)
    own = outputs_where_trained(target, name)  # which were other ones
    assert np.abs(own - expected).max() > 1e-2
    # Back again, through the other's own file: bit by bit the same.
    trainer.save_parameters(tmp_path / 'q.safetensors')
    again = require(source).load_parameters(tmp_path / 'q.safetensors')
    assert set(again) == set(params)
    for key, array in params.items():
        np.testing.assert_array_equal(again[key], array, strict=True)


@functools.cache
def final_losses(name):
    """By backend: the loss of the 30th step from common initial parameters."""
    found = {}
    for backend in BACKENDS:
        d2l = require(backend)
        init_params, data = d2l.xavier_uniform(0), in_layout(d2l, batch(name))
        row = fitted(d2l, made(d2l, name), data, init_params, max_epochs=30).history[-1]
        found[backend] = row.get('train_loss', row.get('train_ppl'))
    return found


@pytest.mark.parametrize('name', MODELS)
def test_all_frameworks_train_to_the_same_loss(name):
    losses = final_losses(name)
    assert min(losses.values()) > 0
    assert max(losses.values()) < 1.05 * min(losses.values()), losses
    first = fitted(require('mxnet'), made(require('mxnet'), name), batch_of('mxnet', name), None, 1)
    row = first.history[-1]
    assert losses['mxnet'] < 0.9 * row.get('train_loss', row.get('train_ppl'))


def batch_of(backend, name):
    return in_layout(require(backend), batch(name))
