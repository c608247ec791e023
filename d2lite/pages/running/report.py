"""The report of a run: one entry for each page and tab, in a file that grows as they end.

    {"d2lite": "0.1.0", "runs": [{"page": "book/linear.md", "tab": "jax", "passed": true, ...}]}

A run that goes on with such a file (`--resume`) leaves out what the file has, unless the page or
the values set in it have changed since.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import d2lite
from d2lite.files import replace_file
from d2lite.pages.hints import MISSING
from d2lite.pages.reading.page import PageError
from d2lite.pages.running.result import TabResult


@dataclass(frozen=True)
class Entry:
    """The outcome of a page on one tab; `tab` is empty for a page that could not be read."""

    page: str
    place: str  # below the folder that was run
    tab: str
    passed: bool
    cells_run: int = 0
    cells_total: int = 0
    seconds: float = 0.0
    cell: int | None = None  # that failed
    line: int | None = None
    ename: str = ''
    evalue: str = ''
    hint: str = ''
    outputs: str = ''  # the notebook with the outputs
    digest: str = ''  # of the code and the text that ran

    @property
    def cause(self) -> str:
        """The error without what differs from tab to tab: names of modules, numbers, addresses."""
        if match := MISSING.search(self.evalue):
            return f'{self.ename}: d2lite has no {match["name"]!r}'
        line = self.evalue.strip().split('\n')[0]
        return re.sub(r'0x[0-9a-f]+|\d+(?:\.\d+)?', '…', f'{self.ename}: {line}')

    @classmethod
    def of(cls, result: TabResult, outputs: str = '') -> 'Entry':
        """The entry of a result."""
        error = result.error
        return cls(
            str(result.page.path),
            result.place.as_posix(),
            result.tab,
            result.complete,
            result.cells_run,
            result.cells_total,
            round(result.seconds, 3),
            error and error.cell and error.cell.position,
            error and error.line,
            error.ename if error else '',
            error.evalue if error else '',
            error.hint if error else '',
            outputs,
            digest(result),
        )

    @classmethod
    def unreadable(cls, error: PageError) -> 'Entry':
        """The entry of a page that could not be read."""
        place = Path(error.path).name
        line, ename = error.line, 'PageError'
        return cls(str(error.path), place, '', False, line=line, ename=ename, evalue=error.message)


class Report:
    """The entries by page and tab. With a path, the file is written after each of them."""

    def __init__(self, path: Path | None, resume: bool, force: bool = False) -> None:
        """Raises ValueError for a file that is there and is no report, unless `force`."""
        self.path = path
        there = path is not None and path.exists() and (resume or not force)
        entries = _read(path) if path and there else {}
        self.entries = entries if resume else {}
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)

    def has(self, result: TabResult) -> bool:
        """True if the file has this page on this tab, as it is now."""
        entry = self.entries.get((str(result.page.path), result.tab))
        return entry is not None and entry.digest == digest(result)

    def add(self, entry: Entry) -> None:
        """Adds an entry, and writes the file."""
        self.entries[entry.page, entry.tab] = entry
        if self.path:
            runs = [asdict(each) for each in self.entries.values()]
            content = {'d2lite': d2lite.__version__, 'runs': runs}
            replace_file(self.path, json.dumps(content, ensure_ascii=False, indent=1) + '\n')


def digest(result: TabResult) -> str:
    """A number for the page as it runs on this tab: its text, its code with values set, options."""
    code = [node.source for node in result.notebook.cells]
    options = [result.compat, result.course and result.course.prefer]
    text = json.dumps([result.page.text, code, options])
    return hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:16]


def _read(path: Path) -> dict[tuple[str, str], Entry]:
    names = {each.name for each in fields(Entry)}
    try:
        runs = json.loads(path.read_text(encoding='utf-8'))['runs']
        entries = [Entry(**{key: run[key] for key in run if key in names}) for run in runs]
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f'{path} is no report of d2lite run. --report takes another name; --force, without '
            f'--resume, writes over it.'
        ) from None
    return {(entry.page, entry.tab): entry for entry in entries}
