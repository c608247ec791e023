"""Processes that are started together ask for a file once."""

import contextlib
import hashlib
import http.server
import threading

import pytest
from starting import start

CONTENT = b'rows of data\n' * 100

SCRIPT = """
import sys
from d2lite.data.download import download
path = download(*sys.argv[1:])
assert open(path, 'rb').read().startswith(b'rows of data')
"""


@contextlib.contextmanager
def slow_server(waits):
    """Serves CONTENT, the first time after `waits()`; gives the URL and the paths asked for."""
    asked, second = [], threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked.append(self.path)
            if len(asked) > 1:
                second.set()
            else:
                waits(second)
            self.send_response(200)
            self.send_header('Content-Length', str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

    httpd = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        yield f'http://127.0.0.1:{httpd.server_port}/rows.txt', asked
    finally:
        httpd.shutdown()
        httpd.server_close()


def test_two_processes_download_once(tmp_path, monkeypatch):
    pytest.importorskip('pooch')
    pytest.importorskip('fcntl')
    for variable in ('HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    script = tmp_path / 'script.py'
    script.write_text(SCRIPT)
    # Time enough for the other process to ask, too, if nothing keeps it from that.
    with slow_server(lambda second: second.wait(2)) as (url, asked):
        checksum = hashlib.sha256(CONTENT).hexdigest()
        process = start(script, url, tmp_path / 'data', checksum)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert asked == ['/rows.txt']
    assert [path.name for path in (tmp_path / 'data').iterdir()] == ['rows.txt']
