"""A Qt application without a screen, and its real events."""
import os
import time

import pytest

from core.errors import UserError

try:
    from core.qtex.binding import Qt, QtCore, QtGui, QtWidgets, make_application
    from PyQt5 import QtTest
except UserError as error:
    # requirements-dev.txt installs it; a machine may lack the libraries it needs.
    pytest.skip(str(error), allow_module_level=True)

NO_KEYS = Qt.KeyboardModifier.NoModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def start_application():
    """The application; the platform is chosen for it alone: other tests draw on real screens."""
    kept = os.environ.get("QT_QPA_PLATFORM")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        return make_application("test")
    finally:
        if kept is None:
            del os.environ["QT_QPA_PLATFORM"]
        else:
            os.environ["QT_QPA_PLATFORM"] = kept


def wait_until(condition, seconds=30):
    """Lets Qt work until something is so; whether it came."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        QtWidgets.QApplication.processEvents()
        if condition():
            return True
        time.sleep(0.01)
    return False


def make_pixel(pt):
    return QtCore.QPoint(int(round(float(pt[0]))), int(round(float(pt[1]))))


def click(widget, pt, keys=NO_KEYS):
    """Move there, press and release the left button; `pt` are pixels of the widget."""
    send_move(widget, pt, keys)
    QtTest.QTest.mousePress(widget, LEFT, keys, make_pixel(pt))
    QtTest.QTest.mouseRelease(widget, LEFT, keys, make_pixel(pt))


def send_move(widget, pt, keys=NO_KEYS, buttons=Qt.MouseButton.NoButton):
    """A move of the mouse with keys and buttons held, which QTest cannot make."""
    point = QtCore.QPointF(make_pixel(pt))
    event = QtGui.QMouseEvent(QtCore.QEvent.Type.MouseMove, point, Qt.MouseButton.NoButton,
                              buttons, keys)
    QtWidgets.QApplication.sendEvent(widget, event)


def drag(widget, start, end, button=LEFT):
    QtTest.QTest.mousePress(widget, button, NO_KEYS, make_pixel(start))
    send_move(widget, end, NO_KEYS, button)
    QtTest.QTest.mouseRelease(widget, button, NO_KEYS, make_pixel(end))


def turn_wheel(widget, pt, steps):
    point = QtCore.QPointF(make_pixel(pt))
    event = QtGui.QWheelEvent(point, QtCore.QPointF(widget.mapToGlobal(make_pixel(pt))),
                              QtCore.QPoint(), QtCore.QPoint(0, 120 * steps),
                              Qt.MouseButton.NoButton, NO_KEYS, Qt.ScrollPhase.NoScrollPhase,
                              False)
    QtWidgets.QApplication.sendEvent(widget, event)


def press_key(widget, name, keys=NO_KEYS):
    """name: of Qt.Key without `Key_`."""
    QtTest.QTest.keyClick(widget, getattr(Qt.Key, "Key_" + name), keys)
