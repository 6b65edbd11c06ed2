"""core/interact/qt_windows.py: windows of PyQt5 behind `io`, with events of Qt and no screen."""
import threading

import numpy as np
import pytest
import qt_support as qt
from PyQt5 import QtTest

from core.interact import qt_windows
from core.interact.backends import InteractDesktop
from core.interact.qt_windows import QtWindows, to_bgr

PICTURE = np.random.RandomState(3).randint(0, 256, (60, 80, 3)).astype(np.uint8)
Key = qt.Qt.Key


@pytest.fixture
def io(monkeypatch):
    qt.start_application()
    monkeypatch.delenv('DFL_UI_SCALE', raising=False)
    desktop = InteractDesktop()
    monkeypatch.setattr(desktop, '_try_windows',
                        lambda: QtWindows(desktop._on_key, desktop._on_mouse))
    assert desktop.is_support_windows() and desktop.has_wheel()
    yield desktop
    desktop.destroy_all_windows()


def open_window(io, size=None):
    if size is None:
        io.named_window('a')
    else:
        io.resizable_window('a', size)
    io.capture_mouse('a')
    io.capture_keys('a')
    io.show_image('a', PICTURE)
    io.process_messages(0.05)
    return io._toolkit._windows['a']


def grab(window):
    """(h,w,3) uint8, BGR, of what the window shows."""
    from core.qtex import QImage_to_np
    return QImage_to_np(window.grab().toImage())[..., :3]


def test_a_window_follows_its_picture(io):
    window = open_window(io)
    assert window.isVisible() and window.get_pixel_size() == (80, 60)
    assert (grab(window) == PICTURE).all()
    io.show_image('a', np.zeros((30, 20, 3), np.uint8))
    io.process_messages(0.02)
    assert window.get_pixel_size() == (20, 30) and io.get_window_size('a') is None


def test_a_resizable_window_keeps_its_size(io):
    window = open_window(io, (300, 200))
    assert io.get_window_size('a') == (300, 200)
    window.resize(400, 240)
    io.process_messages(0.02)
    assert io.get_window_size('a') == (400, 240)
    whole = np.random.RandomState(1).randint(0, 256, (240, 400, 3)).astype(np.uint8)
    io.show_image('a', whole)
    io.process_messages(0.02)
    assert (grab(window) == whole).all(), 'pixel by pixel'
    io.resize_window('a', 500, 300)
    io.move_window('a', 10, 10)
    io.set_window_title('a', 'model')
    io.process_messages(0.02)
    assert io.get_window_size('a') == (500, 300) and window.windowTitle() == 'model'


def test_keys_have_opencv_s_codes(io):
    window = open_window(io)
    QtTest.QTest.keyClicks(window, 'aA?;`')
    for key in (Key.Key_Tab, Key.Key_Escape, Key.Key_Return, Key.Key_Enter, Key.Key_Space,
                Key.Key_Left, Key.Key_Shift):
        QtTest.QTest.keyClick(window, key)
    events = io.get_key_events('a')
    assert [(code, shift) for code, _, _, _, shift in events] == [
        (ord('a'), False), (ord('a'), True), (ord('/'), True), (ord(';'), False),
        (ord('`'), False), (9, False), (27, False), (13, False), (13, False), (32, False),
        (65361, False)]


def test_the_mouse_is_told_in_pixels_of_the_picture(io):
    window = open_window(io, (160, 120))        # the picture is stretched to twice its size
    qt.click(window, (80, 60))
    qt.turn_wheel(window, (20, 20), 1)
    qt.turn_wheel(window, (20, 20), -1)
    events = io.get_mouse_events('a')
    assert (40, 30, io.EVENT_LBUTTONDOWN, 0) in events and (40, 30, io.EVENT_LBUTTONUP, 0) in events
    wheel = [event for event in events if event[2] == io.EVENT_MOUSEWHEEL]
    assert [event[:2] for event in wheel] == [(10, 10)] * 2
    assert wheel[0][3] > 0 > wheel[1][3]


def test_a_key_ends_the_wait(io):
    window = open_window(io)
    timer = qt.QtCore.QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(lambda: QtTest.QTest.keyClick(window, Key.Key_X))
    timer.start(10)
    io.process_messages(60)     # the test takes long if it does not
    assert [event[1] for event in io.get_key_events('a')] == ['x']


def test_a_window_that_opens_is_not_closed(io, monkeypatch):
    """The trainer's thread asks while the main one opens the window of the preview's sample."""
    seen = []
    show = qt.QtWidgets.QWidget.show
    monkeypatch.setattr('core.interact.qt_windows.PictureWidget.show',
                        lambda window: (seen.append(io.is_window_closed('a')), show(window)))
    open_window(io)
    assert seen == [False] and not io.is_window_closed('a')


def test_a_closed_window_comes_again_with_the_next_picture(io):
    window = open_window(io, (300, 200))
    assert not io.is_window_closed('a')
    window.close()
    assert not window.isVisible() and io.is_window_closed('a')
    io.show_image('a', PICTURE)
    assert window.isVisible() and not io.is_window_closed('a')


def test_another_thread_s_windows_are_drawn_here(io):
    def work():
        io.named_window('b')
        io.capture_keys('b')
        io.show_image('b', PICTURE)
        io.process_messages(0.001)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert 'b' not in io._toolkit._windows
    io.process_messages(0.02)
    window = io._toolkit._windows['b']
    assert window.isVisible() and (grab(window) == PICTURE).all()


def test_an_error_in_an_event_is_raised_by_the_loop(io, monkeypatch):
    window = open_window(io)

    def interrupt(code):
        raise KeyboardInterrupt()
    monkeypatch.setattr(io._toolkit, '_on_key', interrupt)
    QtTest.QTest.keyClick(window, Key.Key_X)    # leaving the handler, it would end the process
    with pytest.raises(KeyboardInterrupt):
        io.process_messages(0.01)
    io.process_messages(0.01)


@pytest.mark.parametrize('image, expected', [
    (np.full((2, 3), 7, np.uint8), [7, 7, 7]), (np.full((2, 3, 1), 7, np.uint8), [7, 7, 7]),
    (np.full((2, 3, 3), (1, 2, 3), np.uint8), [1, 2, 3]),
    (np.full((2, 3, 4), (1, 2, 3, 4), np.uint8), [1, 2, 3]),
    (np.full((2, 3, 3), 0.5), [127, 127, 127]), (np.full((2, 3, 3), 9.0), [255, 255, 255])])
def test_pictures_of_every_kind(image, expected):
    assert to_bgr(image).shape == (2, 3, 3) and (to_bgr(image) == expected).all()


def test_destroyed_windows_are_gone(io):
    window = open_window(io)
    io.destroy_all_windows()
    assert not window.isVisible() and io._toolkit._windows == {}


def test_a_clock_that_is_set_back_stops_no_loop(io, monkeypatch):
    """A trainer looks at its stop signals between two turns."""
    open_window(io)
    clock, turns = iter(range(10 ** 9, 0, -3600)), []
    monkeypatch.setattr(qt_windows.time, 'time', lambda: next(clock))

    def work():
        turns.append(1)
        assert len(turns) < 100
    monkeypatch.setattr(io._toolkit, '_work', work)
    io.process_messages(0.05)
