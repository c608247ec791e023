"""The table of the names that packages have given up: name, since when, what to write today.

`TABLE` is one list; each package has its part of it in a file of its own.
"""

from d2lite.pages.compat.calls import CALLS
from d2lite.pages.compat.data_names import PANDAS, SKLEARN
from d2lite.pages.compat.framework_names import GYM, KERAS, TORCH
from d2lite.pages.compat.jax_names import JAX
from d2lite.pages.compat.mxnet_names import MXNET
from d2lite.pages.compat.numpy_names import NUMPY, SCIPY
from d2lite.pages.compat.old_name import OldName
from d2lite.pages.compat.plotting_names import IPYTHON, MATPLOTLIB

TABLE: list[OldName] = [
    *JAX,
    KERAS,
    *TORCH,
    *NUMPY,
    *SCIPY,
    *PANDAS,
    *SKLEARN,
    *MATPLOTLIB,
    *IPYTHON,
    *GYM,
    *MXNET,
    *CALLS,
]


def hint(kind: str, message: str, code: str, lent: bool = False) -> str:
    """What to say about an error that comes from a name of the table; '' if it does not.

    `kind` and `message` are the class and the text of the error, `code` is the cell that failed,
    and `lent` is true if the names were lent already.
    """
    for entry in TABLE:
        if entry.explains(kind, message, code) and not (lent and entry.lendable):
            way = ', or run the page with --compat' if entry.lendable else ''
            return f'{entry.sentence}{way}'
    return ''
