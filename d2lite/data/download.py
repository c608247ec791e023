"""Downloads: over https, compared with their checksum, and whole or not at all."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from d2lite.data.archives import extract, stem

__all__ = ['DATA_HUB', 'DATA_URL', 'DownloadError', 'download', 'download_extract', 'fetch']

DATA_URL = 'https://d2l-data.s3-accelerate.amazonaws.com/'  # where the files of the book are

DATA_HUB = {}  # name: (url, checksum), to be filled by lessons

ALGORITHMS = {32: 'md5', 40: 'sha1', 64: 'sha256'}  # by the number of hexadecimal digits

SECONDS_WITHOUT_DATA = 30


class DownloadError(OSError):
    """A file could not be downloaded; nothing of it was kept."""


def download(url, folder='../data', sha1_hash=None):
    """Downloads a file to `folder`, unless it is there already, and returns its path, a string.

    `url`: https, or a name in DATA_HUB. `sha1_hash`: the SHA-1 or SHA-256 checksum, in hexadecimal;
    a file that is there with another checksum is downloaded again. Without a checksum, http is
    refused. Raises DownloadError. Definition: d2l, section "Predicting House Prices on Kaggle".
    """
    if '://' not in url:
        if url not in DATA_HUB:
            known = ', '.join(sorted(DATA_HUB)) or 'nothing yet'
            raise ValueError(
                f'DATA_HUB has no {url!r}, it has {known}. Add it, '
                f'DATA_HUB[{url!r}] = (url, checksum), or give a URL that begins with https://'
            )
        url, sha1_hash = DATA_HUB[url]
    return str(fetch(url, folder, sha1_hash))


def download_extract(name, folder=None):
    """Downloads the archive `name`, unpacks it beside itself, and returns a folder, a string.

    `folder`: which folder to return of those that were in the archive; by default the one that is
    called like the archive. Raises DownloadError, or FileError for a damaged or unsafe archive.
    """
    path = download(name)
    extract(path)
    return os.path.join(os.path.dirname(path), folder or stem(path))


def fetch(url, folder, checksum=None):
    """The path of the file that `url` names, in `folder`, downloaded if need be."""
    parts = urlsplit(url)
    name = unquote(parts.path).split('/')[-1]
    if parts.scheme not in ('http', 'https') or name in ('', '.', '..') or '\\' in name:
        raise ValueError(f'expected the URL of a file, such as https://host/file.csv, got {url!r}')
    if parts.scheme == 'http' and not checksum:
        raise ValueError(
            f'{url} is plain http, where anybody on the way can change the file: use https://, or '
            f'give the SHA-256 checksum that it must have'
        )
    known_hash = checksum and f'{_algorithm(checksum)}:{checksum}'
    path = Path(folder) / name
    pooch = _pooch()
    if path.exists() and (not known_hash or pooch.hashes.hash_matches(path, known_hash)):
        return path
    print(f'Downloading {path} from {url} ...')
    hooks = {} if checksum else {'response': _refuse_http}
    downloader = pooch.HTTPDownloader(timeout=SECONDS_WITHOUT_DATA, hooks=hooks)
    try:
        # Into a temporary file beside, which takes its name once the checksum is right.
        pooch.retrieve(
            url, known_hash, fname=name, path=path.parent.absolute(), downloader=downloader
        )
    except (OSError, ValueError) as error:
        raise DownloadError(_explanation(name, url, folder, checksum, error)) from error
    return path


def _algorithm(checksum):
    if not re.fullmatch('[0-9a-fA-F]*', checksum) or len(checksum) not in ALGORITHMS:
        raise ValueError(
            f'expected a checksum of 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, got '
            f'{checksum!r} with {len(checksum)} characters'
        )
    return ALGORITHMS[len(checksum)]


def _refuse_http(response, **_):
    if not response.url.startswith('https:'):
        raise OSError(f'it leads to {response.url}, which is plain http')


def _explanation(name, url, folder, checksum, error):
    folder = Path(folder).resolve()
    if not isinstance(error, OSError):  # pooch's word for a wrong checksum is a ValueError
        return (
            f'{name} came from {url}, but its {_algorithm(checksum)} checksum is not {checksum}: '
            f'it was changed or damaged. It was not kept; {folder} is as it was.'
        )
    return (
        f'{name} is not in {folder}, and could not be downloaded from {url}: {_reason(error)}. '
        f'Without a network, put the file into that folder yourself.'
    )


def _reason(error):
    # Requests wraps urllib3's errors, which wrap the sentence that helps.
    while getattr(error, 'reason', None) is not None or (
        error.args and isinstance(error.args[0], Exception)
    ):
        error = getattr(error, 'reason', None) or error.args[0]
        if isinstance(error, str):
            return error
    return str(error) or type(error).__name__


def _pooch():
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            f'downloads need pooch, which cannot be imported here ({error}). Install it with:\n'
            f'    pip install "d2lite[data]"'
        ) from None
    pooch.get_logger().setLevel('WARNING')
    return pooch
