"""Compares the variables that the tabs of a page hold at the end, for `d2lite parity PAGE`."""

import itertools
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from d2lite.console import console
from d2lite.pages.reading.page import Page
from d2lite.pages.running.kernel import run_tab
from d2lite.pages.running.result import TabResult
from d2lite.parity.report import check_folder, write_json
from d2lite.saving import storage


@dataclass(frozen=True)
class Deviation:
    """The largest difference between the tabs in one variable."""

    name: str
    shape: tuple[int, ...]
    absolute: float  # the largest difference of one entry between two tabs
    relative: float  # the same, to the largest entry of the variable on any tab
    between: tuple[str, str]  # the two tabs that are furthest apart


def compare_tabs(
    page: Page, tabs: list[str], seed: int = 0, timeout: float = 600, prefer: str | None = None
) -> tuple[list[Deviation], list[TabResult]]:
    """Runs `page` on `tabs` with one seed; compares the variables that all hold at the end."""
    results, variables = [], {}
    with tempfile.TemporaryDirectory(prefix='d2lite-') as folder:
        for tab in tabs:
            path = Path(folder, tab)
            result = run_tab(page, tab, timeout=timeout, seed=seed, variables=path, prefer=prefer)
            results.append(result)
            if results[-1].error is None:
                variables[tab], _ = storage.read(path, 'variables')
    return deviations(variables), results


def deviations(variables: dict[str, dict[str, np.ndarray]]) -> list[Deviation]:
    """Compares the arrays that all tabs have by name and shape; the largest difference is first."""
    if len(variables) < 2:
        return []
    found = []
    first, *others = variables.values()
    for name, array in first.items():
        if all(name in other and other[name].shape == array.shape for other in others):
            found.append(_deviation(name, {tab: each[name] for tab, each in variables.items()}))
    # NaN counts as the furthest.
    return sorted(found, key=lambda each: (-np.nan_to_num(each.relative, nan=np.inf), each.name))


def _deviation(name, arrays):
    arrays = {tab: array.astype(np.float64) for tab, array in arrays.items()}
    scale = max(np.abs(array).max(initial=0) for array in arrays.values())
    pairs = {
        (a, b): float(np.abs(arrays[a] - arrays[b]).max(initial=0))
        for a, b in itertools.combinations(arrays, 2)
    }
    pair = max(pairs, key=lambda each: np.nan_to_num(pairs[each], nan=np.inf))
    relative = float(pairs[pair] / (scale or 1))
    return Deviation(name, next(iter(arrays.values())).shape, pairs[pair], relative, pair)


def report(
    page: Page,
    tabs: list[str],
    seed: int,
    timeout: float,
    tolerance: float | None,
    json_file: str | Path | None = None,
    prefer: str | None = None,
) -> int:
    """Prints the table; returns 1 if a tab failed or a difference exceeds `tolerance`, else 0.

    `json_file`: a file for all numbers. Raises ValueError if its folder is not there.
    """
    if json_file is not None:
        check_folder(json_file)
    found, results = compare_tabs(page, tabs, seed, timeout, prefer)
    out = console()
    title = f'{page.path.name} on {", ".join(tabs)}, seed {seed}'
    table = Table('variable', 'shape', 'apart by', 'relative', 'between', title=title)
    failed = [result for result in results if result.error]
    outside = [each for each in found if tolerance is not None and not each.relative <= tolerance]
    for each in found:
        table.add_row(
            each.name,
            str(each.shape),
            f'{each.absolute:.1e}',
            f'{each.relative:.1e}',
            ' and '.join(each.between) if each.absolute else '-',
            style='red' if each in outside else None,
        )
    out.print(table)
    for each in outside:
        text = f'{each.name} on {" and ".join(each.between)} is {each.relative:.1e} apart'
        out.print(f'{text}, relatively: {tolerance:g} is allowed', style='red', markup=False)
    for result in failed:
        out.print(f'{result.tab} {result.verdict}', style='red', markup=False)
    if json_file is not None:
        numbers = {
            'page': page.path.name,
            'tabs': tabs,
            'seed': seed,
            'tolerance': tolerance,
            'variables': [asdict(each) | {'outside': each in outside} for each in found],
            'failed': {result.tab: result.verdict for result in failed},
        }
        write_json(json_file, numbers)
    return int(bool(outside or failed))
