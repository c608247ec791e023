"""The outcome of a run for programs: JSON on stdout, and JUnit XML for continuous integration."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import d2lite
from d2lite.pages.running.report import Entry
from d2lite.pages.running.result import TabResult


def as_json(entries: Iterable[Entry], results: list[TabResult], written: list[Path]) -> str:
    """The entries of a report, and what the tables show: versions, devices, losses, variables.

    What is no finite number is `null`, for JSON has no other word for it.
    """
    found = {(str(result.page.path), result.tab): result for result in results}
    runs = []
    for entry in entries:
        run = asdict(entry)
        if result := found.get((entry.page, entry.tab)):
            run['version'] = result.values.get('version', '')
            run['device'] = result.device
            run['history'] = result.history
            run['shown'] = result.values.get('show', {})
            run['set'] = {change.name: change.new for change in result.overridden}
        runs.append(run)
    content = {
        'd2lite': d2lite.__version__,
        'passed': all(run['passed'] for run in runs),
        'runs': runs,
        'written': [str(path) for path in written],
    }
    return json.dumps(_finite(content), ensure_ascii=False, indent=1, allow_nan=False)


def as_junit(entries: Iterable[Entry]) -> str:
    """A suite for each page, and in it a test case for each tab."""
    root = ElementTree.Element('testsuites', name='d2lite run')
    suites = {}
    for entry in entries:
        if entry.page not in suites:
            suites[entry.page] = ElementTree.SubElement(root, 'testsuite', name=entry.page)
        case = ElementTree.SubElement(
            suites[entry.page],
            'testcase',
            classname=entry.page,
            name=entry.tab or 'reading',
            time=f'{entry.seconds:.3f}',
        )
        if not entry.passed:
            place = f'{entry.page}:{entry.line}: ' if entry.line else f'{entry.page}: '
            message = f'{entry.ename}: {entry.evalue}' if entry.ename else 'not run to the end'
            failure = ElementTree.SubElement(
                case, 'failure', type=entry.ename or 'Incomplete', message=_printable(message)
            )
            failure.text = _printable('\n'.join(filter(None, [place + message, entry.hint])))
    for suite in suites.values():
        suite.set('tests', str(len(suite)))
        suite.set('failures', str(len(suite.findall('testcase/failure'))))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding='unicode', xml_declaration=True) + '\n'


def is_junit(path: Path) -> bool:
    """True if the file is a JUnit report, so that another may take its place."""
    try:
        return ElementTree.parse(path).getroot().tag in ('testsuites', 'testsuite')
    except (ElementTree.ParseError, UnicodeDecodeError):
        return False


def _printable(text: str) -> str:
    """`text` without the characters that XML cannot hold, such as those of terminal colours."""
    return ''.join(c for c in text if c in '\t\n' or (c >= ' ' and c not in '\ufffe\uffff'))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
