"""Attention layers: against NumPy, forward and backward; masks, dropout, errors."""

import numpy as np
import pytest
import reference_attention as reference
from contract import backend_of
from layers import called, fitted, gradients, model_of, tensors

BATCH, QUERIES, KEYS, SIZE, HEADS = 2, 3, 4, 6, 3
RNG = np.random.default_rng(0)
# No lengths; one an example; one a query. One of them is 0: then all keys have the same weight.
LENGTHS = [
    None,
    np.array([3, 0], np.int32),
    np.array([[1, 2, 4], [4, 0, 3]], np.int32),
]


def random(*shape):
    return RNG.uniform(-1, 1, shape).astype(np.float32)


def additive(d2l, num_hiddens=5, dropout=0.0):
    sizes = (KEYS, QUERIES) if backend_of(d2l) == 'tensorflow' else ()
    return d2l.AdditiveAttention(*sizes, num_hiddens, dropout)


def multi_head(d2l, num_hiddens=SIZE, num_heads=HEADS, dropout=0.0, **kwargs):
    sizes = (num_hiddens,) * 3 if backend_of(d2l) == 'tensorflow' else ()
    if backend_of(d2l) == 'mxnet' and 'bias' in kwargs:
        kwargs['use_bias'] = kwargs.pop('bias')
    return d2l.MultiHeadAttention(*sizes, num_hiddens, num_heads, dropout, **kwargs)


def weights_of(d2l, trainer, inputs):
    """The attention weights of a layer that is called on `inputs`."""
    layer = trainer.model.layer
    if backend_of(d2l) == 'jax':
        params = trainer.state.params.get('layer', {})
        return d2l.numpy(layer.apply({'params': params}, *inputs)[1])
    called(d2l, trainer, *inputs)
    return d2l.numpy(getattr(layer, 'attention', layer).attention_weights)


@pytest.mark.parametrize('lengths', LENGTHS, ids=['none', 'examples', 'queries'])
def test_masked_softmax(d2l, lengths):
    X = random(BATCH, QUERIES, KEYS)
    valid_lens = None if lengths is None else tensors(d2l, [lengths])[0]
    found = d2l.numpy(d2l.masked_softmax(*tensors(d2l, [X]), valid_lens))
    np.testing.assert_allclose(found, reference.masked_softmax(X, lengths), atol=1e-6)
    if lengths is not None:
        masked = np.arange(KEYS) >= np.where(lengths, lengths, KEYS)[..., None]
        masked = masked[:, None] if lengths.ndim == 1 else masked
        assert (found[np.broadcast_to(masked, found.shape)] == 0).all()


def test_a_valid_length_of_0_weighs_all_keys_alike(d2l):
    X, lengths = 50 * random(1, 2, 4), np.zeros(1, np.int32)
    found = d2l.numpy(d2l.masked_softmax(*tensors(d2l, [X, lengths])))
    np.testing.assert_allclose(found, np.full((1, 2, 4), 0.25), atol=1e-6)


def test_masks_in_16_bits(d2l):
    """A score of -1e6 is minus infinity there; a row of nothing else would have no weights."""
    X, lengths = tensors(d2l, [random(2, 3, 4), np.array([2, 0], np.int32)])
    X = X.half() if backend_of(d2l) == 'pytorch' else d2l.astype(X, 'float16')
    found = d2l.numpy(d2l.masked_softmax(X, lengths))
    assert found.dtype == np.float16 and (found[0, :, 2:] == 0).all()
    np.testing.assert_allclose(found[1], np.full((3, 4), 0.25), atol=1e-3)


@pytest.mark.parametrize('lengths', LENGTHS, ids=['none', 'examples', 'queries'])
def test_additive_attention_is_numpy_s_forward_and_backward(d2l, lengths):
    params = {
        'W_q.weight': random(4, 5),
        'W_k.weight': random(2, 5),  # keys and queries of different sizes
        'w_v.weight': random(5, 1),
    }
    inputs = [random(BATCH, QUERIES, 4), random(BATCH, KEYS, 2), random(BATCH, KEYS, 3)]
    inputs += [] if lengths is None else [lengths]
    compare(d2l, additive(d2l), params, inputs, reference.additive)


