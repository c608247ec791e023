"""The Python of the docs runs, block after block, and prints what is written beside it."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from contract import require

ROOT = Path(__file__).parent.parent
PRINTED = {
    'README.md': ["'train_loss': 0.158", "'val_loss': 0.046"],
    'docs/callbacks.md': ['[0.1, 0.1, 0.01', *3 * ['[0.1, 0.05, 0.025]']],
    'docs/data.md': ["'epoch': 10"],
    'docs/installing.md': [],
    'docs/saving.md': [],
    'docs/training.md': ['val_loss', 'test_loss'],
}
BLOCK = re.compile(r'^```python\n(.*?)^```', re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize('page', PRINTED)
def test_a_page_runs(page, tmp_path, monkeypatch, capsys):
    blocks = BLOCK.findall((ROOT / page).read_text(encoding='utf-8'))
    faces = re.findall(r'from d2lite import (\w+)', '\n'.join(blocks))
    for face in faces:
        require('pytorch' if face == 'torch' else face)
    monkeypatch.chdir(tmp_path)
    names = {'__name__': '__main__'}
    for block in blocks:
        exec(compile(block, page, 'exec'), names)
    plt.close('all')
    printed = re.sub(r'\b0\.(\d+)', lambda m: str(round(float(m[0]), 4)), capsys.readouterr().out)
    for text in PRINTED[page]:
        assert text in printed
        printed = printed.split(text, 1)[1]


@pytest.mark.parametrize('page', ['README.md', *(f'docs/{p.name}' for p in ROOT.glob('docs/*.md'))])
def test_commands_are_those_that_there_are(page):
    import typer.main

    from d2lite.cli import app

    text = (ROOT / page).read_text(encoding='utf-8')
    commands = typer.main.get_command(app).commands
    for name, rest in re.findall(r'^    d2lite ([a-z][\w-]*)(.*)', text, re.MULTILINE):
        options = {option for param in commands[name].params for option in param.opts}
        if name == 'launch':  # of a page: it takes those of run, too
            options |= {option for param in commands['run'].params for option in param.opts}
        given = set(re.findall(r'\s(--?[a-z][\w-]*)', rest.split(' # ')[0]))
        assert given <= options, f'd2lite {name}{rest}'
    makefile = (ROOT / 'Makefile').read_text(encoding='utf-8')
    for target in re.findall(r'(?:^    |`)make ([a-z][\w-]*)', text, re.MULTILINE):
        assert re.search(rf'^{target}:', makefile, re.MULTILINE), f'make {target}'
