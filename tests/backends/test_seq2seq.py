"""Sequence to sequence: losses without padding, the same on all backends; what the model writes."""

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require, skip_long_training
from devices import on_device

PAD, BOS, EOS, FIRST = 0, 1, 2, 3  # tokens; words begin at FIRST
VOCAB_SIZE, NUM_STEPS = 8, 5
DECODERS = ['Seq2SeqDecoder', 'Seq2SeqAttentionDecoder']


def sentences(num_examples, seed=0):
    """(source, decoder input, valid lengths, labels): words, and the same from the end, NumPy."""
    rng = np.random.default_rng(seed)
    src, tgt = np.full((2, num_examples, NUM_STEPS + 1), PAD)
    tgt[:, 0] = BOS
    for i in range(num_examples):
        words = rng.integers(FIRST, VOCAB_SIZE, size=rng.integers(1, NUM_STEPS - 1))
        src[i, : len(words) + 1] = [*words, EOS]
        tgt[i, 1 : len(words) + 2] = [*words[::-1], EOS]
    src = src[:, :NUM_STEPS]
    return src, tgt[:, :-1], (src != PAD).sum(axis=1, dtype='int32'), tgt[:, 1:]


def tensors(d2l, batch):
    kind = d2l.SentencePairs.label_dtype
    arrays = [a if a.dtype == np.int32 else a.astype(kind) for a in map(np.asarray, batch)]
    return tuple(on_device(d2l, d2l.DataModule.tensor(array)) for array in arrays)


def model(d2l, decoder, num_layers=1, dropout=0, lr=0.01, num_hiddens=16):
    sizes = VOCAB_SIZE, 6, num_hiddens, num_layers, dropout
    return d2l.Seq2Seq(d2l.Seq2SeqEncoder(*sizes), getattr(d2l, decoder)(*sizes), PAD, lr)


def trained(d2l, decoder, batches, val=(), max_epochs=1, num_layers=1, dropout=0, **kwargs):
    """A Trainer that has trained on `batches`, in this order; every batch is a point."""

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            return [tensors(d2l, batch) for batch in (batches if train else val)] or None

    sizes = {name: kwargs.pop(name) for name in ('lr', 'num_hiddens') if name in kwargs}
    seq2seq = model(d2l, decoder, num_layers, dropout, **sizes)
    seq2seq.plot_train_per_epoch = len(batches)
    fit = {'init_params': kwargs.pop('init_params', d2l.xavier_uniform(0))}
    fit |= {name: kwargs.pop(name) for name in ('ckpt_path',) if name in kwargs}
    trainer = d2l.Trainer(max_epochs=max_epochs, **kwargs)
    trainer.fit(seq2seq, Data(), **fit)
    return trainer


def losses(trainer):
    return [point.y for point in trainer.model.board.data['train_loss']]


def written(d2l, trainer, batch, **kwargs):
    """What `predict_step` returns: tokens as NumPy array, and the attention weights."""
    batch = tensors(d2l, batch)
    if backend_of(d2l) == 'jax':
        params = trainer.state.params
        tokens, (weights, _) = trainer.model.predict_step(params, batch, NUM_STEPS, **kwargs)
    else:
        tokens, weights = trainer.model.predict_step(batch, None, NUM_STEPS, **kwargs)
    return d2l.numpy(tokens), weights


def scores(d2l, trainer, batch):
    """The scores (n, num_steps, VOCAB_SIZE) of the targets, NumPy."""
    inputs = tensors(d2l, batch)[:-1]
    if backend_of(d2l) == 'jax':
        net = trainer.model.clone(training=False)
        return d2l.numpy(net.apply({'params': trainer.state.params}, *inputs))
    trainer.set_training(False)
    return d2l.numpy(trainer.model(*inputs))


@pytest.mark.parametrize('decoder', DECODERS)
def test_losses_and_parameters_are_the_same_on_all_backends(decoder):
    batches, found = [sentences(8, seed) for seed in range(4)], {}
    for name in BACKENDS:
        d2l = require(name)
        kwargs = {'num_layers': 2, 'gradient_clip_val': 1}
        found[name] = trained(d2l, decoder, batches, [sentences(8, 9)], max_epochs=2, **kwargs)
    first, *others = found.values()
    assert losses(first)[-1] < losses(first)[0] - 0.1
    for other in others:
        np.testing.assert_allclose(losses(other), losses(first), rtol=1e-4)
        vals = [each.history[-1]['val_loss'] for each in (other, first)]
        assert vals[0] == pytest.approx(vals[1], rel=1e-4)
        # Adam makes steps as large of small gradients, also of those that are a rounding.
        assert set(other.get_parameters()) == set(first.get_parameters())


