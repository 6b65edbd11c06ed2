"""mainscripts/preview_window.py: state and picture of the preview window (spec 20 section 13.5)."""
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from tree_setup import REPOSITORY

from core.interact import interact as io
from mainscripts.preview_window import PreviewWindow, ShownWindow, draw_head, fit_previews


def image(h, w, c=3):
    return np.random.RandomState(h).uniform(0, 1, (h, w, c)).astype(np.float32)


def show(window, *images, **more):
    previews = [(chr(97 + i), picture) for i, picture in enumerate(images)]
    window.receive(
        dict({'op': 'show', 'previews': previews, 'iter': 5, 'loss_history': [[1.0, 2.0]] * 5},
             **more))


def test_previews_get_one_size_and_resized_ones_move_to_the_end():
    fitted = fit_previews([('small', image(40, 60)), ('large', image(80, 90)),
                           ('flat', image(80, 90)[..., 0])])
    assert [(name, picture.shape) for name, picture in fitted] == [
        ('large', (80, 90, 3)), ('flat', (80, 90, 1)), ('small', (80, 90, 3))]


def test_previews_are_at_most_800_high():
    (_, picture), = fit_previews([('a', image(1000, 333, 1))])
    assert picture.shape == (800, int(333 / (1000 / 800)), 1)


@pytest.mark.parametrize('c', [1, 3])
def test_picture(c):
    window = PreviewWindow()
    assert window.draw() is None
    show(window, image(50, 200, c))
    assert window.is_changed
    picture = window.draw()
    head = 3 * (16 if c == 1 else 15)
    assert picture.shape == (head + 100 + 50, 200, c)
    assert picture.dtype == np.uint8 and not window.is_changed
    np.testing.assert_array_equal(picture[head + 100:], (image(50, 200, c) * 255).astype(np.uint8))
    assert (picture[:head] > 30).any(), 'the head has text'


def test_debug_message_has_no_chart():
    window = PreviewWindow()
    window.receive({'op': 'show', 'previews': [('debug', image(50, 80))]})
    assert window.draw().shape == (45 + 50, 80, 3)


def test_keys_that_ask_the_trainer():
    window = PreviewWindow()
    show(window, image(20, 30))
    assert [window.press(key) for key in 'sb\r\n'] == ['save', 'backup', 'close', 'close']
    assert [window.press(key) for key in 'ppx'] == ['preview', None,
                                                    None], 'one pending request at a time'
    show(window, image(20, 30))
    assert window.press('p') == 'preview'
    show(window, image(20, 30))
    assert [window.press(key) for key in '209'] == ['save', 'backup',
                                                    'preview'], 'digits of SAEHDBW'


def test_space_goes_round_the_previews():
    window = PreviewWindow()
    assert window.press(' ') is None
    show(window, image(20, 30), image(20, 30), image(20, 30))
    seen = []
    for _ in range(4):
        seen.append(window.selected)
        window.draw()
        window.press(' ')
        assert window.is_changed
    assert seen == [0, 1, 2, 0]
    window.selected = 2
    show(window, image(20, 30), image(20, 30))
    assert window.selected == 0


def test_range_of_the_chart():
    window = PreviewWindow()
    history = [[5.0]] * 20000 + [[1.0]] * 5000
    show(window, image(20, 100), loss_history=history)
    everything = window.draw()
    seen = []
    for _ in range(7):
        assert window.press('l') is None
        seen.append(window.range)
    assert seen == [1000, 2500, 5000, 10000, 50000, 100000, 0]
    window.press('l')
    assert (window.draw()[45:145] != everything[45:145]).any()


