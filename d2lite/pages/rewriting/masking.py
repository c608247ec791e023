"""Lines of IPython in the code of a cell, such as `%matplotlib inline` and `!ls`.

What reads Python only sees `pass` in their place; the line itself follows as a comment.
"""

import ast
import re
from functools import lru_cache

IPYTHON_LINE = re.compile(
    r'^([ \t]*)(?=(?:[%!?].*|[\w.]+\?{1,2}[ \t]*|[\w.,]+[ \t]*=[ \t]*[%!].*)$)', re.M
)
# The character is for private use, so no cell has it.
MASK = 'pass  #\ue000'


@lru_cache(maxsize=64)
def mask_ipython(text: str) -> str:
    """The code as Python, with the same lines. Raises SyntaxError, Python's own, if it is none."""
    try:
        ast.parse(text)
    except SyntaxError:
        text = IPYTHON_LINE.sub(rf'\1{MASK}', text)
        ast.parse(text)
    return text


def unmask_ipython(text: str) -> str:
    """The code as it was before."""
    return text.replace(MASK, '')
