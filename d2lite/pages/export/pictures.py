"""Pictures as parts of a page: as addresses that hold the picture itself, and in words.

An SVG in an <img> cannot run scripts, cannot load anything, and shares no ids with the page. That
is why plots are embedded that way and not as elements of the page.
"""

import base64
import mimetypes
import re
from html import unescape
from pathlib import Path

from d2lite.pages.reading.pictures import picture_file


def embedded(mimetype: str, content: str) -> str:
    """The address of a picture: `content` is SVG, or a picture in base64."""
    if mimetype == 'image/svg+xml':
        content = base64.b64encode(content.encode()).decode()
    return f'data:{mimetype};base64,{re.sub(r"[^A-Za-z0-9+/=]", "", content)}'


def embedded_file(folder: Path, address: str) -> str | None:
    """The picture at the relative `address` in `folder`, embedded; None if there is none."""
    path = picture_file(folder, address)
    try:
        data = path.read_bytes() if path else None
    except (OSError, ValueError):
        return None
    if data is None:
        return None
    mimetype = mimetypes.guess_type(path)[0]
    return f'data:{mimetype};base64,{base64.b64encode(data).decode()}'


def described(svg: str) -> str:
    """The words in a plot, e.g. 'epoch, train_loss'; matplotlib keeps them as comments."""
    words = re.findall(r'<!--\s*(.*?)\s*-->', svg) + re.findall(r'<text\b[^>]*>([^<]+)</text>', svg)
    words = [unescape(word).strip() for word in words]
    words = [word for word in words if re.search(r'[^\W\d]', word) and not word.startswith('$')]
    return ', '.join(dict.fromkeys(words))
