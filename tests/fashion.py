"""Small Fashion-MNIST files in the original format, and an https server that is trusted here."""

import contextlib
import functools
import gzip
import http.server
import ssl
import struct
import threading

import numpy as np
import trustme

FOLDER = ('FashionMNIST', 'raw')


def idx(array):
    """The bytes of an IDX file."""
    header = struct.pack(f'>BBBB{array.ndim}I', 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def arrays(count, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(count, 28, 28)), rng.integers(10, size=count)


def write_files(root, num_train=50, num_val=20, packed=True):
    """Writes the four files below `root`; returns the images and labels of both splits."""
    folder = root.joinpath(*FOLDER)
    folder.mkdir(parents=True)
    splits = []
    for seed, (name, count) in enumerate([('train', num_train), ('t10k', num_val)]):
        images, labels = arrays(count, seed)
        splits.append((images, labels))
        for kind, array in [('images-idx3', images), ('labels-idx1', labels)]:
            data = idx(array)
            file = folder / f'{name}-{kind}-ubyte{".gz" if packed else ""}'
            file.write_bytes(gzip.compress(data) if packed else data)
    return splits


class _Quiet(http.server.SimpleHTTPRequestHandler):
    redirects = {}

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.paths.append(self.path)
        if self.path in self.redirects:
            self.send_response(302)
            self.send_header('Location', self.redirects[self.path])
            self.end_headers()
        else:
            super().do_GET()


@contextlib.contextmanager
def server(folder, monkeypatch, tls=True, redirects=None):
    """Serves a folder on this machine; gives its URL, and the list of paths that were asked for."""
    handler = type('Handler', (_Quiet,), {'redirects': redirects or {}})
    httpd = http.server.ThreadingHTTPServer(
        ('localhost', 0), functools.partial(handler, directory=folder)
    )
    httpd.paths = []
    if tls:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert('localhost').configure_cert(context)
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
        bundle = folder.parent / 'authority.pem'
        authority.cert_pem.write_to_path(bundle)
        monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(bundle))
    for variable in ('HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f'http{"s" if tls else ""}://localhost:{httpd.server_port}/', httpd.paths
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
