"""The only place that imports Qt, and what differs between its versions.

Everything else takes `QtCore`, `QtGui`, `QtSvg`, `QtWidgets` from here and writes enums with their
class (`Qt.MouseButton.LeftButton`), as PyQt5 allows and PyQt6 demands.
"""
import ctypes
import os
import sys
from typing import Tuple

from core.errors import UserError


def name_missing(error: ImportError) -> UserError:
    """What to say when PyQt5 cannot be imported."""
    if (error.name or "").startswith("PyQt5"):
        version = "5.15.6" if sys.version_info < (3, 8) else "5.15.11"
        return UserError("The XSeg editor needs PyQt5, which is not installed.", [
            "{} -m pip install PyQt5=={}   (the line of requirements-editor.txt)".format(
                sys.executable, version)])
    return UserError("PyQt5 is installed but cannot be loaded: {}.".format(error), [
        "Debian and Ubuntu: sudo apt install libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3"])


try:
    from PyQt5 import QtCore, QtGui, QtSvg, QtWidgets
except ImportError as import_error:
    raise name_missing(import_error) from import_error

__all__ = ["QAction", "Qt", "QtCore", "QtGui", "QtSvg", "QtWidgets", "Signal",
           "drop_foreign_plugins", "make_application", "name_missing", "read_modifiers",
           "read_position", "run_application"]

Qt = QtCore.Qt
Signal = QtCore.pyqtSignal
QAction = QtWidgets.QAction     # Qt 6 has it in QtGui

X11_PACKAGES = ("libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-xinerama0 "
                "libxkbcommon-x11-0")

_kept = []      # the application lives as long as a Python object refers to it

_MODIFIERS = (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
              | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier)
_MODIFIER_KEYS = {Qt.Key.Key_Control: Qt.KeyboardModifier.ControlModifier,
                  Qt.Key.Key_Shift: Qt.KeyboardModifier.ShiftModifier,
                  Qt.Key.Key_Alt: Qt.KeyboardModifier.AltModifier,
                  Qt.Key.Key_Meta: Qt.KeyboardModifier.MetaModifier}


def drop_foreign_plugins() -> None:
    """Undo what importing OpenCV's Linux wheel does to the environment: it points Qt at plugins of
    its own, older Qt, with which the editor could not start."""
    import cv2

    folder = os.path.realpath(os.path.dirname(cv2.__file__))
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        value = os.environ.get(name)
        if value and os.path.realpath(value).startswith(folder + os.sep):
            del os.environ[name]


def check_screen() -> None:
    """UserError for what Qt itself would end the process for (Linux): no screen, or libraries that
    its plugin for X11 needs and the system lacks."""
    if not sys.platform.startswith("linux"):
        return
    platform = os.environ.get("QT_QPA_PLATFORM")
    if not platform and not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise UserError("There is no screen to draw the editor on.", [
            "Start it on a desktop, or set DISPLAY (ssh -X, a VNC session).",
            "Nothing in it works without a mouse: masks are applied headless with `xseg apply`."])
    if platform != "xcb" and (platform or os.environ.get("WAYLAND_DISPLAY")):
        return      # another plugin may draw
    plugins = QtCore.QLibraryInfo.location(QtCore.QLibraryInfo.LibraryLocation.PluginsPath)
    plugin = os.path.join(plugins, "platforms", "libqxcb.so")
    if os.path.exists(plugin):
        check_library(plugin)


def check_library(path: str) -> None:
    """UserError naming the library that one of Qt's plugins lacks."""
    try:
        ctypes.CDLL(path)
    except OSError as error:
        raise UserError("Qt cannot draw on this screen, a library is missing: {}.".format(error), [
            "Debian and Ubuntu: sudo apt install " + X11_PACKAGES]) from error


def make_application(name: str):
    """The QApplication of this process; UserError where there is no screen."""
    drop_foreign_plugins()
    app = QtWidgets.QApplication.instance()
    if app is not None:
        return app
    check_screen()
    for attribute in ("AA_EnableHighDpiScaling", "AA_UseHighDpiPixmaps"):
        if hasattr(Qt.ApplicationAttribute, attribute):     # Qt 6 always does
            QtWidgets.QApplication.setAttribute(getattr(Qt.ApplicationAttribute, attribute))
    app = QtWidgets.QApplication([name])
    app.setApplicationName(name)
    app.setStyle("Fusion")
    _kept.append(app)
    return app


def run_application(app) -> int:
    """The event loop, until the last window closes; its exit code."""
    return app.exec() if hasattr(app, "exec") else app.exec_()


def read_modifiers(event=None) -> Tuple[bool, bool]:
    """(exactly Ctrl is held, exactly Shift is held), of an event or of this moment."""
    held = QtWidgets.QApplication.keyboardModifiers() if event is None else event.modifiers()
    held = held & _MODIFIERS
    kind = None if event is None else event.type()
    if kind in (QtCore.QEvent.Type.KeyPress, QtCore.QEvent.Type.KeyRelease):
        # Platforms differ in whether the key of the event itself is already counted.
        own = _MODIFIER_KEYS.get(event.key())
        if own is not None:
            held = held | own if kind == QtCore.QEvent.Type.KeyPress else held & ~own
    return (held == Qt.KeyboardModifier.ControlModifier,
            held == Qt.KeyboardModifier.ShiftModifier)


def read_position(event) -> Tuple[float, float]:
    """(x, y) of a mouse or wheel event in pixels of its widget, floats."""
    for name in ("position", "localPos", "posF"):
        if hasattr(event, name):
            point = getattr(event, name)()
            return point.x(), point.y()
    return float(event.pos().x()), float(event.pos().y())
