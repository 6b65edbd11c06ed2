"""Windows of PyQt5 behind `io`: where OpenCV has none, or such that zoom by themselves.

Importing this needs PyQt5 (`core.qtex.binding` raises UserError without it).
"""
import functools
import queue
import threading
import time
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from core.qtex.binding import Qt, QtGui, QtWidgets, make_application, read_position

from .screen_scale import NORMAL_DPI, round_scale

Size = Tuple[int, int]
TURN_SEC = 0.005        # between two looks for events
MIN_SIDE = 64           # pixels of a window that the user makes small

KEY_CODES = {Qt.Key.Key_Tab: 9, Qt.Key.Key_Backtab: 9, Qt.Key.Key_Escape: 27,
             Qt.Key.Key_Return: 13, Qt.Key.Key_Enter: 13, Qt.Key.Key_Backspace: 8,
             # X11's names for keys without a character, as OpenCV gives them there
             Qt.Key.Key_Left: 65361, Qt.Key.Key_Up: 65362, Qt.Key.Key_Right: 65363,
             Qt.Key.Key_Down: 65364, Qt.Key.Key_Delete: 65535, Qt.Key.Key_Home: 65360,
             Qt.Key.Key_End: 65367, Qt.Key.Key_PageUp: 65365, Qt.Key.Key_PageDown: 65366}
WHEEL = 10
BUTTON_EVENTS = {Qt.MouseButton.LeftButton: (1, 2), Qt.MouseButton.MiddleButton: (3, 4),
                 Qt.MouseButton.RightButton: (5, 6)}


def keep_errors(method: Callable) -> Callable:
    """Qt ends the process when an exception, Ctrl+C included, leaves an event handler: the error is
    kept and raised by `poll`."""
    @functools.wraps(method)
    def call(self, event):
        try:
            return method(self, event)
        except BaseException as error:  # noqa: BLE001 raised again outside of Qt
            self.toolkit.kept_error = error
    return call


class PictureWidget(QtWidgets.QWidget):
    """A window with a picture and nothing else."""

    def __init__(self, toolkit: 'QtWindows', wnd_name: str, is_resizable: bool,
                 size: Optional[Size]) -> None:
        super().__init__()
        self.toolkit = toolkit
        self.wnd_name = wnd_name
        self.is_resizable = is_resizable
        self.first_size = size
        self.has_mouse = False
        self.was_shown = False
        self.image: Optional[QtGui.QImage] = None
        self.setWindowTitle(wnd_name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        if is_resizable:
            self.setMinimumSize(MIN_SIDE, MIN_SIDE)

    def set_picture(self, img: np.ndarray) -> None:
        pixels = to_bgr(img)
        height, width = pixels.shape[:2]
        # swapping makes a copy, which the image owns
        self.image = QtGui.QImage(pixels.data, width, height, 3 * width,
                                  QtGui.QImage.Format.Format_RGB888).rgbSwapped()
        if not self.is_resizable:
            self.set_pixel_size((width, height), is_fixed=True)
        elif self.first_size is not None or not self.isVisible():
            self.set_pixel_size(self.first_size or (width, height))
            self.first_size = None
        if not self.isVisible():
            self.show()
        self.was_shown = True
        self.update()

    def set_pixel_size(self, size: Size, is_fixed: bool = False) -> None:
        ratio = self.devicePixelRatioF()
        width, height = [max(1, int(round(side / ratio))) for side in size]
        (self.setFixedSize if is_fixed else self.resize)(width, height)

    def get_pixel_size(self) -> Size:
        ratio = self.devicePixelRatioF()
        return int(round(self.width() * ratio)), int(round(self.height() * ratio))

    @keep_errors
    def paintEvent(self, event: Any) -> None:
        painter = QtGui.QPainter(self)
        if self.image is None:
            painter.fillRect(self.rect(), Qt.GlobalColor.black)
        else:
            if self.get_pixel_size() != (self.image.width(), self.image.height()):
                painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.rect(), self.image)
        painter.end()

    def focusNextPrevChild(self, is_next: bool) -> bool:
        return False        # Tab is a key like others

    @keep_errors
    def keyPressEvent(self, event: Any) -> None:
        code = KEY_CODES.get(event.key())
        if code is None:
            text = event.text()
            code = ord(text) if len(text) == 1 and ord(text) >= 32 else None
        if code is not None:
            self.toolkit.take_key(code)

    def _tell_mouse(self, event: Any, number: int, flags: int) -> None:
        x, y = read_position(event)
        if self.has_mouse and self.image is not None:
            self.toolkit.on_mouse(self.wnd_name, int(x * self.image.width() / self.width()),
                                  int(y * self.image.height() / self.height()), number, flags)

    @keep_errors
    def mousePressEvent(self, event: Any) -> None:
        self._tell_mouse(event, BUTTON_EVENTS.get(event.button(), (0, 0))[0], 0)

    @keep_errors
    def mouseDoubleClickEvent(self, event: Any) -> None:
        self._tell_mouse(event, 0, 0)

    @keep_errors
    def mouseReleaseEvent(self, event: Any) -> None:
        self._tell_mouse(event, BUTTON_EVENTS.get(event.button(), (0, 0))[1], 0)

    @keep_errors
    def mouseMoveEvent(self, event: Any) -> None:
        self._tell_mouse(event, 0, 0)

    @keep_errors
    def wheelEvent(self, event: Any) -> None:
        turned = event.angleDelta().y()
        if turned:
            self._tell_mouse(event, WHEEL, turned)


