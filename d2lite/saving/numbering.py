"""The numbers of a sequence's children in the names of parameters."""

from collections import defaultdict
from collections.abc import Collection


def numbered(paths: Collection[str]) -> dict[str, str]:
    """The neutral name for each path of a parameter: 'net.1.weight' for 'net.3.weight'.

    The children of a sequence have numbers in `paths`. In a name they are counted among those that
    have parameters: an activation is a layer of its own in one framework, and an argument of a
    layer in another.
    """
    split = {path: path.split('.') for path in paths}
    children = defaultdict(set)  # by the parts before: the numbers of a sequence's children
    for parts in split.values():
        for depth, part in enumerate(parts[:-1]):
            if part.isdigit():
                children[tuple(parts[:depth])].add(int(part))

    def counted(parts, depth):
        if not parts[depth].isdigit():
            return parts[depth]
        return str(sorted(children[tuple(parts[:depth])]).index(int(parts[depth])))

    return {
        path: '.'.join([*(counted(parts, depth) for depth in range(len(parts) - 1)), parts[-1]])
        for path, parts in split.items()
    }