class Desktop:
    """Stands in for the window of `io`: its size, what it showed, events to come."""

    def __init__(self, monkeypatch, size=(900, 700)):
        self.size, self.shown, self.keys, self.mouse, self.titles = size, [], [], [], []
        for name, value in dict(
                resizable_window=lambda name, size=None: None, capture_keys=lambda name: None,
                capture_mouse=lambda name: None, has_wheel=lambda: True,
                is_support_windows=lambda: True, get_screen_size=lambda: (1920, 1080),
                get_ui_scale=lambda: 1.0, resize_window=self.resize,
                get_window_size=lambda name: self.size,
                show_image=lambda name, picture: self.shown.append(picture),
                get_mouse_events=lambda name: self.take('mouse'),
                get_key_events=lambda name: self.take('keys'),
                set_window_title=lambda name, title: self.titles.append(title)).items():
            monkeypatch.setattr(io, name, value)

    def resize(self, name, width, height):
        if self.size is not None:
            self.size = (width, height)

    def take(self, name):
        events = getattr(self, name)
        setattr(self, name, [])
        return events


def test_head_of_gray_models_is_16_pixels_a_line_and_white():
    assert draw_head(['a', 'b'], 50, 3).shape == (30, 50, 3)
    head = draw_head(['WWW', 'b'], 50, 1)
    assert head.shape == (32, 50, 1) and head.max() > 1.05


@pytest.mark.parametrize('c', [1, 3])
def test_shown_window_draws_what_has_changed(monkeypatch, c):
    desktop = Desktop(monkeypatch)
    view = PreviewWindow()
    window = ShownWindow(view, 'Training preview: SAEHD: /m')
    window.register()
    window.update()
    assert desktop.shown == [] and desktop.titles == []
    show(view, image(300, 700, c), image(300, 700, c))
    window.update()
    window.update()
    assert len(desktop.shown) == 1 and desktop.titles == ['Training preview: SAEHD: /m']
    width, height = desktop.size
    assert width == 700 and desktop.shown[0].shape == (height, 700, c)
    np.testing.assert_array_equal(desktop.shown[0][-300:],
                                  (image(300, 700, c) * 255).astype(np.uint8))
    desktop.size = (1000, 800)
    window.update()
    assert desktop.shown[1].shape == (800, 1000, c)
    desktop.mouse = [(500, 600, 0, 0), (500, 600, 10, 120)]
    window.update()
    assert len(desktop.shown) == 3 and window.canvas.viewport.is_zoomed
    chip = window.canvas.layout.chips[2]
    desktop.mouse = [(chip.x + 2, chip.y + 2, 1, 0)]
    window.update()
    assert len(desktop.shown) == 4 and view.range == 2500
    desktop.keys = [(0, key, False, False, False) for key in 'sl']
    assert window.take_key() == 'l' and window.take_key() is None
    view.press('l')
    window.update()
    assert len(desktop.shown) == 5 and view.range == 5000
    show(view, image(300, 700, c))
    window.update()
    assert len(desktop.shown) == 6 and len(desktop.titles) == 1


def test_window_without_a_size_shows_the_picture_as_it_is(monkeypatch):
    desktop = Desktop(monkeypatch, size=None)
    view = PreviewWindow()
    window = ShownWindow(view)
    show(view, image(50, 200))
    window.update()
    window.update()
    assert [picture.shape for picture in desktop.shown] == [(3 * 15 + 100 + 50, 200, 3)]


WINDOW_SCRIPT = """
import queue, sys, threading
sys.path.insert(0, {tests!r})
import tree_setup
import numpy as np
from core.interact import interact as io
from mainscripts import Trainer
from mainscripts.preview_state import PreviewState
from mainscripts.preview_window import ShownWindow
if not io.is_support_windows():
    sys.exit(77)
state, s2c, c2s = PreviewState(), queue.Queue(), queue.Queue()
picture = np.zeros((400, 800, {c}), np.float32)
picture[:, np.arange(800) % 100 < 50] = 1.0
c2s.put(dict(op='show', previews=[('a', picture), ('b', picture)], iter=3,
             loss_history=[[1.0, 2.0]] * 3000))
told = [None]
update = ShownWindow.update
def watch(window):
    update(window)
    layout = window.canvas.layout
    now = (io.get_window_size('Training preview'), state.snapshot.range, state.snapshot.selected,
           round(window.canvas.viewport.zoom, 2), layout is not None and layout.top,
           layout is not None and tuple(layout.chips[1][2:]))
    if layout is not None and now != told[0]:
        told[0] = now
        print('SIZE', *now[0], flush=True)
        print('RANGE', now[1], flush=True)
        print('SELECTED', now[2], flush=True)
        print('ZOOM', now[3], flush=True)
        print('TOP', now[4], flush=True)
        print('CHIP', *now[5], flush=True)
ShownWindow.update = watch
def serve():
    while True:
        op = s2c.get()['op']
        print('OP', op, flush=True)
        if op == 'close':
            c2s.put(dict(op='close', error=None))
            return
threading.Thread(target=serve, daemon=True).start()
started = threading.Event()
started.set()
Trainer.run_window_loop(s2c, c2s, Trainer.StopRequest(s2c, started), state,
                        Trainer.name_window(dict(model_class_name='SAEHD',
                                                 saved_models_path='/models')))
print('END', flush=True)
"""


