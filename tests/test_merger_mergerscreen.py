"""merger/MergerScreen and merger/merge_window.py: what is drawn, when, and a real window under a
virtual screen."""
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from tree_setup import REPOSITORY

from core.interact import interact as io
from merger import InteractiveMergerSubprocessor, MergerConfig, MergerConfigMasked, merge_window
from merger.merge_state import SETTING_KEYS, NO_VIEW, View
from merger.MergerScreen import Screen, ScreenManager
from merger.MergerScreen.MergerScreen import ScreenAssets


@pytest.fixture
def shown(monkeypatch):
    pictures = []
    monkeypatch.setattr(io, 'show_image', lambda name, img: pictures.append(img))
    monkeypatch.setattr(io, 'process_messages', lambda seconds=0: None)
    yield pictures
    io.destroy_all_windows()


def test_screen_draws_only_what_changed(shown):
    screen = Screen()
    screen.set_window('w')
    for _ in range(2):
        screen.show()
    assert len(shown) == 1 and shown[0].shape == (480, 640, 3) and not shown[0].any()
    picture = np.full((100, 200, 3), 7, np.uint8)
    screen.set_image(picture)
    screen.show()
    screen.set_image(picture)
    screen.show()
    assert len(shown) == 2 and screen.get_image() is picture and (shown[1] == 7).all()
    screen.set_waiting_icon(True)
    screen.show()
    assert len(shown) == 3 and (shown[2][:64, :64] != 7).any() and (shown[2][64:] == 7).all()
    assert (picture == 7).all()
    screen.show(force=True)
    assert len(shown) == 4
    screen.set_image(None)
    screen.set_waiting_icon(False)
    screen.show()
    assert shown[4].shape == (100, 200, 3) and not shown[4].any()


def test_scale(shown):
    screen = Screen(initial_scale_to_width=100)
    screen.set_image(np.zeros((80, 200, 3), np.uint8))
    assert screen.draw().shape == (40, 100, 3)
    screen.set_image(np.zeros((80, 400, 3), np.uint8))
    assert screen.scale == 0.5, 'only the first one decides'
    for _ in range(50):
        screen.diff_scale(0.1)
    assert screen.scale == 4.0
    for _ in range(50):
        screen.diff_scale(-0.1)
    assert screen.scale == 0.1
    tall = Screen(initial_scale_to_height=40, image=np.zeros((80, 20, 3), np.uint8))
    assert tall.scale == 0.5
    tiny = Screen(waiting_icon=True, image=np.zeros((20, 20, 3), np.uint8))
    assert not tiny.draw().any(), 'too small for the hourglass'


def test_checkerboard():
    board = ScreenAssets.build_checkerboard_a((12, 11, 4))
    assert board.shape == (12, 11, 1) and board[0, 4] == 0 and board[0, 5] == 1
    assert board[5, 5] == 0 and board[5, 4] == 1
    picture = np.full((10, 10, 4), 100, np.uint8)
    picture[:, 5:, 3], picture[:, :5, 3] = 255, 0
    screen = Screen(image=picture)
    assert (screen.draw() == 100).all() and screen.draw().shape == (10, 10, 3)
    screen.toggle_show_checker_board()
    drawn = screen.draw()
    assert drawn[0, 9, 0] == 75 and drawn[0, 0, 0] == 75 and drawn[5, 0, 0] == 75 + 64


def test_manager_switches_screens(shown):
    screens = [Screen(), Screen(image=np.full((9, 9, 3), 5, np.uint8))]
    manager = ScreenManager('m', screens, capture_keys=True)
    assert manager.get_current() is screens[0]
    manager.switch_screens()
    assert manager.get_current() is screens[1] and shown[-1].shape == (9, 9, 3)
    manager.switch_screens()
    assert manager.get_current() is screens[0]
    io.add_key_event('m', ord('x'), False, False, False)
    assert [event[1] for event in manager.get_key_events()] == ['x']
    manager.finalize()
    assert not io.named_windows


def make_frames():
    frame = InteractiveMergerSubprocessor.Frame()
    frame.cfg = MergerConfigMasked()
    return [InteractiveMergerSubprocessor.Frame(), frame]


def test_merge_window_begins_with_help_and_takes_the_last_key(shown):
    window = merge_window.MergeWindow(make_frames())
    assert not window.is_main_shown() and shown[0].any() and window.take_key() is None
    for char in 'abc':
        io.add_key_event('Merger', ord(char), False, False, False)
    assert window.take_key()[1] == 'c' and window.take_key() is None
    window.apply(View(0.0, False, True))
    assert window.is_main_shown()
    window.show(np.full((70, 70, 4), 9, np.uint8), False)
    assert (shown[-1] == 9).all() and window.get_picture().shape == (70, 70, 4)
    window.apply(NO_VIEW)
    window.apply(View(-0.5, True, False))
    window.show(window.get_picture(), False)
    assert shown[-1].shape == (35, 35, 3)
    window.close()