@pytest.mark.parametrize('decoder', DECODERS)
def test_parameters_move_between_all_backends(decoder, tmp_path):
    batch, made = sentences(4), {}
    for name in BACKENDS:
        d2l = require(name)
        d2l.seed_everything(0)
        trainer = trained(d2l, decoder, [batch], num_layers=2, lr=0.1, init_params=None)
        trainer.save_parameters(tmp_path / f'{name}.safetensors')
        made[name] = trainer, scores(d2l, trainer, batch)
    for target in BACKENDS:
        trainer, d2l = made[target][0], require(target)
        for source in BACKENDS:
            trainer.load_parameters(tmp_path / f'{source}.safetensors')
            found = scores(d2l, trainer, batch)
            np.testing.assert_allclose(found, made[source][1], atol=1e-5, err_msg=source)


def test_padding_counts_for_no_loss(d2l):
    """The mean over all tokens of the labels but the padding, in float64."""
    batch = sentences(8)
    trainer = trained(d2l, 'Seq2SeqDecoder', [batch], [batch], lr=0.0)
    logits, labels = scores(d2l, trainer, batch).astype(np.float64), batch[-1]
    log_probs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    of_labels = np.take_along_axis(log_probs, labels[..., None], axis=-1)[..., 0]
    expected = -of_labels[labels != PAD].mean()
    assert expected != pytest.approx(-of_labels.mean(), rel=1e-3)  # with the padding
    assert losses(trainer)[0] == pytest.approx(expected, rel=1e-5)
    assert trainer.history[-1]['val_loss'] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize('decoder', DECODERS)
def test_it_learns_to_write_words_from_the_end(d2l, decoder):
    skip_long_training(d2l)
    d2l.seed_everything(0)
    batches = [sentences(32, seed) for seed in range(20)]
    trainer = trained(d2l, decoder, batches, max_epochs=12, lr=0.02, num_hiddens=32)
    batch = sentences(20, seed=0)
    tokens, _ = written(d2l, trainer, batch)
    labels = batch[-1]
    right = [
        (found == label)[label != PAD].all() for found, label in zip(tokens, labels, strict=True)
    ]
    assert np.mean(right) > 0.9
    # The decoder writes step by step what it says of all steps at once.
    src, dec, valid_len, labels = batch
    read = np.concatenate([dec[:, :1], tokens[:, :-1]], axis=1)
    np.testing.assert_array_equal(
        scores(d2l, trainer, (src, read, valid_len, labels)).argmax(axis=-1), tokens
    )
    one, several = (written(d2l, trainer, batch, beam_size=k, eos=EOS)[0] for k in (1, 3))
    for found, greedy, better in zip(one, tokens, several, strict=True):
        end = list(greedy).index(EOS) + 1 if EOS in greedy else NUM_STEPS
        np.testing.assert_array_equal(found[:end], greedy[:end])
        assert (found[end:] == EOS).all() and better.shape == (NUM_STEPS,)
    assert np.mean((several == one).all(axis=1)) > 0.8


def test_attention_weights_are_shares_of_the_words_of_the_source(d2l):
    batch = sentences(3)
    trainer = trained(d2l, 'Seq2SeqAttentionDecoder', [batch])
    for beam in ({}, {'beam_size': 2, 'eos': EOS}):
        _, weights = written(d2l, trainer, batch, save_attention_weights=True, **beam)
        assert len(weights) == NUM_STEPS
        for step in weights:
            (of_token,) = step
            of_token = d2l.numpy(of_token)
            assert of_token.shape == (3, 1, NUM_STEPS)
            np.testing.assert_allclose(of_token.sum(axis=-1), 1, rtol=1e-5)
            beyond = np.arange(NUM_STEPS) >= batch[2][:, None]
            assert (of_token[:, 0] == 0).tolist() == beyond.tolist()
    assert written(d2l, trainer, batch)[1] == []


