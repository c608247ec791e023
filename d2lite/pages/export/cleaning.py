"""HTML of a page or of its outputs, reduced by nh3 to a choice of harmless elements.

No scripts, no styles, no forms, no frames, and no addresses but http, https and mailto. Pictures
become a part of the page; those of other hosts stay outside.
"""

import re
from pathlib import Path

import nh3

from d2lite.pages.export.pictures import embedded_file

TAGS = set(
    'a abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure '
    'h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strong sub '
    'summary sup table tbody td tfoot th thead tr tt u ul var wbr'.split()
)
ATTRIBUTES = {
    'a': {'href', 'title', 'id', 'class'},
    'img': {'src', 'alt', 'title', 'width', 'height'},
    'li': {'id', 'class'},
    'ol': {'start', 'class'},
    'ul': {'class'},
    'td': {'align', 'colspan', 'rowspan'},
    'th': {'align', 'colspan', 'rowspan', 'scope'},
    **{name: {'class'} for name in ('p', 'div', 'section', 'sup')},
    **{f'h{level}': {'id'} for level in range(1, 7)},
}
# The classes that Markdown gives; page.css knows them. Others are those of the page itself.
CLASSES = set(
    'admonition admonition-title note tip hint important warning caution danger error attention '
    'seealso anchor caption footnote-ref footnotes footnotes-list footnote-item footnote-backref '
    'contains-task-list task-list-item done to-do'.split()
)
RESERVED = 'd2lite-'  # ids of the page itself begin with it, and those of the text never do


def clean(html: str, folder: Path | None = None) -> str:
    """`html` without anything that could run, load or disguise itself.

    Pictures are embedded from `folder`, if there is one.
    """

    def checked(tag, attribute, value):
        if attribute == 'src':
            is_picture = re.match(r'data:image/(png|jpeg|gif|webp|svg\+xml)[;,]', value)
            return value if is_picture else folder and embedded_file(folder, value)
        if attribute == 'id':
            return None if value.startswith(RESERVED) else value
        if attribute == 'class':
            return ' '.join(name for name in value.split() if name in CLASSES) or None
        return None if value.strip().lower().startswith('data:') else value

    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={'http', 'https', 'mailto', 'data'},
        attribute_filter=checked,
        link_rel='noopener noreferrer',
    )
