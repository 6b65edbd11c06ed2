"""Windows of OpenCV behind `io` (spec 41 section 2.4).

A toolkit has `can_be_used_here`, `open`, `close`, `close_all`, `show`, `capture_mouse`, `poll`,
`wait_any_key`, and for windows that the user may resize `get_size`, `resize`, `move`, `set_title`,
`get_scale`.
"""
import contextlib
import re
import sys
import threading
import time
from typing import Any, Callable, Dict, Optional, Set, Tuple

import numpy as np

from .screen_scale import get_system_scale, get_x11_screen_size, make_dpi_aware

# waitKeyEx of the GTK and Qt builds adds modifier bits (shift, lock, ctrl, alt, num lock).
X11_KEY_MASK = 0xFFFF

TEST_WINDOW = 'Window test'
MOUSE_WHEEL = 10

Size = Tuple[int, int]      # width, height of a window's picture in pixels of the screen


def list_gui(cv2: Any) -> str:
    """The lines about windows of OpenCV's build information; '' where there is none."""
    if not hasattr(cv2, 'getBuildInformation'):
        return ''
    found = re.search(r'^\s*GUI:.*?(?=^\s*$|^\s*Media I/O|\Z)', cv2.getBuildInformation(),
                      re.MULTILINE | re.DOTALL)
    return found.group() if found else ''


def is_drawn_by_qt(cv2: Any) -> bool:
    """True for the Linux wheels: their windows zoom by themselves whenever the wheel is turned."""
    return re.search(r'GUI:\s*QT|\bQT:\s*YES', list_gui(cv2)) is not None


