"""What a notebook's board costs: W1 in a real kernel, with the board on and off in turns."""

import json
import statistics
import time

from benchmarks.workloads import WORKLOADS

__all__ = ['measure']

LONG = 5  # seconds of a fit that is called long
PAIRS = {'short': 7, 'long': 3}
CELL = """
import json
from benchmarks.plotting import in_kernel
print(json.dumps(in_kernel({backend!r})))
"""


def measure(backend):
    """Wall seconds of fits with the board 'off' and 'on': 'short' ones of 3 epochs, 'long' ones.

    `frames` is how many the kernel sent while all of them ran.
    """
    import nbformat
    from nbclient import NotebookClient

    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.format(backend=backend))])
    frames = []
    client = NotebookClient(page, timeout=1800, kernel_name='python3')
    process = client.process_message

    def counted(message, *args):
        if message['msg_type'] in ('display_data', 'update_display_data'):
            frames.append(message)
        return process(message, *args)

    client.process_message = counted
    client.execute()
    text = ''.join(o.text for o in page.cells[0].outputs if o.get('name') == 'stdout')
    found = json.loads(text.strip().splitlines()[-1])
    return (
        {'kind': 'plotting', 'backend': backend, 'workload': 'W1'} | found | {'frames': len(frames)}
    )


def in_kernel(backend):
    """The seconds, by length of the fit and by whether the board is on."""
    epochs = WORKLOADS['W1'].epochs
    fit_seconds(backend, epochs, display=False)
    fit_seconds(backend, epochs, display=True)  # imports what draws
    many = int(1.1 * LONG / epoch_seconds(backend)) + 1
    seconds = {}
    for length, num_epochs in {'short': epochs, 'long': many}.items():
        off, on = [], []
        for _ in range(PAIRS[length]):
            off.append(fit_seconds(backend, num_epochs, display=False))
            on.append(fit_seconds(backend, num_epochs, display=True))
        seconds[length] = {'epochs': num_epochs, 'off': off, 'on': on}
    return seconds


def fit_seconds(backend, num_epochs, display):
    party = contender(backend)
    party.model.board.display = display
    start = time.perf_counter()
    party.fit(num_epochs)
    return time.perf_counter() - start


def epoch_seconds(backend):
    """What an epoch takes once everything is compiled."""
    party = contender(backend)
    party.fit(100)
    return statistics.median(entry['seconds'] for entry in party.trainer.history)


def contender(backend):
    from benchmarks.loops_d2lite import D2Lite

    workload = WORKLOADS['W1']
    return D2Lite(backend, workload, workload.data(), workload.parameters())


def added(row, length):
    """(seconds, share) that the board adds to a fit, the medians over the pairs."""
    pairs = list(zip(row[length]['off'], row[length]['on'], strict=True))
    return (
        statistics.median(on - off for off, on in pairs),
        statistics.median(on / off - 1 for off, on in pairs),
    )
