"""Any shape, seed, learning rate and clipping: the backends compute what the reference computes."""

import numpy as np
import pytest
from contract import BACKENDS, require
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from problems import LINEAR, problem

from d2lite.parity import compare, record_training


@st.composite
def problems(draw):
    # Few shapes, since JAX compiles each operation anew for each.
    n, d = draw(st.sampled_from([1, 2, 7, 16])), draw(st.sampled_from([1, 2, 5]))
    made = problem(
        draw(st.sampled_from(list(LINEAR))),
        n,
        d,
        noise=draw(st.sampled_from([0, 0.01, 1])),
        seed=draw(st.integers(0, 2**32 - 1)),
        batch_size=draw(st.sampled_from([1, 3, 16])),
        num_steps=draw(st.integers(1, 8)),
        gradient_clip_val=draw(st.sampled_from([0, 0.1, 1.0])),
        dtype=draw(st.sampled_from(['float32', 'float64'])),
    )
    # Below 2 over the largest curvature of any batch, so that training does not diverge; and a
    # number that float32 holds, since MXNet's SGD rounds it to that.
    limit = 2 / (1 + np.sum(made.arrays[0] ** 2, axis=1).max())
    made.lr = float(np.float32(limit * draw(st.floats(2**-6, 0.99))))
    return made


@pytest.mark.parametrize('backend', BACKENDS)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(given=problems())
def test_any_problem(backend, given):
    require(backend)
    row = compare(record_training(backend, given), given)
    assert row.first_outside is None, (row, given)
