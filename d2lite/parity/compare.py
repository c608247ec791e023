"""The records of the backends, compared with the reference step by step."""

import dataclasses
from typing import NamedTuple

import numpy as np

from d2lite.parity import reference
from d2lite.parity.problem import Problem
from d2lite.parity.recorder import TrainingRecord


class Tolerance(NamedTuple):
    """The largest deviation allowed, relative to the scale of the values (see `deviations`)."""

    step: float  # of one step, the reference starting from the backend's parameters
    run: float  # of all steps so far, both having started from the same parameters


# float32 rounds each operation to 6e-8 of its result. A step is a few operations and sums over the
# batch and the features, whose order is the framework's choice: 1e-6 leaves room for 16 roundings
# in a row. SGD that converges contracts, so errors of earlier steps at most add up; being of either
# sign, those of three epochs (96 steps for 1,000 examples in batches of 32) add up to about 10
# times one step's: 1e-5. float64 rounds to 1.1e-16: the roundings of thousands of steps stay below
# 1e-12 even if all are of one sign, and whatever passed through float32 on the way is far above.
TOLERANCES = {'float32': Tolerance(1e-6, 1e-5), 'float64': Tolerance(1e-12, 1e-12)}


@dataclasses.dataclass
class Row:
    """The largest deviations of one backend's training from the reference."""

    backend: str
    version: str
    model: str
    loss_abs: float = np.nan
    loss_rel: float = np.nan
    parameters_abs: float = np.nan
    parameters_rel: float = np.nan
    gradient_norm_rel: float = np.nan
    step_rel: float = np.nan  # of one step alone, the largest of the three
    first_outside: int | None = None  # the first step above tolerance, counted from 1
    problem: str = ''  # why there is nothing to compare


def compare(found: TrainingRecord, problem: Problem) -> Row:
    """The largest deviations of a record from the reference, and the first step outside.

    Raises ValueError if the reference diverges.
    """
    expected, tolerance = reference_record(problem), TOLERANCES[problem.dtype]
    if not np.isfinite(expected.parameters).all():
        raise ValueError(
            f'this problem diverges with lr={problem.lr}, so there is nothing to compare: take a '
            f'smaller learning rate'
        )
    run = deviations(found, expected, problem)
    one = deviations(found, restarted(found, problem), problem)
    step_rel = np.max([relative for _, relative in one.values()], axis=0)
    # Written so that NaN is outside.
    inside = step_rel <= tolerance.step
    for _, relative in run.values():
        inside &= relative <= tolerance.run
    first_outside = None if inside.all() else int(np.argmin(inside)) + 1
    quantities = (*run['loss'], *run['parameters'], run['gradient norm'][1], step_rel)
    largest = (values.max() for values in quantities)
    return Row(found.backend, found.version, found.model, *largest, first_outside)


def reference_record(problem: Problem) -> TrainingRecord:
    """The record that a training on the problem should have, in float64."""
    args = problem.batches(), problem.lr, problem.gradient_clip_val
    return _as_record(reference.train(problem.X, problem.y, problem.w, problem.b, *args))


def restarted(found: TrainingRecord, problem: Problem) -> TrainingRecord:
    """The reference, with each step starting from the parameters of `found` before that step."""
    w, b = [problem.w, *found.w[:-1]], [problem.b, *found.b[:-1]]
    args = problem.lr, problem.gradient_clip_val
    steps = []
    for w_before, b_before, rows in zip(w, b, problem.batches(), strict=True):
        steps += reference.train(problem.X, problem.y, w_before, b_before, [rows], *args)
    return _as_record(steps)


def _as_record(steps: list[reference.ReferenceStep]) -> TrainingRecord:
    columns = (np.stack(column) for column in zip(*steps, strict=True))
    return TrainingRecord('reference', np.__version__, 'NumPy', *columns)


def deviations(
    found: TrainingRecord, expected: TrainingRecord, problem: Problem
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By quantity, for each step: the absolute deviation, and that relative to the scale.

    Parameters: the largest entry's deviation, and the largest entry so far. Loss: it is made from
    differences of labels and predictions, and near the end of training nearly all of them cancels,
    so its scale is not its own small value but at least half the mean square of the labels. Norm of
    the gradient: its scale is the bound that Cauchy and Schwarz give for a loss of that scale.
    """
    X, y = problem.X.astype(np.float64), problem.y.astype(np.float64)
    loss_scale = np.maximum(expected.loss, np.mean(y**2) / 2)
    squares = np.array([1 + np.mean(np.sum(X[rows] ** 2, axis=1)) for rows in problem.batches()])
    parameters = np.abs(found.parameters - expected.parameters).max(axis=1)
    largest = np.abs(np.vstack([[*problem.w[:, 0], *problem.b], expected.parameters])).max(axis=1)
    norm = np.abs(found.gradient_norm - expected.gradient_norm)
    quantities = {
        'loss': (np.abs(found.loss - expected.loss), loss_scale),
        'gradient norm': (norm, np.sqrt(squares * 2 * loss_scale)),
        'parameters': (parameters, np.maximum.accumulate(largest)[1:]),
    }
    least = np.finfo(np.float64).tiny  # a scale may be 0
    return {name: (by, by / np.maximum(scale, least)) for name, (by, scale) in quantities.items()}
