"""Window state of `io` and the OpenCV backend with a stand-in for OpenCV's window functions."""
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from core.errors import UserError
from core.interact.backends import InteractColab, InteractDesktop, InteractHeadless
from core.interact.screen_scale import parse_dpi, round_scale
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


class ResizableCv2(FakeCv2):
    """OpenCV as it is on Windows: windows that the user resizes and closes."""
    WINDOW_NORMAL, WINDOW_FREERATIO, WINDOW_GUI_NORMAL, WND_PROP_VISIBLE = 0, 0x100, 0x10, 4

    def __init__(self, gui='WIN32UI'):
        super().__init__()
        self.gui = gui
        self.visible, self.rect = 1.0, (3, 4, 600, 400)

    def getBuildInformation(self):
        return 'General:\n\n  GUI:                %s\n\n  Media I/O:\n    QT: YES\n' % self.gui

    def namedWindow(self, name, *flags):
        self.calls.append(('open', name) + flags)
        self.visible = 1.0

    def resizeWindow(self, name, width, height):
        self.calls.append(('resize', name, width, height))

    def moveWindow(self, name, x, y):
        self.calls.append(('move', name, x, y))

    def setWindowTitle(self, name, title):
        self.calls.append(('title', name, title))

    def getWindowImageRect(self, name):
        return self.rect

    def getWindowProperty(self, name, number):
        assert number == self.WND_PROP_VISIBLE
        return self.visible


def make_desktop(monkeypatch, fake):
    monkeypatch.setitem(sys.modules, 'cv2', fake)
    monkeypatch.setattr('core.interact.backends.can_open_display', lambda: True)
    io = InteractDesktop()
    assert io.is_support_windows()
    fake.calls.clear()
    return io


@pytest.fixture
def resizable(monkeypatch):
    fake = ResizableCv2()
    return make_desktop(monkeypatch, fake), fake


def test_window_that_the_user_resizes(resizable):
    io, cv2 = resizable
    io.resizable_window('a', (640, 480))
    assert io.get_window_size('a') == (640, 480) and cv2.calls == []
    io.resize_window('a', 700, 500)
    io.move_window('a', 1, 2)
    io.set_window_title('a', 'too early')
    io.show_image('a', PICTURE)
    assert cv2.calls == [('open', 'a', 0x110), ('resize', 'a', 700, 500),
                         ('show', 'a', (4, 4, 3))]
    assert io.get_window_size('a') == (600, 400)
    cv2.rect = (0, 0, 900, 300)
    assert io.get_window_size('a') == (900, 300)
    cv2.calls.clear()
    io.resize_window('a', 50, 60)
    io.move_window('a', 5, 6)
    io.set_window_title('a', 'model')
    assert cv2.calls == [('resize', 'a', 50, 60), ('move', 'a', 5, 6), ('title', 'a', 'model')]
    io.set_window_title('a', '/m\u00f6/\udcff')      # a path that is no text, as Python keeps it
    assert cv2.calls[-1] == ('title', 'a', '/m\u00f6/?')
    io.destroy_window('a')
    assert io.get_window_size('a') is None and io.resizable_windows == {}


def test_a_closed_window_comes_again_as_it_was(resizable):
    io, cv2 = resizable
    io.resizable_window('a', (640, 480))
    io.capture_mouse('a')
    io.show_image('a', PICTURE)
    io.set_window_title('a', 'model')
    io.get_window_size('a')
    assert not io.is_window_closed('a')
    cv2.visible, cv2.rect, cv2.mouse = 0.0, (-1, -1, -1, -1), {}
    assert io.get_window_size('a') == (600, 400), 'the last one'
    assert io.is_window_closed('a')
    cv2.calls.clear()
    io.show_image('a', PICTURE)
    assert not io.is_window_closed('a')
    assert cv2.calls == [('open', 'a', 0x110), ('resize', 'a', 600, 400), ('title', 'a', 'model'),
                         ('show', 'a', (4, 4, 3))]
    assert 'a' in cv2.mouse


def test_a_backend_that_cannot_tell_has_no_closed_windows(resizable):
    io, cv2 = resizable
    io.resizable_window('a', (640, 480))
    cv2.namedWindow = lambda name, *flags: cv2.calls.append(('open', name))
    cv2.visible = -1.0
    io.show_image('a', PICTURE)
    io.show_image('a', PICTURE)
    assert [call[0] for call in cv2.calls] == ['open', 'resize', 'show', 'show']
    assert not io.is_window_closed('a')


def test_a_closed_window_that_follows_its_picture_comes_again_with_its_mouse(resizable):
    io, cv2 = resizable
    io.named_window('a')
    io.capture_mouse('a')
    io.show_image('a', PICTURE)
    assert not io.is_window_closed('a')
    cv2.visible, cv2.mouse = 0.0, {}
    assert io.is_window_closed('a')
    cv2.calls.clear()
    io.show_image('a', PICTURE)
    assert cv2.calls == [('open', 'a'), ('show', 'a', (4, 4, 3))] and 'a' in cv2.mouse
    assert not io.is_window_closed('a')
    cv2.visible = 0.0

    def fail(name):     # as the Linux wheels do when the user has closed the last window
        raise cv2.error('NULL guiReceiver')
    cv2.destroyWindow = fail
    io.destroy_window('a')
    assert not io.is_window_closed('a') and io.named_windows == {}


def test_named_windows_are_as_they_were(resizable):
    io, cv2 = resizable
    io.named_window('a')
    io.show_image('a', PICTURE)
    io.resize_window('a', 5, 5)
    assert cv2.calls == [('open', 'a'), ('show', 'a', (4, 4, 3))]
    assert io.get_window_size('a') is None


