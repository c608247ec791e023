"""Breaks d2lite on purpose, one line at a time, and checks that the tests notice.

    python tests/mutations.py            # all of them
    python tests/mutations.py clip jax   # those whose name has one of these words in it
    python tests/mutations.py --check    # runs nothing: are the lines and the tests still there?

The mutations are listed in tests/mutations/, in a file for each backend and one for what they
share. Each is made in a copy of the repository, and each test file that is named with it has to
fail there. The exit code is 1 if one of them passes, or if a line to be changed does not occur
exactly once.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Mutation(NamedTuple):
    name: str
    file: str
    line: str
    becomes: str
    tests: list[str]  # files below tests/, each of which must fail


def mutations():
    """All mutations; the name of each ends with that of its file, such as 'jax' or 'shared'."""
    found = []
    for path in sorted((ROOT / 'tests' / 'mutations').glob('*.toml')):
        listed = tomllib.loads(path.read_text())
        for entry in listed['mutation']:
            name, file = f'{entry.pop("name")}, {path.stem}', f'{listed["folder"]}/{entry["file"]}'
            found.append(Mutation(**entry | {'name': name, 'file': file}))
    return found


def problem(mutation):
    """Why a mutation cannot be tried, '' if it can."""
    path = ROOT / mutation.file
    if not path.is_file():
        return f'there is no file {mutation.file}'
    if (count := path.read_text().count(mutation.line)) != 1:
        return f'{mutation.file} has {mutation.line!r} {count} times'
    if mutation.becomes == mutation.line:
        return 'it changes nothing'
    missing = [test for test in mutation.tests if not (ROOT / 'tests' / test).is_file()]
    return f'there is no test file {missing[0]}' if missing else ''


def passing(mutation, tests):
    """Which of the test files pass all the same; without a mutation, which pass."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / 'd2lite'
        ignored = shutil.ignore_patterns('.git', '.venv', '__pycache__', 'build', '.*_cache')
        shutil.copytree(ROOT, copy, ignore=ignored)
        if mutation:
            path = copy / mutation.file
            path.write_text(path.read_text().replace(mutation.line, mutation.becomes))
        return [test for test in tests if passes(copy, test)]


def passes(copy, test):
    """Whether one file of tests passes in this copy of the repository."""
    path = os.pathsep.join([str(copy), str(copy / 'backends')])
    process = subprocess.run(
        [sys.executable, '-m', 'pytest', '-qx', '-p', 'no:cacheprovider', f'tests/{test}'],
        cwd=copy,
        env=os.environ | {'PYTHONPATH': path, 'D2LITE_REQUIRE_ALL': '1'},
        capture_output=True,
    )
    if process.returncode not in (0, 1, 2):  # 2: the mutated code cannot even be imported
        raise RuntimeError(process.stdout.decode()[-2000:])
    return process.returncode == 0


def verdict(mutation):
    """What became of a mutation, in words."""
    if reason := problem(mutation):
        return f'NOT TRIED: {reason}'
    blind = passing(mutation, mutation.tests)
    return f'MISSED by {", ".join(blind)}' if blind else 'caught'


def main(words):
    check = '--check' in words
    words = [word for word in words if word != '--check']
    chosen = [m for m in mutations() if not words or any(word in m.name for word in words)]
    if check:
        wrong = [f'{m.name}: {reason}' for m in chosen if (reason := problem(m))]
        print('\n'.join([*wrong, f'{len(chosen)} mutations, {len(wrong)} that cannot be tried']))
        return 1 if wrong else 0
    tests = sorted({test for mutation in chosen for test in mutation.tests})
    if failing := sorted({*tests} - {*passing(None, tests)}):
        sys.exit(f'Without any mutation these fail, mend them first: {", ".join(failing)}')
    missed = 0
    for mutation in chosen:
        found = verdict(mutation)
        missed += found != 'caught'
        print(f'{mutation.name:55} {found}', flush=True)
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
