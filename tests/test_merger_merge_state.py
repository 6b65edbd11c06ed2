"""merger/merge_state.py: keys of spec 50 section 9.6, turns of 9.5; no windows, no processes."""
from types import SimpleNamespace

import numpy as np
import pytest

from core.interact.windows import normalize_key
from merger import InteractiveMergerSubprocessor, MergerConfigMasked
from merger.merge_state import SETTING_KEYS, MergeState

# The table of the specification: key, setting, step, step with Shift.
STEPS = [('q', 'hist_match_threshold', 1, 5), ('a', 'hist_match_threshold', -1, -5),
         ('w', 'erode_mask_modifier', 1, 5), ('s', 'erode_mask_modifier', -1, -5),
         ('e', 'blur_mask_modifier', 1, 5), ('d', 'blur_mask_modifier', -1, -5),
         ('r', 'motion_blur_power', 1, 5), ('f', 'motion_blur_power', -1, -5),
         ('t', 'super_resolution_power', 1, 5), ('g', 'super_resolution_power', -1, -5),
         ('y', 'blursharpen_amount', 1, 5), ('h', 'blursharpen_amount', -1, -5),
         ('u', 'output_face_scale', 1, 5), ('j', 'output_face_scale', -1, -5),
         ('i', 'image_denoise_power', 1, 5), ('k', 'image_denoise_power', -1, -5),
         ('o', 'bicubic_degrade_power', 1, 5), ('l', 'bicubic_degrade_power', -1, -5),
         ('p', 'color_degrade_power', 1, 5), (';', 'color_degrade_power', -1, -1),
         (':', 'color_degrade_power', -5, -5)]
TOGGLES = [('z', 'masked_hist_match', [False, True]), ('x', 'mask_mode', [5, 6]),
           ('c', 'color_transfer_mode', [2, 3]), ('n', 'sharpen_mode', [1, 2, 0])]
MODES = list(zip('`123456', ('original', 'overlay', 'hist-match', 'seamless',
                             'seamless-hist-match', 'raw-rgb', 'raw-predict')))


def make_state(count=4, is_interactive=True, prefetch=2, **settings):
    frames = []
    for idx in range(count):
        frame = InteractiveMergerSubprocessor.Frame(frame_info=SimpleNamespace(
            filepath=SimpleNamespace(name='%d.png' % idx)))
        frame.idx = idx
        frames.append(frame)
    frames[0].cfg = MergerConfigMasked(**settings)
    lines = []
    state = MergeState(frames, is_interactive, prefetch, lines.append)
    state.lines = lines
    return state


def press(state, char, shift=False, is_main_screen=True):
    code = {'Tab': 9, 'Esc': 27}.get(char) or ord(char)
    return state.tick((code, chr(code), False, False, shift), is_main_screen)


def compute(state):
    """What the workers would do."""
    while True:
        frame = state.find_job()
        if frame is None:
            return
        frame.is_done, frame.image = True, np.full((2, 2, 4), frame.idx, np.uint8)


@pytest.mark.parametrize('key, name, plain, shifted', STEPS)
def test_setting_keys(key, name, plain, shifted):
    for shift, step in ((False, plain), (True, shifted)):
        state = make_state(mode='hist-match', color_degrade_power=50, **(
            {} if name == 'color_degrade_power' else {name: 20}))
        before = getattr(state.frames[0].cfg, name)
        compute(state)
        press(state, key, shift)
        cfg = state.frames[0].cfg
        assert getattr(cfg, name) == before + step and not state.frames[0].is_done
        assert state.lines == [cfg.to_string('0.png')]


@pytest.mark.parametrize('key, name, values', TOGGLES)
def test_toggle_keys(key, name, values):
    state = make_state(mode='hist-match')
    for value in values:
        press(state, key)
        assert getattr(state.frames[0].cfg, name) == value


@pytest.mark.parametrize('key, mode', MODES)
def test_mode_keys(key, mode):
    state = make_state(mode='raw-rgb' if mode != 'raw-rgb' else 'overlay')
    press(state, key)
    assert state.frames[0].cfg.mode == mode


def test_no_key_is_left_out():
    keys = {row[0] for row in STEPS + TOGGLES} | {key for key, _ in MODES}
    assert set(SETTING_KEYS) == keys
    assert [normalize_key(ord(char)) for char in 'W?<>:'] == [
        (ord('w'), True), (ord('/'), True), (ord(','), True), (ord('.'), True), (ord(':'), False)]


def test_a_key_that_changes_nothing_leaves_the_frame():
    state = make_state()
    compute(state)
    press(state, 'q')       # only in the histogram modes
    press(state, 'd')       # at its lowest
    assert state.frames[0].is_done and not state.lines
    press(state, 'w', is_main_screen=False)
    assert state.frames[0].is_done


