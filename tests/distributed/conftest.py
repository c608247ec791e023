import pytest
from starting import start


@pytest.fixture(scope='session')
def together(tmp_path_factory):
    """A function: the folder with what two processes of a backend have found, made once."""
    done = {}

    def run(backend):
        if backend not in done:
            done[backend] = tmp_path_factory.mktemp(backend)
            process = start('lesson.py', backend, done[backend] / 'two')
            _, errors = process.communicate(timeout=280)
            assert process.returncode == 0, errors
        return done[backend]

    return run
