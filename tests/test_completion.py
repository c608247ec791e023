"""Completion of `d2l.` in an editor, which reads the code and imports nothing."""

import jedi
import pytest


def completions(code):
    return [completion.name for completion in jedi.Script(code).complete()]


def test_completion_of_the_selected_backend():
    names = completions('import d2lite as d2l\nd2l.Train')
    assert 'Trainer' in names
    assert {'LinearRegression', 'matmul', 'backend'} <= set(
        completions('import d2lite as d2l\nd2l.')
    )


@pytest.mark.parametrize('face', ['torch', 'jax', 'tensorflow', 'mxnet', 'nnx'])
def test_completion_of_a_face(face):
    code = f'from d2lite import {face} as d2l\n'
    assert {'Trainer', 'LinearRegression', 'matmul', 'download', 'plot'} <= set(
        completions(code + 'd2l.')
    )


def test_names_of_the_interface_are_no_modules():
    """A package d2lite.plot, say, would hide the function `d2l.plot`."""
    import d2lite
    from d2lite import interface

    assert not set(interface.NAMES) & d2lite._SUBMODULES


def test_the_parameters_of_a_constructor():
    (signature,) = jedi.Script('import d2lite as d2l\nd2l.Trainer(').get_signatures()
    assert signature.params[0].name == 'max_epochs'


def test_a_trainer_is_known_to_be_one():
    names = completions('import d2lite as d2l\ntrainer = d2l.Trainer(max_epochs=1)\ntrainer.')
    assert {'fit', 'save_parameters', 'history'} <= set(names)
