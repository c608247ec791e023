"""Recurrent networks, language models and sequence to sequence, written out for the reference."""

import inspect
from collections.abc import Callable

import numpy as np

from d2lite.parity.data import PAD, SOURCE, TARGET, TOKENS, sentences, text
from d2lite.parity.layers import (
    Params,
    additive_attention,
    cross_entropy,
    dense,
    embedding,
    within,
)
from d2lite.parity.model import ParityModel, layer, plain_sgd
from d2lite.parity.tape import Value, concat, sigmoid, stack, tanh

# One step of a layer: from the input, the state and the parameters to the new state. The gates
# stand side by side in a weight, in the order in which they are named here.


def rnn(p: Params, x: Value, h: Value) -> Value:
    return tanh(x @ p['weight_ih'] + p['bias_ih'] + h @ p['weight_hh'])


def gru(p: Params, x: Value, h: Value) -> Value:
    i, n = x @ p['weight_ih'] + p['bias_ih'], h.shape[-1]
    hh = h @ p['weight_hh'] + p['bias_hh']
    reset, update = (sigmoid(i[:, at : at + n] + hh[:, at : at + n]) for at in (0, n))
    new = tanh(i[:, 2 * n :] + reset * hh[:, 2 * n :])
    return (1 - update) * new + update * h


def lstm(p: Params, x: Value, state: Value) -> Value:
    """The state is the hidden state, and after it the memory."""
    n = state.shape[-1] // 2
    h, memory = state[:, :n], state[:, n:]
    gates = x @ p['weight_ih'] + p['bias_ih'] + h @ p['weight_hh']
    put, forget, new, out = (gates[:, at * n : (at + 1) * n] for at in range(4))
    memory = sigmoid(forget) * memory + sigmoid(put) * tanh(new)
    return concat([sigmoid(out) * tanh(memory), memory], 1)


CELLS = {'RNN': (rnn, 1), 'GRU': (gru, 3), 'LSTM': (lstm, 4)}  # and how many gates they have


def layers_of(p: Params) -> list[dict[str, Value]]:
    return [within(p, f'rnn.{i}') for i in sorted({int(name.split('.')[1]) for name in p})]


def run(
    cell: Callable, p: Params, inputs: list[Value], states: list[Value], hiddens: int
) -> tuple[list[Value], list[Value]]:
    """The outputs of the last layer, one for each step, and the states of all at the end."""
    outputs, states = [], list(states)
    for x in inputs:
        for i, each in enumerate(layers_of(p)):
            states[i] = cell(each, x, states[i])
            x = states[i][:, :hiddens]
        outputs.append(x)
    return outputs, states


def language_model_scratch(p: Params, X: np.ndarray, Y: np.ndarray) -> Value:
    """RNNScratch on one-hot tokens X (n, steps), and a dense layer from scratch."""
    names = {'weight_ih': 'W_xh', 'weight_hh': 'W_hh', 'bias_ih': 'b_h'}
    layer = {f'rnn.0.{ours}': p[f'rnn.{theirs}'] for ours, theirs in names.items()}
    H = np.zeros((len(X), len(p['rnn.W_hh'])))
    outputs, _ = run(rnn, layer, one_hot(X), [H], H.shape[1])
    return cross_entropy(stack(outputs, 1) @ p['W_hq'] + p['b_q'], Y)


def language_model(name: str) -> Callable[..., Value]:
    """The loss of an RNNLM with layers of this kind."""

    def loss(p, X, Y):
        outputs, _ = run_from_zero(name, within(p, 'rnn'), one_hot(X))
        return cross_entropy(dense(within(p, 'linear'), stack(outputs, 1)), Y)

    return loss


def one_hot(X: np.ndarray) -> list[np.ndarray]:
    return list(np.eye(TOKENS)[X.T])


def run_from_zero(name: str, p: Params, inputs: list) -> tuple[list[Value], list[Value]]:
    """`run` from states that are 0."""
    cell, _ = CELLS[name]
    hiddens = len(p['rnn.0.weight_hh'])
    zero = Value(np.zeros((len(inputs[0]), hiddens * (2 if name == 'LSTM' else 1))))
    return run(cell, p, inputs, [zero] * len(layers_of(p)), hiddens)


