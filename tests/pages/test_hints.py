"""A name that d2lite does not have is told with what is known of it, and with names like it."""

import importlib
from pathlib import Path

import pytest
from contract import BACKENDS, require

from d2lite import interface
from d2lite.pages.hints import IN_D2L, SINCE, hint_for, name_hint, names_like
from d2lite.pages.reading.page import read_page
from d2lite.pages.running.kernel import run_tab


def test_what_is_known_of_a_name():
    assert name_hint('train_ch3').startswith('train_ch3 is no longer in d2l since 1.0.')
    assert name_hint('mkdir_if_not_exist') == 'mkdir_if_not_exist is no longer in d2l since 0.15.'
    assert name_hint('train_recsys_rating').startswith('train_recsys_rating is in d2l 1.0, but')
    assert (
        name_hint('qwertz') == 'qwertz is in no release of d2l; a page may have to define it first.'
    )
    assert name_hint('show_image').endswith('names that look like it: show_images.')
    assert hint_for('ImportError', "cannot import name 'paddle' from 'd2lite' (x)") == (
        'd2lite has no backend for paddle.'
    )
    assert names_like('linearregression')[0] == 'LinearRegression'


def test_a_name_is_gone_or_there():
    assert not set(SINCE) & (IN_D2L | set(interface.NAMES))


@pytest.mark.parametrize(
    'ename, evalue, name',
    [
        ('AttributeError', "module 'd2lite.torch' has no attribute 'train_ch3'", 'train_ch3'),
        ('AttributeError', "module 'd2lite_jax' has no attribute 'train_ch3'", 'train_ch3'),
        ('AttributeError', "d2lite on mxnet has no 'train_ch3'", 'train_ch3'),
        ('ImportError', "cannot import name 'train_ch3' from 'd2lite.torch' (/x.py)", 'train_ch3'),
        ('AttributeError', "module 'torch' has no attribute 'train_ch3'", ''),
        ('ImportError', "cannot import name 'train_ch3' from 'torch' (/x.py)", ''),
        ('ValueError', "module 'd2lite.torch' has no attribute 'train_ch3'", ''),
    ],
)
def test_only_names_of_d2lite_get_a_hint(ename, evalue, name):
    assert hint_for(ename, evalue) == (name and name_hint(name))


@pytest.mark.parametrize('backend', BACKENDS)
def test_a_page_of_an_older_edition(backend):
    require(backend)
    page = read_page(Path(__file__).parent / 'broken/older.md')
    result = run_tab(page, backend)
    assert (result.cells_run, result.error.line) == (1, 11)
    assert result.error.hint == name_hint('train_ch3')


def test_a_script_gets_the_hint_too(d2l):
    with pytest.raises(AttributeError, match="has no 'train_ch3'") as caught:
        getattr(face(d2l), 'train_ch3')  # noqa: B009
    assert caught.value.__notes__ == ['train_ch3 is no longer in d2l since 1.0.']


def face(d2l):
    """What a script imports, as d2lite.torch."""
    name = {'pytorch': 'torch'}.get(d2l.Module.backend, d2l.Module.backend)
    return importlib.import_module(f'd2lite.{name}')
