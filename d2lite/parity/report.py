"""`d2lite parity`: the backends against the reference, as a table, a file and an exit code."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from d2lite import selection
from d2lite.files import replace_file
from d2lite.parity.comparison import Row, compare
from d2lite.parity.models import MODELS, standard_problem
from d2lite.parity.problem import PrecisionError, Problem
from d2lite.parity.recorder import TrainingRecord, record_training

QUICK = ['LinearRegressionScratch', 'LinearRegression']  # the models if none is named


def report(
    models: Sequence[str] | None = None,
    backends: Sequence[str] | None = None,
    num_steps: int | None = None,
    dtype: str = 'float32',
    plot: str | Path | None = None,
    json_file: str | Path | None = None,
) -> int:
    """Trains models, prints the table, and returns 0 if all is within tolerance.

    `models`: names, or 'all'; by default both models of linear regression. `backends`: by default
    every one that is installed. `num_steps`: by default each model's own. `plot`: a file for a
    picture of the deviations, in a format of matplotlib's. `json_file`: one for all numbers.
    Returns 1 if something is outside or is not computed in `dtype`; raises BackendError or
    ValueError, before any training, for what cannot be done.
    """
    names = list(MODELS) if models and 'all' in models else list(models or QUICK)
    problems = {name: standard_problem(name, num_steps, dtype) for name in names}
    backends = [selection.canonical_name(each) for each in backends or selection.available()]
    for backend in backends:
        selection.require(backend)
    if not backends:
        raise selection.BackendError('No backend is installed here: d2lite doctor says more.')
    if plot is not None:
        from d2lite.parity.picture import check_path, draw

        check_path(plot)
    if json_file is not None:
        check_folder(json_file)
    records, rows = [], []
    for problem in problems.values():
        for backend in backends:
            rows.append(_row(backend, problem, records))
    _print_table(rows, problems, dtype)
    if plot is not None:
        draw(records, problems).savefig(plot)
    if json_file is not None:
        write_json(json_file, {'dtype': dtype, 'models': [_numbers(r, problems) for r in rows]})
    return int(any(row.problem or row.first_outside for row in rows))


def _row(backend: str, problem: Problem, records: list[TrainingRecord]) -> Row:
    """Trains on one backend, adds the record to `records`, and compares it."""
    reason = MODELS[problem.model].float32_only.get(backend, '')
    if reason and problem.dtype == 'float64':
        return Row(backend, '', problem.model, skipped=reason)
    try:
        found = record_training(backend, problem)
    except PrecisionError as error:
        return Row(backend, '', problem.model, problem=str(error))
    records.append(found)
    return compare(found, problem)


def _print_table(rows: list[Row], problems: dict[str, Problem], dtype: str) -> None:
    from rich.table import Table

    from d2lite.console import console

    table = Table(title=f'Largest deviation from the reference, in {dtype}')
    for heading in ('backend', 'version', 'model'):
        table.add_column(heading, overflow='fold')
    for heading in ('steps', 'loss', 'relative', 'parameters', 'relative', 'first step outside'):
        table.add_column(heading, justify='right')
    for row in rows:
        values = (row.loss_abs, row.loss_rel, row.parameters_abs, row.parameters_rel)
        numbers = ['' if row.problem or row.skipped else f'{value:.1e}' for value in values]
        last = 'other dtype' if row.problem else str(row.first_outside or '-')
        last = 'float32 only' if row.skipped else last
        steps = str(problems[row.model].num_steps)
        style = 'red' if row.problem or row.first_outside else None
        end = row.backend == rows[-1].backend  # of the lines of a model
        cells = row.backend, row.version, row.model, steps, *numbers, last
        table.add_row(*cells, style=style, end_section=end)
    out = console()
    out.print(table)
    allowed, why = {}, {}
    for name, problem in problems.items():
        allowed.setdefault(problem.tolerance, []).append(name)
    for (step, run), names in allowed.items():
        which = f' ({", ".join(names)})' if len(allowed) > 1 else ''
        out.print(f'Allowed, relative to the scale: {step:g} in one step, {run:g} in all{which}.')
    for row in rows:
        if row.first_outside:
            out.print(outside(row, problems[row.model]), markup=False)
        if row.problem:
            out.print(row.problem, markup=False)
        if row.skipped:
            why.setdefault(row.skipped, {}).setdefault(row.model, []).append(row.backend)
    for reason, found in why.items():
        where = '; '.join(f'{model} on {", ".join(names)}' for model, names in found.items())
        out.print(f'float32 only, since {reason}: {where}.', markup=False)


def outside(row: Row, problem: Problem) -> str:
    """One sentence: what is outside the tolerance, and how far."""
    step, run = problem.tolerance
    found = {'the loss': row.loss_rel, row.furthest: row.parameters_rel}
    found = [f'{name} deviates by {value:.1e}' for name, value in found.items() if not value <= run]
    if not row.step_rel <= step:
        found.append(f'one step alone by {row.step_rel:.1e}, where {step:g} is allowed')
    what = ', '.join(found)
    return f'{row.model} on {row.backend}, from step {row.first_outside}: {what}; {run:g} in all.'


def _numbers(row: Row, problems: dict[str, Problem]) -> dict[str, Any]:
    return {
        'model': row.model,
        'backend': row.backend,
        'version': row.version,
        'steps': problems[row.model].num_steps,
        'tolerance': problems[row.model].tolerance._asdict(),
        'outside': row.first_outside is not None,
        'first_step_outside': row.first_outside,
        'largest_in_one_step': row.step_rel,
        'why_not': row.problem or row.skipped or None,
        # By name, an entry for each step.
        'deviations': {
            name: {'absolute': absolute.tolist(), 'relative': relative.tolist()}
            for name, (absolute, relative) in row.deviations.items()
        },
    }


def check_folder(path: str | Path) -> None:
    """Raises ValueError if the folder for a file is not there."""
    if not Path(path).parent.is_dir():
        raise ValueError(f'{path}: there is no folder {Path(path).parent}')


def write_json(path: str | Path, content: dict) -> None:
    """Writes to `path`; numbers that are not finite, which JSON does not have, become null."""

    def finite(value):
        if isinstance(value, dict):
            return {key: finite(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [finite(each) for each in value]
        return None if isinstance(value, float) and not abs(value) < float('inf') else value

    replace_file(path, json.dumps(finite(content), indent=1, allow_nan=False) + '\n')