def test_help_names_every_key():
    rows = [row for sections in merge_window.list_help(MergerConfig.TYPE_MASKED)
            for _, section in sections for row in section]
    keys = ' '.join(keys for keys, _ in rows)
    for key in list(SETTING_KEYS) + list(', m . / - = v') + ['Tab', 'Esc']:
        if key != ':':      # written as Shift with ;
            assert key in keys, key
    assert len(merge_window.list_help(MergerConfig.TYPE_FACE_AVATAR)[1]) == 0


WINDOW_SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
import tree_setup
from pathlib import Path
import merge_run_support as support
from core.interact import interact as io
if __name__ == '__main__':
    if not io.is_support_windows():
        sys.exit(77)
    io.input_skip_pending = lambda: None
    workspace = support.make_workspace({workspace!r})
    engine = support.make_engine(workspace, is_interactive=True, workers=1)
    pressed = []
    tick = engine.state.tick
    def see(event=None, is_main=True):
        if event is not None:
            print('KEY', event[0], event[1], event[4], is_main, flush=True)
        return tick(event, is_main)
    engine.state.tick = see
    view = engine.state.view
    def look(*args):
        result = view(*args)
        current = engine.state.get_current()
        print('AT', None if current is None else current.idx,
              current is not None and current.is_shown, flush=True)
        main = engine.window._main
        now = io.get_window_size('Merger'), round(main.viewport.zoom, 2)
        if list(now) != pressed:
            pressed[:] = now
            print('SIZE', *now[0], flush=True)
            print('ZOOM', now[1], flush=True)
        return result
    engine.state.view = look
    engine.run()
    print('END', engine.state.frames_done_idxs, engine.frames[0].cfg.erode_mask_modifier)
"""


@pytest.mark.skipif(shutil.which('Xvfb') is None, reason='Xvfb (a virtual screen) is not installed')
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='X11 only')
@pytest.mark.parametrize('toolkit', ['qt', 'opencv'])
def test_real_window_and_keys_of_the_x_server(tmp_path, toolkit):
    """Keys reach the engine through a real window: help away, a setting, next frame, quit; it is
    resized and zoomed."""
    import window_support
    from merge_run_support import write_workspace
    if toolkit == 'qt':
        pytest.importorskip('PyQt5')
    workspace = write_workspace(tmp_path / 'w', 2)
    with window_support.VirtualScreen() as screen:
        code = WINDOW_SCRIPT.format(tests=str(REPOSITORY / 'tests'), workspace=str(
            workspace.frames.parent))
        script = tmp_path / 'window_run.py'
        script.write_text(code)
        process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                                   env=dict(os.environ, DISPLAY=screen.name, DFL_UI_SCALE='1',
                                            DFL_INTERACT='desktop', DFL_WINDOW_TOOLKIT=toolkit))
        try:
            lines = window_support.Lines(process)
            if not lines.wait_for('AT 0 False', 120):
                if process.wait(30) == 77:
                    pytest.skip('this machine draws no windows with ' + toolkit)
                raise AssertionError(lines.text())
            press_until(lines, screen, 0xFF09, 'KEY 9', 'AT 0 True')
            assert window_support.try_until(lines, 'SIZE 777 555',
                                            lambda: screen.resize(777, 555)), lines.text()
            wait_for_frame(screen)
            if toolkit == 'qt':     # the wheel of OpenCV's Qt windows zooms by itself
                def turn_wheel():
                    screen.move(700, 500)     # it stands in the middle of the screen
                    screen.click(4)
                assert window_support.try_until(lines, 'ZOOM 1.25', turn_wheel), lines.text()
                assert window_support.try_until(lines, 'ZOOM 1.0', lambda: screen.click(3))
            for keysym, key, then in (
                    (ord('w'), 'KEY 119 w False True', 'AT 0 True'),
                    (ord('.'), 'KEY 46 . False True', 'AT 1 True'), (0xFF1B, 'KEY 27', 'END')):
                press_until(lines, screen, keysym, key, then)
            assert lines.wait_for('END [0] 1', 1), lines.text()
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()
    assert (workspace.frames.parent / 'm_merger_session.dat').exists()


def press_until(lines, screen, keysym, key, then):
    """A key, until the engine has it and what follows from it has come."""
    lines.forget()
    deadline = time.time() + 60
    while not lines.wait_for(key, 2) and time.time() < deadline:
        screen.press(keysym)    # the window may not have been there yet
    assert lines.wait_for(then, 60), lines.text()


def wait_for_frame(screen):
    """Until frame and text are on the screen."""
    deadline = time.time() + 60
    while True:
        picture = screen.grab(777, 555)
        if len(np.unique(picture[:480].reshape(-1, 3), axis=0)) > 1000 \
                and (picture[500:] == 32).mean() > 0.3 and picture[500:].max() > 200:
            return
        assert time.time() < deadline, 'no frame, or no text below it'
        time.sleep(0.2)
