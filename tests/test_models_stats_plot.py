"""models/stats_plot.py: where values stand in the picture, and what cannot be on a log scale."""
import numpy as np
import pytest

from models import stats_plot
from models.model_stats import HeadStats, LayerStats, ModelStats, Summary

SUMMARY = Summary(10, 0.0, 1.0, -1.0, 1.0, 0.5)


def make_stats(stds):
    """Layers of two networks; (activation, gradient) each."""
    layers = [LayerStats('encoder' if index < 2 else 'decoder', 'conv%d' % index, 'Conv2D',
                         *[None if std is None else SUMMARY._replace(std=std) for std in pair])
              for index, pair in enumerate(stds)]
    head = HeadStats('decoder', 'image', SUMMARY, SUMMARY)
    return ModelStats('me_SAEHD', 7, 1, 4, layers, [head], [])


def find_marks(picture, index, top):
    """Rows of a panel in which a layer's column shows something of its own: not the grid."""
    column = stats_plot.get_column(index)
    area = picture[top - 6:top + stats_plot.PANEL_HEIGHT + 6, column].astype(int)
    colored = area.max(axis=1) - area.min(axis=1) > 60
    return np.flatnonzero(colored) + top - 6


def test_a_value_stands_where_the_scale_says():
    picture = stats_plot.draw_stats(make_stats([(1.0, 1e-3), (10.0, 1e-2), (100.0, 1e-1)]))
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    for number in range(2):
        top = stats_plot.TOP + number * (stats_plot.PANEL_HEIGHT + stats_plot.GAP)
        for index, share in enumerate((1.0, 0.5, 0.0)):
            rows = find_marks(picture, index, top)
            assert abs(rows.mean() - top - share * stats_plot.PANEL_HEIGHT) <= 3, (number, index)


def test_each_network_has_its_color():
    colors = stats_plot.get_network_colors(['encoder', 'encoder', 'inter', 'decoder'])
    assert list(colors) == ['encoder', 'inter', 'decoder'] and len(set(colors.values())) == 3


def test_what_a_log_scale_cannot_show():
    """Not finite: a cross at the upper edge; 0: at the lower; not measured: nothing."""
    picture = stats_plot.draw_stats(make_stats(
        [(float('nan'), 0.0), (float('inf'), 1.0), (0.5, None)]))
    top, lower = stats_plot.TOP, stats_plot.TOP + stats_plot.PANEL_HEIGHT + stats_plot.GAP
    for index in (0, 1):
        assert abs(find_marks(picture, index, top).mean() - top) <= 6
    assert abs(find_marks(picture, 0, lower).mean() - lower - stats_plot.PANEL_HEIGHT) <= 6
    assert len(find_marks(picture, 2, lower)) == 0


def test_a_model_of_which_nothing_was_measured():
    assert stats_plot.draw_stats(make_stats([(None, None)])).shape[1] == stats_plot.SHORTEST_WIDTH


@pytest.mark.parametrize('values, decades', [
    ([0.02, 3.0], (-2, 1)), ([1.0], (0, 1)), ([0.05], (-2, -1)), ([], (-1, 0)),
    ([None, 0.0, float('nan')], (-1, 0)), ([float('inf'), 0.5], (-1, 0))])
def test_decades_enclose_the_values(values, decades):
    assert stats_plot.find_decades(values) == decades
