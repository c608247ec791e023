"""The `d2lite` command; its subcommands are in d2lite/commands/."""

import signal
from typing import Annotated

import typer

import d2lite
from d2lite.commands.convert import convert
from d2lite.commands.doctor import doctor
from d2lite.commands.launch import launch
from d2lite.commands.lessons import lessons
from d2lite.commands.library import library
from d2lite.commands.new_page import new_page
from d2lite.commands.parity import parity
from d2lite.commands.run import run

app = typer.Typer(
    help='One deep-learning lesson on MXNet, PyTorch, TensorFlow and JAX.',
    no_args_is_help=True,
    rich_markup_mode='markdown',
    pretty_exceptions_enable=False,
)
for command in run, convert, library, new_page, lessons, doctor, parity:
    app.command()(command)
# What comes after the script is the script's own.
app.command(context_settings={'allow_interspersed_args': False})(launch)


def main() -> None:
    """Runs the command line; the entry point of the console script."""
    signal.signal(signal.SIGTERM, _terminate)
    app()


def _terminate(number, frame):
    # An exception, unlike the default, lets a run shut down its kernel on the way out.
    raise SystemExit(128 + number)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f'd2lite {d2lite.__version__}')
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option('--version', callback=_version, is_eager=True, help='Show the version.'),
    ] = False,
) -> None:
    pass
