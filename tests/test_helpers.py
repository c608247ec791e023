"""Timer, Accumulator, check_len and check_shape."""

import time

import pytest

from d2lite import helpers


def test_a_timer_remembers_every_time(monkeypatch):
    seconds = iter([10.0, 11.0, 20.0, 23.0, 25.0])
    monkeypatch.setattr(helpers.time, 'perf_counter', lambda: next(seconds))
    timer = helpers.Timer()  # at 10, where it starts
    assert timer.stop() == 1
    timer.start()
    assert timer.stop() == 3
    assert timer.stop() == 5  # and runs on
    assert timer.times == [1, 3, 5]
    assert (timer.sum(), timer.avg(), timer.cumsum()) == (9, 3, [1, 4, 9])


def test_a_timer_measures_time(d2l):
    timer = d2l.Timer()
    time.sleep(0.01)
    assert 0.01 <= timer.stop() < 1


def test_a_timer_without_times_says_so():
    with pytest.raises(ValueError, match=r'call stop\(\) first'):
        helpers.Timer().avg()


def test_sums_that_grow_together(d2l):
    metric = d2l.Accumulator(3)
    metric.add(1, d2l.reduce_sum(d2l.tensor([2.5])), True)
    metric.add(d2l.reduce_sum(d2l.ones(4)), 0.5, 0)
    assert metric[0] == 5 and metric[1] == 3 and metric[2] == 1
    assert type(metric[1]) is float and metric[-1] == 1
    metric.reset()
    assert [metric[i] for i in range(3)] == [0, 0, 0]


def test_the_wrong_number_of_values_is_refused_and_nothing_is_added():
    metric = helpers.Accumulator(2)
    metric.add(1, 2)
    for values in [(1,), (1, 2, 3)]:
        with pytest.raises(ValueError, match=f'has 2 sums, got {len(values)}'):
            metric.add(*values)
    assert metric.data == [1, 2]


def test_check_len(d2l):
    d2l.check_len([1, 2], 2)
    d2l.check_len(d2l.zeros((3, 2)), 3)
    with pytest.raises(AssertionError, match='expected length 3, got a list of length 2'):
        d2l.check_len([1, 2], 3)


def test_check_shape(d2l):
    d2l.check_shape(d2l.zeros((2, 3)), (2, 3))
    d2l.check_shape(d2l.zeros((2, 3)), [2, 3])
    with pytest.raises(AssertionError, match=r'expected shape \(3, 2\), got a tensor of \(2, 3\)'):
        d2l.check_shape(d2l.zeros((2, 3)), (3, 2))
    with pytest.raises(AssertionError, match=r'expected shape \(2,\), got a tensor of \(2, 1\)'):
        d2l.check_shape(d2l.zeros((2, 1)), (2,))
