"""Attention and transformers in NumPy, float64: what every backend has to put out.

Parameters are arrays by their neutral names, 'attention.W_q.weight', with the outputs last.
"""

import numpy as np


def part(params, name):
    """The parameters of a part, without its name."""
    return {key.removeprefix(f'{name}.'): v for key, v in params.items() if key.startswith(name)}


def double(params):
    return {name: np.asarray(array, np.float64) for name, array in params.items()}


def softmax(X):
    E = np.exp(X - X.max(-1, keepdims=True))
    return E / E.sum(-1, keepdims=True)


def masked_softmax(X, valid_lens=None):
    """Key by key: one beyond the valid length has no weight, unless all are."""
    X = np.array(X, np.float64)
    if valid_lens is not None:
        for i, q in np.ndindex(X.shape[:2]):
            length = valid_lens[i] if valid_lens.ndim == 1 else valid_lens[i, q]
            X[i, q] = X[i, q] if length else 0
            X[i, q, length or X.shape[2] :] = -np.inf
    return softmax(X)


def additive(params, queries, keys, values, valid_lens=None):
    scores = np.zeros((len(queries), queries.shape[1], keys.shape[1]))
    for i, q, k in np.ndindex(scores.shape):
        sums = queries[i, q] @ params['W_q.weight'] + keys[i, k] @ params['W_k.weight']
        scores[i, q, k] = (np.tanh(sums) @ params['w_v.weight'])[0]
    weights = masked_softmax(scores, valid_lens)
    return weights @ values, weights


def dot_product(queries, keys, values, valid_lens=None):
    scores = np.einsum('iqd,ikd->iqk', queries, keys) / np.sqrt(queries.shape[-1])
    weights = masked_softmax(scores, valid_lens)
    return weights @ values, weights


def dense(params, name, X):
    return X @ params[f'{name}.weight'] + params.get(f'{name}.bias', 0)


def multi_head(params, num_heads, queries, keys, values, valid_lens=None):
    """Head by head; weights (batch_size * num_heads, queries, keys)."""
    queries, keys, values = (
        dense(params, name, X)
        for name, X in zip(('W_q', 'W_k', 'W_v'), (queries, keys, values), strict=True)
    )
    size = queries.shape[-1] // num_heads
    outputs, weights = [], []
    for head in range(num_heads):
        columns = slice(head * size, (head + 1) * size)
        found = dot_product(
            queries[..., columns], keys[..., columns], values[..., columns], valid_lens
        )
        outputs.append(found[0])
        weights.append(found[1])
    weights = np.stack(weights, 1)
    return dense(params, 'W_o', np.concatenate(outputs, -1)), weights.reshape(
        -1, *weights.shape[2:]
    )


def positions(num_steps, num_hiddens):
    P = np.zeros((num_steps, num_hiddens))
    for i, j in np.ndindex(P.shape):
        angle = i / 10000 ** (j // 2 * 2 / num_hiddens)
        P[i, j] = np.cos(angle) if j % 2 else np.sin(angle)
    return P


def gradients(function, params, epsilon=1e-5):
    """By name: the derivatives of `function(params)`, a number, as central differences."""
    grads = {name: np.zeros_like(array) for name, array in params.items()}
    for name, array in params.items():
        for index in np.ndindex(array.shape):
            before, values = array[index], []
            for sign in (1, -1):
                array[index] = before + sign * epsilon
                values.append(function(params))
            array[index] = before
            grads[name][index] = (values[0] - values[1]) / (2 * epsilon)
    return grads
