"""Transformers for sequences and for images, written out for the reference."""

import math
from types import ModuleType
from typing import Any

import numpy as np

from d2lite.parity.data import CLASSES, PAD, SOURCE, TARGET, TOKENS, images, sentences, text
from d2lite.parity.layers import (
    Params,
    conv,
    cross_entropy,
    dense,
    embedding,
    layer_norm,
    multi_head_attention,
    positions,
    within,
)
from d2lite.parity.model import ParityModel, layer, norm, plain_sgd
from d2lite.parity.tape import Value, concat, erf, relu

HEADS = 2


def embedded(p: Params, tokens: np.ndarray) -> Value:
    """Tokens as numbers, with their positions."""
    X = embedding(within(p, 'embedding'), tokens)
    return X * math.sqrt(X.shape[-1]) + positions(*X.shape[1:])


def add_norm(p: Params, X: Value, Y: Value) -> Value:
    return layer_norm(within(p, 'ln'), X + Y)


def ffn(p: Params, X: Value) -> Value:
    return dense(within(p, 'dense2'), relu(dense(within(p, 'dense1'), X)))


def encoder(p: Params, tokens: np.ndarray, lens: np.ndarray) -> Value:
    X = embedded(p, tokens)
    for block in blocks(p):
        Y = multi_head_attention(within(block, 'attention'), X, X, lens, HEADS)
        Y = add_norm(within(block, 'addnorm1'), X, Y)
        X = add_norm(within(block, 'addnorm2'), Y, ffn(within(block, 'ffn'), Y))
    return X


def decoder(p: Params, tokens: np.ndarray, source: Value, lens: np.ndarray) -> Value:
    X, causal = embedded(p, tokens), causal_lens(tokens)
    for block in blocks(p):
        Y = multi_head_attention(within(block, 'attention1'), X, X, causal, HEADS)
        Y = add_norm(within(block, 'addnorm1'), X, Y)
        Z = multi_head_attention(within(block, 'attention2'), Y, source, lens, HEADS)
        Z = add_norm(within(block, 'addnorm2'), Y, Z)
        X = add_norm(within(block, 'addnorm3'), Z, ffn(within(block, 'ffn'), Z))
    return dense(within(p, 'dense'), X)


def causal_lens(tokens: np.ndarray) -> np.ndarray:
    """Valid lengths with which each step sees itself and those before it."""
    return np.broadcast_to(np.arange(1, tokens.shape[1] + 1), tokens.shape)


def blocks(p: Params) -> list[dict[str, Value]]:
    numbers = sorted({int(name.split('.')[1]) for name in p if name.startswith('blks.')})
    return [within(p, f'blks.{number}') for number in numbers]


def transformer(
    p: Params, source: np.ndarray, target: np.ndarray, lens: np.ndarray, labels: np.ndarray
) -> Value:
    """An encoder and a decoder on tokens (n, steps); padding among the labels does not count."""
    memory = encoder(within(p, 'encoder'), source, lens)
    scores = decoder(within(p, 'decoder'), target, memory, lens)
    return cross_entropy(scores, labels, labels != PAD)


def vit(p: Params, X: np.ndarray, y: np.ndarray) -> Value:
    """A vision transformer on images (n, height, width, c)."""
    weight = p['patch_embedding.conv.weight']
    patches = conv(within(p, 'patch_embedding.conv'), X, stride=weight.shape[0])
    patches = patches.reshape(len(X), -1, weight.shape[-1])
    first = p['cls_token'] + np.zeros((len(X), 1, 1))
    H = concat([first, patches], 1) + p['pos_embedding']
    return cross_entropy(scored(p, H, None)[:, 0], y)


def transformer_lm(p: Params, X: np.ndarray, Y: np.ndarray) -> Value:
    """A causal language model on tokens X (n, steps)."""
    return cross_entropy(scored(p, embedded(p, X), causal_lens(X)), Y)