class OpenCvWindows:
    """Windows that `cv2` opens, all in the thread that opened the first one: GUI toolkits allow no
    other.

    Arguments:
        cv2: the module.
        on_key: takes what waitKeyEx returned.
        on_mouse: takes (window name, x, y, event, flags).
    """

    def __init__(self, cv2: Any, on_key: Callable[[int], None],
                 on_mouse: Callable[[str, int, int, int, int], None]) -> None:
        self._cv2 = cv2
        self._on_key = on_key
        self._tell_mouse = on_mouse
        self._window_thread: Optional[int] = None
        self._first_thread: Optional[int] = None
        self._last_mouse_pos: Dict[str, Tuple[int, int]] = {}
        self._opened: Set[str] = set()
        self._sizes: Dict[str, Optional[Size]] = {}     # of resizable windows, as asked for
        self._titles: Dict[str, str] = {}
        self._has_mouse: Dict[str, bool] = {}
        self._seen: Set[str] = set()    # were visible, and the backend can tell
        # The Qt windows turn the wheel into a zoom of their own, which nothing can switch off.
        self._is_qt = is_drawn_by_qt(cv2)
        self.has_wheel = not self._is_qt

    def try_window(self) -> bool:
        """False if this OpenCV was built without windows."""
        make_dpi_aware()
        self._first_thread = threading.get_ident()
        try:
            # Builds without a GUI lack the functions or raise in them.
            self._cv2.namedWindow(TEST_WINDOW)
            self._cv2.destroyWindow(TEST_WINDOW)
        except (self._cv2.error, AttributeError):
            return False
        return True

    def can_be_used_here(self) -> bool:
        """Qt draws in the thread of the first window only: any call from another one waits for
        ever."""
        return not self._is_qt or threading.get_ident() == self._first_thread

    def open(self, wnd_name: str, is_resizable: bool = False, size: Optional[Size] = None) -> None:
        """Open a window: as large as its picture, or one that the user resizes, `size` pixels
        large at first."""
        self._window_thread = threading.get_ident()
        self._opened.add(wnd_name)
        self._seen.discard(wnd_name)
        if not is_resizable or not hasattr(self._cv2, 'getWindowImageRect'):
            self._cv2.namedWindow(wnd_name)
            return
        self._sizes[wnd_name] = size
        self._cv2.namedWindow(wnd_name, self._cv2.WINDOW_NORMAL | self._cv2.WINDOW_FREERATIO
                              | self._cv2.WINDOW_GUI_NORMAL)
        if size is not None:
            self._cv2.resizeWindow(wnd_name, *size)
        if wnd_name in self._titles:
            self._cv2.setWindowTitle(wnd_name, self._titles[wnd_name])

    def close(self, wnd_name: str) -> None:
        for table in (self._last_mouse_pos, self._sizes, self._titles, self._has_mouse):
            table.pop(wnd_name, None)
        self._opened.discard(wnd_name)
        with contextlib.suppress(self._cv2.error):      # the Linux wheels', of one that is gone
            self._cv2.destroyWindow(wnd_name)

    def close_all(self) -> None:
        for table in (self._last_mouse_pos, self._sizes, self._titles, self._has_mouse):
            table.clear()
        self._opened.clear()
        self._cv2.destroyAllWindows()

    def show(self, wnd_name: str, img: np.ndarray) -> None:
        if self.is_closed(wnd_name):
            # imshow would open one that cannot be resized and sends no mouse events
            self.open(wnd_name, wnd_name in self._sizes, self._sizes.get(wnd_name))
            if self._has_mouse.get(wnd_name):
                self.capture_mouse(wnd_name)
        self._cv2.imshow(wnd_name, img)

    def is_closed(self, wnd_name: str) -> bool:
        """Whether the user has closed a window. Backends that cannot tell say that it was never
        there."""
        if wnd_name not in self._opened or not hasattr(self._cv2, 'getWindowProperty'):
            return False
        try:
            is_visible = self._cv2.getWindowProperty(wnd_name, self._cv2.WND_PROP_VISIBLE) >= 1
        except self._cv2.error:     # some backends raise for a window that is gone
            is_visible = False
        if is_visible:
            self._seen.add(wnd_name)
        return not is_visible and wnd_name in self._seen

    def capture_mouse(self, wnd_name: str) -> None:
        self._has_mouse[wnd_name] = True
        self._cv2.setMouseCallback(wnd_name, self._on_mouse, wnd_name)

    def _on_mouse(self, event: int, x: int, y: int, flags: int, wnd_name: str) -> None:
        if event == MOUSE_WHEEL:
            # Wheel events carry screen coordinates; the pointer has not moved since the last one.
            x, y = self._last_mouse_pos.get(wnd_name, (0, 0))
        else:
            self._last_mouse_pos[wnd_name] = (x, y)
        self._tell_mouse(wnd_name, x, y, event, flags)

    def get_size(self, wnd_name: str) -> Optional[Size]:
        """Pixels of the area that shows the picture; None where it follows the picture."""
        if wnd_name not in self._sizes:
            return None
        try:
            width, height = self._cv2.getWindowImageRect(wnd_name)[2:]
        except self._cv2.error:     # the user has closed it
            return self._sizes[wnd_name]
        if width < 1 or height < 1:
            return self._sizes[wnd_name]
        self._sizes[wnd_name] = (width, height)
        return width, height

    def resize(self, wnd_name: str, size: Size) -> None:
        if wnd_name in self._sizes:
            self._sizes[wnd_name] = size
            self._cv2.resizeWindow(wnd_name, *size)

    def move(self, wnd_name: str, x: int, y: int) -> None:
        self._cv2.moveWindow(wnd_name, x, y)

    def set_title(self, wnd_name: str, title: str) -> None:
        self._titles[wnd_name] = title
        if hasattr(self._cv2, 'setWindowTitle'):
            self._cv2.setWindowTitle(wnd_name, title)

    def get_scale(self) -> float:
        return get_system_scale()

    def get_screen_size(self) -> Optional[Size]:
        """Pixels of the screen; None: ask elsewhere."""
        return None if sys.platform in ('win32', 'darwin') else get_x11_screen_size()

    def poll(self, seconds: float, has_windows: bool) -> None:
        """Let the windows work for so long, or until a key is pressed."""
        # Without an open window waitKeyEx returns at once, and a loop around it would spin.
        if not has_windows or threading.get_ident() != self._window_thread:
            time.sleep(seconds)
            return
        code = self._cv2.waitKeyEx(max(1, int(seconds * 1000)))
        if code != -1:
            self._on_key(code if sys.platform in ('win32', 'darwin') else code & X11_KEY_MASK)

    def wait_any_key(self) -> None:
        self._cv2.waitKey(0)