@pytest.mark.parametrize('bias', [False, True], ids=['no bias', 'bias'])
@pytest.mark.parametrize('lengths', LENGTHS, ids=['none', 'examples', 'queries'])
def test_multi_head_attention_is_numpy_s_forward_and_backward(d2l, lengths, bias):
    sizes = {'W_q': (5, SIZE), 'W_k': (4, SIZE), 'W_v': (3, SIZE), 'W_o': (SIZE, SIZE)}
    params = {f'{name}.weight': random(*shape) for name, shape in sizes.items()}
    params |= {f'{name}.bias': random(SIZE) for name in sizes} if bias else {}
    inputs = [random(BATCH, QUERIES, 5), random(BATCH, KEYS, 4), random(BATCH, KEYS, 3)]
    inputs += [] if lengths is None else [lengths]

    def expected(params, *inputs):
        return reference.multi_head(params, HEADS, *inputs)

    compare(d2l, multi_head(d2l, bias=bias), params, inputs, expected)


def compare(d2l, layer, params, inputs, expected):
    """Outputs, gradients and attention weights of a layer against those of NumPy."""
    doubles = [x if x.dtype == np.int32 else x.astype(np.float64) for x in inputs]
    output, weights = expected(reference.double(params), *doubles)
    target = random(*output.shape)

    def loss(params):
        return ((expected(params, *doubles)[0] - target) ** 2).mean()

    grads = reference.gradients(loss, reference.double(params))
    model, batch = model_of(d2l, layer, 4), [*inputs, target]
    given = {f'layer.{name}': array for name, array in params.items()}
    trainer = fitted(d2l, model, batch, given, max_epochs=0)
    arguments = *tensors(d2l, inputs), *[None] * (4 - len(inputs))
    np.testing.assert_allclose(called(d2l, trainer, *arguments), output, atol=1e-5)
    np.testing.assert_allclose(weights_of(d2l, trainer, arguments), weights, atol=1e-5)
    found = gradients(d2l, model, batch, given)
    assert set(found) == set(given)
    for name, grad in grads.items():
        np.testing.assert_allclose(found[f'layer.{name}'], grad, atol=1e-5, err_msg=name)


@pytest.mark.parametrize('lengths', LENGTHS, ids=['none', 'examples', 'queries'])
def test_dot_product_attention(d2l, lengths):
    inputs = [random(BATCH, QUERIES, 4), random(BATCH, KEYS, 4), random(BATCH, KEYS, 3)]
    inputs += [] if lengths is None else [lengths]
    output, weights = reference.dot_product(*inputs)
    layer, arguments = d2l.DotProductAttention(0.5), tensors(d2l, inputs)
    if backend_of(d2l) == 'jax':
        found, found_weights = layer.apply({}, *arguments)
    else:
        if backend_of(d2l) in ('pytorch', 'nnx'):
            layer.eval()
        found = layer(*arguments)
        found_weights = layer.attention_weights
    np.testing.assert_allclose(d2l.numpy(found), output, atol=1e-6)
    np.testing.assert_allclose(d2l.numpy(found_weights), weights, atol=1e-6)


@pytest.mark.parametrize('make', [additive, multi_head])
def test_weights_are_dropped_in_training_only(d2l, make):
    """With half of the weights dropped the loss of a step is another; a prediction drops none."""
    inputs = [random(8, QUERIES, SIZE), random(8, KEYS, SIZE), random(8, KEYS, SIZE)]
    batch = [*inputs, random(8, QUERIES, SIZE)]
    outputs, losses = [], []
    for dropout in (0.0, 0.9):
        model = model_of(d2l, make(d2l, dropout=dropout), 4)
        trainer = fitted(d2l, model, batch, d2l.xavier_uniform(0))
        losses.append(trainer.history[-1]['train_loss'])
        trainer = fitted(d2l, model, batch, d2l.xavier_uniform(0), max_epochs=0)
        outputs.append(called(d2l, trainer, *tensors(d2l, inputs)))
    assert abs(losses[0] - losses[1]) > 1e-3
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-6)


@pytest.mark.parametrize('make', [additive, multi_head])
def test_compiled_steps_change_nothing(d2l, make, recwarn):
    inputs = [random(BATCH, QUERIES, SIZE), random(BATCH, KEYS, SIZE), random(BATCH, KEYS, SIZE)]
    batch = [*inputs, LENGTHS[2], random(BATCH, QUERIES, SIZE)]
    found = []
    for compile in (False, True):
        trainer = fitted(
            d2l, model_of(d2l, make(d2l), 4), batch, d2l.xavier_uniform(0), 3, compile=compile
        )
        found.append(trainer.get_parameters())
    assert not [str(each.message) for each in recwarn.list if 'step by step' in str(each.message)]
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, atol=1e-5, err_msg=name)


