"""Downloads over https, compared with their checksum, and archives unpacked into their folder."""

import gzip
import lzma
import os
import re
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

from d2lite.data.download_lock import one_process_at_a_time
from d2lite.data.optional import import_for
from d2lite.saving.storage import FileError

DATA_URL = 'https://d2l-data.s3-accelerate.amazonaws.com/'  # the files of the book

DATA_HUB: dict[str, tuple[str, str | None]] = {}  # name: (URL, checksum), filled by lessons

ALGORITHMS = {32: 'md5', 40: 'sha1', 64: 'sha256'}  # by the number of hexadecimal digits
TAR_SUFFIXES = ('.tar.gz', '.tgz', '.tar.xz', '.tar', '.gz')
DEFAULT_FOLDER = Path('../data')
VARIABLE = 'D2LITE_DATA'  # names a folder in place of the default, as the file of a course does
TIMEOUT = 30  # seconds without data

# RuntimeError: zipfile needs a password, or does not know the compression.
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)
DAMAGED += (EOFError, RuntimeError)


class DownloadError(OSError):
    """A file could not be downloaded; nothing of it was kept."""


def download(url: str, folder: str | os.PathLike = '../data', sha1_hash: str | None = None) -> str:
    """Downloads a file to `folder`, unless it is there already, and returns its path.

    `url`: https, or a name in DATA_HUB. `sha1_hash`: the SHA-1 or SHA-256 checksum in hexadecimal;
    a file with another checksum is downloaded again. Plain http is refused without a checksum.
    Raises DownloadError. Definition: d2l, section "Predicting House Prices on Kaggle".
    """
    if '://' not in url:
        if url not in DATA_HUB:
            names = ', '.join(sorted(DATA_HUB)) or 'nothing yet'
            raise ValueError(
                f'DATA_HUB has no {url!r}, it has {names}. Add it, '
                f'DATA_HUB[{url!r}] = (url, checksum), or give a URL that begins with https://'
            )
        url, sha1_hash = DATA_HUB[url]
    return str(fetch(url, folder, sha1_hash))


def download_extract(name: str, folder: str | None = None) -> str:
    """Downloads the archive `name`, unpacks it beside itself, and returns the path of a folder.

    `folder`: the folder of the archive to return; by default the one with the archive's name.
    Raises DownloadError, or FileError for a damaged archive.
    """
    path = download(name)
    extract(path)
    archive = os.path.basename(path)
    suffix = next((s for s in ('.zip', *TAR_SUFFIXES) if archive.endswith(s)), '')
    return os.path.join(os.path.dirname(path), folder or archive.removesuffix(suffix))


def extract(filename: str | os.PathLike, folder: str | os.PathLike | None = None) -> None:
    """Unpacks a zip or tar archive into `folder`, by default the folder that the archive is in.

    Raises FileError, with nothing written, if the archive is damaged, holds links or devices, or
    has a member that leads out of the folder.
    """
    path = Path(filename)
    folder = path.parent if folder is None else Path(folder)
    if not path.name.endswith(('.zip', *TAR_SUFFIXES)):
        raise FileError(f'{path} is not an archive: expected .zip, .tar, .tar.gz, .tgz or .gz')
    if not path.is_file():
        raise FileError(f'{path} cannot be read: there is no such file')
    folder.mkdir(parents=True, exist_ok=True)
    # Unpacked beside their place first: no half a file ever has its final name.
    with tempfile.TemporaryDirectory(prefix='.unpacking-', dir=folder) as temporary:
        try:
            if path.suffix == '.zip':
                with zipfile.ZipFile(path) as archive:
                    archive.extractall(temporary)  # drops '..' and drives from names
            else:
                with tarfile.open(path) as archive:
                    archive.extractall(temporary, filter=_plain_files)
        except DAMAGED as error:
            raise FileError(f'{path} was not unpacked, it is damaged or unsafe: {error}') from None
        for source in [path for path in Path(temporary).rglob('*') if path.is_file()]:
            target = folder / source.relative_to(temporary)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(source, target)


def _plain_files(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    # Data sets need no links, and tarfile's own filter has let some of them lead outside.
    if not (member.isreg() or member.isdir()):
        raise tarfile.SpecialFileError(member)  # names the member
    return tarfile.data_filter(member, folder)


def data_folder(folder: str | os.PathLike) -> Path:
    """The folder, or where it is the default `../data`, or in it, that which D2LITE_DATA names."""
    path, named = Path(folder), os.environ.get(VARIABLE)
    if named and DEFAULT_FOLDER in (path, *path.parents):
        return Path(named) / path.relative_to(DEFAULT_FOLDER)
    return path


def fetch(url: str, folder: str | os.PathLike, checksum: str | None = None) -> Path:
    """The path in `folder` of the file that `url` names, downloaded if need be."""
    name = Path(unquote(urlsplit(url).path)).name
    if not url.startswith(('http://', 'https://')) or name in ('', '..') or '\\' in name:
        raise ValueError(f'expected the URL of a file, such as https://host/file.csv, got {url!r}')
    if url.startswith('http://') and not checksum:
        raise ValueError(
            f'{url} is plain http, where anybody on the way can change the file: use https://, or '
            f'give the SHA-256 checksum that it must have'
        )
    known_hash = f'{_algorithm(checksum)}:{checksum.lower()}' if checksum else None
    path, pooch = data_folder(folder) / name, import_for('download', 'pooch')
    pooch.get_logger().setLevel('WARNING')

    def get(url, file, _):
        print(f'Downloading {path} from {url} ...')
        hooks = {} if checksum else {'response': _refuse_http}
        pooch.HTTPDownloader(timeout=TIMEOUT, hooks=hooks)(url, file, None)

    try:
        with one_process_at_a_time(path):
            pooch.retrieve(url, known_hash, name, path.parent.absolute(), downloader=get)
    except (OSError, ValueError) as error:  # ValueError: the checksum is another one
        raise DownloadError(
            f'{name} is not in {path.parent.resolve()}, and could not be downloaded from {url}. '
            f'Without a network, put the file into that folder yourself. The reason: {error}'
        ) from error
    return path


def _algorithm(checksum: str) -> str:
    if not re.fullmatch('[0-9a-fA-F]*', checksum) or len(checksum) not in ALGORITHMS:
        raise ValueError(
            f'expected a checksum of 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, got '
            f'{checksum!r} with {len(checksum)} characters'
        )
    return ALGORITHMS[len(checksum)]


def _refuse_http(response, **_) -> None:
    if not response.url.startswith('https:'):
        raise OSError(f'it leads to {response.url}, which is plain http')
