"""extract: nothing is written outside of the folder, and nothing at all of what is unsound."""

import gzip
import io
import tarfile
import zipfile

import pytest

from d2lite.data.archives import extract, stem
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
    'name, message',
    [
        ('../evil.txt', "'../evil.txt' leads out of the folder"),
        ('inner/../../evil.txt', 'leads out of the folder'),
        ('inner\\..\\..\\evil.txt', 'leads out of the folder'),
        ('/tmp/evil.txt', "'/tmp/evil.txt' is an absolute path"),
        ('C:/evil.txt', 'is an absolute path'),
        ('C:evil.txt', 'is an absolute path'),
        ('\\\\server\\share\\evil.txt', 'is an absolute path'),
        ('a.txt/evil.txt', "lies in 'a.txt', which is a file"),
    ],
)
def test_members_that_lead_elsewhere_are_refused(path, name, message):
    make(path, FILES | {name: b'evil'})
    assert_refused(path, message)


def test_links_are_refused(path):
    make(path, link='inner/link')
    assert_refused(path, "'inner/link' is a link or a device")


@pytest.mark.parametrize(
    'kind', [tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_hard_links_and_devices_are_refused(tmp_path, kind):
    (tmp_path / 'archive').mkdir()
    make(tmp_path / 'archive' / 'x.tar', link='thing', kind=kind)
    assert_refused(tmp_path / 'archive' / 'x.tar', "'thing' is a link or a device")


def test_a_link_in_the_folder_is_not_followed_outside(path, tmp_path):
    make(path)
    outside = tmp_path / 'outside'
    outside.mkdir()
    (path.parent / 'inner').symlink_to(outside)
    with pytest.raises(FileError, match='would be written outside, through a link'):
        extract(path)
    assert files_below(outside) == {} and not (path.parent / 'a.txt').exists()


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_written_through(path, tmp_path):
    make(path)
    (tmp_path / 'precious').write_text('precious')
    (path.parent / 'a.txt').symlink_to(tmp_path / 'precious')
    extract(path)
    assert (tmp_path / 'precious').read_text() == 'precious'
    assert (path.parent / 'a.txt').read_bytes() == FILES['a.txt']


def test_what_is_in_the_way_is_said_before_anything_is_written(path):
    make(path)
    (path.parent / 'a.txt').mkdir()
    with pytest.raises(FileError, match='a.txt is a folder'):
        extract(path)
    (path.parent / 'a.txt').rmdir()
    (path.parent / 'inner').write_text('a file')
    with pytest.raises(FileError, match='inner is a file'):
        extract(path)
    assert sorted(p.name for p in path.parent.iterdir()) == sorted(['inner', path.name])


@pytest.mark.parametrize('part', [0.0, 0.1, 0.5, 0.95])
def test_an_archive_that_was_cut_is_refused_whole(path, part):
    make(path)
    data = path.read_bytes()
    end = data.rstrip(b'\0') if path.suffix == '.tar' else data
    path.write_bytes(data[: int(part * len(end))])
    assert_refused(path, 'damaged')


def test_a_tar_that_was_cut_between_members_is_refused(tmp_path):
    (tmp_path / 'archive').mkdir()
    path = make(tmp_path / 'archive' / 'x.tar')
    data = path.read_bytes()
    with tarfile.open(path) as archive:
        ends = [member.offset for member in archive.getmembers()[1:]] + [archive.offset]
    for end in ends:
        for extra in (0, 100):
            path.write_bytes(data[: end + extra])
            assert_refused(path, 'damaged, nothing was unpacked: its end is missing')


@pytest.mark.parametrize('name', ['x.zip', 'x.tar.gz'])
def test_no_byte_of_packed_data_changes_unnoticed(tmp_path, name):
    (tmp_path / 'archive').mkdir()
    path = make(tmp_path / 'archive' / name, {'a': bytes(range(256)) * 8, 'b': b'b'})
    data = path.read_bytes()
    for position in range(50, 150):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :])
        assert_refused(path, 'damaged')


def test_a_wrong_checksum_at_the_end_of_gzip_is_noticed(tmp_path):
    (tmp_path / 'archive').mkdir()
    path = make(tmp_path / 'archive' / 'x.tar.gz')
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    assert_refused(path, 'damaged')


def test_what_is_no_archive(tmp_path):
    (tmp_path / 'archive').mkdir()
    path = tmp_path / 'archive' / 'x.csv.gz'
    path.write_bytes(gzip.compress(b'a,b\n1,2\n' * 200))
    assert_refused(path, 'is not a tar archive, or damaged')
    path.unlink()
    path = tmp_path / 'archive' / 'x.rar'
    path.write_bytes(b'Rar!')
    assert_refused(path, 'is not an archive: expected .zip, .tar')
    with pytest.raises(FileError, match='none.zip cannot be read: there is no such file'):
        extract(tmp_path / 'none.zip')


@pytest.mark.parametrize(
    'name', ['x.zip', 'x.tar', 'x.tar.gz', 'x.tgz', 'x.tar.xz', 'x.gz', 'folder/x.zip', 'x']
)
def test_stem(name):
    assert stem(name) == 'x'
