"""mainscripts/preview_state.py: what window and page show and how they steer (spec 20 section
13.5)."""
import threading

import numpy as np
import pytest

from mainscripts.preview_state import (HISTORY_RANGES, KEY_HELPS, KEY_OPS, PreviewState, Snapshot,
                                       describe_keys, describe_selection)
from mainscripts.preview_window import PreviewWindow


def make_message(count=2, iteration=5):
    return {'op': 'show', 'iter': iteration, 'loss_history': [[1.0]] * iteration, 'previews': [
        ('preview %d' % i, np.full((20, 30, 3), i / 10, np.float32)) for i in range(count)]}


def test_a_snapshot_stays_what_it_was():
    state = PreviewState()
    state.receive(make_message())
    taken = state.snapshot
    state.press(' ')
    state.receive(make_message(3, 9))
    assert (taken.selected, taken.iter, len(taken.previews)) == (0, 5, 2)
    assert (state.snapshot.selected, state.snapshot.iter, len(state.snapshot.previews)) == (1, 9, 3)
    with pytest.raises(AttributeError):
        taken.iter = 6


def test_every_change_has_a_version_and_only_the_picture_asks_for_a_redraw():
    state = PreviewState()
    state.receive(make_message())
    window = PreviewWindow(state)
    assert not window.is_changed
    before = state.snapshot
    state.report(iteration=7, status_line='[#000007]')
    state.report_warning('NOT saved')
    state.press('p')
    assert state.snapshot.version == before.version + 3 and not window.is_changed
    assert state.snapshot.warning == 'NOT saved' and state.snapshot.is_waiting
    for change in (lambda: state.press('l'), lambda: state.press(' '), lambda: state.select(0),
                   lambda: state.choose_range(0), lambda: state.receive(make_message())):
        change()
        assert window.is_changed
        window.draw()
        assert not window.is_changed


def test_two_windows_of_one_state_show_the_same():
    state = PreviewState()
    state.receive(make_message())
    first, second = PreviewWindow(state), PreviewWindow(state)
    first.press(' ')
    first.press('l')
    assert second.is_changed and (second.selected, second.range) == (1, 1000)
    np.testing.assert_array_equal(first.draw(), second.draw())
    assert not second.is_changed


def test_part_of_the_history_in_the_chart():
    state = PreviewState()
    assert state.snapshot.chart_losses is None
    state.receive(make_message(1, 3000))
    assert len(state.snapshot.chart_losses) == 3000
    state.choose_range(1000)
    assert len(state.snapshot.chart_losses) == 1000
    with pytest.raises(ValueError):
        state.choose_range(-1)
    assert state.snapshot.range == 1000


def test_selecting_goes_round_and_needs_no_preview():
    state = PreviewState()
    state.select(5)
    assert state.snapshot.selected == 0 and describe_selection(state.snapshot) == ''
    state.receive(make_message(3))
    state.select(5)
    assert describe_selection(state.snapshot) == 'Preview: "preview 2" [3/3]'


def test_the_end_is_told():
    state = PreviewState()
    assert state.press('x') is None and not state.snapshot.is_closing
    assert state.press('\r') == 'close' and state.snapshot.is_closing


def test_every_key_that_is_named_does_what_it_says():
    assert {help.op for help in KEY_HELPS} == set(KEY_OPS.values())
    assert all(KEY_OPS[help.key] == help.op for help in KEY_HELPS)
    text = ' '.join(describe_keys())
    assert all('[%s]:%s' % (help.label, help.text) in text for help in KEY_HELPS)
    assert HISTORY_RANGES[0] == 0


def test_threads_lose_no_change():
    state = PreviewState()
    state.receive(make_message(7))
    count, threads = 400, []

    def steer():
        for _ in range(count):
            state.press(' ')
            state.press('l')

    def report():
        for i in range(count):
            state.report(iteration=i)
    for target in (steer, steer, report):
        threads.append(threading.Thread(target=target))
    before = state.snapshot
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = state.snapshot
    assert after.version == before.version + 5 * count
    assert after.picture_version == before.picture_version + 4 * count
    assert after.selected == (2 * count) % 7
    assert after.range == HISTORY_RANGES[2 * count % len(HISTORY_RANGES)]
    assert after.iteration == count - 1 and isinstance(after, Snapshot)