def to_bgr(img: np.ndarray) -> np.ndarray:
    """(h,w,3) uint8, contiguous, of what OpenCV's imshow takes."""
    if img.dtype != np.uint8:
        img = np.clip(img * 255.0, 0, 255).astype(np.uint8)
    if img.ndim == 2:
        img = img[..., None]
    return np.ascontiguousarray(img[..., :3] if img.shape[-1] >= 3
                                else np.repeat(img[..., :1], 3, -1))


class QtWindows:
    """The toolkit of `OpenCvWindows`, drawn by PyQt5.

    The thread that makes this draws; what other threads ask for is done in its next `poll`.
    """

    has_wheel = True

    def __init__(self, on_key: Callable[[int], None],
                 on_mouse: Callable[[str, int, int, int, int], None]) -> None:
        self._app = make_application('DeepFaceLab')
        self._on_key = on_key
        self.on_mouse = on_mouse
        self.kept_error: Optional[BaseException] = None
        self._windows: Dict[str, PictureWidget] = {}
        self._titles: Dict[str, str] = {}
        self._thread = threading.get_ident()
        self._asked: 'queue.Queue[Callable[[], None]]' = queue.Queue()
        self._keys = 0      # how many were pressed

    def can_be_used_here(self) -> bool:
        return True

    def _do(self, action: Callable[[], None]) -> None:
        if threading.get_ident() == self._thread:
            action()
        else:
            self._asked.put(action)

    def take_key(self, code: int) -> None:
        self._keys += 1
        self._on_key(code)

    def open(self, wnd_name: str, is_resizable: bool = False, size: Optional[Size] = None) -> None:
        def act() -> None:
            window = PictureWidget(self, wnd_name, is_resizable, size)
            window.setWindowTitle(self._titles.get(wnd_name, wnd_name))
            self._windows[wnd_name] = window
        self._do(act)

    def close(self, wnd_name: str) -> None:
        def act() -> None:
            window = self._windows.pop(wnd_name, None)
            self._titles.pop(wnd_name, None)
            if window is not None:
                window.close()
                window.deleteLater()
                self._app.processEvents()
        self._do(act)

    def close_all(self) -> None:
        for wnd_name in list(self._windows):
            self.close(wnd_name)

    def show(self, wnd_name: str, img: np.ndarray) -> None:
        def act() -> None:
            if wnd_name in self._windows:
                self._windows[wnd_name].set_picture(img)
        self._do(act)

    def capture_mouse(self, wnd_name: str) -> None:
        def act() -> None:
            self._windows[wnd_name].has_mouse = True
        self._do(act)

    def get_size(self, wnd_name: str) -> Optional[Size]:
        window = self._windows.get(wnd_name)
        if window is None or not window.is_resizable:
            return None
        return window.first_size or window.get_pixel_size()

    def is_closed(self, wnd_name: str) -> bool:
        """Whether the user has closed a window that had a picture. Other threads may ask while it
        opens."""
        window = self._windows.get(wnd_name)
        return window is not None and window.was_shown and not window.isVisible()

    def resize(self, wnd_name: str, size: Size) -> None:
        def act() -> None:
            window = self._windows.get(wnd_name)
            if window is not None and window.is_resizable:
                window.set_pixel_size(size)
        self._do(act)

    def move(self, wnd_name: str, x: int, y: int) -> None:
        def act() -> None:
            window = self._windows[wnd_name]
            ratio = window.devicePixelRatioF()
            window.move(int(x / ratio), int(y / ratio))
        self._do(act)

    def set_title(self, wnd_name: str, title: str) -> None:
        def act() -> None:
            self._titles[wnd_name] = title
            if wnd_name in self._windows:
                self._windows[wnd_name].setWindowTitle(title)
        self._do(act)

    def get_scale(self) -> float:
        screen = self._app.primaryScreen()
        return round_scale(screen.devicePixelRatio() * screen.logicalDotsPerInch() / NORMAL_DPI)

    def get_screen_size(self) -> Size:
        """Pixels that a window may cover."""
        screen = self._app.primaryScreen()
        area, ratio = screen.availableGeometry(), screen.devicePixelRatio()
        return int(area.width() * ratio), int(area.height() * ratio)

    def poll(self, seconds: float, has_windows: bool) -> None:
        """Let the windows work for so long, or until a key is pressed."""
        if threading.get_ident() != self._thread:
            time.sleep(seconds)
            return
        deadline, keys = time.monotonic() + seconds, self._keys
        while True:
            self._work()
            left = deadline - time.monotonic()
            if left <= 0 or self._keys != keys:
                return
            time.sleep(min(TURN_SEC, left))

    def _work(self) -> None:
        while not self._asked.empty():
            self._asked.get()()
        self._app.processEvents()
        error, self.kept_error = self.kept_error, None
        if error is not None:
            raise error

    def wait_any_key(self) -> None:
        keys = self._keys
        while self._keys == keys and any(w.isVisible() for w in self._windows.values()):
            self.poll(0.05, True)
