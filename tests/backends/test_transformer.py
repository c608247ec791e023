"""Transformers: against NumPy, forward and backward; step by step as all at once; trained."""

import functools

import numpy as np
import pytest
import reference_attention as reference
from contract import backend_of, first_backend, skip_long_training
from layers import LR, called, fitted, gradients, model_of, tensors

SOURCE_TOKENS, TARGET_TOKENS, HIDDENS, FFN, HEADS, BLOCKS = 7, 6, 4, 5, 2, 2
BATCH, SOURCE_STEPS, TARGET_STEPS, PAD = 3, 5, 4, 0
RNG = np.random.default_rng(0)


def sizes(d2l):
    """What the layers are told: TensorFlow's also of keys, queries, values, and the axis."""
    keras = backend_of(d2l) == 'tensorflow'
    return (*[HIDDENS] * 3, HIDDENS, [2]) if keras else (HIDDENS,)


def transformer(d2l, num_blks=BLOCKS, dropout=0.0, vocabs=(SOURCE_TOKENS, TARGET_TOKENS), lr=LR):
    """A transformer that is trained by SGD, whose steps tell the gradients."""

    class Model(d2l.Seq2Seq):
        configure_optimizers = d2l.Module.configure_optimizers

    rest = *sizes(d2l), FFN, HEADS, num_blks, dropout
    encoder, decoder = d2l.TransformerEncoder, d2l.TransformerDecoder
    return Model(encoder(vocabs[0], *rest), decoder(vocabs[1], *rest), tgt_pad=PAD, lr=lr)


@functools.cache
def batch():
    """Source, decoder input, valid lengths and labels, as TranslationData has them."""
    source = RNG.integers(SOURCE_TOKENS, size=(BATCH, SOURCE_STEPS)).astype(np.int32)
    target = RNG.integers(1, TARGET_TOKENS, size=(BATCH, TARGET_STEPS)).astype(np.int32)
    labels = RNG.integers(TARGET_TOKENS, size=(BATCH, TARGET_STEPS)).astype(np.int32)
    labels[0, 2:] = PAD
    return source, target, np.array([5, 2, 3], np.int32), labels


def uniform(found):
    """Parameters large enough for each to matter."""
    rng = np.random.default_rng(1)
    return {n: rng.uniform(-1, 1, found[n].shape).astype(np.float32) for n in sorted(found)}


@functools.cache
def parameters():
    """Initial parameters of a transformer, by names that are the same on every backend."""
    d2l = first_backend()
    return fitted(d2l, transformer(d2l), batch(), uniform, max_epochs=0).get_parameters()


@functools.cache
def expected():
    """In NumPy: the scores, the weights of encoder and decoder, and the gradients of the loss."""
    source, target, valid_lens, labels = batch()
    sizes, inputs = (HEADS, BLOCKS), (source, target, valid_lens)

    def loss(params):
        scores, *_ = reference.transformer(params, *sizes, *inputs)
        return reference.cross_entropy(scores, labels, PAD)

    params = reference.double(parameters())
    return *reference.transformer(params, *sizes, *inputs), reference.gradients(loss, params)


def test_a_transformer_is_numpy_s_forward_and_backward(d2l):
    scores, _, _, grads = expected()
    trainer = fitted(d2l, transformer(d2l), batch(), parameters(), max_epochs=0)
    found = called(d2l, trainer, *tensors(d2l, batch()[:-1]))
    np.testing.assert_allclose(found, scores, atol=1e-4)
    found = gradients(d2l, transformer(d2l), batch(), parameters())
    assert set(found) == set(grads)
    for name, grad in grads.items():
        np.testing.assert_allclose(found[name], grad, atol=2e-5, err_msg=name)


