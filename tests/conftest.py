import devices  # the first: it sets what JAX reads when it starts
import matplotlib
import pytest
from browser import browser  # noqa: F401
from commands import command  # noqa: F401
from contract import BACKENDS, require

from d2lite import selection

matplotlib.use('Agg')


def pytest_report_header():
    if devices.DEVICE != 'cpu':
        return f'trainers on: {devices.DEVICE}; backends here: {", ".join(selection.available())}'


@pytest.fixture(scope='session', autouse=True)
def num_gpus_by_default():
    """D2LITE_TEST_DEVICE=gpu or pretend: all Trainers of the tests train on the first GPU."""
    with devices.trainers_take_a_gpu():
        yield


@pytest.fixture(params=BACKENDS)
def d2l(request):
    """The namespace of each backend in turn, seeded."""
    namespace = require(request.param)
    namespace.seed_everything(0)
    return namespace
