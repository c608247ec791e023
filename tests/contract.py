"""The backends that the shared tests run on.

A backend that is not installed is skipped with the reason, and fails where D2LITE_REQUIRE_ALL=1.
"""

import os

import pytest

import d2lite
from d2lite import selection

BACKENDS = list(selection.PREFERENCE)


def require(name):
    """The namespace of backend `name`; without its framework the test skips, or fails in CI."""
    try:
        return selection.load(name)
    except d2lite.BackendError as error:
        if os.environ.get('D2LITE_REQUIRE_ALL') == '1':
            raise
        pytest.skip(str(error), allow_module_level=True)