def seq2seq(
    p: Params, source: np.ndarray, target: np.ndarray, lens: np.ndarray, labels: np.ndarray
) -> Value:
    """GRU encoder and decoder, with attention if there are parameters for it."""
    inputs = embedding(within(p, 'encoder.embedding'), source.T)
    memory, states = run_from_zero('GRU', within(p, 'encoder.rnn'), list(inputs))
    decoder, outputs = within(p, 'decoder'), []
    for x in embedding(within(decoder, 'embedding'), target.T):
        context = memory[-1]
        if attention := within(decoder, 'attention'):
            context = additive_attention(attention, states[-1], stack(memory, 1), lens)[:, 0]
        x = concat([x, context], 1)
        (output,), states = run(gru, within(decoder, 'rnn'), [x], states, context.shape[1])
        outputs.append(output)
    scores = dense(within(decoder, 'dense'), stack(outputs, 1))
    return cross_entropy(scores, labels, labels != PAD)


HIDDENS = 6
ONE_HOT = 'the language model makes one-hot rows in float32'


def gates(name: str, num_inputs: int, num_hiddens: int) -> dict[str, tuple[int, ...]]:
    """The shapes of a recurrent layer."""
    outputs = CELLS[name][1] * num_hiddens
    weights = {'weight_ih': (num_inputs, outputs), 'weight_hh': (num_hiddens, outputs)}
    return weights | {'bias_ih': (outputs,), 'bias_hh': (outputs,)}


def language_models(name: str, num_layers: int) -> ParityModel:
    """The comparison of an RNNLM with layers of this kind."""

    def make(d2l, lr):
        takes_inputs = 'num_inputs' in inspect.signature(d2l.RNN.__init__).parameters
        sizes = (TOKENS, HIDDENS) if takes_inputs else (HIDDENS,)
        sizes = sizes if name == 'RNN' else (*sizes, num_layers)
        return d2l.RNNLM(getattr(d2l, name)(*sizes), TOKENS, lr)

    inputs = [TOKENS, *[HIDDENS] * (num_layers - 1)]
    return ParityModel(
        make=make,
        loss=language_model(name),
        data=text(7),
        shapes={
            'rnn': {'rnn': [gates(name, each, HIDDENS) for each in inputs]},
            'linear': layer(HIDDENS, TOKENS),
        },
        fixed={} if name == 'GRU' else {'bias_hh': 0.0},  # of gates that need no second bias
        lr=1.0,
        float32_only={'mxnet': ONE_HOT},
    )


def sequence_to_sequence(attention: bool) -> ParityModel:
    """The comparison of a Seq2Seq, whose decoder has attention or not."""
    embed, hiddens = 4, 3

    def make(d2l, lr):
        decoder = d2l.Seq2SeqAttentionDecoder if attention else d2l.Seq2SeqDecoder
        parts = d2l.Seq2SeqEncoder(SOURCE, embed, hiddens, 2), decoder(TARGET, embed, hiddens, 2)
        return plain_sgd(d2l, d2l.Seq2Seq)(*parts, PAD, lr)

    def layers(num_inputs):
        return {'rnn': [gates('GRU', each, hiddens) for each in (num_inputs, hiddens)]}

    square, scores = layer(hiddens, hiddens, bias=False), layer(hiddens, 1, bias=False)
    weights = {'attention': {'W_q': square, 'W_k': square, 'w_v': scores}} if attention else {}
    return ParityModel(
        make=make,
        loss=seq2seq,
        data=sentences,
        shapes={
            'encoder': {'embedding': layer(SOURCE, embed, bias=False), 'rnn': layers(embed)},
            'decoder': {
                'embedding': layer(TARGET, embed, bias=False),
                'rnn': layers(embed + hiddens),
                'dense': layer(hiddens, TARGET),
            }
            | weights,
        },
    )


MODELS: dict[str, ParityModel] = {
    'RNNLMScratch': ParityModel(
        make=lambda d2l, lr: d2l.RNNLMScratch(d2l.RNNScratch(TOKENS, HIDDENS), TOKENS, lr),
        loss=language_model_scratch,
        data=text(7),
        shapes={
            'rnn': {'W_xh': (TOKENS, HIDDENS), 'W_hh': (HIDDENS, HIDDENS), 'b_h': (HIDDENS,)},
            'W_hq': (HIDDENS, TOKENS),
            'b_q': (TOKENS,),
        },
        lr=1.0,
        float32_only=dict.fromkeys(('tensorflow', 'mxnet'), ONE_HOT),
    ),
    'RNN': language_models('RNN', 1),
    'GRU': language_models('GRU', 1),
    'GRU-2': language_models('GRU', 2),
    'LSTM': language_models('LSTM', 1),
    'LSTM-2': language_models('LSTM', 2),
    'Seq2Seq': sequence_to_sequence(attention=False),
    'Seq2SeqAttention': sequence_to_sequence(attention=True),
}
