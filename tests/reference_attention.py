"""Attention and transformers in NumPy, float64: what every backend has to put out.

Parameters are arrays by their neutral names, 'attention.W_q.weight', with the outputs last.
"""

import math

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


def layer_norm(params, name, X):
    mean, var = X.mean(-1, keepdims=True), X.var(-1, keepdims=True)
    return (X - mean) / np.sqrt(var + 1e-5) * params[f'{name}.weight'] + params[f'{name}.bias']


def feed_forward(params, X):
    return dense(params, 'dense2', np.maximum(dense(params, 'dense1', X), 0))


def embedded(params, tokens):
    X = params['embedding.weight'][tokens]
    return X * np.sqrt(X.shape[-1]) + positions(*X.shape[1:])


def encoder(params, num_heads, num_blks, tokens, valid_lens):
    """What the encoder puts out, and the attention weights of each block."""
    X, weights = embedded(params, tokens), []
    for i in range(num_blks):
        blk = part(params, f'blks.{i}')
        Y, found = multi_head(part(blk, 'attention'), num_heads, X, X, X, valid_lens)
        X = layer_norm(blk, 'addnorm1.ln', X + Y)
        X = layer_norm(blk, 'addnorm2.ln', X + feed_forward(part(blk, 'ffn'), X))
        weights.append(found)
    return X, weights


def decoder(params, num_heads, num_blks, tokens, enc_outputs, enc_valid_lens):
    """The scores of all steps, none of which sees a later one; weights of both attentions."""
    X, weights = embedded(params, tokens), ([], [])
    causal = np.tile(np.arange(1, tokens.shape[1] + 1), (len(tokens), 1))
    for i in range(num_blks):
        blk = part(params, f'blks.{i}')
        Y, found = multi_head(part(blk, 'attention1'), num_heads, X, X, X, causal)
        X = layer_norm(blk, 'addnorm1.ln', X + Y)
        weights[0].append(found)
        encoded = enc_outputs, enc_outputs
        Y, found = multi_head(part(blk, 'attention2'), num_heads, X, *encoded, enc_valid_lens)
        X = layer_norm(blk, 'addnorm2.ln', X + Y)
        weights[1].append(found)
        X = layer_norm(blk, 'addnorm3.ln', X + feed_forward(part(blk, 'ffn'), X))
    return dense(params, 'dense', X), weights


def transformer(params, num_heads, num_blks, source, target, valid_lens):
    """The scores of a transformer, and the attention weights of encoder and decoder."""
    sizes = num_heads, num_blks
    enc_outputs, enc_weights = encoder(part(params, 'encoder'), *sizes, source, valid_lens)
    scores, dec_weights = decoder(part(params, 'decoder'), *sizes, target, enc_outputs, valid_lens)
    return scores, enc_weights, dec_weights


def cross_entropy(scores, labels, ignored):
    """The mean over the labels that are not `ignored`."""
    probs = np.take_along_axis(softmax(scores), labels[..., None], -1)[..., 0]
    counts = labels != ignored
    return -(np.log(probs) * counts).sum() / counts.sum()


def gelu(X):
    return X * (1 + np.vectorize(math.erf)(X / math.sqrt(2))) / 2


def norm_first(params, num_heads, X, valid_lens=None):
    """A block that normalises what goes into attention and into the dense layers."""
    Y = layer_norm(params, 'ln1', X)
    Y, weights = multi_head(part(params, 'attention'), num_heads, Y, Y, Y, valid_lens)
    X = X + Y
    mlp = part(params, 'mlp')
    return X + dense(
        mlp, 'dense2', gelu(dense(mlp, 'dense1', layer_norm(params, 'ln2', X)))
    ), weights


def vision_transformer(params, num_heads, num_blks, images, patch_size):
    """The scores for images (n, height, width, c), and the attention weights of each block."""
    weight = params['patch_embedding.conv.weight']
    h, w = patch_size
    rows = [
        np.tensordot(images[:, i : i + h, j : j + w], weight, 3)
        for i in range(0, images.shape[1], h)
        for j in range(0, images.shape[2], w)
    ]
    X = np.stack(rows, 1) + params['patch_embedding.conv.bias']
    X = np.concatenate([np.repeat(params['cls_token'], len(X), 0), X], 1)
    X, weights = X + params['pos_embedding'], []
    for i in range(num_blks):
        X, found = norm_first(part(params, f'blks.{i}'), num_heads, X)
        weights.append(found)
    return dense(params, 'head.1', layer_norm(params, 'head.0', X[:, 0])), weights


def language_model(params, num_heads, num_blks, tokens):
    """The scores of what follows each token, none of which sees a later one."""
    X = embedded(params, tokens)
    causal = np.tile(np.arange(1, tokens.shape[1] + 1), (len(tokens), 1))
    for i in range(num_blks):
        X, _ = norm_first(part(params, f'blks.{i}'), num_heads, X, causal)
    return dense(params, 'head.1', layer_norm(params, 'head.0', X))
