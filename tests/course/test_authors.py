"""docs/authors.md, word by word: its files are written, its commands and its script are run."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from contract import require
from markdown_it import MarkdownIt

DOCS = Path(__file__).parents[2] / 'docs/authors.md'


def test_the_course_of_the_page(tmp_path):
    for name in ('pytorch', 'jax'):
        require(name)
    tokens = MarkdownIt('commonmark').parse(DOCS.read_text())
    blocks = [token.content for token in tokens if token.type == 'code_block']
    begin, toml, first, second, library, doctor, package, script = blocks
    assert begin == 'mkdir my-course && cd my-course\nd2lite new-page first.md --tabs pytorch,jax\n'
    folder = tmp_path / 'my-course'
    folder.mkdir()
    environment = {**os.environ, 'XDG_CACHE_HOME': str(tmp_path), 'D2LITE_BACKEND': 'pytorch'}

    def run(line):
        command = [sys.executable, '-m', *line.split()]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(begin.splitlines()[1])
    (folder / 'd2lite.toml').write_text(toml)
    (folder / 'first.md').write_text((folder / 'first.md').read_text() + '\n' + first)
    (folder / 'second.md').write_text(second)
    assert 'd2lite run . --tab all' in DOCS.read_text()
    out = run('d2lite run . --tab all')
    assert '4/4' in out
    for tab in ('pytorch', 'jax'):
        notebook = nbformat.read(folder / f'build/second.{tab}.ipynb', 4)
        assert notebook.cells[-1].outputs[0].text == '5.0 1 epochs are enough\n'
    assert 'My course' in run(library.strip()) and '2 names, no errors, no notes' in run(library)
    assert 'jax: nothing is missing' in run(doctor.strip())
    assert 'my_course' in run(package.strip())
    (tmp_path / 'script.py').write_text(script)
    done = subprocess.run(
        [sys.executable, 'script.py'], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout == '5.0\n', done.stderr
