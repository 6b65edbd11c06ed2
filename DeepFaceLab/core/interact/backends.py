"""Where `io` runs: desktop with windows, headless, Colab (spec 41 section 2.4)."""
import contextlib
import importlib.util
import os
import sys
import time
from typing import Any, Iterator, Optional, Tuple

import numpy as np

from core import osex
from core.errors import UserError
from core.process_options import WINDOW_TOOLKIT, get_setting

from .base import InteractBase
from .opencv_windows import OpenCvWindows, is_drawn_by_qt
from .progress import print_text
from .screen_scale import open_x11
from .windows import normalize_key


def has_colab() -> bool:
    """True where Colab's own package is installed; IPython alone does not count."""
    if 'google.colab' in sys.modules:
        return True
    try:
        return importlib.util.find_spec('google.colab') is not None
    except (ImportError, ValueError):  # no package `google`, or one without a spec
        return False


def has_display() -> bool:
    """True if this process could open a window, as far as the environment tells."""
    if sys.platform in ('win32', 'darwin'):
        return True
    return bool(os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'))


def can_open_display() -> bool:
    """False if the X display that the environment names does not answer (a stale DISPLAY).

    Qt ends the whole process then, so it has to be asked beforehand.
    """
    if sys.platform in ('win32', 'darwin') or os.environ.get('WAYLAND_DISPLAY'):
        return True
    with open_x11() as (x11, display):
        return x11 is None or display is not None


class InteractHeadless(InteractBase):
    """No screen. Windows are accepted and keep their state, nothing is shown; the first one that
    has a picture says so."""

    _has_told = False

    def on_create_window(self, wnd_name: str) -> None:
        if not self._has_told:
            self._has_told = True
            print_text("There is no screen: pictures (%s) are not shown." % wnd_name)


class InteractColab(InteractHeadless):
    """A Colab notebook: no windows, no terminal."""

    _has_told = True  # nobody expects windows there

    def is_colab(self) -> bool:
        return True

    def input_skip_pending(self) -> None:
        """Nothing is typed ahead in a notebook's input field."""


class InteractDesktop(InteractBase):
    """Windows of OpenCV, or of PyQt5 where that is better. Without either it behaves as headless
    and says so.

    All windows belong to the thread that opened the first one: GUI toolkits allow no other.
    """

    def __init__(self) -> None:
        super(InteractDesktop, self).__init__()
        self._toolkit: Any = None
        self._has_windows = None  # None: not tried yet
        self._has_told_thread = False
        if os.name == 'nt' and importlib.util.find_spec('colorama') is not None:
            import colorama
            colorama.init()

    def color_red(self) -> None:
        """Interface name of older trees; does nothing there either."""

    def is_support_windows(self) -> bool:
        if self._has_windows is None:
            self._toolkit = self._try_windows()
            self._has_windows = self._toolkit is not None
        return self._has_windows and self._can_be_used_here()

    def _can_be_used_here(self) -> bool:
        if self._toolkit.can_be_used_here():
            return True
        if not self._has_told_thread:
            self._has_told_thread = True
            print_text("The windows of this OpenCV cannot be opened while a model is made: nothing "
                       "is chosen in one. Remedy: install PyQt5.")
        return False

    def _try_windows(self) -> Any:
        """A toolkit, or None after saying why there is none."""
        if not can_open_display():
            print_text("The display %s does not answer: pictures are not shown."
                       % os.environ.get('DISPLAY'))
            return None
        import cv2
        asked = get_setting(WINDOW_TOOLKIT)
        if asked == 'qt' or (asked is None and is_drawn_by_qt(cv2)):
            toolkit = self._try_qt(is_asked=asked == 'qt')
            if toolkit is not None:
                return toolkit
        toolkit = OpenCvWindows(cv2, self._on_key, self._on_mouse)
        if toolkit.try_window():
            return toolkit
        toolkit = self._try_qt(is_asked=False) if asked is None else None
        if toolkit is None:
            print_text("This OpenCV has no window functions: pictures are not shown. "
                       "Remedy: replace opencv-python-headless by opencv-python, or install PyQt5.")
        return toolkit

    def _try_qt(self, is_asked: bool) -> Any:
        """Windows of PyQt5; None where it is not installed or cannot draw, which is told to
        somebody who asked for them."""
        if sys.platform.startswith('linux') and not os.environ.get('DISPLAY') and not is_asked:
            return None     # Qt would end the process if the screen that is there does not suit it
        try:
            with use_x11():
                from .qt_windows import QtWindows
                return QtWindows(self._on_key, self._on_mouse)
        except UserError as error:
            if is_asked:
                print_text("Windows of PyQt5 were asked for: %s" % error)
            return None

    def on_create_window(self, wnd_name: str) -> None:
        if self.is_support_windows():
            self._toolkit.open(wnd_name, wnd_name in self.resizable_windows,
                               self.resizable_windows.get(wnd_name))

    def on_destroy_window(self, wnd_name: str) -> None:
        if self.is_support_windows():
            self._toolkit.close(wnd_name)

    def on_destroy_all_windows(self) -> None:
        if self._has_windows:
            self._toolkit.close_all()

    def on_show_image(self, wnd_name: str, img: np.ndarray) -> None:
        if self.is_support_windows():
            self._toolkit.show(wnd_name, img)

    def on_capture_mouse(self, wnd_name: str) -> None:
        if self.is_support_windows():
            self._toolkit.capture_mouse(wnd_name)

    def _on_mouse(self, wnd_name: str, x: int, y: int, event: int, flags: int) -> None:
        if wnd_name not in self.mouse_events:
            return  # a late event of a window that is gone
        known = (self.EVENT_LBUTTONDOWN, self.EVENT_LBUTTONUP, self.EVENT_MBUTTONDOWN,
                 self.EVENT_MBUTTONUP, self.EVENT_RBUTTONDOWN, self.EVENT_RBUTTONUP,
                 self.EVENT_MOUSEWHEEL)
        self.add_mouse_event(wnd_name, x, y, event if event in known else 0, flags)

    def on_get_window_size(self, wnd_name: str) -> Optional[Tuple[int, int]]:
        return self._toolkit.get_size(wnd_name) if self._has_windows else None

    def on_is_window_closed(self, wnd_name: str) -> bool:
        return bool(self._has_windows) and self._toolkit.is_closed(wnd_name)

    def on_resize_window(self, wnd_name: str, width: int, height: int) -> None:
        if self._has_windows:
            self._toolkit.resize(wnd_name, (width, height))

    def on_move_window(self, wnd_name: str, x: int, y: int) -> None:
        if self._has_windows:
            self._toolkit.move(wnd_name, x, y)

    def on_set_window_title(self, wnd_name: str, title: str) -> None:
        if self._has_windows:
            self._toolkit.set_title(wnd_name, title)

    def get_screen_size(self) -> Tuple[int, int]:
        size = self._toolkit.get_screen_size() if self.is_support_windows() else None
        return osex.get_screen_size() if size is None else size

    def on_get_ui_scale(self) -> float:
        return self._toolkit.get_scale() if self.is_support_windows() else 1.0

    def has_wheel(self) -> bool:
        return self._toolkit.has_wheel if self.is_support_windows() else True

    def on_process_messages(self, sleep_time: float = 0) -> None:
        if self._has_windows:
            self._toolkit.poll(sleep_time, any(self.named_windows.values()))
        else:
            time.sleep(sleep_time)

    def _on_key(self, code: int) -> None:
        """Queue a key for the window with the focus."""
        if not self.capture_keys_windows or self.focus_wnd_name is None:
            return
        code, shift = normalize_key(code)
        self.add_key_event(self.focus_wnd_name, code, False, False, shift)

    def on_wait_any_key(self) -> None:
        if self._has_windows:
            self._toolkit.wait_any_key()


@contextlib.contextmanager
def use_x11() -> Iterator[None]:
    """Linux: Qt draws on the X server, which `can_open_display` has asked, unless told
    otherwise."""
    is_linux = sys.platform.startswith('linux')
    if is_linux:
        # Pictures need no OpenGL. Mesa's would bring an LLVM that shares names with the one inside
        # TensorFlow: the process crashes when TensorFlow is imported, or at its end.
        os.environ.setdefault('QT_XCB_GL_INTEGRATION', 'none')
    is_ours = is_linux and not os.environ.get('QT_QPA_PLATFORM')
    if is_ours:
        os.environ['QT_QPA_PLATFORM'] = 'xcb'
    try:
        yield
    finally:
        if is_ours:
            del os.environ['QT_QPA_PLATFORM']
