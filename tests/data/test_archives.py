"""extract: nothing is written outside of the folder, and nothing of a damaged archive."""

import gzip
import io
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from d2lite.data.download import extract
from d2lite.saving.storage import FileError

FILES = {'a.txt': b'A' * 2000, 'inner/b.txt': b'B', 'inner/deep/c.txt': b''}


def make(path, members=FILES, link=None, kind=tarfile.SYMTYPE):
    """An archive of whatever type the suffix says, with members that may be anything."""
    if path.name.endswith('.zip'):
        with zipfile.ZipFile(path, 'w') as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
            if link:
                member = zipfile.ZipInfo(link)
                member.external_attr = 0o120777 << 16
                archive.writestr(member, '/etc/passwd')
        return path
    mode = 'w:gz' if path.name.endswith(('gz', 'tgz')) else 'w'
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        if link:
            member = tarfile.TarInfo(link)
            member.type, member.linkname = kind, '/etc/passwd'
            archive.addfile(member)
    return path


def files_below(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


@pytest.fixture(params=['x.zip', 'x.tar', 'x.tar.gz', 'x.tgz', 'x.gz'])
def path(request, tmp_path):
    (tmp_path / 'archive').mkdir()
    return tmp_path / 'archive' / request.param


def assert_refused(path, message):
    """Beside the archive nothing is there afterwards, in its folder and outside."""
    before = path.read_bytes()
    for folder in (None, path.parent / 'new'):
        with pytest.raises(FileError, match=message) as caught:
            extract(path, folder)
        assert str(path) in str(caught.value)
    assert files_below(path.parent.parent) == {f'archive/{path.name}': before}


def test_files_are_unpacked_beside_the_archive_or_where_one_says(path, tmp_path):
    make(path)
    extract(path, tmp_path / 'new' / 'folder')
    assert files_below(tmp_path / 'new' / 'folder') == FILES
    extract(str(path))
    assert files_below(path.parent) == FILES | {path.name: path.read_bytes()}
    # Once more, over what is there.
    (path.parent / 'a.txt').write_text('changed')
    extract(path)
    assert (path.parent / 'a.txt').read_bytes() == FILES['a.txt']
    assert sorted(p.name for p in path.parent.iterdir()) == sorted(['a.txt', 'inner', path.name])


def test_folders_and_a_dot_before_names_are_usual(path, tmp_path):
    make(path, {'./a.txt': b'A'})
    extract(path)
    assert (path.parent / 'a.txt').read_bytes() == b'A'
    with tarfile.open(tmp_path / 'y.tar', 'w') as archive:
        archive.add(path.parent, arcname='.')
    extract(tmp_path / 'y.tar', tmp_path / 'y')
    assert (tmp_path / 'y' / 'a.txt').read_bytes() == b'A'


@pytest.mark.parametrize(
    'name',
    [
        '../evil.txt',
        'inner/../../evil.txt',
        'inner\\..\\..\\evil.txt',
        '/evil.txt',
        'C:/evil.txt',
        'C:evil.txt',
        '\\\\server\\share\\evil.txt',
    ],
)
def test_members_that_lead_elsewhere_are_refused_or_stay_inside(path, tmp_path, name):
    make(path, FILES | {name: b'evil'})
    try:
        extract(path, tmp_path / 'new')
    except FileError as error:
        assert str(path) in str(error) and not any((tmp_path / 'new').iterdir())
    outside = files_below(tmp_path)
    for file in files_below(tmp_path / 'new'):
        del outside[f'new/{file}']
    assert list(outside) == [f'archive/{path.name}']
    assert not Path('/evil.txt').exists()


def test_links_in_a_zip_become_plain_files(tmp_path):
    extract(make(tmp_path / 'x.zip', link='inner/link'), tmp_path / 'new')
    link = tmp_path / 'new' / 'inner' / 'link'
    assert not link.is_symlink() and link.read_text() == '/etc/passwd'


@pytest.mark.parametrize(
    'kind', [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    (tmp_path / 'archive').mkdir()
    make(tmp_path / 'archive' / 'x.tar', link='thing', kind=kind)
    assert_refused(tmp_path / 'archive' / 'x.tar', "'thing' is a special file")


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_written_through(path, tmp_path):
    make(path)
    (tmp_path / 'precious').write_text('precious')
    (path.parent / 'a.txt').symlink_to(tmp_path / 'precious')
    extract(path)
    assert (tmp_path / 'precious').read_text() == 'precious'
    assert (path.parent / 'a.txt').read_bytes() == FILES['a.txt']


def test_a_folder_in_the_place_of_a_file_is_an_error_that_names_it(path):
    make(path)
    (path.parent / 'a.txt').mkdir()
    with pytest.raises(OSError, match='a.txt'):
        extract(path)
    assert not any(entry.name.startswith('.') for entry in path.parent.iterdir())


def test_the_folder_keeps_its_permissions(path, tmp_path):
    make(path)
    (tmp_path / 'new').mkdir(mode=0o755)
    extract(path, tmp_path / 'new')
    assert (tmp_path / 'new').stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize('part', [0.0, 0.1, 0.5, 0.95])
def test_an_archive_that_was_cut_is_refused_whole(path, part):
    members = {'a': random.Random(0).randbytes(20_000)}
    data = make(path, members).read_bytes()
    path.write_bytes(data[: int(part * len(members['a']))])
    assert_refused(path, 'damaged')


def test_no_byte_of_the_data_in_a_zip_changes_unnoticed(tmp_path):
    (tmp_path / 'archive').mkdir()
    path = make(tmp_path / 'archive' / 'x.zip', {'a': bytes(range(256)) * 8, 'b': b'b'})
    data = path.read_bytes()
    for position in range(50, 150):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :])
        assert_refused(path, 'damaged')


def test_what_is_no_archive(tmp_path):
    (tmp_path / 'archive').mkdir()
    path = tmp_path / 'archive' / 'x.csv.gz'
    path.write_bytes(gzip.compress(b'a,b\n1,2\n' * 200))
    assert_refused(path, 'damaged')
    path.unlink()
    path = tmp_path / 'archive' / 'x.rar'
    path.write_bytes(b'Rar!')
    assert_refused(path, 'is not an archive: expected .zip, .tar')
    with pytest.raises(FileError, match='none.zip cannot be read: there is no such file'):
        extract(tmp_path / 'none.zip')