def scored(p: Params, H: Value, lens: np.ndarray | None) -> Value:
    """Blocks that normalise what goes into attention and dense layers; then the scores."""
    for block in blocks(p):
        Y = layer_norm(within(block, 'ln1'), H)
        H = H + multi_head_attention(within(block, 'attention'), Y, Y, lens, HEADS)
        hidden = dense(within(block, 'mlp.dense1'), layer_norm(within(block, 'ln2'), H))
        H = H + dense(within(block, 'mlp.dense2'), gelu(hidden))
    return dense(within(p, 'head.1'), layer_norm(within(p, 'head.0'), H))


def gelu(X: Value) -> Value:
    """The Gaussian error linear unit, with the distribution function itself."""
    return X * (erf(X / math.sqrt(2)) + 1) * 0.5


HIDDENS, FFN, BLOCKS, NUM_STEPS = 8, 6, 2, 7


def make_transformer(d2l: ModuleType, lr: float) -> Any:
    if d2l.Module.backend == 'tensorflow':  # of keys, queries and values, and the axis of a norm
        sizes = *(HIDDENS,) * 4, [2]
    else:
        sizes = (HIDDENS,)
    sizes = *sizes, FFN, HEADS, BLOCKS, 0.0
    source, target = d2l.TransformerEncoder(SOURCE, *sizes), d2l.TransformerDecoder(TARGET, *sizes)
    return plain_sgd(d2l, d2l.Seq2Seq)(source, target, PAD, lr)


def make_vit(d2l: ModuleType, lr: float) -> Any:
    return d2l.ViT(6, 3, HIDDENS, FFN, HEADS, BLOCKS, 0.0, 0.0, lr, num_classes=CLASSES)


def make_transformer_lm(d2l: ModuleType, lr: float) -> Any:
    sizes = TOKENS, HIDDENS, FFN, HEADS, BLOCKS, 0.0, NUM_STEPS
    return plain_sgd(d2l, d2l.TransformerLM)(*sizes, lr)


SQUARE = layer(HIDDENS, HIDDENS, bias=False)
ATTENTION = dict.fromkeys(('W_q', 'W_k', 'W_v', 'W_o'), SQUARE)
MLP = {'dense1': layer(HIDDENS, FFN), 'dense2': layer(FFN, HIDDENS)}
NORM = norm(HIDDENS)
PRE_NORM = [{'ln1': NORM, 'attention': ATTENTION, 'ln2': NORM, 'mlp': MLP}] * BLOCKS
GELU = {
    'tensorflow': "TensorFlow's GELU is exact to 5e-9 only",
    'mxnet': "MXNet's GELU computes the error function in float32",
}

MODELS: dict[str, ParityModel] = {
    'Transformer': ParityModel(
        make=make_transformer,
        loss=transformer,
        data=sentences,
        shapes={
            'encoder': {
                'embedding': layer(SOURCE, HIDDENS, bias=False),
                'blks': [
                    {'attention': ATTENTION, 'ffn': MLP}
                    | dict.fromkeys(('addnorm1', 'addnorm2'), {'ln': NORM})
                ]
                * BLOCKS,
            },
            'decoder': {
                'embedding': layer(TARGET, HIDDENS, bias=False),
                'blks': [
                    {'attention1': ATTENTION, 'attention2': ATTENTION, 'ffn': MLP}
                    | dict.fromkeys(('addnorm1', 'addnorm2', 'addnorm3'), {'ln': NORM})
                ]
                * BLOCKS,
                'dense': layer(HIDDENS, TARGET),
            },
        },
        lr=1 / 8,
    ),
    'ViT': ParityModel(
        make=make_vit,
        loss=vit,
        data=images(6),
        shapes={
            'patch_embedding': {'conv': layer(3, 3, 1, HIDDENS)},
            'cls_token': (1, 1, HIDDENS),
            'pos_embedding': (1, 5, HIDDENS),
            'blks': PRE_NORM,
            'head': [NORM, layer(HIDDENS, CLASSES)],
        },
        lr=1 / 8,
        float32_only=GELU,
    ),
    'TransformerLM': ParityModel(
        make=make_transformer_lm,
        loss=transformer_lm,
        data=text(NUM_STEPS),
        shapes={
            'embedding': layer(TOKENS, HIDDENS, bias=False),
            'blks': PRE_NORM,
            'head': [NORM, layer(HIDDENS, TOKENS)],
        },
        float32_only=GELU,
    ),
}