def test_attention_weights_of_encoder_and_decoder(d2l):
    _, enc_weights, dec_weights, _ = expected()
    trainer = fitted(d2l, transformer(d2l), batch(), parameters(), max_epochs=0)
    source, target, valid_lens, _ = tensors(d2l, batch())
    model = trainer.model
    if backend_of(d2l) == 'jax':
        model = model.clone(training=False)
        variables = {'params': trainer.state.params}
        _, sown = model.apply(variables, source, target, valid_lens, mutable='intermediates')
        sown = sown['intermediates']
        (found_enc,) = sown['encoder']['enc_attention_weights']
        (found_dec,) = sown['decoder']['dec_attention_weights']
    else:
        called(d2l, trainer, source, target, valid_lens)
        found_enc, found_dec = model.encoder.attention_weights, model.decoder.attention_weights
    assert len(found_dec) == 2
    pairs = [(found_enc, enc_weights), *zip(found_dec, dec_weights, strict=True)]
    for found, wanted in pairs:
        assert len(found) == BLOCKS
        for each, array in zip(found, wanted, strict=True):
            np.testing.assert_allclose(d2l.numpy(each), array, atol=1e-5)


def decode(d2l, trainer, steps):
    """The scores of a decoder that is given the target in pieces of these lengths."""
    source, target, valid_lens, _ = tensors(d2l, batch())
    model, start, found = trainer.model, 0, []
    if backend_of(d2l) == 'jax':
        model = model.clone(training=False).bind({'params': trainer.state.params})
    elif backend_of(d2l) == 'pytorch':
        model.eval()
    state = model.decoder.init_state(model.encoder(source, valid_lens), valid_lens)
    for length in steps:
        scores, state = model.decoder(target[:, start : start + length], state)
        found.append(d2l.numpy(scores.detach() if hasattr(scores, 'detach') else scores))
        start += length
    return np.concatenate(found, 1)


@pytest.mark.parametrize('steps', [[1] * TARGET_STEPS, [2, 1, 1], [1, 3]], ids=str)
def test_a_decoder_that_goes_on_from_its_state_is_as_all_at_once(d2l, steps):
    """Token by token, as in prediction, each has the same scores as in training."""
    trainer = fitted(d2l, transformer(d2l, dropout=0.5), batch(), parameters(), max_epochs=0)
    np.testing.assert_allclose(decode(d2l, trainer, steps), expected()[0], atol=1e-4)


def predicted(d2l, trainer, batch, num_steps, save_attention_weights=False):
    arguments = (trainer.state.params, batch) if backend_of(d2l) == 'jax' else (batch, None)
    return trainer.model.predict_step(*arguments, num_steps, save_attention_weights)


def test_a_prediction_is_what_the_most_probable_tokens_lead_to(d2l):
    source, target, valid_lens, _ = batch()
    tokens, params = target[:, :1], reference.double(parameters())
    for _ in range(6):
        arguments = source, tokens, valid_lens
        scores, _, dec_weights = reference.transformer(params, HEADS, BLOCKS, *arguments)
        tokens = np.concatenate([tokens, scores[:, -1:].argmax(-1).astype(np.int32)], 1)
    trainer = fitted(d2l, transformer(d2l), batch(), parameters(), max_epochs=0)
    found, weights = predicted(d2l, trainer, tensors(d2l, batch()), 6, True)
    np.testing.assert_array_equal(d2l.numpy(found), tokens[:, 1:])
    steps = weights[0] if backend_of(d2l) == 'jax' else weights
    assert len(steps) == 6
    for step, (to_itself, to_source) in enumerate(steps):
        for found, wanted in zip(to_itself, dec_weights[0], strict=True):
            row = wanted[:, step : step + 1, : step + 1]
            np.testing.assert_allclose(d2l.numpy(found), row, atol=1e-5)
        for found, wanted in zip(to_source, dec_weights[1], strict=True):
            np.testing.assert_allclose(d2l.numpy(found), wanted[:, step : step + 1], atol=1e-5)


