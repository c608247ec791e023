"""The summary of a run: the table at the top of a web page, and the notes below it.

The losses are those that the trainers of the tabs reported. The notes give the difference between
the tabs, whatever its reason: different random numbers differ more than different rounding.
"""

import datetime
import math
import platform

import d2lite
from d2lite.pages.running.result import LOSSES, TabResult

TITLES = {'mxnet': 'MXNet', 'pytorch': 'PyTorch', 'tensorflow': 'TensorFlow', 'jax': 'JAX'}
TITLES['nnx'] = 'Flax NNX'


def title(tab: str) -> str:
    """The name of a framework, as it writes itself."""
    return TITLES.get(tab, tab)


def columns(results: list[TabResult]) -> dict[str, list[str]]:
    """The columns of the table by their headings; an entry for each result."""
    table = {
        'Framework': [title(result.tab) for result in results],
        'Version': [str(result.values.get('version', '–')) for result in results],
        'Device': [result.device or '–' for result in results],
        'Cells run': [f'{result.cells_run} of {result.cells_total}' for result in results],
    }
    for key, name in LOSSES.items():
        losses = [_final(result, key) for result in results]
        if any(loss is not None for loss in losses):
            table[f'Final {name}'] = ['–' if loss is None else f'{loss:.6g}' for loss in losses]
    table['Seconds'] = [f'{result.seconds:.1f}' for result in results]
    table['Result'] = [result.verdict for result in results]
    return table


def notes(results: list[TabResult]) -> list[str]:
    """Sentences below the table: differences between the tabs, and values that were overridden."""
    sentences = []
    for key, name in LOSSES.items():
        losses = {result.tab: _final(result, key) for result in results}
        losses = {tab: loss for tab, loss in losses.items() if loss is not None}
        if len(losses) > 1:
            sentences.append(_apart(name, losses))
    if any(result.verdict == 'not run' for result in results):
        sentences.append('The run was stopped before all tabs had run.')
    for change in dict.fromkeys(change for result in results for change in result.overridden):
        sentences.append(
            f'Not as written: {change.name} = {change.new} instead of '
            f'{" ".join(change.old.split())} (line {change.line} of the page).'
        )
    for old in dict.fromkeys(old for result in results for old in result.lent):
        sentences.append(f'Lent to the page: {old}.')
    versions = f'd2lite {d2lite.__version__}, Python {platform.python_version()}'
    system = f'{platform.system()} {platform.machine()}'
    return [*sentences, f'Run on {datetime.date.today()} with {versions}, {system}.']


def _final(result, key):
    value = result.history[-1].get(key) if result.history else None
    return float(value) if isinstance(value, int | float) else None


def _apart(name, losses):
    """The largest difference in the final losses, and the two tabs that have it."""
    if not all(map(math.isfinite, losses.values())):
        return f'The final {name} is not finite on every tab.'
    low, high = min(losses, key=losses.get), max(losses, key=losses.get)
    difference = losses[high] - losses[low]
    if difference == 0:
        return f'The final {name} is the same on all tabs.'
    share = difference / max(map(abs, losses.values()))
    if share < 1e-5:  # their printed values are the same
        return f'The tabs agree in the final {name} to {difference:.2g} (relatively {share:.2g}).'
    return (
        f'The tabs differ in the final {name} by up to {difference:.2g}, which is '
        f'{100 * share:.2g} % ({title(low)} {losses[low]:.6g}, {title(high)} {losses[high]:.6g}).'
    )
