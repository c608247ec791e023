"""`d2lite parity`: the backends against the reference, as a table, a picture and an exit code."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from d2lite import selection
from d2lite.parity.compare import TOLERANCES, Row, compare, deviations, reference_record
from d2lite.parity.problem import MODELS, PrecisionError, Problem
from d2lite.parity.recorder import TrainingRecord, record_training

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def report(
    models: Sequence[str] | None = None,
    backends: Sequence[str] | None = None,
    num_steps: int | None = None,
    dtype: str = 'float32',
    plot: str | Path | None = None,
) -> int:
    """Trains on the lesson's problem, prints the table, and returns 0 if all is within tolerance.

    `models`, `backends`: names; by default all models, on every backend that is installed.
    `num_steps`: by default three epochs. `plot`: a file for a picture of the deviations, in a
    format of matplotlib's. Returns 1 if something is outside or is not computed in `dtype`; raises
    BackendError or ValueError, before any training, for what cannot be done.
    """
    models = models or list(MODELS)
    for model in models:
        if model not in MODELS:
            raise ValueError(f'no model {model!r} to compare: there are {", ".join(MODELS)}')
    backends = [selection.canonical_name(each) for each in backends or selection.available()]
    for backend in backends:
        selection.require(backend)
    if not backends:
        raise selection.BackendError('No backend is installed here: d2lite doctor says more.')
    if plot is not None:
        _check_path(plot)
    problem = Problem.standard(num_steps, dtype)
    records, rows = [], []
    for model in models:
        for backend in backends:
            try:
                records.append(record_training(backend, model, problem))
            except PrecisionError as error:
                rows.append(Row(backend, '', model, problem=str(error)))
            else:
                rows.append(compare(records[-1], problem))
    _print_table(rows, problem)
    if plot is not None:
        draw(records, problem).savefig(plot)
    return int(any(row.problem or row.first_outside for row in rows))


def _print_table(rows: list[Row], problem: Problem) -> None:
    from rich.table import Table

    from d2lite.console import console

    tolerance = TOLERANCES[problem.dtype]
    table = Table(
        title=f'Deviation from the reference over {problem.num_steps} steps in {problem.dtype}',
        caption=f'Allowed, relative to the scale of the values: {tolerance.step:g} in one step, '
        f'{tolerance.run:g} in all.',
    )
    for heading in ('backend', 'version', 'model'):
        table.add_column(heading, overflow='fold')
    for heading in ('loss', 'relative', 'parameters', 'relative', 'first step outside'):
        table.add_column(heading, justify='right')
    for row in rows:
        values = (row.loss_abs, row.loss_rel, row.parameters_abs, row.parameters_rel)
        numbers = [f'{value:.1e}' for value in values]
        last = 'other dtype' if row.problem else str(row.first_outside or '-')
        table.add_row(row.backend, row.version, row.model, *numbers, last)
    out = console()
    out.print(table)
    for row in rows:
        if row.problem:
            out.print(row.problem, markup=False)


def _check_path(path: str | Path) -> None:
    from matplotlib.figure import Figure

    formats = Figure().canvas.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in formats:
        raise ValueError(f'{path}: a picture can be one of {", ".join(sorted(formats))}')
    if not Path(path).parent.is_dir():
        raise ValueError(f'{path}: there is no folder {Path(path).parent}')


def draw(records: Sequence[TrainingRecord], problem: Problem) -> 'Figure':
    """A matplotlib Figure of the relative deviation of each record from the reference."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout='constrained')
    panels = dict(zip(('loss', 'parameters'), figure.subplots(1, 2, sharey=True), strict=True))
    expected, steps = reference_record(problem), np.arange(1, problem.num_steps + 1)
    colors = {name: f'C{i}' for i, name in enumerate(dict.fromkeys(r.backend for r in records))}
    # Both models often deviate alike: the one must be seen under the other.
    styles = dict(zip(MODELS, ({'lw': 3, 'alpha': 0.4}, {'lw': 1, 'ls': '--'}), strict=True))
    for found in records:
        values = deviations(found, expected, problem)
        for name, axes in panels.items():
            _, shares = values[name]
            shares = np.where(shares > 0, shares, np.nan)  # no place for 0 on this axis
            look = {'color': colors[found.backend], **styles[found.model]}
            axes.semilogy(steps, shares, label=f'{found.backend}, {found.model}', **look)
    for name, axes in panels.items():
        axes.axhline(TOLERANCES[problem.dtype].run, color='black', lw=0.8, ls=':', label='allowed')
        axes.set(xlabel='step', title=f'{name}, {problem.dtype}')
        axes.grid(alpha=0.3)
    panels['loss'].set_ylabel('deviation relative to the scale')
    figure.legend(*panels['loss'].get_legend_handles_labels(), loc='outside right', fontsize=8)
    return figure
