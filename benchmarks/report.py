"""The results as a JSON file, and on the terminal."""

import json
import os
from pathlib import Path

from benchmarks import tables
from d2lite.console import console

__all__ = ['save', 'show']


def save(results, path):
    """Writes the results; a file that is there is replaced as a whole."""
    path = Path(path)
    unfinished = path.with_name(path.name + '.part')
    unfinished.write_text(json.dumps(results, indent=1) + '\n')
    os.replace(unfinished, path)


def show(results):
    """Prints a table for each section that was measured."""
    out = console()
    machine = results['machine']
    out.print(
        f'{machine["cpu"]}, {machine["cores"]} cores, load {machine["load_before"]} before and '
        f'{machine["load_after"]} after, {machine["date"]}',
        markup=False,
    )
    made = {
        'steady': lambda rows: tables.steady(rows, '', 'A steady epoch'),
        'compile': lambda rows: tables.steady(rows, ' compiled', 'A steady epoch, compile=True'),
        'first': tables.first,
        'memory': tables.memory,
        'scaling': tables.scaling,
        'plotting': tables.plotting,
    }
    for name, table in made.items():
        if name in results:
            out.print()
            for each in table(results[name]):
                out.print(each)
