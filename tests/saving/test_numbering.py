"""The numbers of a sequence's children in the names of parameters."""

from d2lite.saving.numbering import numbered


def test_children_without_parameters_are_not_counted():
    assert numbered(['net.3.weight', 'net.3.bias', 'net.16.weight', 'w']) == {
        'net.3.weight': 'net.0.weight',
        'net.3.bias': 'net.0.bias',
        'net.16.weight': 'net.1.weight',
        'w': 'w',
    }


def test_each_sequence_counts_for_itself():
    paths = ['net.2.4.weight', 'net.2.6.conv1.weight', 'net.5.1.weight', 'head.1.weight']
    assert list(numbered(paths).values()) == [
        'net.0.0.weight', 'net.0.1.conv1.weight', 'net.1.0.weight', 'head.0.weight',
    ]  # fmt: skip


def test_entries_of_a_list_keep_their_places():
    assert numbered(['params.1', 'params.3']) == {'params.1': 'params.1', 'params.3': 'params.3'}
