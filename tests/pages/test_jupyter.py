"""A tabbed notebook in JupyterLab, with a real kernel, as its reader sees it."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import browser as browsers
import nbformat
import pytest
from contract import require

from d2lite.pages.rewriting.plain_notebook import METADATA

SECONDS = 120  # for what takes a few on a machine that is not busy
PAGE = """\
```{.python .input}
%load_ext d2lite.tab
tab.interact_select('jax', 'pytorch')
```

```{.python .input}
%%tab jax
not even Python
```

```{.python .input}
%%tab pytorch
from d2lite import torch as d2l
print('the framework is here')
```

```{.python .input}
%%tab all
data = d2l.SyntheticRegressionData(w=d2l.tensor([2, -3.4]), b=4.2)
trainer = d2l.Trainer(max_epochs=300)
trainer.fit(d2l.LinearRegressionScratch(2, lr=0.003), data)
print('trained')
```
"""
SETTINGS = {
    'apputils-extension/notification': {'fetchNews': 'false', 'checkForUpdates': False},
    'notebook-extension/tracker': {'windowingMode': 'none'},  # cells out of sight are there, too
}
# What the reader has before his eyes at each repaint of the cell `selector`.
WATCH = """
selector => {
    window.seen = [];
    const look = () => {
        const area = document.querySelector(selector);
        const figures = area ? [...area.querySelectorAll('.jp-RenderedSVG')] : [];
        const drawn = figures.filter(figure => {
            const image = figure.querySelector('img');
            return image ? image.complete && image.naturalHeight > 0 : figure.querySelector('svg');
        });
        window.seen.push([figures.length, drawn.length, Math.round(area ? area.offsetHeight : 0),
                          figures.map(figure => figure.innerHTML.length).join()]);
        requestAnimationFrame(look);
    };
    look();
    window.cleared = 0;
    const area = document.querySelector(selector);
    new MutationObserver(() => {
        if (window.seen.some(each => each[0]) && area.offsetHeight == 0) window.cleared++;
    }).observe(area, {childList: true, subtree: true});
}
"""


@pytest.fixture(scope='module')
def lab(tmp_path_factory):
    """The address of a JupyterLab with one notebook, as a function of the file's name."""
    if find_spec('jupyterlab') is None:
        browsers.missing('jupyterlab is not installed; pip install -e ".[dev]"')
    browsers.chromium_path()
    require('pytorch')
    home = tmp_path_factory.mktemp('home')
    (home / 'work').mkdir()
    cells = re.findall(r'```{.python .input}\n(.*?)\n```', PAGE, re.S)
    cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    nbformat.write(notebook, home / 'work/lesson.ipynb')
    for name, value in SETTINGS.items():
        path = home / f'settings/@jupyterlab/{name}.jupyterlab-settings'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))

    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    folders = {
        f'JUPYTER_{name.upper()}_DIR': str(home / name) for name in ('config', 'data', 'runtime')
    }
    environment = {k: v for k, v in os.environ.items() if not k.startswith(('JUPYTER', 'PYTEST'))}
    environment |= folders | {
        'HOME': str(home),
        'JUPYTERLAB_SETTINGS_DIR': str(home / 'settings'),
        'JUPYTERLAB_WORKSPACES_DIR': str(home / 'workspaces'),
        'IPYTHONDIR': str(home / 'ipython'),
        'D2LITE_BACKEND': 'pytorch',
    }
    command = [sys.executable, '-m', 'jupyterlab', '--no-browser', '--allow-root']
    command += ['--ip=127.0.0.1', f'--port={port}', '--ServerApp.port_retries=0']
    command += ['--IdentityProvider.token=secret', '--LabApp.extension_manager=readonly']
    with open(home / 'log', 'wb') as log:
        server = subprocess.Popen(
            command, cwd=home / 'work', env=environment, stdout=log, stderr=log
        )
    try:
        wait_for(server, f'http://127.0.0.1:{port}/api?token=secret', home / 'log')
        yield lambda name: f'http://127.0.0.1:{port}/lab/tree/{name}?token=secret'
    finally:
        server.terminate()  # it ends its kernels
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