def test_nobody_looks_at_later_tokens_or_at_padding(d2l):
    source, target, valid_lens, _ = batch()
    trainer = fitted(d2l, transformer(d2l), batch(), parameters(), max_epochs=0)
    before = called(d2l, trainer, *tensors(d2l, [source, target, valid_lens]))
    later, padding = target.copy(), source.copy()
    later[:, 2:] = target[:, 2:] % (TARGET_TOKENS - 1) + 1
    padding[1, 2:] = (source[1, 2:] + 1) % SOURCE_TOKENS
    after = called(d2l, trainer, *tensors(d2l, [padding, later, valid_lens]))
    np.testing.assert_allclose(after[:, :2], before[:, :2], atol=1e-5)
    assert np.abs(after[:, 2:] - before[:, 2:]).max() > 1e-4
    padding[1, 1] = (source[1, 1] + 1) % SOURCE_TOKENS  # no padding
    after = called(d2l, trainer, *tensors(d2l, [padding, target, valid_lens]))
    assert np.abs(after[1, :2] - before[1, :2]).max() > 1e-4


def test_blocks_keep_the_shape(d2l):
    """Feed-forward, sum and norm, and the blocks by themselves, as a page calls them."""
    X = RNG.uniform(-1, 1, (2, 3, HIDDENS)).astype(np.float32)
    keras, norm = backend_of(d2l) == 'tensorflow', [[2]]
    norm = norm if keras else [HIDDENS] if backend_of(d2l) in ('pytorch', 'nnx') else []
    block = d2l.TransformerEncoderBlock(*sizes(d2l), FFN, HEADS, 0.5)
    layers = [
        (d2l.PositionWiseFFN(FFN, 3), [X], (2, 3, 3)),
        (d2l.AddNorm(*norm, 0.5), [X, X], X.shape),
        (block, [X, np.array([3, 2], np.int32)], X.shape),
    ]
    for layer, inputs, shape in layers:
        trainer = fitted(d2l, model_of_layer(d2l, layer, len(inputs)), [*inputs, X], max_epochs=0)
        assert called(d2l, trainer, *tensors(d2l, inputs)).shape == shape


def model_of_layer(d2l, layer, num_arguments):
    if backend_of(d2l) == 'tensorflow' and isinstance(layer, d2l.PositionWiseFFN):
        call = layer.call
        layer.call = lambda X, training=None: call(X)
    if backend_of(d2l) == 'jax' and isinstance(layer, d2l.PositionWiseFFN):

        class Layer(d2l.PositionWiseFFN):
            def __call__(self, X, training=False):
                return super().__call__(X)

        layer = Layer(FFN, 3)
    return model_of(d2l, layer, num_arguments)


def test_dropout_is_for_training(d2l):
    """With dropout the loss of a step is another one; that of a validation is not."""
    rows = []
    for dropout in (0.0, 0.5):
        model = transformer(d2l, num_blks=1, dropout=dropout, lr=0)
        rows.append(fitted(d2l, model, batch(), uniform, val=batch()).history[-1])
    assert abs(rows[0]['train_loss'] - rows[1]['train_loss']) > 1e-3
    assert rows[1]['val_loss'] == pytest.approx(rows[0]['val_loss'], rel=1e-5)
    assert rows[0]['train_loss'] == pytest.approx(rows[0]['val_loss'], rel=1e-5)


def test_compiled_steps_change_nothing(d2l, recwarn):
    found = []
    for compile in (False, True):
        model = transformer(d2l, num_blks=1)
        trainer = fitted(d2l, model, batch(), d2l.xavier_uniform(0), 3, compile=compile)
        found.append(trainer.get_parameters())
    assert not [str(each.message) for each in recwarn.list if 'step by step' in str(each.message)]
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, atol=1e-5, err_msg=name)