def test_settings_follow_from_frame_to_frame():
    state = make_state(prefetch=2)
    assert [frame.cfg is not None for frame in state.frames] == [True, False, False, False]
    press(state, '.')
    assert state.frames_idxs == [0, 1, 2, 3], 'not done: not passed'
    compute(state)
    press(state, 'w')
    compute(state)
    press(state, '.')
    assert (state.frames_idxs, state.frames_done_idxs) == ([1, 2, 3], [0])
    assert state.frames[0].image is None and state.take_progress() == 1
    assert [frame.cfg and frame.cfg.erode_mask_modifier for frame in state.frames] == [1, 1, 1,
                                                                                       None]
    compute(state)
    press(state, 'e')
    compute(state)
    press(state, '/')       # the next one gets this one's settings
    assert [frame.cfg.blur_mask_modifier for frame in state.frames] == [0, 1, 1, 1]


def test_override_of_all_following_frames():
    state = make_state(count=6, prefetch=6)
    state.spread_settings(state.frames[0])
    compute(state)
    press(state, 'e')
    compute(state)
    press(state, '/', shift=True)
    assert [frame.cfg.blur_mask_modifier for frame in state.frames] == [1] * 6
    assert [frame.is_done for frame in state.frames] == [True] + [False] * 5


def advance(state, count):
    for _ in range(count):
        compute(state)
        press(state, '.')
    compute(state)
    state.take_progress()


def test_going_back():
    state = make_state(count=5)
    advance(state, 3)
    press(state, ',')
    assert (state.frames_idxs, state.take_progress()) == ([2, 3, 4], -1)
    assert not state.frames[2].is_shown and state.frames[2].is_done
    press(state, 'e')
    press(state, ',')
    assert state.frames_idxs[0] == 2, 'from a frame that is not done there is no way back'
    compute(state)
    press(state, 'm')       # with these settings
    assert state.frames_idxs[0] == 1 and state.frames[1].cfg.blur_mask_modifier == 1
    assert not state.frames[1].is_done and state.frames[0].cfg.blur_mask_modifier == 0
    compute(state)
    press(state, ',', shift=True)
    assert state.frames_idxs == [0, 1, 2, 3, 4] and state.frames_done_idxs == []
    press(state, ',')
    assert state.frames_idxs[0] == 0


def test_back_to_the_first_with_these_settings():
    state = make_state(count=5)
    advance(state, 4)
    press(state, 'w')
    compute(state)
    press(state, 'm', shift=True)
    assert state.frames_idxs[0] == 0 and state.take_progress() == -4
    assert [frame.cfg.erode_mask_modifier for frame in state.frames] == [1] * 5


def test_running_through_and_what_stops_it():
    state = make_state(count=8)
    compute(state)
    press(state, '.', shift=True)
    assert state.process_remain_frames and state.frames_idxs[0] == 1
    assert state.view(None, None) == (None, True)
    compute(state)
    state.tick()
    assert state.frames_idxs[0] == 2
    press(state, '-')
    press(state, 'v')
    assert state.process_remain_frames
    for key in 'w.,/m':
        compute(state)
        state.process_remain_frames = True
        press(state, key)
        assert not state.process_remain_frames, key
    compute(state)
    press(state, '.', shift=True)
    for _ in range(20):
        compute(state)
        state.tick()
    assert state.frames_idxs == [] and not state.process_remain_frames
    assert not state.is_finished(), 'an interactive merge ends with Esc only'
    press(state, ',')
    assert state.frames_idxs == [7]
    press(state, 'Esc', is_main_screen=False)
    assert state.is_finished() and state.find_job() is None


def test_window_keys():
    state = make_state()
    assert press(state, '-').scale == -0.1 and press(state, '=').scale == 0.1
    assert press(state, 'v').toggles_board
    assert press(state, 'Tab', is_main_screen=False).switches_screens
    assert not press(state, 'v', is_main_screen=False).toggles_board


def test_what_the_screen_shows():
    state = make_state()
    assert state.view('before', None) == ('before', True), 'waits'
    compute(state)
    picture, is_waiting = state.view('before', None)
    assert picture is state.frames[0].image and not is_waiting
    assert state.lines == [state.frames[0].cfg.to_string('0.png')] and state.frames[0].is_shown
    assert state.view(picture, None) == (picture, False)
    advance(state, 1)
    press(state, ',')
    assert state.view(None, lambda frame: 'file %d' % frame.idx) == ('file 0', False)
    press(state, '.')
    press(state, ',')
    assert state.view('before', lambda frame: None) == ('before', True)
    assert not state.frames[0].is_done, 'its files are gone: computed again'
    press(state, 'Esc')
    assert state.view('before', None) == ('before', True)


def test_automatic_merge_passes_what_is_done_and_ends():
    state = make_state(count=3, is_interactive=False, prefetch=3)
    state.spread_settings(state.frames[0])
    state.tick()
    assert state.frames_idxs[0] == 0
    compute(state)
    for _ in range(3):
        assert not state.is_finished()
        state.tick()
    assert state.is_finished() and state.take_progress() == 3


def test_rewind():
    state = make_state(count=5)
    state.frames_idxs, state.frames_done_idxs = [4], [0, 1, 2, 3]
    state.rewind(1)
    assert (state.frames_idxs, state.frames_done_idxs) == ([2, 3, 4], [0, 1])
    state.rewind(-1)
    assert (state.frames_idxs, state.frames_done_idxs) == ([0, 1, 2, 3, 4], [])
