"""BLEU: how near a translation is to one that is known to be right."""

import math
from collections import Counter


def bleu(pred_seq: str, label_seq: str, k: int) -> float:
    """The BLEU score of a sentence, from 0 to 1, with n-grams of up to `k` words.

    exp(min(0, 1 - len(label) / len(pred))) times the product, over n = 1, ..., k, of
    p_n ** (1 / 2 ** n). p_n is the share of the n-grams of `pred_seq` that `label_seq` has, each as
    often as it is there. A prediction of fewer than `k` words has no longer n-grams, which are left
    out. Raises ValueError for a `k` below 1. Definition: d2l, section "Sequence-to-Sequence
    Learning for Machine Translation"; after Papineni and others, "BLEU", 2002.
    """
    if k < 1:
        raise ValueError(f'k must be at least 1, the length of the longest n-grams, got {k}')
    pred, label = pred_seq.split(), label_seq.split()
    if not pred:
        return 0.0
    score = math.exp(min(0, 1 - len(label) / len(pred)))
    for n in range(1, min(k, len(pred)) + 1):
        matches = _n_grams(pred, n) & _n_grams(label, n)  # the smaller count of each
        score *= (matches.total() / (len(pred) - n + 1)) ** (0.5**n)
    return score


def _n_grams(tokens: list[str], n: int) -> Counter:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
