"""mainscripts/trainer_status.py: the status line (spec 20 section 13.4)."""
import numpy as np
import pytest

from mainscripts.trainer_status import format_iter_time, format_status_line, mean_losses


@pytest.mark.parametrize('seconds,expected', [(0.0, '[0000ms]'), (0.1454, '[0145ms]'),
                                              (9.9999, '[9999ms]'), (10.0, '[10.00s]'),
                                              (12.3456, '[12.34s]'), (123.456, '[123.4s]'),
                                              (12345.6, '[12345s]')])
def test_iteration_time(seconds, expected):
    assert format_iter_time(seconds) == expected


def test_status_line():
    assert format_status_line('12:34:56', 7, 0.1454,
                              [1.23456, 0.5]) == '[12:34:56][#000007][0145ms][1.2346][0.5000]'
    assert format_status_line('00:00:00', 1234567, 20, []) == '[00:00:00][#1234567][20.00s]'
    assert format_status_line('00:00:00', 1, 0.1, [0.5],
                              0.351) == '[00:00:00][#000001][0100ms][0.5000][feed 35%]'


def test_means_leave_out_what_is_not_finite():
    nan, inf = float('nan'), float('inf')
    assert list(mean_losses([[1.0, 2.0], [nan, inf], [3.0, 4.0]], 0, 3)) == [2.0, 3.0]
    means = mean_losses([[nan, 2.0], [nan, 4.0]], 0, 2)
    assert np.isnan(means[0]) and means[1] == 3.0
    assert format_status_line('00:00:00', 1, 0.001, means).endswith('[0001ms][nan][3.0000]')


def test_mean_losses():
    history = [[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]]
    assert list(mean_losses(history, 1, 3)) == [4.0, 6.5]
    assert mean_losses(history, 3, 3) == [5.0, 9.0]
    assert list(mean_losses([[1.0]] + history, 0, 4)) == [3.0, 5.0]
