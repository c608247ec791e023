"""The recurrent networks and language models, written out for the reference."""

from collections.abc import Callable

import numpy as np

from d2lite.parity.layers import Params, cross_entropy, within
from d2lite.parity.model import ParityModel
from d2lite.parity.tape import Value, stack, tanh


def rnn_lm_scratch(p: Params, X: np.ndarray, Y: np.ndarray) -> Value:
    """A recurrent network from scratch on tokens X (n, steps), and a dense layer on its states."""
    rnn, H, states = within(p, 'rnn'), 0, []
    for tokens in X.T:
        # A one-hot row times W_xh is a row of W_xh.
        before = rnn['W_xh'].take(tokens) + rnn['b_h']
        H = tanh(before if states == [] else before + H @ rnn['W_hh'])
        states.append(H)
    return cross_entropy(stack(states, 1) @ p['W_hq'] + p['b_q'], Y)


def text(num_steps: int, vocab_size: int) -> Callable[[np.random.Generator], tuple]:
    """96 rows of tokens of which the next follows from two before it, and those one ahead."""

    def data(rng):
        tokens = list(rng.integers(vocab_size, size=(2, 96)))
        while len(tokens) <= num_steps:
            tokens.append((tokens[-1] + 2 * tokens[-2]) % vocab_size)
        return np.stack(tokens[:-1], 1), np.stack(tokens[1:], 1)

    return data


TOKENS = 5

ONE_HOT = dict.fromkeys(
    ('pytorch', 'tensorflow', 'mxnet'), 'the model makes one-hot rows in float32'
)

MODELS: dict[str, ParityModel] = {
    'RNNLMScratch': ParityModel(
        make=lambda d2l, lr: d2l.RNNLMScratch(d2l.RNNScratch(TOKENS, 6), TOKENS, lr),
        loss=rnn_lm_scratch,
        data=text(7, TOKENS),
        shapes={
            'rnn.W_xh': (TOKENS, 6),
            'rnn.W_hh': (6, 6),
            'rnn.b_h': (6,),
            'W_hq': (6, TOKENS),
            'b_q': (TOKENS,),
        },
        lr=1.0,
        float32_only=ONE_HOT,
    ),
}
