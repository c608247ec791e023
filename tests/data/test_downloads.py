"""download, download_extract and DATA_HUB, from a server on this machine."""

import hashlib
import os
import tarfile
import zipfile

import pytest
from fashion import server

from d2lite.data import download as downloads
from d2lite.data.download import DATA_HUB, DownloadError, download, download_extract

TEXT = b'the time machine\n'
SHA1, SHA256 = hashlib.sha1(TEXT).hexdigest(), hashlib.sha256(TEXT).hexdigest()


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / 'served'
    folder.mkdir()
    (folder / 'a.txt').write_bytes(TEXT)
    with zipfile.ZipFile(folder / 'pack.zip', 'w') as archive:
        archive.writestr('pack/inner.txt', 'inner')
        archive.writestr('other/b.txt', 'b')
    with tarfile.open(folder / 'pack.tar.gz', 'w:gz') as archive:
        archive.add(folder / 'a.txt', 'pack/inner.txt')
    return folder


def everything(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob('*') if p.is_file())


def test_every_backend_offers_the_same_hub(d2l):
    assert d2l.DATA_HUB is DATA_HUB and d2l.DATA_URL.startswith('https://')
    assert d2l.download is download and d2l.download_extract is download_extract


@pytest.mark.parametrize('checksum', [None, SHA1, SHA256, SHA256.upper()])
def test_a_file_comes_over_https_once(files, tmp_path, monkeypatch, capsys, checksum):
    with server(files, monkeypatch) as (url, paths):
        for _ in range(2):
            path = download(f'{url}a.txt?version=1', tmp_path / 'data', checksum)
        assert paths == ['/a.txt?version=1']
    assert path == str(tmp_path / 'data' / 'a.txt')
    assert capsys.readouterr().out.count('Downloading') == 1
    assert everything(tmp_path / 'data') == ['a.txt']
    with open(path, 'rb') as file:
        assert file.read() == TEXT


def test_a_certificate_that_nobody_vouches_for_is_refused(files, tmp_path, monkeypatch):
    with server(files, monkeypatch) as (url, _):
        monkeypatch.delenv('REQUESTS_CA_BUNDLE')
        with pytest.raises(DownloadError, match='(?i)certificate'):
            download(url + 'a.txt', tmp_path / 'data')
    assert everything(tmp_path / 'data') == []


@pytest.mark.parametrize('checksum', ['0' * 40, '0' * 64])
def test_a_file_with_another_checksum_is_not_kept(files, tmp_path, monkeypatch, checksum):
    with server(files, monkeypatch) as (url, _):
        with pytest.raises(DownloadError, match='SHA.* hash of downloaded file .* does not match'):
            download(url + 'a.txt', tmp_path / 'data', checksum)
        assert everything(tmp_path / 'data') == []
        # Nor does it take the place of what was there.
        (tmp_path / 'data' / 'a.txt').write_text('old')
        with pytest.raises(DownloadError):
            download(url + 'a.txt', tmp_path / 'data', checksum)
    assert (tmp_path / 'data' / 'a.txt').read_text() == 'old'


def test_a_damaged_file_in_the_folder_is_fetched_again(files, tmp_path, monkeypatch):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'a.txt').write_text('damaged')
    with server(files, monkeypatch) as (url, paths):
        download(url + 'a.txt', tmp_path / 'data', SHA1)
        assert paths == ['/a.txt']
    assert (tmp_path / 'data' / 'a.txt').read_bytes() == TEXT


def test_a_file_that_ends_early_is_not_kept(files, tmp_path, monkeypatch):
    """The server promises more bytes than it sends."""
    import fashion

    def half(self):
        self.send_response(200)
        self.send_header('Content-Length', str(len(TEXT)))
        self.end_headers()
        self.wfile.write(TEXT[:5])

    monkeypatch.setattr(fashion._Quiet, 'do_GET', half)
    for checksum in (None, SHA256):
        with server(files, monkeypatch) as (url, _):
            with pytest.raises(DownloadError):
                download(url + 'a.txt', tmp_path / 'data', checksum)
        assert everything(tmp_path / 'data') == []


