"""The fixture `command`: the command line in this process, with stand-ins for all frameworks."""

import os

import abacus
import pytest

from d2lite import cli, selection


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Runs `d2lite` with these arguments: its exit code, and what it printed on each stream."""
    abacus.install(tmp_path / 'world', abacus.MODULES)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path / 'world'), prepend=os.pathsep)
    monkeypatch.syspath_prepend(tmp_path / 'world')
    monkeypatch.setattr(selection, '_selected', None)
    monkeypatch.setenv('D2LITE_BACKEND', 'pytorch')
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        with pytest.raises(SystemExit) as exit:
            cli.app([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return exit.value.code or 0, printed.out, printed.err

    return command
