"""The picture of `d2lite parity --plot`: how far each backend is from the reference."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from d2lite.parity.comparison import deviations, reference_record
from d2lite.parity.problem import Problem
from d2lite.parity.recorder import TrainingRecord
from d2lite.parity.report import check_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_path(path: str | Path) -> None:
    """Raises ValueError for a file that no picture can be written to."""
    from matplotlib.figure import Figure

    formats = Figure().canvas.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in formats:
        raise ValueError(f'{path}: a picture can be one of {", ".join(sorted(formats))}')
    check_folder(path)


def draw(records: Sequence[TrainingRecord], problems: Mapping[str, Problem]) -> 'Figure':
    """A matplotlib Figure of the relative deviations, with a row of two panels for each model."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 0.6 + 2.4 * len(problems)), layout='constrained')
    panels = figure.subplots(len(problems), 2, sharey=True, squeeze=False)
    backends = list(dict.fromkeys(record.backend for record in records))
    for (name, problem), (loss, parameters) in zip(problems.items(), panels, strict=True):
        expected = reference_record(problem)
        for found in records:
            if found.model == name:
                values = {
                    key: rel for key, (_, rel) in deviations(found, expected, problem).items()
                }
                number = backends.index(found.backend)
                # Backends often deviate alike: the one must be seen under the other.
                look = {'color': f'C{number}', 'lw': 3 - 0.7 * number, 'label': found.backend}
                _line(loss, values.pop('loss'), look)
                _line(parameters, np.max(list(values.values()), axis=0), look)
        for axes, what in ((loss, 'loss'), (parameters, 'parameters')):
            axes.axhline(problem.tolerance.run, color='black', lw=0.8, ls=':', label='allowed')
            axes.set_title(f'{name}: {what}, {problem.dtype}', fontsize=9)
            axes.set_xlabel('step')
            axes.grid(alpha=0.3)
        loss.set_ylabel('relative deviation')
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside upper center', ncols=len(labels), fontsize=8)
    return figure


def _line(axes, values, look):
    values = np.where(values > 0, values, np.nan)  # no place for 0 on this axis
    axes.semilogy(np.arange(1, len(values) + 1), values, **look)
