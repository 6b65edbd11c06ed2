"""Window state of `io` and the OpenCV backend with a stand-in for OpenCV's window functions."""
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from core.interact.backends import InteractColab, InteractDesktop, InteractHeadless
from core.interact.windows import normalize_key

PICTURE = np.zeros((4, 4, 3), np.uint8)


class FakeCv2:
    """Records window calls; `keys` is what waitKeyEx returns."""
    error = RuntimeError

    def __init__(self):
        self.calls, self.keys, self.mouse = [], [], {}

    def namedWindow(self, name):
        self.calls.append(('open', name))

    def destroyWindow(self, name):
        self.calls.append(('close', name))

    def destroyAllWindows(self):
        self.calls.append(('close all',))

    def imshow(self, name, img):
        self.calls.append(('show', name, img.shape))

    def setMouseCallback(self, name, func, param):
        self.mouse[name] = lambda *args: func(*(args + (param,)))

    def waitKeyEx(self, delay):
        self.calls.append(('wait', delay))
        return self.keys.pop(0) if self.keys else -1

    def waitKey(self, delay):
        self.calls.append(('wait any', delay))


@pytest.fixture
def desktop(monkeypatch):
    fake = FakeCv2()
    monkeypatch.setitem(sys.modules, 'cv2', fake)
    monkeypatch.setattr('core.interact.backends.can_open_display', lambda: True)
    io = InteractDesktop()
    io.is_support_windows()
    fake.calls.clear()
    return io, fake


@pytest.mark.parametrize('code, expected', [
    (ord('a'), (ord('a'), False)), (ord('A'), (ord('a'), True)), (ord('Z'), (ord('z'), True)),
    (ord('?'), (ord('/'), True)), (ord('<'), (ord(','), True)), (ord('>'), (ord('.'), True)),
    (13, (13, False)), (65361, (65361, False))])
def test_normalize_key(code, expected):
    assert normalize_key(code) == expected


def test_window_opens_with_its_first_picture(desktop):
    io, cv2 = desktop
    io.named_window('Preview')
    assert cv2.calls == [] and io.focus_wnd_name == 'Preview'
    io.show_image('Preview', PICTURE)
    io.show_image('Preview', PICTURE)
    assert cv2.calls == [('open', 'Preview')] + [('show', 'Preview', (4, 4, 3))] * 2
    io.destroy_window('Preview')
    assert cv2.calls[-1] == ('close', 'Preview') and io.focus_wnd_name is None


def test_notices(desktop, capsys):
    io, _ = desktop
    io.named_window('a')
    io.named_window('a')
    io.show_image('b', PICTURE)
    io.capture_keys('a')
    io.capture_keys('a')
    assert capsys.readouterr().out.count('\n') == 3


def test_focus_moves_to_the_last_window(desktop):
    io, _ = desktop
    for name in ('a', 'b', 'c'):
        io.named_window(name)
    io.destroy_window('a')
    assert io.focus_wnd_name == 'c'
    io.destroy_window('c')
    assert io.focus_wnd_name == 'b'
    io.destroy_all_windows()
    assert io.focus_wnd_name is None and io.named_windows == {}


def test_keys(desktop):
    io, cv2 = desktop
    io.named_window('a')
    io.show_image('a', PICTURE)
    cv2.keys = [ord('x')]
    io.process_messages(0.002)
    assert io.get_key_events('a') == []  # nobody captures keys
    io.capture_keys('a')
    cv2.keys = [ord('S'), 65361]
    io.process_messages(0)
    io.process_messages(0.5)
    io.process_messages(0)
    assert io.get_key_events('a') == [(ord('s'), 's', False, False, True),
                                      (65361, chr(0), False, False, False)]
    assert io.get_key_events('a') == []
    assert [call for call in cv2.calls if call[0] == 'wait'] == [
        ('wait', 2), ('wait', 1), ('wait', 500), ('wait', 1)]


@pytest.mark.skipif(sys.platform in ('win32', 'darwin'), reason="X11 only")
def test_num_lock_does_not_hide_keys(desktop):
    io, cv2 = desktop
    io.named_window('a')
    io.show_image('a', PICTURE)
    io.capture_keys('a')
    cv2.keys = [0x100000 | ord('p')]
    io.process_messages(0)
    assert io.get_key_events('a')[0][1] == 'p'


def test_mouse(desktop):
    io, cv2 = desktop
    io.named_window('a')
    io.capture_mouse('a')
    assert cv2.mouse == {}
    io.show_image('a', PICTURE)
    cv2.mouse['a'](io.EVENT_LBUTTONDOWN, 3, 4, 1)
    cv2.mouse['a'](0, 5, 6, 0)
    cv2.mouse['a'](io.EVENT_MOUSEWHEEL, 900, 800, 120)
    cv2.mouse['a'](7, 1, 1, 0)  # double click: no event of its own
    assert io.get_mouse_events('a') == [(3, 4, 1, 1), (5, 6, 0, 0), (5, 6, 10, 120), (1, 1, 0, 0)]
    io.destroy_window('a')
    cv2.mouse['a'](0, 5, 6, 0)  # comes late


def test_other_threads_do_not_touch_the_windows(desktop):
    io, cv2 = desktop
    io.named_window('a')
    io.show_image('a', PICTURE)
    cv2.calls.clear()
    thread = threading.Thread(target=io.process_messages, args=(0.001,))
    thread.start()
    thread.join()
    assert cv2.calls == []


@pytest.mark.parametrize('backend, told', [(InteractHeadless, 1), (InteractColab, 0)])
def test_missing_screen_is_told_once(backend, told, capsys):
    io = backend()
    for name in 'ab':
        io.named_window(name)
        assert capsys.readouterr().out == ''
        io.show_image(name, PICTURE)
        io.show_image(name, PICTURE)
        assert capsys.readouterr().out.count('no screen') == told
        told = 0


def test_headless_keeps_state_and_returns_at_once():
    io = InteractHeadless()
    io.named_window('a')
    io.capture_keys('a')
    io.capture_mouse('a')
    io.show_image('a', PICTURE)
    io.process_messages(0.001)
    io.wait_any_key()
    io.add_key_event('a', ord('s'), False, False, False)
    assert io.get_key_events('a')[0][1] == 's' and not io.is_support_windows()
    io.destroy_all_windows()


@pytest.mark.skipif(sys.platform in ('win32', 'darwin'), reason="has a screen of its own")
@pytest.mark.parametrize('display', [{'DISPLAY': ':77'}, {'WAYLAND_DISPLAY': 'none'}])
def test_desktop_without_windows_degrades_with_a_message(display):
    import cv2
    gui = [
        line for line in cv2.getBuildInformation().splitlines() if line.strip().startswith('GUI')
    ]
    if 'NONE' not in gui[0]:
        pytest.skip("this OpenCV has windows")
    code = ("import numpy as np\nfrom core.interact import interact as io\n"
            "io.named_window('a'); io.show_image('a', np.zeros((2, 2, 3), np.uint8))\n"
            "io.capture_keys('a'); io.process_messages(0.01); io.wait_any_key()\n"
            "io.destroy_all_windows(); print(type(io).__name__, io.is_support_windows())")
    environ = dict(os.environ, **display)
    output = subprocess.check_output([sys.executable, '-c', code], env=environ).decode().split('\n')
    assert 'not shown' in output[0] and output[1] == 'InteractDesktop False'