def test_what_the_server_does_not_have(files, tmp_path, monkeypatch):
    with server(files, monkeypatch) as (url, _):
        with pytest.raises(DownloadError, match='none.txt is not in .*data, .*404'):
            download(url + 'none.txt', tmp_path / 'data')
    assert everything(tmp_path / 'data') == []


def test_plain_http_needs_a_checksum(files, tmp_path, monkeypatch):
    with server(files, monkeypatch, tls=False) as (url, paths):
        with pytest.raises(ValueError, match='is plain http, .* use https://'):
            download(url + 'a.txt', tmp_path / 'data')
        assert paths == []
        download(url + 'a.txt', tmp_path / 'data', SHA256)
    assert everything(tmp_path / 'data') == ['a.txt']


def test_https_that_leads_to_http_needs_a_checksum_as_well(files, tmp_path, monkeypatch):
    with server(files, monkeypatch, tls=False) as (plain, _):
        redirects = {'/a.txt': plain + 'a.txt'}
        with server(files, monkeypatch, redirects=redirects) as (url, _):
            with pytest.raises(DownloadError, match='leads to http://.* which is plain http'):
                download(url + 'a.txt', tmp_path / 'data')
            assert everything(tmp_path / 'data') == []
            download(url + 'a.txt', tmp_path / 'data', SHA1)
    assert everything(tmp_path / 'data') == ['a.txt']


def test_offline_is_one_clear_error(tmp_path):
    with pytest.raises(DownloadError) as caught:
        download('https://localhost:1/a.txt', tmp_path / 'data')
    message = str(caught.value)
    assert f'a.txt is not in {tmp_path / "data"}' in message
    assert 'https://localhost:1/a.txt' in message and 'refused' in message
    assert 'put the file into that folder yourself' in message
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    'url, checksum, message',
    [
        ('ftp://host/a.txt', None, 'expected the URL of a file'),
        ('https://host/', None, 'expected the URL of a file'),
        ('https://host/a/..', None, 'expected the URL of a file'),
        ('https://host/%2e%2e', None, 'expected the URL of a file'),
        ('https://host/..%5Ca', None, 'expected the URL of a file'),
        ('https://host/a', 'abc', r"40 .* or 64 .* got 'abc' with 3 characters"),
        ('https://host/a', 'g' * 40, 'hexadecimal digits'),
        ('house', None, "DATA_HUB has no 'house', it has airfoil, pack"),
    ],
)
def test_what_is_no_url_and_no_checksum(monkeypatch, tmp_path, url, checksum, message):
    for name in ('pack', 'airfoil'):
        monkeypatch.setitem(DATA_HUB, name, ('https://host/a', SHA1))
    with pytest.raises(ValueError, match=message):
        download(url, tmp_path / 'data', checksum)
    assert everything(tmp_path) == []


def test_a_slash_in_disguise_does_not_leave_the_folder(files, tmp_path, monkeypatch):
    (files / 'x').mkdir()
    (files / 'x' / 'b.txt').write_text('b')
    with server(files, monkeypatch) as (url, _):
        path = download(url + 'x%2Fb.txt', tmp_path / 'data')
    assert path == str(tmp_path / 'data' / 'b.txt')


def test_names_of_the_hub_and_archives(files, tmp_path, monkeypatch):
    checksum = hashlib.sha1((files / 'pack.zip').read_bytes()).hexdigest()
    (tmp_path / 'here').mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    with server(files, monkeypatch) as (url, _):
        monkeypatch.setitem(DATA_HUB, 'the pack', (url + 'pack.zip', checksum))
        assert download_extract('the pack') == os.path.join('..', 'data', 'pack')
        assert download_extract('the pack', 'other') == os.path.join('..', 'data', 'other')
        monkeypatch.setitem(DATA_HUB, 'tar', (url + 'pack.tar.gz', None))
        assert download_extract('tar') == os.path.join('..', 'data', 'pack')
    names = ['other/b.txt', 'pack.tar.gz', 'pack.zip', 'pack/inner.txt']
    assert everything(tmp_path / 'data') == names


def test_without_pooch_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'pooch', None)
    with pytest.raises(ImportError, match=r'pip install "d2lite\[data\]"'):
        downloads.fetch('https://localhost:1/a', tmp_path)
