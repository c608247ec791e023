"""Encoders and decoders: beam search, the errors, and what a lesson must define."""

import itertools

import numpy as np
import pytest
from contract import backend_of

from d2lite.training.sequence import beam_search, log_softmax

EOS, NUM_TOKENS = 0, 4
WRONG_SIZES = [0, -1, 2.0, True, '2']


def scores_of(seed):
    """Scores of the token that follows, which depend on all tokens before it."""

    def scores(tokens):
        rng = np.random.default_rng([seed, *tokens])
        return 2 * rng.standard_normal(NUM_TOKENS).astype(np.float32)

    return scores


def searched(scores, num_steps, beam_size, eos=EOS, first=9):
    """`beam_search` with the tokens so far as the state, in a list that each step appends to."""

    def step(token, state):
        state.append(token)
        return scores(state), state

    return beam_search(step, [], first, num_steps, beam_size, eos)


def log_prob(scores, tokens, first=9):
    given = [first, *tokens]
    return sum(log_softmax(scores(given[: i + 1]))[token] for i, token in enumerate(tokens))


def all_sentences(num_steps):
    """Those that end with EOS, which is nowhere else, and those of `num_steps` other tokens."""
    others = [token for token in range(NUM_TOKENS) if token != EOS]
    for length in range(num_steps):
        for tokens in itertools.product(others, repeat=length):
            yield [*tokens, EOS]
    yield from map(list, itertools.product(others, repeat=num_steps))


@pytest.mark.parametrize('seed', range(8))
def test_a_search_that_keeps_everything_finds_the_best_of_all_sentences(seed):
    scores = scores_of(seed)
    best = max(all_sentences(4), key=lambda s: log_prob(scores, s) / len(s) ** 0.75)
    assert searched(scores, 4, beam_size=NUM_TOKENS**4) == best


def test_one_beginning_is_the_most_probable_token_each_time():
    for seed in range(8):
        scores, greedy = scores_of(seed), []
        while len(greedy) < 5 and EOS not in greedy:
            greedy.append(int(scores([9, *greedy]).argmax()))
        assert searched(scores, 5, beam_size=1) == greedy


def test_more_beginnings_find_what_is_better_than_the_best_token_each_time():
    """1 is more probable than 2 at first; but after 2 comes 3 for sure, and after 1 anything."""
    tables = {(9,): [0, 0.6, 0.4, 0], (9, 1): [0.3, 0.3, 0.2, 0.2], (9, 2): [0, 0, 0, 1]}

    def scores(tokens):
        with np.errstate(divide='ignore'):
            return np.log(np.array(tables[tuple(tokens)]))

    assert searched(scores, 2, beam_size=1)[0] == 1
    assert searched(scores, 2, beam_size=2) == [2, 3]


def test_a_longer_sentence_may_win_over_a_more_probable_one():
    """log(0.5) / 1 = -0.69 for EOS at once; log(0.5 * 0.8 * 0.8) / 3 ** 0.75 = -0.50 for 1 1 1."""

    def scores(tokens):
        return np.log([0.5, 0.5, 1e-9, 1e-9] if len(tokens) == 1 else [0.2, 0.8, 1e-9, 1e-9])

    assert log_prob(scores, [EOS]) > log_prob(scores, [1, 1, 1])
    assert searched(scores, 3, beam_size=2) == [1, 1, 1]


def test_without_an_end_all_sentences_have_all_steps():
    for seed in range(8):
        assert len(searched(scores_of(seed), 5, beam_size=3, eos=None)) == 5


@pytest.mark.parametrize('beam_size', WRONG_SIZES)
def test_a_beam_size_that_is_none(beam_size):
    with pytest.raises(ValueError, match='at least 1, got ' + repr(beam_size)):
        searched(scores_of(0), 2, beam_size)


def test_log_softmax_of_large_scores():
    np.testing.assert_allclose(np.exp(log_softmax(np.array([1000.0, 1000.0]))), [0.5, 0.5])
    assert log_softmax(np.array([0, -1e4]))[1] == -1e4


def applied(d2l, model, *inputs):
    return model.apply({'params': {}}, *inputs) if backend_of(d2l) == 'jax' else model(*inputs)


def method(d2l):
    names = {'jax': '__call__', 'nnx': '__call__', 'tensorflow': 'call'}
    return names.get(backend_of(d2l), 'forward')


def test_what_a_lesson_s_encoder_and_decoder_must_define(d2l):
    X = d2l.ones((2, 3))

    class Reader(d2l.Encoder):
        pass

    class Writer(d2l.Decoder):
        pass

    name = method(d2l)
    with pytest.raises(NotImplementedError, match=rf'Reader must define {name}\(self, X, \*args'):
        applied(d2l, Reader(), X)
    with pytest.raises(NotImplementedError, match=rf'Writer must define {name}\(self, X, state'):
        applied(d2l, Writer(), X, X)
    with pytest.raises(NotImplementedError, match=r'Writer must define init_state\(self, enc_all'):
        Writer().init_state(X)
    assert issubclass(d2l.AttentionDecoder, d2l.Decoder)


def test_a_lesson_s_decoder_with_attention_must_tell_its_weights(d2l):
    if backend_of(d2l) == 'jax':  # there the weights are handed over, not kept
        assert not hasattr(d2l.AttentionDecoder, 'attention_weights')
        return

    class Looker(d2l.AttentionDecoder):
        pass

    with pytest.raises(NotImplementedError, match='Looker must define attention_weights'):
        assert Looker().attention_weights
