"""The records of the backends, compared with the reference step by step."""

import dataclasses

import numpy as np

from d2lite.parity.problem import Problem
from d2lite.parity.recorder import TrainingRecord
from d2lite.parity.reference import ReferenceStep


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
    furthest: str = ''  # the parameter with that relative deviation
    step_rel: float = np.nan  # of one step alone, the larger of the two
    first_outside: int | None = None  # the first step above tolerance, counted from 1
    problem: str = ''  # why there is nothing to compare
    skipped: str = ''  # the same, where nothing was to be expected
    # By name, as `deviations` returns them.
    deviations: dict[str, tuple[np.ndarray, np.ndarray]] = dataclasses.field(
        default_factory=dict, repr=False
    )


def compare(found: TrainingRecord, problem: Problem) -> Row:
    """The largest deviations of a record from the reference, and the first step outside.

    Raises ValueError if the reference diverges.
    """
    tolerance, row = problem.tolerance, Row(found.backend, found.version, found.model)
    if not all(np.isfinite(a).all() for a in problem.expected()[-1].parameters.values()):
        raise ValueError(
            f'this problem diverges with lr={problem.lr}, so there is nothing to compare: take a '
            f'smaller learning rate'
        )
    run = deviations(found, reference_record(problem), problem)
    one = deviations(found, restarted(found, problem), problem)
    row.loss_abs, row.loss_rel = np.max(run['loss'], axis=1).tolist()
    parameters = {name: np.max(each, axis=1) for name, each in run.items() if name != 'loss'}
    row.parameters_abs, row.parameters_rel = np.max(list(parameters.values()), axis=0).tolist()
    row.furthest = max(parameters, key=lambda name: np.nan_to_num(parameters[name][1], nan=np.inf))
    step_rel = np.max([relative for _, relative in one.values()], axis=0)
    row.step_rel = float(step_rel.max())
    shares = [step_rel / tolerance.step, *(rel / tolerance.run for _, rel in run.values())]
    inside = np.max(shares, axis=0) <= 1  # NaN is not
    row.first_outside = None if inside.all() else int(np.argmin(inside)) + 1
    row.deviations = run
    return row


def reference_record(problem: Problem) -> TrainingRecord:
    """The record that a training on the problem should have, in float64."""
    return _as_record(problem.expected())


def restarted(found: TrainingRecord, problem: Problem) -> TrainingRecord:
    """The reference, with each step starting from the parameters of `found` before that step."""
    steps, before = [], problem.parameters
    for step, batch in enumerate(problem.batches()):
        steps += problem.trained(before, [batch])
        before = {name: array[step] for name, array in found.parameters.items()}
    return _as_record(steps)


def _as_record(steps: list[ReferenceStep]) -> TrainingRecord:
    names = steps[0].parameters
    parameters = {name: np.stack([step.parameters[name] for step in steps]) for name in names}
    loss = np.array([step.loss for step in steps])
    return TrainingRecord('reference', np.__version__, 'NumPy', loss, parameters)


def deviations(
    found: TrainingRecord, expected: TrainingRecord, problem: Problem
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For the loss, and for each parameter by name: the absolute and the relative deviation.

    Both are arrays with an entry for each step. A parameter's is that of its furthest entry,
    relative to the largest entry so far of all parameters of the same layer: a bias may be 0. The
    loss is made from differences of labels and predictions, and near the end of training nearly all
    of them may cancel: its scale is at least the loss of a model that has learned nothing.
    """
    loss = np.abs(found.loss - expected.loss)
    quantities = {'loss': (loss, np.maximum(expected.loss, problem.loss_scale))}
    scales = _scales(expected, problem)
    for name, array in expected.parameters.items():
        off = np.abs(found.parameters[name] - array).reshape(len(array), -1).max(axis=1)
        quantities[name] = off, scales[_layer(name)]
    least = np.finfo(np.float64).tiny  # a scale may be 0
    return {name: (by, by / np.maximum(scale, least)) for name, (by, scale) in quantities.items()}


def _scales(expected, problem):
    """By layer: the largest entry of its parameters before each step, and at all steps before."""
    scales = {}
    for name, array in expected.parameters.items():
        start = np.abs(problem.start[name]).max(initial=0)
        largest = np.abs(array).reshape(len(array), -1).max(axis=1)
        largest = np.maximum.accumulate([start, *largest])[1:]
        scales[_layer(name)] = np.maximum(largest, scales.get(_layer(name), 0))
    return scales


def _layer(name):
    return name.rpartition('.')[0]
