"""Where `io` runs: desktop with OpenCV windows, headless, Colab (spec 41 section 2.4)."""
import ctypes
import importlib.util
import os
import sys
import threading
import time

import numpy as np

from .base import InteractBase
from .progress import print_text
from .windows import normalize_key

# waitKeyEx of the GTK and Qt builds adds modifier bits (shift, lock, ctrl, alt, num lock).
X11_KEY_MASK = 0xFFFF

TEST_WINDOW = 'Window test'


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

    The Qt builds of OpenCV end the whole process then, so it has to be asked beforehand.
    """
    if sys.platform in ('win32', 'darwin') or os.environ.get('WAYLAND_DISPLAY'):
        return True
    try:
        x11 = ctypes.CDLL('libX11.so.6')
    except OSError:  # OpenCV brings its own copy under another name: nothing to ask with
        return True
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    if display is None:
        return False
    x11.XCloseDisplay(display)
    return True


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
    """OpenCV windows. Without OpenCV's window functions it behaves as headless and says so.

    All windows belong to the thread that opened the first one: GUI toolkits allow no other.
    """

    def __init__(self) -> None:
        super(InteractDesktop, self).__init__()
        self._cv2 = None
        self._has_windows = None  # None: not tried yet
        self._window_thread = None
        self._last_mouse_pos = {}
        if os.name == 'nt' and importlib.util.find_spec('colorama') is not None:
            import colorama
            colorama.init()

    def color_red(self) -> None:
        """Interface name of older trees; does nothing there either."""

    def is_support_windows(self) -> bool:
        if self._has_windows is None:
            self._has_windows = self._try_windows()
        return self._has_windows

    def _try_windows(self) -> bool:
        if not can_open_display():
            print_text("The display %s does not answer: pictures are not shown."
                       % os.environ.get('DISPLAY'))
            return False
        import cv2
        self._cv2 = cv2
        try:
            # Builds without a GUI lack the functions or raise in them.
            cv2.namedWindow(TEST_WINDOW)
            cv2.destroyWindow(TEST_WINDOW)
        except (cv2.error, AttributeError):
            print_text("This OpenCV has no window functions: pictures are not shown. "
                       "Remedy: replace opencv-python-headless by opencv-python.")
            return False
        return True

    def on_create_window(self, wnd_name: str) -> None:
        if self.is_support_windows():
            self._window_thread = threading.get_ident()
            self._cv2.namedWindow(wnd_name)

    def on_destroy_window(self, wnd_name: str) -> None:
        self._last_mouse_pos.pop(wnd_name, None)
        if self.is_support_windows():
            self._cv2.destroyWindow(wnd_name)

    def on_destroy_all_windows(self) -> None:
        self._last_mouse_pos.clear()
        if self._has_windows:
            self._cv2.destroyAllWindows()

    def on_show_image(self, wnd_name: str, img: np.ndarray) -> None:
        if self.is_support_windows():
            self._cv2.imshow(wnd_name, img)

    def on_capture_mouse(self, wnd_name: str) -> None:
        if self.is_support_windows():
            self._cv2.setMouseCallback(wnd_name, self._on_mouse, wnd_name)

    def _on_mouse(self, event: int, x: int, y: int, flags: int, wnd_name: str) -> None:
        if wnd_name not in self.mouse_events:
            return  # a late event of a window that is gone
        if event == self.EVENT_MOUSEWHEEL:
            # Wheel events carry screen coordinates; the pointer has not moved since the last one.
            x, y = self._last_mouse_pos.get(wnd_name, (0, 0))
        else:
            self._last_mouse_pos[wnd_name] = (x, y)
        known = (self.EVENT_LBUTTONDOWN, self.EVENT_LBUTTONUP, self.EVENT_MBUTTONDOWN,
                 self.EVENT_MBUTTONUP, self.EVENT_RBUTTONDOWN, self.EVENT_RBUTTONUP,
                 self.EVENT_MOUSEWHEEL)
        self.add_mouse_event(wnd_name, x, y, event if event in known else 0, flags)

    def on_process_messages(self, sleep_time: float = 0) -> None:
        # Without an open window waitKeyEx returns at once, and a loop around it would spin.
        if not self._has_windows or not any(self.named_windows.values()) \
                or threading.get_ident() != self._window_thread:
            time.sleep(sleep_time)
            return
        self._on_key(self._cv2.waitKeyEx(max(1, int(sleep_time * 1000))))

    def _on_key(self, code: int) -> None:
        """Queue what waitKeyEx returned (-1: no key) for the window with the focus."""
        if code == -1 or not self.capture_keys_windows or self.focus_wnd_name is None:
            return
        if sys.platform not in ('win32', 'darwin'):
            code &= X11_KEY_MASK
        code, shift = normalize_key(code)
        self.add_key_event(self.focus_wnd_name, code, False, False, shift)

    def on_wait_any_key(self) -> None:
        if self._has_windows:
            self._cv2.waitKey(0)
