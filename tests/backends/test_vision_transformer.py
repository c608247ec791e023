"""The vision transformer: against NumPy, forward and backward; trained on digits; errors."""

import functools

import numpy as np
import pytest
import reference_attention as reference
from contract import backend_of, first_backend, skip_long_training
from trainings import evaluate, images, train

IMAGE, PATCH, HIDDENS, MLP, HEADS, BLOCKS, CLASSES = (4, 6), (2, 3), 4, 5, 2, 2, 3
LR = 0.5
RNG = np.random.default_rng(0)


def vit(d2l, img_size=IMAGE, patch_size=PATCH, num_hiddens=HIDDENS, dropouts=(0.0, 0.0), **kwargs):
    sizes = num_hiddens, MLP, HEADS, kwargs.pop('num_blks', BLOCKS)
    return d2l.ViT(img_size, patch_size, *sizes, *dropouts, LR, num_classes=CLASSES, **kwargs)


@functools.cache
def batch():
    X = RNG.uniform(-1, 1, (3, *IMAGE, 2)).astype(np.float32)
    return X, np.array([0, 2, 1])


def uniform(found):
    """Parameters large enough for each to matter."""
    rng = np.random.default_rng(1)
    return {n: rng.uniform(-1, 1, found[n].shape).astype(np.float32) for n in sorted(found)}


@functools.cache
def expected():
    """Parameters; and in NumPy the scores, the attention weights, the gradients of the loss."""
    d2l = first_backend()
    params = train(d2l, vit(d2l, use_bias=True), [batch()], max_epochs=0, init_params=uniform)
    params = params.parameters[0]
    sizes, (X, labels) = (HEADS, BLOCKS), batch()

    def loss(params):
        scores, _ = reference.vision_transformer(params, *sizes, X, PATCH)
        return reference.cross_entropy(scores, labels, None)

    doubles = reference.double(params)
    scores, weights = reference.vision_transformer(doubles, *sizes, X, PATCH)
    return params, scores, weights, reference.gradients(loss, doubles)


def test_a_vision_transformer_is_numpy_s_forward_and_backward(d2l):
    params, scores, _, grads = expected()
    run = train(d2l, vit(d2l, use_bias=True), [batch()], max_epochs=0, init_params=params)
    np.testing.assert_allclose(evaluate(d2l, run.trainer, batch()[0]), scores, atol=1e-4)
    run = train(d2l, vit(d2l, use_bias=True), [batch()], init_params=params)
    assert set(run.parameters[0]) == set(grads)
    for name, grad in run.moved(0, LR).items():
        np.testing.assert_allclose(grad, grads[name], atol=2e-5, err_msg=name)


def test_attention_weights(d2l):
    params, _, weights, _ = expected()
    run = train(d2l, vit(d2l, use_bias=True), [batch()], max_epochs=0, init_params=params)
    evaluate(d2l, run.trainer, batch()[0])
    if backend_of(d2l) == 'jax':
        model, variables = run.model.clone(training=False), {'params': run.trainer.state.params}
        X = images(d2l, batch()[0])
        _, sown = model.apply(variables, X, mutable='intermediates')
        (found,) = sown['intermediates']['attention_weights']
    else:
        found = run.model.attention_weights
    assert len(found) == BLOCKS
    for each, wanted in zip(found, weights, strict=True):
        np.testing.assert_allclose(d2l.numpy(each), wanted, atol=1e-5)


def test_it_learns_the_digits(d2l):
    skip_long_training(d2l)
    model = d2l.ViT(8, 2, 64, 128, 4, 2, 0.1, 0.1, lr=0.2)
    trainer = d2l.Trainer(max_epochs=12, gradient_clip_val=1)
    trainer.fit(model, d2l.Digits(batch_size=64), init_params=d2l.xavier_uniform(0))
    assert max(row['val_acc'] for row in trainer.history[-4:]) > 0.9


@pytest.mark.parametrize('place', [0, 1], ids=['embedding', 'blocks'])
def test_dropout_is_for_training(d2l, place):
    dropouts = [(0.0, 0.0), (0.5 * (1 - place), 0.5 * place)]
    rows = []
    for each in dropouts:
        model = vit(d2l, dropouts=each, num_blks=1)
        model.lr = 0
        run = train(d2l, model, [batch()], [batch()], init_params=uniform)
        rows.append(run.trainer.history[-1])
    assert abs(rows[0]['train_loss'] - rows[1]['train_loss']) > 1e-3
    assert rows[0]['val_loss'] == pytest.approx(rows[1]['val_loss'], rel=1e-5)


def test_compiled_steps_change_nothing(d2l, recwarn):
    found = []
    for compile in (False, True):
        model = vit(d2l, num_blks=1)
        run = train(d2l, model, [batch()] * 3, init_params=uniform, compile=compile)
        found.append(run.parameters[-1])
    assert not [str(each.message) for each in recwarn.list if 'step by step' in str(each.message)]
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    'sizes, message',
    [
        ((8, 3), 'an image of 8 x 8 pixels cannot be cut into patches of 3 x 3'),
        (((8, 9), (4, 2)), 'an image of 8 x 9 pixels cannot be cut into patches of 4 x 2'),
        (((9, 8), (2, 4)), 'an image of 9 x 8 pixels cannot be cut into patches of 2 x 4'),
    ],
)
def test_patches_that_are_not_whole(d2l, sizes, message):
    with pytest.raises(ValueError, match=message):
        made(d2l, vit(d2l, *sizes))


def test_heads_that_do_not_divide(d2l):
    with pytest.raises(ValueError, match='num_hiddens=5 cannot be divided among num_heads=2'):
        made(d2l, vit(d2l, 8, 2, num_hiddens=5))


def made(d2l, model):
    """What a model is made of; on JAX its layers are made when it is bound."""
    if backend_of(d2l) == 'jax':
        model.init(d2l.get_key(), d2l.zeros((1, 8, 8, 1)))


def test_images_of_another_size(d2l):
    X, labels = batch()
    message = 'the model was made for images of 4 x 6 pixels, got 4 x 5'
    with pytest.raises(ValueError, match=message):
        train(d2l, vit(d2l), [(X[:, :, :5], labels)])
