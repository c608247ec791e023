"""Quarto's marks in prose, written as the book's, which d2lite renders.

| Quarto                                         | here                        |
|------------------------------------------------|-----------------------------|
| `## Title {#sec-x}`, `![…](…){#fig-x}`, `{#eq-x}` | a label                  |
| `@sec-x`, `@fig-x`, `@tbl-x`, `@eq-x`          | a reference                 |
| `[@key]`, `[@key; @other]`, `@key2015`         | a citation                  |
| `::: {.callout-note title="…"}` … `:::`        | an admonition               |
| `{{< video URL >}}`                            | a link                      |

What else there is, other divisions and shortcodes, is told (`left_out`). Lines stay the same in
number, so that messages name the right ones.
"""

import re
from collections.abc import Iterator, Sequence

from d2lite.pages.reading.blocks import Prose
from d2lite.pages.reading.marks import outside_code

KIND = r'(?:sec|fig|tbl|eq)-'
ATTRIBUTES = r'\{(?:[ \t]*#(?P<id>[\w:.-]+))?(?P<rest>[^{}\n]*)\}'
HEADING = re.compile(rf'^(#{{1,6}} .*?)[ \t]*{ATTRIBUTES}[ \t]*$', re.M)
FIGURE = re.compile(rf'(!\[[^\n]*?\]\([^()\n]*\)){ATTRIBUTES}')
EQUATION = re.compile(r'(?<=\$\$)[ \t]*\{#(?P<id>eq-[\w:.-]+)\}')
TABLE = re.compile(
    r'^:[ \t]+(?P<caption>\S[^\n]*?)[ \t]*\{#(?P<id>tbl-[\w:.-]+)[^}\n]*\}[ \t]*$', re.M
)
DIVISION = re.compile(r'^[ \t]*(?P<colons>:{3,})[ \t]*(?P<rest>\S[^\n]*)?$')
CALLOUT = re.compile(r'\.callout-(?P<kind>note|tip|important|warning|caution)\b')
TITLE = re.compile(r'title="(?P<title>[^"]*)"')
# Code and formulas come first, so that what is in them stays.
INLINE = re.compile(
    rf"""(?P<kept>(?P<ticks>`+).+?(?P=ticks) | \$\$.+?\$\$ | \$(?=\S)[^$\n]+?\$)
      | \[-?@(?P<only>{KIND}[\w:-]*\w)\] | (?<![\w@.])@(?P<label>{KIND}[\w:-]*\w)
      | \[(?P<cited>[^\[\]\n]*?-?@[\w][^\[\]\n]*)\](?!\()
      | (?<![\w@./])@(?P<author>[A-Za-z][\w:.-]*\d\w*)
      | \{{\{{<[ \t]*video[ \t]+(?P<video>\S+)[^\n]*?>\}}\}}""",
    re.X | re.S,
)
LEFT_OUT = re.compile(r'\{\{<[ \t]*(?P<code>[\w-]+).*?>\}\}|<!-- (?P<division>:::+ [^\n]*?) -->')


def as_marks(text: str, bibliography: Sequence[str] = ()) -> str:
    """The prose with the book's marks; `bibliography`: the files of the list of references."""
    pieces = outside_code(text, stored_outputs=True)
    pieces[::2] = [_marks(piece) for piece in pieces[::2]]
    return _divisions(''.join(pieces), bibliography)


def left_out(prose: Prose) -> Iterator[tuple[str, int]]:
    """What d2lite does not render, a sentence for each, and its line in the file."""
    line = prose.line
    for number, piece in enumerate(outside_code(prose.text, stored_outputs=True)):
        for match in LEFT_OUT.finditer(piece) if number % 2 == 0 else ():
            at = line + piece.count('\n', 0, match.start())
            if match['code']:
                yield f'The shortcode {match["code"]} of Quarto is not rendered.', at
            else:
                yield f'Of {match["division"]} only the text is kept.', at
        line += piece.count('\n')


def _marks(text: str) -> str:
    text = HEADING.sub(lambda m: m[1] + _label(m['id']), text)
    text = FIGURE.sub(lambda m: m[1] + _label(m['id']), text)
    text = EQUATION.sub(lambda m: f' :eqlabel:`{m["id"]}`', text)
    text = TABLE.sub(lambda m: f':{m["caption"]} :label:`{m["id"]}`', text)
    return INLINE.sub(_inline, text)


def _label(name: str | None) -> str:
    return f' :label:`{name}`' if name else ''


def _inline(match: re.Match) -> str:
    if label := match['only'] or match['label']:
        return f':{"eqref" if label.startswith("eq-") else "numref"}:`{label}`'
    if match['author']:
        return f':citet:`{match["author"]}`'
    if match['video']:
        return f'<{match["video"]}>'
    if not match['cited']:
        return match[0]
    parts = [part.strip() for part in match['cited'].split(';')]
    if all(re.fullmatch(r'-?@[\w:.-]+', part) for part in parts):
        return f':cite:`{", ".join(part.lstrip("-@") for part in parts)}`'
    return re.sub(r'-?@([\w:.-]*\w)', r':cite:`\1`', match['cited'])


def _divisions(text: str, bibliography: Sequence[str]) -> str:
    """The text with admonitions in place of callouts, whose text is indented."""
    lines, open_ones = [], []  # of each division that is open: the indentation of its text
    for line in text.split('\n'):
        depth = '    ' * sum(open_ones)
        match = DIVISION.match(line)
        if not match:
            lines.append(depth + line if line.strip() else line)
        elif match['rest'] is None:
            if open_ones:
                open_ones.pop()
            lines.append('')
        else:
            callout = CALLOUT.search(match['rest'])
            open_ones.append(bool(callout))
            if callout:
                title = TITLE.search(match['rest'])
                words = title['title'] if title else callout['kind'].title()
                lines.append(f'{depth}!!! {callout["kind"]} "{words}"')
            elif '#refs' in match['rest'] and bibliography:
                lines.append(f':bibliography:`{", ".join(bibliography)}`')
            else:
                lines.append(f'<!-- {line.strip()} -->')
    return '\n'.join(lines)