def read_numbers(lines, word):
    """Of the last line that began with the word."""
    line = [line for line in lines.text().splitlines() if line.startswith(word + ' ')][-1]
    return [int(float(text)) for text in line.split()[1:]]


@pytest.mark.skipif(shutil.which('Xvfb') is None, reason='Xvfb (a virtual screen) is not installed')
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='X11 only')
@pytest.mark.parametrize('toolkit, c', [('qt', 1), ('opencv', 3)])
def test_window_on_a_virtual_screen(tmp_path, toolkit, c):
    """A real window: resized, zoomed by the wheel, a range clicked, keys; what the screen shows."""
    import window_support
    if toolkit == 'qt':
        pytest.importorskip('PyQt5')
    script = tmp_path / 'window_run.py'
    script.write_text(WINDOW_SCRIPT.format(tests=str(REPOSITORY / 'tests'), c=c))
    with window_support.VirtualScreen() as screen:
        process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=dict(os.environ, DISPLAY=screen.name,
                                               DFL_INTERACT='desktop', DFL_UI_SCALE='1',
                                               DFL_WINDOW_TOOLKIT=toolkit))
        try:
            lines = window_support.Lines(process)
            if not lines.wait_for('CHIP', 120):
                if process.wait(30) == 77:
                    pytest.skip('this machine draws no windows with ' + toolkit)
                raise AssertionError(lines.text())
            width, height = read_numbers(lines, 'SIZE')
            assert (width, height) == (800, 400 + read_numbers(lines, 'TOP')[0]), lines.text()
            if toolkit == 'qt':     # OpenCV's says nothing with XFetchName
                wait_until(lambda: screen.get_title() == 'Training preview: SAEHD: /models')

            assert window_support.try_until(lines, 'SIZE 1000 760',
                                            lambda: screen.resize(1000, 760)), lines.text()
            assert lines.wait_for('CHIP', 30)
            wait_until(lambda: has_stripes(screen.grab(1000, 760)))
            x, y, w, h = read_numbers(lines, 'CHIP')

            def click_range():
                screen.move(x + w // 2, y + h // 2)
                screen.click()
            assert window_support.try_until(lines, 'RANGE 1000', click_range), lines.text()
            assert window_support.try_until(lines, 'RANGE 2500', lambda: screen.press(ord('l')))
            assert window_support.try_until(lines, 'SELECTED 1', lambda: screen.press(ord(' ')))
            if toolkit == 'qt':     # the wheel of OpenCV's Qt windows zooms by itself
                def turn_wheel():
                    screen.move(500, 600)
                    screen.click(4)
                assert window_support.try_until(lines, 'ZOOM 1.25', turn_wheel), lines.text()
            assert window_support.try_until(lines, 'OP save', lambda: screen.press(ord('s')))
            assert window_support.try_until(lines, 'OP close', lambda: screen.press(0xFF0D))
            assert lines.wait_for('END', 60) and process.wait(60) == 0, lines.text()
        finally:
            process.kill()
            process.wait()


def wait_until(condition, seconds=60):
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline, 'it did not come'
        time.sleep(0.1)


def has_stripes(picture):
    """Whether the preview is where it belongs: in the lower part, as wide as the window."""
    row = picture[picture.shape[0] // 2 + 150, :, 0]
    return (row > 180).mean() > 0.3 and (row < 80).mean() > 0.3 and row[-100:].max() > 180
