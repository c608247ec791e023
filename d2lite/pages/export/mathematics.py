"""Formulas as MathML, which browsers draw by themselves.

latex2mathml translates; of its result only what MathML says for drawing is kept: no links, no
styles, no handlers. The TeX stays inside, for those who copy a formula.
"""

import re
from html import escape
from xml.etree import ElementTree

import latex2mathml.converter
import nh3

ELEMENTS = set(
    """
    math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom menclose
    msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd
    """.split()
)
ATTRIBUTES = set(
    """
    display displaystyle scriptlevel mathvariant stretchy fence separator form accent accentunder
    symmetric movablelimits largeop minsize maxsize lspace rspace linethickness width height depth
    voffset columnalign rowalign columnspan rowspan notation
    """.split()
)
# Environments that it does not know, and known ones that look the same.
SYNONYMS = {
    'align': 'align*',  # its numbers would begin anew in every formula
    'aligned': 'align*',
    'alignedat': 'align*',
    'eqnarray': 'align*',
    'eqnarray*': 'align*',
    'gather': 'matrix',
    'gather*': 'matrix',
    'gathered': 'matrix',
}


class FormulaError(ValueError):
    """A formula that cannot be translated."""


TAG = re.compile(r'\\tag\{([^{}]*)\}')


def formula_and_number(tex: str, *, block: bool = False) -> tuple[str, str]:
    """The formula as `to_mathml` gives it, and the number that `\\tag{2}` in it is; '' without."""
    match = TAG.search(tex)
    return to_mathml(TAG.sub('', tex), block=block), match[1] if match else ''


def to_mathml(tex: str, *, block: bool = False) -> str:
    """The formula `tex`, without its dollars, as an element of HTML. Raises FormulaError."""
    source = re.sub(
        r'\\(begin|end)\{([a-z]+\*?)\}(?:\[[tbc]\])?',
        lambda match: rf'\{match[1]}{{{SYNONYMS.get(match[2], match[2])}}}',
        tex.strip(),
    )
    source = re.sub(r'\\(begin|end)\{equation\*?\}', '', source)
    try:
        display = 'block' if block else 'inline'
        tree = latex2mathml.converter.convert_to_element(source, display=display)
    except Exception as error:  # any error that a parser of TeX may run into
        raise FormulaError(f'{type(error).__name__}: {error}') from None
    # Its texts hold special characters as references, such as &#x0003C;.
    mathml = re.sub('&amp;(?=#x[0-9A-F]+;)', '&', ElementTree.tostring(tree, encoding='unicode'))
    mathml = nh3.clean(mathml, tags=ELEMENTS, attributes={'*': ATTRIBUTES}, link_rel=None)
    if unknown := re.search(r'\\[A-Za-z]+', mathml):
        raise FormulaError(f'{unknown[0]} is not known')
    start, content = re.fullmatch(r'(<math\b[^>]*>)(.*)</math>', mathml, re.S).groups()
    return (
        f'{start}<semantics><mrow>{content}</mrow>'
        f'<annotation encoding="application/x-tex">{escape(tex.strip(), quote=False)}</annotation>'
        f'</semantics></math>'
    )
