"""`d2lite doctor`: the state of each backend, and the commands that install what is missing.

Each framework is imported in a process of its own, so that one that crashes does not hide the
others, and this process stays free of all of them.
"""

import json
import subprocess
import sys
from importlib import metadata
from typing import NamedTuple

from packaging.requirements import Requirement

from d2lite import selection

SECONDS_TO_IMPORT = 120

# Run in the other process. The mark: frameworks print while they are imported.
PROBE = """
import json, sys
from d2lite import selection
try:
    framework = selection.load(sys.argv[1]).framework
    found = [framework.version(), framework.device_names(), '']
except Exception as error:
    found = ['', [], f'{type(error).__name__}: ' + ' '.join(str(error).split())]
print('\\n@' + json.dumps(found))
"""


class Diagnosis(NamedTuple):
    """The state of one backend; `problem` is '' where it works."""

    version: str
    devices: list[str]
    problem: str


def diagnose(name: str) -> Diagnosis:
    """The state of backend `name`, which is imported in a process of its own."""
    if missing := selection.missing_modules(name):
        return Diagnosis('', [], f'not installed: {", ".join(missing)}')
    try:
        process = subprocess.run(
            [sys.executable, '-c', PROBE, name],
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_IMPORT,
        )
    except subprocess.TimeoutExpired:
        return Diagnosis('', [], f'import took more than {SECONDS_TO_IMPORT} s')
    if process.returncode == 0:
        return Diagnosis(*json.loads(process.stdout.rpartition('\n@')[2]))
    lines = process.stderr.strip().splitlines()
    return Diagnosis('', [], lines[-1] if lines else f'exit code {process.returncode}')


def numpy_conflicts(name: str) -> list[str]:
    """The packages of backend `name` whose metadata refuse the installed NumPy."""
    distributions = metadata.packages_distributions()
    modules = selection.FRAMEWORKS.get(name, ())
    found = {each for module in modules for each in distributions.get(module, ())}
    return [
        f'{distribution} asks for numpy{requirement.specifier}'
        for distribution in sorted(found)
        for requirement in map(Requirement, metadata.requires(distribution) or ())
        if requirement.name == 'numpy'
        and (requirement.marker is None or requirement.marker.evaluate({'extra': ''}))
        and not requirement.specifier.contains(metadata.version('numpy'), prereleases=True)
    ]


def report() -> int:
    """Prints the table, and returns 0 if at least one backend works, else 1."""
    from rich.table import Table

    from d2lite.console import console

    diagnoses = {name: diagnose(name) for name in selection.registered_backends()}
    table = Table(
        title=f'd2lite on Python {sys.version.split()[0]}, numpy {metadata.version("numpy")}'
    )
    for heading in ('backend', 'version', 'imports', 'devices', 'NumPy'):
        table.add_column(heading, overflow='fold')
    for name, found in diagnoses.items():
        conflicts = '; '.join(numpy_conflicts(name))
        if name == 'mxnet' and conflicts and not found.problem:
            conflicts += '; d2lite makes them work together'
        table.add_row(
            name,
            found.version or '-',
            found.problem or 'yes',
            ', '.join(found.devices) or '-',
            conflicts or ('-' if found.problem else 'no conflict'),
        )
    console().print(table)
    for name, found in diagnoses.items():
        if found.problem:
            print(f'To install {name}:\n    {selection.install_line(name)}')
    return 0 if any(not found.problem for found in diagnoses.values()) else 1