@pytest.mark.parametrize('decoder', DECODERS)
def test_compiled_steps_change_nothing(d2l, decoder, recwarn):
    batches, found = [sentences(8, seed) for seed in range(3)], {}
    for compiled in (False, True):
        d2l.seed_everything(0)
        trainer = trained(d2l, decoder, batches, batches[:1], compile=compiled)
        found[compiled] = losses(trainer), trainer.get_parameters()
    said = [str(warning.message) for warning in recwarn.list if 'trains' in str(warning.message)]
    if backend_of(d2l) == 'pytorch':  # its own recurrent layers are not compiled
        assert len(said) == 1 and 'no program for a recurrent layer' in said[0]
    else:
        assert said == []
    np.testing.assert_allclose(found[True][0], found[False][0], rtol=1e-5)
    for name, array in found[False][1].items():
        np.testing.assert_allclose(found[True][1][name], array, atol=2e-3)


def test_a_resumed_training_ends_the_same(d2l, tmp_path):
    def end(max_epochs, ckpt_path=None):
        d2l.seed_everything(0)
        batches = [sentences(8, seed) for seed in range(2)]
        kwargs = {'num_layers': 2, 'dropout': 0.5, 'ckpt_path': ckpt_path, 'init_params': None}
        return trained(d2l, 'Seq2SeqDecoder', batches, max_epochs=max_epochs, **kwargs)

    path = tmp_path / 'seq2seq.safetensors'
    end(1).save_checkpoint(path)
    resumed, whole = end(3, path), end(3)
    for name, array in whole.get_parameters().items():
        np.testing.assert_array_equal(resumed.get_parameters()[name], array)
    batch = sentences(6)
    once, again = (written(d2l, whole, batch)[0] for _ in range(2))
    np.testing.assert_array_equal(once, again)  # nothing is dropped in a prediction


def test_predictions_are_without_dropout_also_while_the_model_is_trained(d2l):
    batch = sentences(8)
    trainer = trained(d2l, DECODERS[1], [batch], num_layers=2, dropout=0.5, num_hiddens=32)
    expected, _ = written(d2l, trainer, batch)
    trainer.set_training(True)
    for _ in range(3):
        np.testing.assert_array_equal(written(d2l, trainer, batch)[0], expected)
    assert trainer.model.training


def test_batches_that_do_not_fit(d2l):
    src, dec, valid_len, labels = sentences(4)
    trainer = trained(d2l, 'Seq2SeqDecoder', [(src, dec, valid_len, labels)])
    with pytest.raises(ValueError, match=r'target for each .*\(4, 5\) and targets of shape \(3, 5'):
        written(d2l, trainer, (src, dec[:3], valid_len, labels))
    with pytest.raises(ValueError, match=r'valid length for each .*\(4, 5\) and valid lengths '):
        written(d2l, trainer, (src, dec, valid_len[:3], labels))
    with pytest.raises(ValueError, match=r'target for each source, got sources of shape \(4, 5\)'):
        trained(d2l, 'Seq2SeqDecoder', [(src, dec[:3], valid_len, labels[:3])])
    for place in (0, 1):  # in the source, and in what the decoder reads
        batch = [np.array(each) for each in sentences(4)]
        batch[place][2, 0] = VOCAB_SIZE
        name = ('Seq2SeqEncoder', 'Seq2SeqDecoder')[place]
        with pytest.raises(ValueError, match=f'8 is no token: {name} has a .* from 0 to 7'):
            written(d2l, trainer, batch)
    with pytest.raises(ValueError, match='beam_size is the number of .* at least 1, got 0'):
        written(d2l, trainer, sentences(4), beam_size=0)
    with pytest.raises(ValueError, match='Seq2SeqDecoder has no attention weights to save'):
        written(d2l, trainer, sentences(4), save_attention_weights=True)


def test_init_seq2seq_gives_weights_their_spread():
    d2l = require('pytorch')
    from torch import nn

    d2l.seed_everything(0)
    net = nn.Sequential(nn.Linear(40, 10), nn.GRU(10, 20, 2), nn.LazyLinear(3), nn.Embedding(4, 2))
    before = [param.clone() for param in net[3].parameters()]
    net.apply(d2l.init_seq2seq)
    bound = (6 / (40 + 10)) ** 0.5  # Xavier's, above PyTorch's own of 1 / sqrt(40)
    assert 0.9 * bound < net[0].weight.abs().max() <= bound
    bound = (6 / (20 + 60)) ** 0.5
    for name, param in net[1].named_parameters():
        if 'weight_hh' in name:
            assert 0.9 * bound < param.abs().max() <= bound
    assert all((a == b).all() for a, b in zip(before, net[3].parameters(), strict=True))
