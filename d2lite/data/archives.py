"""Zip and tar archives, unpacked into their folder and nowhere else, whole or not at all."""

import contextlib
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from d2lite.saving.storage import FileError

__all__ = ['extract', 'stem']

# What zipfile, tarfile and what they unpack with raise; RuntimeError: a password is needed.
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
)

TAR_SUFFIXES = ('.tar.gz', '.tgz', '.tar.xz', '.tar', '.gz')


def extract(filename, folder=None):
    """Unpacks a zip or tar archive into `folder`, by default the folder that the archive is in.

    Only plain files and folders with names that stay inside are accepted. Raises FileError, with
    nothing written, if the archive is damaged or holds anything else.
    """
    path = Path(filename)
    folder = path.parent if folder is None else Path(folder)
    try:
        with _opened(path) as archive:
            files = archive.files()  # all of them are looked at before the first is written
            _check_targets(path, folder, files)
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix='.unpacking-', dir=folder) as temporary:
                for name in files:
                    target = Path(temporary) / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.read(name) as source, open(target, 'wb') as copy:
                        shutil.copyfileobj(source, copy)
                for name in files:
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    os.replace(Path(temporary) / name, folder / name)
    except DAMAGE as error:
        raise FileError(f'{path} is damaged, nothing was unpacked: {error}') from None


def stem(filename):
    """The name of an archive without its folder and suffix."""
    name = Path(filename).name
    for suffix in ('.zip', *TAR_SUFFIXES):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


class _Zip:
    def __init__(self, path):
        self.path, self.archive = path, zipfile.ZipFile(path)

    def files(self):
        self.members = {}
        for member in self.archive.infolist():
            mode = stat.S_IFMT(member.external_attr >> 16)
            if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refused(self.path, member.filename, 'is a link or a device')
            name = _checked_name(self.path, member.filename)
            if not member.is_dir():
                self.members[name] = member
        return self.members

    def read(self, name):
        return self.archive.open(self.members[name])


class _Tar:
    def __init__(self, path):
        self.path = path
        try:
            self.archive = tarfile.open(path)
        except tarfile.ReadError:
            raise FileError(f'{path} is not a tar archive, or damaged') from None

    def files(self):
        self.members = {}
        for member in self.archive.getmembers():
            if not (member.isreg() or member.isdir()):
                raise _refused(self.path, member.name, 'is a link or a device')
            name = _checked_name(self.path, member.name)
            if member.isreg():
                self.members[name] = member
        # tarfile takes a cut header for the end; a complete archive ends with a block of zeros.
        self.archive.fileobj.seek(self.archive.offset)
        if self.archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError('its end is missing')
        # Where the packed data end is their checksum, which is compared when it is read.
        while self.archive.fileobj.read(2**20):
            pass
        return self.members

    def read(self, name):
        return self.archive.extractfile(self.members[name])


@contextlib.contextmanager
def _opened(path):
    kinds = {'.zip': _Zip, **dict.fromkeys(TAR_SUFFIXES, _Tar)}
    kind = next((kinds[suffix] for suffix in kinds if path.name.endswith(suffix)), None)
    if kind is None:
        raise FileError(f'{path} is not an archive: expected .zip, .tar, .tar.gz, .tgz or .gz')
    if not path.is_file():
        raise FileError(f'{path} cannot be read: there is no such file')
    opened = kind(path)
    with opened.archive:
        yield opened


def _checked_name(path, name):
    # By the rules of both systems, since the archive may come from either.
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.drive or windows.root:
        raise _refused(path, name, 'is an absolute path')
    if '..' in windows.parts or '\0' in name or not name:
        raise _refused(path, name, 'leads out of the folder')
    return str(posix)


def _check_targets(path, folder, files):
    inside = folder.resolve()
    parents = {parent: name for name in files for parent in PurePosixPath(name).parents}
    for parent, name in parents.items():
        if str(parent) in files:
            raise _refused(path, name, f'lies in {str(parent)!r}, which is a file')
        if not (folder / parent).resolve().is_relative_to(inside):
            raise _refused(path, name, f'would be written outside, through a link in {folder}')
        if (folder / parent).exists() and not (folder / parent).is_dir():
            raise _refused(path, name, f'has no place: {folder / parent} is a file')
    for name in files:
        if name == '.' or (folder / name).is_dir():
            raise _refused(path, name, f'has no place: {folder / name} is a folder')


def _refused(path, name, why):
    return FileError(f'{path} was refused, nothing was unpacked: its member {name!r} {why}')
