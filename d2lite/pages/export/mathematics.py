"""Formulas as MathML, which browsers draw by themselves.

latex2mathml translates; its result is taken over element by element, and only what MathML says
for drawing: no links, no styles, no handlers. The TeX stays inside, for those who copy a formula.
"""

import re
from html import escape
from xml.etree import ElementTree

import latex2mathml.converter

__all__ = ['FormulaError', 'to_mathml']

NAMESPACE = '{http://www.w3.org/1998/Math/MathML}'
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


def to_mathml(tex: str, *, block: bool = False) -> str:
    """The formula `tex`, without its dollars, as an element of HTML. Raises FormulaError."""
    source = re.sub(
        r'\\(begin|end)\{([a-z]+\*?)\}(?:\[[tbc]\])?',
        lambda match: rf'\{match[1]}{{{SYNONYMS.get(match[2], match[2])}}}',
        tex.strip(),
    )
    source = re.sub(r'\\(begin|end)\{equation\*?\}', '', source)
    try:
        text = latex2mathml.converter.convert(source, display='block' if block else 'inline')
        root = ElementTree.fromstring(re.sub(r'&(?!#?\w+;)', '&amp;', text))
    except Exception as error:  # any error that a parser of TeX may run into
        raise FormulaError(f'{type(error).__name__}: {error}') from None
    written = ''.join(_written(child) for child in root)
    if unknown := re.search(r'\\[A-Za-z]+', written):
        raise FormulaError(f'{unknown[0]} is not known')
    display = ' display="block"' if block else ''
    return (
        f'<math{display}><semantics><mrow>{written}</mrow>'
        f'<annotation encoding="application/x-tex">{escape(tex.strip(), quote=False)}</annotation>'
        f'</semantics></math>'
    )


def _written(element: ElementTree.Element) -> str:
    name = element.tag.removeprefix(NAMESPACE)
    inner = escape(element.text or '', quote=False)
    inner += ''.join(_written(child) + escape(child.tail or '', quote=False) for child in element)
    if name not in ELEMENTS:
        return inner
    attributes = ''.join(
        f' {key}="{escape(value)}"' for key, value in element.attrib.items() if key in ATTRIBUTES
    )
    return f'<{name}{attributes}>{inner}</{name}>'
