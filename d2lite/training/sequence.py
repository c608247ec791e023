"""What is the same in every backend's encoders and decoders: how a sentence is made of scores."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ['beam_search', 'check_pairs', 'check_tokens', 'decoded', 'weights_of']

ALPHA = 0.75  # how much longer sentences are preferred: see beam_search


def check_pairs(enc_X: Any, dec_X: Any, *args: Any) -> None:
    """Raises ValueError, naming the shapes, unless each source has a target, and a valid length.

    `args`: the valid lengths, if there are any.
    """
    expected = enc_X.shape[0]
    valid_lens = [each for each in args[:1] if each is not None]
    for name, each in [('target', dec_X), *(('valid length', each) for each in valid_lens)]:
        # A program of TensorFlow may be made for any number, which then is None.
        if None not in (expected, each.shape[0]) and each.shape[0] != expected:
            raise ValueError(
                f'expected a {name} for each source, got sources of shape {tuple(enc_X.shape)} and '
                f'{name}s of shape {tuple(each.shape)}'
            )


def check_tokens(part: Any, tokens: np.ndarray) -> None:
    """Raises ValueError for a token outside of the vocabulary of an encoder or a decoder.

    Its size is the attribute `vocab_size`; without one nothing is known.
    """
    size = getattr(part, 'vocab_size', None)
    for token in (tokens.min(), tokens.max()) if size is not None and tokens.size else ():
        if not 0 <= token < size:
            raise ValueError(
                f'{token} is no token: {type(part).__name__} has a vocabulary of {size}, so tokens '
                f'are integers from 0 to {size - 1}'
            )


def weights_of(decoder: Any, weights: Any) -> Any:
    """The attention weights of a decoder. Raises ValueError if they are None: it has none."""
    if weights is None:
        raise ValueError(
            f'{type(decoder).__name__} has no attention weights to save: '
            f'save_attention_weights=True is for an AttentionDecoder'
        )
    return weights


def decoded(
    model: Any,
    tensor: Any,
    start: Callable,
    step: Callable,
    batch: Sequence,
    num_steps: int,
    beam_size: int | None = None,
    eos: int | None = None,
) -> tuple[Any, list]:
    """The tokens (n, num_steps) that a decoder writes for a batch, and the weights of each step.

    `start(src, src_valid_len)` returns the decoder's state before the first token. `step(X, state)`
    returns the scores (n, 1, vocab_size) of the tokens that follow X, (n, 1), the new state, and
    the attention weights. `tensor`: the backend's module of that name. The other arguments are
    those of `EncoderDecoder.predict_step`, whose `model` this is.
    """
    if num_steps < 1:
        raise ValueError(f'num_steps must be at least 1, got {num_steps}')
    src, tgt, src_valid_len, *_ = batch
    check_pairs(src, tgt, src_valid_len)
    check_tokens(model.encoder, tensor.numpy(src))
    check_tokens(model.decoder, tensor.numpy(tgt))
    X, found = tgt[:, :1], None  # found by a beam search
    if beam_size is not None:
        sentences = _sentences(tensor, start, step, batch, num_steps, beam_size, eos)
        found = tensor.astype(tensor.tensor(sentences), X.dtype)
    state = start(src, src_valid_len)
    outputs, weights = [], []
    for i in range(num_steps):
        scores, state, weights_of_step = step(X, state)
        # What a beam search has found is read once more, for its attention weights.
        X = (
            tensor.astype(tensor.argmax(scores, 2), X.dtype)
            if found is None
            else found[:, i : i + 1]
        )
        outputs.append(X)
        weights.append(weights_of_step)
    return tensor.concat(outputs, 1), weights


def _sentences(tensor, start, step, batch, num_steps, beam_size, eos):
    """The best sentence for each source, filled up with `eos` to `num_steps` tokens."""
    src, tgt, src_valid_len, *_ = batch

    def step_of_one(token, state):
        X = tensor.astype(tensor.tensor([[token]]), tgt.dtype)
        scores, state, _ = step(X, state)
        return tensor.numpy(scores)[0, 0], state

    sentences = []
    for i, first in enumerate(tensor.numpy(tgt)[:, 0]):
        valid_len = None if src_valid_len is None else src_valid_len[i : i + 1]
        state = start(src[i : i + 1], valid_len)
        tokens = beam_search(step_of_one, state, int(first), num_steps, beam_size, eos)
        sentences.append(tokens + [eos] * (num_steps - len(tokens)))
    return sentences


def beam_search(
    step: Callable, state: Any, first: int, num_steps: int, beam_size: int, eos: int | None = None
) -> list[int]:
    """The most probable tokens that a search finds which keeps `beam_size` beginnings at each step.

    `step(token, state)` returns the scores (vocab_size,) of the tokens that follow, and the new
    state. A sentence ends with the token `eos`, or after `num_steps` tokens. What is compared in
    the end is log(probability) / length ** 0.75, so that short sentences, which have fewer
    factors, do not always win. Raises ValueError unless `beam_size` is an integer of at least 1.
    Definition: d2l, section "Beam Search".
    """
    if isinstance(beam_size, bool) or not isinstance(beam_size, int) or beam_size < 1:
        raise ValueError(
            f'beam_size is the number of beginnings that are kept at each step, an integer of at '
            f'least 1, got {beam_size!r}'
        )
    beams, ended = [(0.0, [], state)], []
    for _ in range(num_steps):
        longer = []
        for log_prob, tokens, state in beams:
            scores, after = step(tokens[-1] if tokens else first, _copied(state))
            log_probs = log_prob + log_softmax(scores)
            for token in np.argsort(-log_probs, kind='stable')[:beam_size]:
                longer.append((log_probs[token], [*tokens, int(token)], after))
        longer.sort(key=lambda each: -each[0])
        ended += [each for each in longer[:beam_size] if each[1][-1] == eos]
        beams = [each for each in longer[:beam_size] if each[1][-1] != eos]
    _, tokens, _ = max(ended + beams, key=lambda each: each[0] / len(each[1]) ** ALPHA)
    return tokens


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """The logarithms of probabilities, float64, from scores (vocab_size,)."""
    scores = scores.astype(np.float64) - scores.max()
    return scores - np.log(np.exp(scores).sum())


def _copied(state):
    """The state with lists of its own: a decoder may put what comes next into them."""
    return type(state)(map(_copied, state)) if isinstance(state, list | tuple) else state