def test_a_transformer_learns_to_translate(d2l):
    """After a short training, with dropout, it knows most of a few sentences by heart."""
    skip_long_training(d2l)
    data = d2l.SentencePairs(batch_size=16, num_steps=6, num_train=16, num_val=8)
    vocabs = len(data.src_vocab), len(data.tgt_vocab)
    rest = (*[32] * 4, [2]) if backend_of(d2l) == 'tensorflow' else (32,)
    rest = *rest, 32, HEADS, 1, 0.1
    encoder, decoder = d2l.TransformerEncoder(vocabs[0], *rest), d2l.TransformerDecoder
    model = d2l.Seq2Seq(encoder, decoder(vocabs[1], *rest), data.tgt_vocab['<pad>'], lr=0.01)
    trainer = d2l.Trainer(max_epochs=60, gradient_clip_val=1)
    trainer.fit(model, data, init_params=d2l.xavier_uniform(0))
    assert trainer.history[-1]['train_loss'] < trainer.history[0]['train_loss'] / 10
    rows = tuple(array[:16] for array in data.arrays)
    tokens, _ = predicted(d2l, trainer, rows, data.num_steps)
    labels = d2l.numpy(rows[-1])
    words = labels != data.tgt_vocab['<pad>']
    assert (d2l.numpy(tokens) == labels)[words].mean() > 0.9


def test_a_resumed_training_ends_the_same(d2l, tmp_path):
    def trained(max_epochs, ckpt_path=None):
        d2l.seed_everything(0)
        data = d2l.SentencePairs(batch_size=8, num_steps=6, num_train=16, num_val=8)
        vocabs = len(data.src_vocab), len(data.tgt_vocab)
        # MXNet does not tell its random state.
        dropout = 0.0 if backend_of(d2l) == 'mxnet' else 0.1
        trainer = d2l.Trainer(max_epochs=max_epochs)
        model = transformer(d2l, num_blks=1, dropout=dropout, vocabs=vocabs)
        trainer.fit(model, data, ckpt_path=ckpt_path, init_params=None if ckpt_path else uniform)
        return trainer

    path = tmp_path / 'transformer.safetensors'
    trained(1).save_checkpoint(path)
    resumed, whole = trained(3, path).get_parameters(), trained(3).get_parameters()
    for key, array in whole.items():
        np.testing.assert_array_equal(resumed[key], array)


@pytest.mark.parametrize('place', ['encoder', 'decoder'])
def test_heads_that_do_not_divide(d2l, place):
    keras = backend_of(d2l) == 'tensorflow'
    rest = (*[10] * 4, [2]) if keras else (10,)
    with pytest.raises(ValueError, match='num_hiddens=10 cannot be divided among num_heads=4'):
        layer = getattr(d2l, f'Transformer{place.title()}')(SOURCE_TOKENS, *rest, FFN, 4, 1, 0)
        if backend_of(d2l) == 'jax':  # made when it is bound
            source, target, valid_lens, _ = tensors(d2l, batch())
            state = [d2l.zeros((*source.shape, 10)), valid_lens, [None]]
            arguments = (source, valid_lens) if place == 'encoder' else (target, state)
            layer.init(d2l.get_key(), *arguments)


def test_a_sentence_that_is_too_long(d2l):
    source, target, valid_lens, labels = batch()
    long = np.zeros((BATCH, 1001), np.int32)
    with pytest.raises(ValueError, match='has 1001 steps, .* positions for max_len=1000 only'):
        fitted(d2l, transformer(d2l), [long, target, valid_lens, labels])


def test_valid_lengths_above_the_number_of_steps(d2l):
    source, *_ = tensors(d2l, batch())
    trainer = fitted(d2l, transformer(d2l), batch(), max_epochs=0)
    wrong = tensors(d2l, [np.array([6, 1, 1], np.int32)])[0]
    encoder = trainer.model.encoder
    if backend_of(d2l) == 'jax':  # whose programs know no values
        encoder = encoder.bind({'params': trainer.state.params['encoder']})
    with pytest.raises(ValueError, match='6 is no valid length: there are 5 keys'):
        encoder(source, wrong)
