"""Layouts in which parameters move between frameworks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from d2lite.saving.layouts import from_neutral, neutral_names, to_neutral

SIDES = st.integers(1, 4)


@st.composite
def weights(draw):
    """The weight of a layer with its outputs first, and the image that a dense one flattens."""
    num_outputs, image = draw(SIDES), None
    kind = draw(st.sampled_from(['dense', 'flattened', 'convolution']))
    if kind == 'flattened':
        image = draw(st.tuples(SIDES, SIDES, SIDES))
        shape = (num_outputs, int(np.prod(image)))
    else:
        shape = (num_outputs, *draw(st.lists(SIDES, min_size=1, max_size=1)))
        if kind == 'convolution':
            shape += tuple(draw(st.lists(SIDES, min_size=1, max_size=3)))
    dtype = draw(st.sampled_from(['float32', 'float64']))
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape), image


@given(weights())
def test_back_and_forth_is_the_same_weight(given_weight):
    weight, image = given_weight
    neutral = to_neutral(weight, image)
    assert neutral.shape == (*weight.shape[2:], weight.shape[1], weight.shape[0])
    back = from_neutral(neutral, image)
    np.testing.assert_array_equal(back, weight, strict=True)
    np.testing.assert_array_equal(to_neutral(back, image), neutral, strict=True)


@given(weights())
def test_neither_returns_the_array_that_it_was_given(given_weight):
    weight, image = given_weight
    neutral = to_neutral(weight, image)
    back = from_neutral(neutral, image)
    assert not np.shares_memory(neutral, weight) and not np.shares_memory(back, neutral)
    assert neutral.flags.c_contiguous and back.flags.c_contiguous
    assert neutral.flags.writeable and back.flags.writeable


@given(weights())
def test_a_weight_acts_on_the_same_input(given_weight):
    """Each place of the input is where it was: (h, w, c) of an image that comes flattened."""
    weight, image = given_weight
    neutral = to_neutral(weight, image)
    for at in np.ndindex(weight.shape):
        out, rest = at[0], at[1:]
        if image is not None:
            c, h, w = np.unravel_index(at[1], image)
            rest = (np.ravel_multi_index((h, w, c), (*image[1:], image[0])),)
        assert neutral[(*rest[1:], rest[0], out)] == weight[at]


def test_an_asymmetric_flattened_image():
    weight = np.arange(2 * 3 * 2)[None]  # (c, h, w) = (2, 3, 2), one output
    expected = [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]  # by pixels, each with its two channels
    np.testing.assert_array_equal(to_neutral(weight, (2, 3, 2))[:, 0], expected)


def test_names():
    assert neutral_names(['kernel', 'bias']) == {'kernel': 'weight', 'bias': 'bias'}
    assert neutral_names(['gamma', 'beta', 'moving_variance', 'W_q']) == {
        'gamma': 'weight',
        'beta': 'bias',
        'moving_variance': 'running_var',
        'W_q': 'W_q',
    }


def test_names_of_which_two_would_be_the_same():
    assert neutral_names(['weight', 'scale', 'beta']) == {
        'weight': 'weight',
        'scale': 'scale',
        'beta': 'bias',
    }
    assert neutral_names(['gamma', 'kernel']) == {'gamma': 'gamma', 'kernel': 'kernel'}