def test_opencv_that_cannot_tell_sizes_shows_pictures_as_they_are(desktop):
    io, cv2 = desktop
    io.resizable_window('a', (640, 480))
    io.show_image('a', PICTURE)
    assert cv2.calls == [('open', 'a'), ('show', 'a', (4, 4, 3))]
    assert io.get_window_size('a') is None


@pytest.mark.parametrize('gui, is_free', [('WIN32UI', True), ('QT5', False)])
def test_windows_of_qt_in_another_thread_would_wait_for_ever(monkeypatch, capsys, gui, is_free):
    """The trainer's thread asks for one: the choice of the preview's sample."""
    monkeypatch.setenv('DFL_WINDOW_TOOLKIT', 'opencv')
    cv2 = ResizableCv2(gui)
    io = make_desktop(monkeypatch, cv2)
    io.named_window('a')
    found = []

    def work():
        for _ in range(2):
            found.append(io.is_support_windows())
            io.show_image('a', PICTURE)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [is_free] * 2 and bool(cv2.calls) is is_free
    assert capsys.readouterr().out.count('install PyQt5') == (not is_free)
    assert io.is_support_windows()


@pytest.mark.parametrize('gui, has_wheel', [('WIN32UI', True), ('GTK2', True), ('QT5', False),
                                            ('\n    QT:    YES (ver 4.8.7)', False)])
def test_qt_s_own_zoom_leaves_no_wheel_to_the_program(monkeypatch, gui, has_wheel):
    monkeypatch.setenv('DFL_WINDOW_TOOLKIT', 'opencv')
    assert make_desktop(monkeypatch, ResizableCv2(gui)).has_wheel() is has_wheel


class FakeQt:
    has_wheel = True

    def __init__(self, *args):
        pass

    def can_be_used_here(self):
        return True


@pytest.mark.parametrize('gui, asked, taken', [
    ('WIN32UI', None, 'OpenCvWindows'), ('QT5', None, 'FakeQt'), ('NONE', None, 'FakeQt'),
    ('QT5', 'opencv', 'OpenCvWindows'), ('WIN32UI', 'qt', 'FakeQt')])
def test_who_draws(monkeypatch, gui, asked, taken):
    fake = ResizableCv2(gui)
    if gui == 'NONE':
        def fail(*args):
            raise fake.error('no windows')
        monkeypatch.setattr(fake, 'namedWindow', fail)
    monkeypatch.setitem(sys.modules, 'core.interact.qt_windows', type(sys)('qt_windows'))
    sys.modules['core.interact.qt_windows'].QtWindows = FakeQt
    monkeypatch.setenv('DISPLAY', ':77')
    monkeypatch.delenv('DFL_WINDOW_TOOLKIT', raising=False)
    if asked is not None:
        monkeypatch.setenv('DFL_WINDOW_TOOLKIT', asked)
    assert type(make_desktop(monkeypatch, fake)._toolkit).__name__ == taken


def test_without_pyqt_opencv_draws(monkeypatch, capsys):
    def fail(*args):
        raise UserError('PyQt5 is not there.')
    monkeypatch.setitem(sys.modules, 'core.interact.qt_windows', type(sys)('qt_windows'))
    sys.modules['core.interact.qt_windows'].QtWindows = fail
    monkeypatch.setenv('DISPLAY', ':77')
    monkeypatch.delenv('DFL_WINDOW_TOOLKIT', raising=False)
    io = make_desktop(monkeypatch, ResizableCv2('QT5'))
    assert type(io._toolkit).__name__ == 'OpenCvWindows' and capsys.readouterr().out == ''
    monkeypatch.setenv('DFL_WINDOW_TOOLKIT', 'qt')
    io = make_desktop(monkeypatch, ResizableCv2('QT5'))
    assert type(io._toolkit).__name__ == 'OpenCvWindows'
    assert 'PyQt5 is not there' in capsys.readouterr().out


def test_without_a_screen_windows_have_no_size():
    io = InteractHeadless()
    io.resizable_window('a', (640, 480))
    io.capture_mouse('a')
    io.show_image('a', PICTURE)
    io.resize_window('a', 5, 5)
    io.move_window('a', 5, 5)
    io.set_window_title('a', 'b')
    assert io.get_window_size('a') is None and io.get_mouse_events('a') == []
    assert io.get_ui_scale() == 1.0 and len(io.get_screen_size()) == 2
    io.destroy_all_windows()


def test_ui_scale_is_an_option(monkeypatch):
    for text, scale in (('2.5', 2.5), ('9', 4.0)):
        monkeypatch.setenv('DFL_UI_SCALE', text)
        assert InteractHeadless().get_ui_scale() == scale
        assert make_desktop(monkeypatch, ResizableCv2()).get_ui_scale() == scale
    monkeypatch.setenv('DFL_UI_SCALE', 'large')
    with pytest.raises(UserError):
        InteractHeadless().get_ui_scale()


@pytest.mark.parametrize('resources, dpi', [
    ('', None), ('Xft.dpi:\t192\nXft.hinting: 1', 192.0), ('*x: 1\nXft.dpi: 120.5', 120.5),
    ('Xft.dpi: many', None), ('Xft.dpis: 7', None)])
def test_resolution_of_the_x_server_s_resources(resources, dpi):
    assert parse_dpi(resources) == dpi


@pytest.mark.parametrize('scale, rounded', [(0.7, 1.0), (1.04, 1.0), (1.25, 1.25), (1.4, 1.5),
                                            (2.0, 2.0), (9.0, 4.0)])
def test_scales_are_quarters(scale, rounded):
    assert round_scale(scale) == rounded
