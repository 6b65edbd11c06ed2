"""models/loss_chart.py: numbers of the chart against a plain evaluation of its definition (spec 20
section 9)."""
import colorsys

import numpy as np
import pytest

from core import imagelib
from models.loss_chart import draw_loss_chart, get_loss_history_preview, reduce_loss_history


def plain_chart(history, iteration, w, c):
    """The definition, column by column, in plain Python."""
    chart = np.ones((100, w, c)) * 0.1
    n = len(history)
    if n:
        losses = np.array(history)
        k = losses.shape[1]
        q = n / w
        scale = np.mean(losses[n // 5:]) * 2
        for x in range(w):
            a, b = int(x * q), int((x + 1) * q)
            for p in range(k):
                high = low = losses[a, p]
                high = max(0.0, high)
                for value in losses[a:b, p]:
                    high, low = max(high, value), min(low, value)
                low = min(high, low)
                color = (list(colorsys.hsv_to_rgb(p / k, 1.0, 1.0)) + [1.0] * max(0, c - 3))[:c]
                for row in range(int(np.clip(int(low / scale * 99), 0, 99)),
                                 int(np.clip(int(high / scale * 99), 0, 99)) + 1):
                    chart[99 - row, x] = color
    for i in range(6):
        chart[int(i * 19.8)] = 0.8
    text = 'Iter: %d' % iteration if iteration else ''
    chart[79:99] += imagelib.get_text_image((20, w, c), text, color=[0.8] * c)
    return chart


@pytest.mark.parametrize('n,w,k,c', [(0, 64, 2, 3), (1, 64, 2, 3), (7, 64, 1, 3), (64, 64, 2, 3),
                                     (1000, 64, 3, 3), (777, 320, 2, 3), (100, 33, 2, 4)])
def test_chart_equals_its_definition(n, w, k, c):
    random = np.random.RandomState(n + w)
    history = (random.gamma(2.0, 0.5, (n, k)) * np.linspace(3, 1, max(n, 1))[:n, None]).tolist()
    chart = get_loss_history_preview(history, n, w, c)
    assert chart.shape == (100, w, c)
    np.testing.assert_array_equal(chart, plain_chart(history, n, w, c))


def test_colors_are_blue_and_yellow_in_bgr():
    chart = get_loss_history_preview([[0.2, 1.0]] * 10, 0, 10, 3)
    rows = {tuple(chart[row, 5]) for row in range(100)}
    assert (1.0, 0.0, 0.0) in rows and (0.0, 1.0, 1.0) in rows


def test_label_of_the_iteration_is_drawn():
    without, with_label = (get_loss_history_preview([[1.0]], i, 200, 3) for i in (0, 1234))
    changed = np.argwhere((without != with_label).any(axis=(1, 2)))
    assert len(changed) and changed.min() >= 79 and changed.max() <= 98


def test_status_text_of_the_environment_follows_the_label(monkeypatch):
    before = get_loss_history_preview([[1.0]], 12, 300, 3)
    monkeypatch.setenv('dfl_model_parameters_string', 'df-ud 128')
    assert (get_loss_history_preview([[1.0]], 12, 300, 3) != before).any()


def test_one_channel():
    chart = get_loss_history_preview([[0.2, 1.0]] * 10, 0, 40, 1)
    assert chart.shape == (100, 40, 1)
    assert 1.0 in chart[:, 20] and 0.5 in chart[:, 20]


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -float('inf')])
def test_a_value_that_is_not_finite_is_a_full_column(bad):
    history = [[1.0, 1.0] for _ in range(50)]
    history[30][0] = bad
    chart = get_loss_history_preview(history, 0, 50, 3)
    plain = get_loss_history_preview([[1.0, 1.0]] * 50, 0, 50, 3)
    assert np.isfinite(chart).all()
    np.testing.assert_array_equal(np.delete(chart, 30, 1), np.delete(plain, 30, 1))
    assert (chart[:, 30] == [1.0, 0.0, 0.0]).all(-1).sum() >= 93     # all but the horizontal lines


@pytest.mark.parametrize(
    'history', [[[0.0, 0.0]] * 5, [[float('nan')] * 2] * 5, [[1e300, 1e-300]] * 5, [[], []]])
def test_extreme_histories_are_drawn(history):
    assert np.isfinite(get_loss_history_preview(history, 5, 30, 3)).all()


def test_a_loss_that_was_added_later():
    assert get_loss_history_preview([[1.0]] * 5 + [[1.0, 2.0]] * 5, 5, 30, 3).shape == (100, 30, 3)


def test_reduction_is_all_the_chart_needs():
    history = np.random.RandomState(1).rand(5000, 2).tolist()
    columns = reduce_loss_history(history, 80)
    assert columns.low.shape == columns.high.shape == (80, 2)
    np.testing.assert_array_equal(draw_loss_chart(columns, 5000, 3),
                                  get_loss_history_preview(history, 5000, 80, 3))
