"""State of windows, mouse and keys; the drawing is the backend's (spec 41 section 2.4)."""
from typing import Dict, List, Optional, Tuple

import numpy as np

from core import osex
from core.process_options import UI_SCALE, get_setting

from .progress import print_text

# (code, character, ctrl, alt, shift); the character is chr(0) for codes above 255
KeyEvent = Tuple[int, str, bool, bool, bool]
# (x, y, event, flags); x, y in pixels of the window's picture
MouseEvent = Tuple[int, int, int, int]

SHIFTED = {ord('?'): ord('/'), ord('<'): ord(','), ord('>'): ord('.')}


def normalize_key(code: int) -> Tuple[int, bool]:
    """(code of the key without shift, shift): 'A' -> ('a', True), '?' -> ('/', True)."""
    if ord('A') <= code <= ord('Z'):
        return code + ord('a') - ord('A'), True
    if code in SHIFTED:
        return SHIFTED[code], True
    return code, False


class WindowsMixin:
    """Named windows of the `io` object.

    `named_windows`, `capture_mouse_windows`, `capture_keys_windows` map window names to True
    once something exists behind them; `mouse_events` and `key_events` hold what came since the
    last `get_*_events`.
    """

    EVENT_LBUTTONDOWN = 1
    EVENT_LBUTTONUP = 2
    EVENT_MBUTTONDOWN = 3
    EVENT_MBUTTONUP = 4
    EVENT_RBUTTONDOWN = 5
    EVENT_RBUTTONUP = 6
    EVENT_MOUSEWHEEL = 10

    _ui_scale: Optional[float] = None

    def init_windows(self) -> None:
        self.named_windows: Dict[str, bool] = {}  # name -> the backend's window exists
        self.capture_mouse_windows: Dict[str, bool] = {}  # name -> the backend captures
        self.capture_keys_windows: Dict[str, bool] = {}
        self.mouse_events: Dict[str, List[MouseEvent]] = {}
        self.key_events: Dict[str, List[KeyEvent]] = {}
        self.focus_wnd_name = None
        # name -> (width, height) it opens with, None: as large as its first picture
        self.resizable_windows: Dict[str, Optional[Tuple[int, int]]] = {}

    # Backend hooks. The base has no screen: it keeps the state and shows nothing.

    def is_support_windows(self) -> bool:
        """True if windows appear on a screen."""
        return False

    def on_destroy_all_windows(self) -> None:
        """Close every window of the screen."""

    def on_create_window(self, wnd_name: str) -> None:
        """Open a window on the screen."""

    def on_destroy_window(self, wnd_name: str) -> None:
        """Close one window of the screen."""

    def on_show_image(self, wnd_name: str, img: np.ndarray) -> None:
        """Draw `img`, (h,w,3) or (h,w) uint8, in an open window."""

    def on_capture_mouse(self, wnd_name: str) -> None:
        """Send the window's mouse events to `add_mouse_event`."""

    def on_capture_keys(self, wnd_name: str) -> None:
        """Send key events to `add_key_event`."""

    def on_wait_any_key(self) -> None:
        """Wait for a key in any window."""

    def on_get_window_size(self, wnd_name: str) -> Optional[Tuple[int, int]]:
        """(width, height) of an open, resizable window's picture area in pixels of the screen."""
        return None

    def on_is_window_closed(self, wnd_name: str) -> bool:
        """Whether the user has closed an open window."""
        return False

    def on_resize_window(self, wnd_name: str, width: int, height: int) -> None:
        """Give an open, resizable window another size."""

    def on_move_window(self, wnd_name: str, x: int, y: int) -> None:
        """Put an open window's upper left corner at a pixel of the screen."""

    def on_set_window_title(self, wnd_name: str, title: str) -> None:
        """Name an open window."""

    def on_get_ui_scale(self) -> float:
        """What the desktop says about `get_ui_scale`."""
        return 1.0

    # Facade

    def named_window(self, wnd_name: str) -> None:
        """Register a window and give it the focus; it opens with its first picture."""
        if wnd_name in self.named_windows:
            print_text("Window '%s' exists already." % wnd_name)
            return
        self.named_windows[wnd_name] = False
        self.mouse_events[wnd_name] = []
        self.key_events[wnd_name] = []
        self.focus_wnd_name = wnd_name

    def resizable_window(self, wnd_name: str, size: Optional[Tuple[int, int]] = None) -> None:
        """A window whose size is the user's: `size`, pixels of the screen, is how it opens.

        Draw its pictures as large as `get_window_size` says: they are sharp then. Others are
        stretched. Where windows cannot be resized it is one of `named_window`.
        """
        is_new = wnd_name not in self.named_windows
        self.named_window(wnd_name)
        if is_new:
            self.resizable_windows[wnd_name] = size

    def get_window_size(self, wnd_name: str) -> Optional[Tuple[int, int]]:
        """(width, height) in pixels of what a resizable window shows now, before its first picture
        what it will open with. None: there is no such window, or it follows its picture."""
        if wnd_name not in self.resizable_windows or not self.is_support_windows():
            return None
        if not self.named_windows[wnd_name]:
            return self.resizable_windows[wnd_name]
        return self.on_get_window_size(wnd_name)

    def is_window_closed(self, wnd_name: str) -> bool:
        """Whether the user has closed a window; its next picture opens it again."""
        return bool(self.named_windows.get(wnd_name)) and self.on_is_window_closed(wnd_name)

    def resize_window(self, wnd_name: str, width: int, height: int) -> None:
        """Give a resizable window another size, in pixels; others keep theirs."""
        if wnd_name in self.resizable_windows:
            self.resizable_windows[wnd_name] = (width, height)
            if self.named_windows[wnd_name]:
                self.on_resize_window(wnd_name, width, height)

    def move_window(self, wnd_name: str, x: int, y: int) -> None:
        """Put an open window's upper left corner at a pixel of the screen."""
        if self.named_windows.get(wnd_name):
            self.on_move_window(wnd_name, x, y)

    def set_window_title(self, wnd_name: str, title: str) -> None:
        """What stands above an open window, instead of its name."""
        if self.named_windows.get(wnd_name):
            # Bytes of a path that are no text would end the process in OpenCV.
            title = title.encode('utf-8', 'replace').decode('utf-8')
            self.on_set_window_title(wnd_name, title)

    def get_screen_size(self) -> Tuple[int, int]:
        """(width, height) of the main screen in pixels."""
        return osex.get_screen_size()

    def get_ui_scale(self) -> float:
        """By how much text and lines are larger than on a screen of 96 dots an inch."""
        if self._ui_scale is None:      # asked once: windows ask many times a second
            given = get_setting(UI_SCALE)
            self._ui_scale = self.on_get_ui_scale() if given is None else given
        return self._ui_scale

    def has_wheel(self) -> bool:
        """False where the wheel is not the program's: it zooms the whole picture by itself."""
        return True

    def show_image(self, wnd_name: str, img: np.ndarray) -> None:
        """Show `img`, (h,w,3) or (h,w), uint8 0..255 or float 0..1, in a registered window."""
        if wnd_name not in self.named_windows:
            print_text("Window '%s' does not exist." % wnd_name)
            return
        if not self.named_windows[wnd_name]:
            self.named_windows[wnd_name] = True
            self.on_create_window(wnd_name)
        if self.capture_mouse_windows.get(wnd_name) is False:
            self.capture_mouse_windows[wnd_name] = True
            self.on_capture_mouse(wnd_name)
        self.on_show_image(wnd_name, img)

    def destroy_window(self, wnd_name: str) -> None:
        """Close a window with its captures and events; the last remaining one gets the focus."""
        if wnd_name not in self.named_windows:
            print_text("Window '%s' does not exist." % wnd_name)
            return
        if self.named_windows.pop(wnd_name):
            self.on_destroy_window(wnd_name)
        for table in (self.capture_mouse_windows, self.capture_keys_windows,
                      self.mouse_events, self.key_events, self.resizable_windows):
            table.pop(wnd_name, None)
        if self.focus_wnd_name == wnd_name:
            self.focus_wnd_name = (list(self.named_windows) or [None])[-1]

    def destroy_all_windows(self) -> None:
        """Close everything."""
        if self.named_windows:
            self.on_destroy_all_windows()
        self.init_windows()

    def capture_mouse(self, wnd_name: str) -> None:
        """Collect mouse events of a window, from its first picture on."""
        if wnd_name not in self.named_windows:
            print_text("Window '%s' does not exist." % wnd_name)
        elif wnd_name in self.capture_mouse_windows:
            print_text("The mouse of window '%s' is captured already." % wnd_name)
        else:
            self.capture_mouse_windows[wnd_name] = self.named_windows[wnd_name]
            if self.named_windows[wnd_name]:
                self.on_capture_mouse(wnd_name)

    def capture_keys(self, wnd_name: str) -> None:
        """Collect keys; they go to the window that has the focus."""
        if wnd_name not in self.named_windows:
            print_text("Window '%s' does not exist." % wnd_name)
        elif wnd_name in self.capture_keys_windows:
            print_text("The keys of window '%s' are captured already." % wnd_name)
        else:
            self.capture_keys_windows[wnd_name] = True
            self.on_capture_keys(wnd_name)

    def add_mouse_event(self, wnd_name: str, x: int, y: int, ev: int, flags: int) -> None:
        """Queue an event; for the wheel flags > 0 means up."""
        self.mouse_events[wnd_name].append((x, y, ev, flags))

    def add_key_event(self, wnd_name: str, ord_key: int, ctrl_pressed: bool, alt_pressed: bool,
                      shift_pressed: bool) -> None:
        """Queue a key that `normalize_key` has seen."""
        char = chr(ord_key) if 0 <= ord_key <= 255 else chr(0)
        self.key_events[wnd_name].append(
            (ord_key, char, ctrl_pressed, alt_pressed, shift_pressed))

    def get_mouse_events(self, wnd_name: str) -> List[MouseEvent]:
        """Events since the last call."""
        events = self.mouse_events[wnd_name]
        self.mouse_events[wnd_name] = []
        return events

    def get_key_events(self, wnd_name: str) -> List[KeyEvent]:
        """Keys since the last call."""
        events = self.key_events[wnd_name]
        self.key_events[wnd_name] = []
        return events

    def wait_any_key(self) -> None:
        """Wait for a key in any window; returns at once where there are no windows."""
        self.on_wait_any_key()
