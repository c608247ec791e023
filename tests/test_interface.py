"""The backends take what tests/signatures.py says."""

import inspect

import pytest
import signatures
from contract import backend_of

from d2lite import interface


def taken(d2l, name):
    """The parameters of `name` on a backend, without self."""
    owner, _, method = name.partition('.')
    target = getattr(d2l, owner)
    if not method and backend_of(d2l) == 'nnx' and isinstance(target, type):
        # All classes of Flax NNX are called in one way, which hands on the arguments.
        return list(inspect.signature(target.__init__).parameters.values())[1:]
    if not method:
        return list(inspect.signature(target).parameters.values())
    return list(inspect.signature(getattr(target, method)).parameters.values())[1:]


@pytest.mark.parametrize('name', signatures.SIGNATURES)
def test_parameters_and_their_order(d2l, name):
    expected, parameters = signatures.signature_of(backend_of(d2l), name), taken(d2l, name)
    assert [parameter.name for parameter in parameters[: len(expected)]] == expected
    for more in parameters[len(expected) :]:
        optional = more.default is not more.empty or more.kind in (
            more.VAR_POSITIONAL,
            more.VAR_KEYWORD,
        )
        assert optional, f'{more.name} is required'


def test_each_name_that_can_be_called_has_a_signature():
    without = {'nn_Module', 'init_cnn', 'HyperParameters', 'DATA_HUB', 'DATA_URL', 'plt'}
    callable_names = set(interface.NAMES) - set(interface.TENSORS) - without
    assert callable_names == {name for name in signatures.SIGNATURES if '.' not in name}


def test_differing_signatures_differ_from_those_of_the_others():
    for backend, differing in signatures.DIFFERING_SIGNATURES.items():
        assert set(differing) <= set(signatures.SIGNATURES)
        assert not [n for n in differing if differing[n] == signatures.SIGNATURES[n]], backend