def test_positional_encoding(d2l):
    for num_hiddens in (6, 5):
        layer = d2l.PositionalEncoding(num_hiddens, 0, max_len=8)
        X = random(2, 4, num_hiddens)
        expected = X + reference.positions(8, num_hiddens)[:4]
        np.testing.assert_allclose(encoded(d2l, layer, X), expected, atol=1e-6)
        expected = X + reference.positions(8, num_hiddens)[3:7]
        np.testing.assert_allclose(encoded(d2l, layer, X, start=3), expected, atol=1e-6)
        with pytest.raises(ValueError, match='has 9 steps, but there are positions for max_len=8'):
            encoded(d2l, layer, random(1, 9, num_hiddens))
        with pytest.raises(ValueError, match='has 9 steps, but there are positions for max_len=8'):
            encoded(d2l, layer, random(1, 4, num_hiddens), start=5)


def encoded(d2l, layer, X, start=0):
    (X,) = tensors(d2l, [X])
    if backend_of(d2l) == 'jax':
        return d2l.numpy(layer.apply({}, X, start=start))
    if backend_of(d2l) == 'tensorflow':
        return d2l.numpy(layer(X, start=start))
    return d2l.numpy(layer(X, start))


def test_heads_are_transposed_and_back(d2l):
    layer, (X,) = multi_head(d2l), tensors(d2l, [random(BATCH, QUERIES, SIZE)])
    if backend_of(d2l) == 'jax':
        layer = layer.bind({})
    heads = d2l.numpy(layer.transpose_qkv(X))
    assert heads.shape == (BATCH * HEADS, QUERIES, SIZE // HEADS)
    np.testing.assert_array_equal(heads[1], d2l.numpy(X)[0, :, 2:4])
    back = layer.transpose_output(layer.transpose_qkv(X))
    np.testing.assert_array_equal(d2l.numpy(back), d2l.numpy(X))


BAD = {
    'features': ([(2, 3, 4), (2, 4, 5), (2, 4, 5)], 'as many features'),
    'values': ([(2, 3, 4), (2, 4, 4), (2, 5, 4)], 'each key needs one value'),
    'batches': ([(2, 3, 4), (3, 4, 4), (3, 4, 4)], 'of one batch'),
    'axes': ([(3, 4), (3, 4), (3, 4)], 'takes queries, keys and values of shapes'),
}


@pytest.mark.parametrize('shapes, message', BAD.values(), ids=BAD)
def test_shapes_that_do_not_fit_are_named(d2l, shapes, message):
    layer, inputs = d2l.DotProductAttention(0), tensors(d2l, [random(*shape) for shape in shapes])
    call = layer if backend_of(d2l) != 'jax' else lambda *inputs: layer.apply({}, *inputs)
    with pytest.raises(ValueError, match=message) as error:
        call(*inputs)
    assert 'got queries of shape {}, keys of shape {} and values of shape {}'.format(
        *shapes
    ) in str(error.value)


WRONG = {
    'above': (np.array([3, 5], np.int32), '5 is no valid length: there are 4 keys'),
    'below': (np.array([3, -1], np.int32), '-1 is no valid length: there are 4 keys'),
    'too few': (np.array([3], np.int32), r'must be of shape \(2,\), .* got shape \(1,\)'),
    'a key each': (np.ones((2, 4), np.int32), r'or of shape \(2, 3\), .* got shape \(2, 4\)'),
    'too many axes': (np.ones((2, 3, 1), np.int32), r'got shape \(2, 3, 1\)'),
}


@pytest.mark.parametrize('lengths, message', WRONG.values(), ids=WRONG)
def test_valid_lengths_that_do_not_fit_are_named(d2l, lengths, message):
    X, lengths = tensors(d2l, [random(2, 3, 4), lengths])
    with pytest.raises(ValueError, match=message):
        d2l.masked_softmax(X, lengths)


def test_valid_lengths_are_checked_before_they_are_repeated_for_the_heads(d2l):
    inputs = [random(BATCH, KEYS, SIZE)] * 3 + [np.array([1, 2, 3], np.int32)]
    model = model_of(d2l, multi_head(d2l), 4)
    with pytest.raises(ValueError, match=r'must be of shape \(2,\), .* got shape \(3,\)'):
        fitted(d2l, model, [*inputs, random(BATCH, KEYS, SIZE)])


def test_scores_have_three_axes(d2l):
    with pytest.raises(
        ValueError, match=r'shape \(batch_size, queries, keys\), got shape \(2, 3\)'
    ):
        d2l.masked_softmax(*tensors(d2l, [random(2, 3)]), None)


def test_hidden_units_that_cannot_be_divided_among_the_heads(d2l):
    message = 'num_hiddens=10 cannot be divided among num_heads=3'
    with pytest.raises(ValueError, match=message):
        layer = multi_head(d2l, 10, 3)
        if backend_of(d2l) == 'jax':  # made when it is bound
            X = random(1, 2, 10)
            layer.init(d2l.get_key(), X, X, X, None)
