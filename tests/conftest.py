import matplotlib
import pytest
from browser import browser  # noqa: F401
from commands import command  # noqa: F401
from contract import BACKENDS, require

matplotlib.use('Agg')


@pytest.fixture(params=BACKENDS)
def d2l(request):
    """The namespace of each backend in turn, seeded."""
    namespace = require(request.param)
    namespace.seed_everything(0)
    return namespace
