"""`d2lite doctor`: the state of each backend, and the commands that install what is missing.

Each framework is imported in a process of its own, so that one that crashes does not hide the
others, and this process stays free of all of them.
"""

import json
import os
import subprocess
import sys
from importlib import metadata
from typing import Any, NamedTuple

from packaging.requirements import Requirement

import d2lite
from d2lite import nvidia, selection

SECONDS_TO_IMPORT = 120

# Run in the other process. The mark: frameworks print while they are imported.
PROBE = """
import json, sys
from d2lite import selection
try:
    backend = selection.load(sys.argv[1])
    framework = backend.framework
    found = [framework.version(), framework.device_names(), '']
    found += [framework.cuda_version(), backend.num_gpus()]
except Exception as error:
    found = ['', [], f'{type(error).__name__}: ' + ' '.join(str(error).split())]
print('\\n@' + json.dumps(found))
"""


class Diagnosis(NamedTuple):
    """The state of one backend; `problem` is '' where it works.

    `cuda`: the version of CUDA that it was built for, '' of a build without. `num_gpus`: how many
    GPUs it can use.
    """

    version: str
    devices: list[str]
    problem: str
    cuda: str = ''
    num_gpus: int = 0


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
            env=os.environ | {'XLA_PYTHON_CLIENT_PREALLOCATE': 'false'},
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


def gpu_advice(name: str, found: Diagnosis, driver: str) -> str:
    """Why backend `name` uses no GPU of this machine, and what to do."""
    if name == 'mxnet':
        return 'mxnet has no release for GPUs with a current CUDA: it trains on the CPU.'
    if found.cuda:
        return (
            f'{name} finds no GPU, though it is built for CUDA {found.cuda}. Is driver {driver} '
            f'new enough for that, and does the variable CUDA_VISIBLE_DEVICES hide the GPU?'
        )
    line = {
        'pytorch': 'choose it on https://pytorch.org/get-started/locally',
        'tensorflow': 'pip install "tensorflow[and-cuda]"',
        'jax': f'pip install "jax[{jax_extra(driver)}]"',
    }.get(name, 'see its documentation')
    return f'{name} does not use the GPU: this build is without. To install one with:\n    {line}'


def jax_extra(driver: str) -> str:
    """The extra of JAX for an NVIDIA driver; that for CUDA 13 asks for driver 580 or newer."""
    major = driver.partition('.')[0]
    return 'cuda13' if not major.isdigit() or int(major) >= 580 else 'cuda12'


def report(as_json: bool = False) -> int:
    """Prints the table, or JSON, and returns 0 if at least one backend works, else 1."""
    diagnoses = {name: diagnose(name) for name in selection.registered_backends()}
    if as_json:
        print(json.dumps(_as_data(diagnoses), indent=1))
    else:
        _print_table(diagnoses)
    return 0 if any(not found.problem for found in diagnoses.values()) else 1


def _as_data(diagnoses: dict[str, Diagnosis]) -> dict[str, Any]:
    backends = {
        name: {
            'works': not found.problem,
            **found._asdict(),
            'numpy_conflicts': numpy_conflicts(name),
            'install': selection.install_line(name),
        }
        for name, found in diagnoses.items()
    }
    return {
        'd2lite': d2lite.__version__,
        'python': sys.version.split()[0],
        'numpy': metadata.version('numpy'),
        'gpus': [str(gpu) for gpu in nvidia.gpus()],
        'backends': backends,
    }


def _print_table(diagnoses: dict[str, Diagnosis]) -> None:
    from rich.table import Table

    from d2lite.console import console

    table = Table(
        title=f'd2lite on Python {sys.version.split()[0]}, numpy {metadata.version("numpy")}'
    )
    for heading in ('backend', 'version', 'imports', 'devices', 'CUDA', 'NumPy'):
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
            found.cuda or '-',
            conflicts or ('-' if found.problem else 'no conflict'),
        )
    console().print(table)
    gpus = nvidia.gpus()
    for gpu in gpus:
        print(f'GPU of this machine: {gpu}')
    if not gpus and not any(found.num_gpus for found in diagnoses.values()):
        print('No GPU here: everything trains on the CPU.')
    for name, found in diagnoses.items():
        if gpus and not found.problem and not found.num_gpus:
            print(gpu_advice(name, found, gpus[0].driver))
    for name, found in diagnoses.items():
        if found.problem:
            print(f'To install {name}:\n    {selection.install_line(name)}')