def wait_for(server, url, log):
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)


@pytest.fixture
def page(browser, lab):
    page = browser.new_page(viewport={'width': 1000, 'height': 1400})
    page.set_default_timeout(1000 * SECONDS)
    page.goto(lab('lesson.ipynb'))
    page.wait_for_selector('.jp-Notebook .jp-CodeCell')
    idle(page)
    yield page
    screenshot(page, 'last')
    page.close()


def idle(page):
    page.get_by_text('(ipykernel) | Idle').wait_for()


def cell(page, number):
    return page.locator('.jp-Notebook .jp-CodeCell').nth(number - 1)


def output(page, number):
    return cell(page, number).locator('.jp-Cell-outputWrapper')


def button(page, tab):
    return page.locator('.widget-toggle-button', has_text=tab)


def chosen(page, tab):
    page.locator('.widget-toggle-button.mod-active', has_text=tab).wait_for()


def run_first_cell(page):
    cell(page, 1).locator('.cm-content').click()
    page.keyboard.press('Control+Enter')


def menu(page, name, item):
    page.get_by_role('menuitem', name=name, exact=True).click()
    page.locator('.lm-Menu-item').get_by_text(item, exact=True).click()


def watched_without_flicker(page):
    """From the first frame of the plot on, one figure was there at each repaint, and it changed."""
    seen = page.evaluate('window.seen')
    begin = next(n for n, (figures, *_) in enumerate(seen) if figures)
    for figures, drawn, height, _ in seen[begin:]:
        assert (figures, drawn) == (1, 1) and height > 100
    assert len({content for *_, content in seen[begin:]}) >= 3
    assert page.evaluate('window.cleared') == 0


def screenshot(page, name):
    """Keeps a picture where D2LITE_SCREENSHOTS names a folder, to look at."""
    if folder := os.environ.get('D2LITE_SCREENSHOTS'):
        page.screenshot(path=Path(folder, f'{name}.png'))


def test_pick_a_tab_and_run_all(page):
    run_first_cell(page)
    chosen(page, 'pytorch')  # as D2LITE_BACKEND says, though the page names jax first
    for tab in 'jax', 'pytorch':
        button(page, tab).click()
        chosen(page, tab)
    screenshot(page, 'chosen')

    page.evaluate(WATCH, '.jp-Notebook .jp-CodeCell:nth-of-type(4) .jp-OutputArea')
    menu(page, 'Run', 'Run All Cells')
    output(page, 4).get_by_text('trained').wait_for()
    idle(page)
    screenshot(page, 'trained')
    assert output(page, 2).inner_text().strip() == 'skipped: for jax; this is pytorch'
    assert output(page, 3).inner_text().strip() == 'the framework is here'
    chosen(page, 'pytorch')
    assert page.locator('.jp-RenderedSVG').count() == 1
    assert 'already loaded' not in output(page, 1).inner_text()
    watched_without_flicker(page)

    button(page, 'jax').click()
    warning = output(page, 1).get_by_text('Cells of pytorch already ran in this kernel')
    warning.wait_for()
    screenshot(page, 'changed')

    menu(page, 'Kernel', 'Restart Kernel…')
    page.locator('.jp-Dialog .jp-mod-accept').click()
    # A new kernel knows what was chosen in this notebook, and nothing ran in it.
    deadline = time.monotonic() + SECONDS
    while '[1]' not in cell(page, 1).locator('.jp-InputPrompt').inner_text():
        assert time.monotonic() < deadline, 'the first cell does not run in the new kernel'
        idle(page)
        run_first_cell(page)  # lost if the kernel is just about to end
        page.wait_for_timeout(1000)
    chosen(page, 'jax')
    assert warning.count() == 0
