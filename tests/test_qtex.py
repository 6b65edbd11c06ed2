"""Pictures, points and keys between NumPy and Qt, and Qt's start (spec 51 section 18)."""
import os
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

import qt_support as qt
from core import qtex
from core.errors import UserError
from core.qtex import binding
from tree_setup import REPOSITORY, TREE


@pytest.fixture(autouse=True)
def application():
    return qt.start_application()


@pytest.mark.parametrize("width", [1, 4, 5, 7])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_come_back_whatever_their_width(width, channels):
    formats = {1: qt.QtGui.QImage.Format.Format_Grayscale8,
               3: qt.QtGui.QImage.Format.Format_BGR888, 4: qt.QtGui.QImage.Format.Format_ARGB32}
    img = np.random.RandomState(width).randint(0, 255, (3, width, channels)).astype(np.uint8)
    image = qtex.QImage_from_np(img)
    assert (image.width(), image.height()) == (width, 3)
    np.testing.assert_array_equal(qtex.QImage_to_np(image.copy(), formats[channels]), img)


def test_colours_are_bgr():
    image = qtex.QImage_from_np(np.uint8([[[255, 0, 0]]]))
    assert image.pixelColor(0, 0).getRgb() == (0, 0, 255, 255)


@pytest.mark.parametrize("img", [np.zeros((2, 2), np.float32), np.zeros((2, 2, 2), np.uint8),
                                 np.zeros(4, np.uint8)], ids=str)
def test_arrays_that_are_no_pictures(img):
    with pytest.raises(ValueError, match="a picture"):
        qtex.QImage_from_np(img)


def test_points_and_sizes():
    assert qtex.QPoint_to_np(qtex.QPoint_from_np((3.9, -2.5))).tolist() == [3, -2]
    size = qtex.QSize_to_np(qt.QtCore.QSize(5, 6))
    assert size.tolist() == [5, 6] and size.dtype == np.int32


def test_one_main_window():
    qtex.QXMainWindow.inst = None
    window = qtex.QXMainWindow()
    assert qtex.QXMainWindow.inst is window
    with pytest.raises(Exception, match="one main window"):
        qtex.QXMainWindow()
    qtex.QXMainWindow.inst = None


def test_held_button_acts_again_and_again():
    qtex.QXMainWindow.inst = None
    window, clicks = qtex.QXMainWindow(), []
    button = qtex.QXIconButton(qt.QtGui.QIcon(), "go", "D", lambda: clicks.append(1),
                               first_repeat_delay=30, repeat_delay=5)
    window.show()
    qt.QtTest.QTest.keyPress(window, qt.Qt.Key.Key_D)
    assert len(clicks) == 1 and button.isDown()
    assert qt.wait_until(lambda: len(clicks) > 3)
    qt.QtTest.QTest.keyRelease(window, qt.Qt.Key.Key_D)
    count = len(clicks)
    qt.wait_until(lambda: False, seconds=0.1)
    assert len(clicks) == count
    qt.press_key(window, "A")
    assert len(clicks) == count
    qtex.QXMainWindow.inst = None


def test_message_ends_the_holding():
    """The release of the key goes to the message."""
    qtex.QXMainWindow.inst = None
    window, clicks = qtex.QXMainWindow(), []

    def click():
        clicks.append(1)
        if len(clicks) > 3:
            return
        box = qt.QtWidgets.QMessageBox(window)
        qt.QtCore.QTimer.singleShot(150, box.accept)
        box.exec_()
    button = qtex.QXIconButton(qt.QtGui.QIcon(), "go", "D", click, first_repeat_delay=20,
                               repeat_delay=5)
    window.show()
    qt.QtTest.QTest.keyPress(window, qt.Qt.Key.Key_D)
    qt.wait_until(lambda: False, seconds=0.2)
    assert len(clicks) == 1 and not button.isDown()
    qtex.QXMainWindow.inst = None


def test_another_window_ends_the_holding():
    qtex.QXMainWindow.inst = None
    window, clicks, other = qtex.QXMainWindow(), [], qt.QtWidgets.QWidget()
    button = qtex.QXIconButton(qt.QtGui.QIcon(), "go", "X", lambda: clicks.append(1),
                               first_repeat_delay=50, repeat_delay=5)
    button.setParent(window)
    window.show()
    window.activateWindow()
    assert qt.wait_until(window.isActiveWindow)
    qt.QtTest.QTest.keyPress(window, qt.Qt.Key.Key_X)
    other.show()
    other.activateWindow()
    assert qt.wait_until(lambda: not window.isActiveWindow())
    count = len(clicks)
    qt.wait_until(lambda: False, seconds=0.15)
    assert len(clicks) == count and not button.isDown()
    other.close()
    qtex.QXMainWindow.inst = None


