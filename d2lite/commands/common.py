"""What the commands have in common: the error that ends one, and what their options take."""

import sys
from enum import StrEnum
from importlib.util import find_spec
from typing import NoReturn

import typer

from d2lite import selection

MODULES = (
    'ipykernel', 'jinja2', 'latex2mathml', 'libcst', 'markdown_it', 'mdit_py_plugins', 'nbclient',
    'nbformat', 'nh3', 'platformdirs', 'pybtex', 'pygments', 'yaml',
)  # fmt: skip

PREFER = 'Whose definition of a name counts, where both have one. [default: what the course says]'


class Prefer(StrEnum):
    d2lite = 'd2lite'
    course = 'course'


def stop(message: str) -> NoReturn:
    """Ends the command with a message on stderr and exit status 2: it could not begin."""
    typer.echo(f'd2lite: {message}', err=True)
    sys.exit(2)


def split(words: list[str] | None) -> list[str]:
    """The names in options such as `--tabs jax,pytorch --tabs mxnet`."""
    return [name.strip() for each in words or [] for name in each.split(',') if name.strip()]


def require_notebook() -> None:
    """Ends the command if something is missing of what pages need."""
    if missing := [module for module in MODULES if not find_spec(module)]:
        line = selection.install_line('notebook')
        stop(f'Running pages needs {", ".join(missing)}: {line}')


def tabs(incomplete: str) -> list[str]:
    """The values of `--tab` that begin so, for the completion of the shell."""
    known = [*selection.registered_backends(), 'all']
    return [name for name in known if name.startswith(incomplete)]
