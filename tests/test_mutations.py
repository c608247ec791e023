"""The list of mutations keeps up with the code: each line is there once, and each test file."""

import mutations
import pytest


@pytest.mark.parametrize('mutation', mutations.mutations(), ids=lambda mutation: mutation.name)
def test_a_mutation_can_be_tried(mutation):
    assert mutations.problem(mutation) == ''


def test_names_are_unique():
    names = [mutation.name for mutation in mutations.mutations()]
    assert len(set(names)) == len(names)


def test_what_cannot_be_tried_is_told():
    first = mutations.mutations()[0]
    assert 'no file' in mutations.problem(first._replace(file='d2lite/gone.py'))
    assert '0 times' in mutations.problem(first._replace(line='a line that is gone'))
    assert 'changes nothing' in mutations.problem(first._replace(becomes=first.line))
    assert 'no test file' in mutations.problem(first._replace(tests=['test_gone.py']))
