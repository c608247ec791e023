"""Changes the Python of a cell with LibCST, which leaves everything else as it is written.

A cell is Python and lines of IPython, such as `%matplotlib inline` and `!ls`. LibCST reads Python
only, so it sees `pass` in their place.
"""

import re

import libcst as cst
from libcst.metadata import MetadataWrapper

from d2lite.pages.rewriting.masking import mask_ipython, unmask_ipython

SAVE_MARK = re.compile(r'^[ \t]*#[ \t]*@save[ \t]*\n|[ \t]*#[ \t]*@save[ \t]*$', re.M)


def transform_code(text: str, transformer: cst.CSTTransformer) -> str:
    """The code of a cell after `transformer`. Raises SyntaxError for code that is not Python."""
    return unmask_ipython(MetadataWrapper(_parse(text)).visit(transformer).code)


def source_of(node: cst.CSTNode) -> str:
    """The code of a part of the syntax tree."""
    return unmask_ipython(cst.Module([]).code_for_node(node))


def without_save_marks(text: str) -> str:
    """The code without the comments `#@save`, which mark the definitions of the book's library."""
    return SAVE_MARK.sub('', text)


def _parse(text: str) -> cst.Module:
    text = mask_ipython(text)  # Python's own message is better than that of LibCST
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        raise SyntaxError(error.message) from None
