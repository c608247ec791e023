"""`d2lite doctor`: the state of each backend, and the commands that install what is missing.

Each framework is imported in a process of its own, so that one that crashes does not hide the
others, and this process stays free of all of them.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata

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


@dataclass
class Diagnosis:
    """The state of one backend. `problem` is '' where it works; `install` is a command."""

    backend: str
    version: str
    devices: list[str]
    problem: str
    conflicts: list[str]
    install: str


def diagnose(name: str) -> Diagnosis:
    """The state of backend `name`, which is imported in a process of its own."""
    missing = selection.missing_modules(name)
    if missing:
        install = selection.install_line(name)
        return Diagnosis(name, '', [], f'not installed: {", ".join(missing)}', [], install)
    version, devices, problem = '', [], ''
    try:
        process = subprocess.run(
            [sys.executable, '-c', PROBE, name],
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_IMPORT,
        )
    except subprocess.TimeoutExpired:
        problem = f'import took more than {SECONDS_TO_IMPORT} s'
    else:
        if process.returncode == 0:
            version, devices, problem = json.loads(process.stdout.rpartition('\n@')[2])
        else:
            lines = process.stderr.strip().splitlines() or [f'exit code {process.returncode}']
            problem = lines[-1]
    install = selection.install_line(name) if problem else ''
    return Diagnosis(name, version, devices, problem, numpy_conflicts(name), install)


def numpy_conflicts(name: str) -> list[str]:
    """The packages of backend `name` whose metadata refuse the installed NumPy."""
    installed = metadata.version('numpy')
    conflicts = []
    distributions = metadata.packages_distributions()
    for module in selection.FRAMEWORKS.get(name, ()):
        for distribution in sorted(set(distributions.get(module, ()))):
            for requirement in map(Requirement, metadata.requires(distribution) or ()):
                applies = requirement.marker is None or requirement.marker.evaluate({'extra': ''})
                if requirement.name != 'numpy' or not applies:
                    continue
                if not requirement.specifier.contains(installed, prereleases=True):
                    conflicts.append(f'{distribution} asks for numpy{requirement.specifier}')
    return conflicts


def report() -> int:
    """Prints the table, and returns 0 if at least one backend works, else 1."""
    from rich.table import Table

    from d2lite.console import console

    diagnoses = [diagnose(name) for name in selection.registered_backends()]
    table = Table(
        title=f'd2lite on Python {sys.version.split()[0]}, numpy {metadata.version("numpy")}'
    )
    for heading in ('backend', 'version', 'imports', 'devices', 'NumPy'):
        table.add_column(heading, overflow='fold')
    for found in diagnoses:
        conflicts = '; '.join(found.conflicts)
        if found.backend == 'mxnet' and conflicts and not found.problem:
            conflicts += '; d2lite makes them work together'
        table.add_row(
            found.backend,
            found.version or '-',
            found.problem or 'yes',
            ', '.join(found.devices) or '-',
            conflicts or ('-' if found.problem else 'no conflict'),
        )
    console().print(table)
    for found in diagnoses:
        if found.install:
            print(f'To install {found.backend}:\n    {found.install}')
    return 0 if any(not found.problem for found in diagnoses) else 1
