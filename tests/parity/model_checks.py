"""A built-in model on a backend against the reference: losses, parameters and gradients."""

import dataclasses
import functools

import numpy as np
from contract import backend_of

from d2lite.parity import MODELS, compare, record_training, standard_problem

# So large that rounding the parameters says nothing against the gradient.
LARGE_LR = 2.0**10


@functools.cache
def problem_of(model, dtype='float32'):
    return standard_problem(model, dtype=dtype)


def assert_float32_agrees(d2l, model):
    row = compare(record_training(backend_of(d2l), problem_of(model)), problem_of(model))
    assert row.first_outside is None, row


def assert_float64_agrees_where_it_is_possible(d2l, model):
    given = problem_of(model, 'float64')
    if backend_of(d2l) not in MODELS[model].float32_only:
        row = compare(record_training(backend_of(d2l), given), given)
        assert row.first_outside is None, row
        return
    try:
        row = compare(record_training(backend_of(d2l), given), given)
    except Exception as error:  # each framework has another one
        assert 'float' in str(error) or 'not implemented' in str(error)
    else:
        assert row.first_outside is not None, 'it is possible after all'


def assert_gradients_agree(d2l, model):
    """Those of each parameter after 20 steps, seen in one step at a large learning rate."""
    given = problem_of(model)
    start = given.start | given.expected()[-1].parameters
    one = dataclasses.replace(given, arrays=given.batches()[0], start=start, lr=LARGE_LR)
    one.num_steps = one.num_epochs = 1
    found = record_training(backend_of(d2l), one).parameters
    expected = one.expected()[0].gradients
    largest = max(abs(array).max() for array in expected.values())
    for name, array in expected.items():
        moved = (one.start[name].astype(np.float64) - found[name][0]) / LARGE_LR
        assert abs(moved - array).max() < 2e-5 * largest, name
