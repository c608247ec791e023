"""What a notebook's board costs: W1 in a real kernel, with the board on and off in turns."""

import json
import time
from functools import partial

from benchmarks.loops_d2lite import D2Lite
from benchmarks.measure import clocks, elapsed, take_turns
from benchmarks.workloads import WORKLOADS

__all__ = ['measure']

LONG = 5  # seconds of a fit that is called long
ROUNDS = {'short': 7, 'long': 3}
CELL = """
import json
from benchmarks.board import in_kernel
print(json.dumps(in_kernel({backend!r}, {compile})))
"""


def measure(backend: str, compile: bool) -> list[dict]:
    """Seconds of a short fit and of a long one, with the board 'off' and 'on'."""
    import nbformat
    from nbclient import NotebookClient

    code = CELL.format(backend=backend, compile=compile)
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(page, timeout=1800, kernel_name='python3').execute()
    text = ''.join(o.text for o in page.cells[0].outputs if o.get('name') == 'stdout')
    return json.loads(text.strip().splitlines()[-1])


def in_kernel(backend: str, compile: bool) -> list[dict]:
    """Called in the kernel."""
    short = WORKLOADS['W1'].epochs
    for display in (False, True):  # the second one imports what draws
        fit(backend, compile, short, display)
    start = time.perf_counter()
    fit(backend, compile, 100, display=False)
    long = round(1.1 * LONG / (time.perf_counter() - start) * 100)
    rows = []
    for length, num_epochs in {'short': short, 'long': long}.items():
        turns = {
            name: partial(partial, fit, backend, compile, num_epochs, display)
            for name, display in {'off': False, 'on': True}.items()
        }
        rows.append({'epochs': num_epochs, 'times': take_turns(turns, ROUNDS[length])})
    return rows


def fit(backend, compile, num_epochs, display):
    """CPU and wall seconds of a fit."""
    workload = WORKLOADS['W1']
    party = D2Lite(backend, compile or None, 0, workload, workload.data(), workload.parameters())
    party.model.board.display = display
    start = clocks()
    party.fit(num_epochs)
    return elapsed(start, clocks())