@pytest.mark.parametrize("key, scan_code, letter", [
    (0x412, 40, "D"),       # Russian layout: the letter in the place of D
    (0x424, 38, "A"), (0x427, 53, "X"), (ord("D"), 26, "D"), (ord("E"), 40, "E"),
    (0x1000000, 40, None)])    # Escape
def test_letters_of_other_layouts(key, scan_code, letter, monkeypatch):
    from core.qtex import icon_button
    monkeypatch.setattr(icon_button, "is_windows", lambda: False)
    event = qt.QtGui.QKeyEvent(qt.QtCore.QEvent.Type.KeyPress, key, qt.NO_KEYS, scan_code, 0, 0)
    assert [name for name in "ADXE" if icon_button.is_letter(event, name)] == (
        [letter] if letter else [])


def test_windows_tells_the_place_by_its_own_code(monkeypatch):
    from core.qtex import icon_button
    monkeypatch.setattr(icon_button, "is_windows", lambda: True)
    event = qt.QtGui.QKeyEvent(qt.QtCore.QEvent.Type.KeyPress, 0x412, qt.NO_KEYS, 32, ord("D"), 0)
    assert icon_button.is_letter(event, "D") and not icon_button.is_letter(event, "A")


def test_tooltip_names_the_shortcut():
    from localization import StringsDB
    action = qtex.QActionEx(qt.QtGui.QIcon(), "Do it", "Ctrl+K", shortcut_in_tooltip=True)
    assert action.toolTip() == "Do it (%s: Ctrl+K)" % (StringsDB["S_HOT_KEY"],)


def test_plugins_of_opencv_are_left_aside(monkeypatch):
    own = os.path.join(os.path.dirname(cv2.__file__), "qt", "plugins")
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", own)
    monkeypatch.setenv("QT_QPA_FONTDIR", "/somewhere/else")
    binding.drop_foreign_plugins()
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ
    assert os.environ["QT_QPA_FONTDIR"] == "/somewhere/else"


def test_missing_package_and_missing_library_are_told_apart():
    error = binding.name_missing(ImportError("No module named 'PyQt5'", name="PyQt5"))
    assert "not installed" in error.what and "pip install PyQt5==5.15" in error.remedies[0]
    error = binding.name_missing(ImportError("libGL.so.1: cannot open shared object file"))
    assert "libGL.so.1" in error.what and "libgl1" in error.remedies[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there Qt ends the process")
def test_no_screen_is_named(tmp_path):
    child = {name: value for name, value in os.environ.items()
             if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    result = subprocess.run(
        [sys.executable, str(TREE / "main.py"), "xseg", "editor", "--input-dir", str(tmp_path)],
        env=child, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert result.returncode != 0
    assert b"no screen" in result.stdout and b"Traceback" not in result.stdout


def test_library_that_a_plugin_lacks_is_named(tmp_path):
    plugin = tmp_path / "libqxcb.so"
    plugin.write_bytes(b"not a library")
    with pytest.raises(UserError, match="libqxcb.so") as caught:
        binding.check_library(str(plugin))
    assert "libxcb-icccm4" in caught.value.remedies[0]


def test_package_that_is_missing_is_named(tmp_path):
    (tmp_path / "PyQt5.py").write_text("raise ModuleNotFoundError('gone', name='PyQt5')")
    child = dict(os.environ, PYTHONPATH=os.pathsep.join([str(tmp_path),
                                                         os.environ.get("PYTHONPATH", "")]))
    result = subprocess.run(
        [sys.executable, str(TREE / "main.py"), "xseg", "editor", "--input-dir", str(tmp_path)],
        env=child, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert result.returncode != 0
    assert b"needs PyQt5" in result.stdout and b"Traceback" not in result.stdout


# -- the extra is pinned alike wherever it is named

def read_pins(name):
    return re.findall(r"^PyQt5==(\S+?)(?:;.*)?$", (REPOSITORY / name).read_text(), re.M)


def test_one_version_for_each_generation():
    old, new = read_pins("requirements-editor.txt")
    assert read_pins("requirements-legacy-dev.txt") == [old]
    assert read_pins("requirements-dev.txt") == [new]


@pytest.mark.parametrize("number, version", [(0, (3, 6)), (0, (3, 7)), (1, (3, 8)), (1, (3, 13))])
def test_remedy_names_that_version(number, version, monkeypatch):
    monkeypatch.setattr(sys, "version_info", version + (0,))
    pin = read_pins("requirements-editor.txt")[number]
    remedy = binding.name_missing(ImportError("", name="PyQt5")).remedies[0]
    assert "PyQt5=={} ".format(pin) in remedy
