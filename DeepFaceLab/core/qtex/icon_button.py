"""A main window that hands on its keys, and buttons that act while they are held (spec 51 sections
10 and 18)."""
from typing import Callable, List, Optional

from core.compat import is_windows

from .binding import Qt, QtCore, QtWidgets
from .qtex import describe_shortcut


# Places of the letters on the keyboard: X11 and Wayland number the keys so.
SCAN_CODES = {letter: first + number
              for first, row in ((24, "QWERTYUIOP"), (38, "ASDFGHJKL"), (52, "ZXCVBNM"))
              for number, letter in enumerate(row)}


def is_letter(ev, letter: str) -> bool:
    """Whether a key event is of this upper-case letter; where the layout has other letters, as the
    Russian one, of the key in its place."""
    if ev.key() == ord(letter):
        return True
    if is_windows():
        return ev.nativeVirtualKey() == ord(letter)
    is_foreign = 0x7f < ev.key() < Qt.Key.Key_Escape    # from there on keys without a letter
    return is_foreign and ev.nativeScanCode() == SCAN_CODES.get(letter)


class QXMainWindow(QtWidgets.QWidget):
    """The one main window of a program: every key press and release goes to its listeners."""

    inst: Optional["QXMainWindow"] = None

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if QXMainWindow.inst is not None:
            raise Exception("QXMainWindow: a program has one main window")
        QXMainWindow.inst = self
        self._press_listeners: List[Callable] = []
        self._release_listeners: List[Callable] = []
        self.setFocusPolicy(Qt.FocusPolicy.WheelFocus)

    def add_keyPressEvent_listener(self, func: Callable) -> None:
        self._press_listeners.append(func)

    def add_keyReleaseEvent_listener(self, func: Callable) -> None:
        self._release_listeners.append(func)

    def keyPressEvent(self, ev) -> None:
        super().keyPressEvent(ev)
        for func in self._press_listeners:
            func(ev)

    def keyReleaseEvent(self, ev) -> None:
        super().keyReleaseEvent(ev)
        for func in self._release_listeners:
            func(ev)


class QXIconButton(QtWidgets.QPushButton):
    """Acts when it, or its key, is pressed, and again and again while it is held.

    The key is its letter, or the key in that letter's place where the layout has another alphabet.
    Another window that takes the keyboard, a message for example, ends the holding: nobody would
    tell this one that the key was released.
    """

    def __init__(self, icon, tooltip: Optional[str] = None, shortcut: Optional[str] = None,
                 click_func: Optional[Callable] = None, first_repeat_delay: int = 300,
                 repeat_delay: int = 20) -> None:
        """shortcut: one upper-case letter. click_func: called without arguments. Delays in ms."""
        super().__init__(icon, "")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._click, self._repeat_delay = click_func, repeat_delay
        self._first_delay = first_repeat_delay
        self._letter = shortcut
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._repeat)
        self.pressed.connect(self.start)
        self.released.connect(self.stop)
        if tooltip is not None:
            self.setToolTip(describe_shortcut(tooltip, shortcut) if shortcut else tooltip)
        if shortcut is not None:
            QXMainWindow.inst.add_keyPressEvent_listener(self._press_key)
            QXMainWindow.inst.add_keyReleaseEvent_listener(self._release_key)

    def _is_own(self, ev) -> bool:
        return not ev.isAutoRepeat() and is_letter(ev, self._letter)

    def _press_key(self, ev) -> None:
        if self._is_own(ev) and self.isEnabled():
            self.setDown(True)
            self.start()

    def _release_key(self, ev) -> None:
        if self._is_own(ev):
            self._let_go()

    def _let_go(self) -> None:
        self.setDown(False)
        self.stop()

    def event(self, ev) -> bool:
        if ev.type() == QtCore.QEvent.Type.WindowDeactivate:
            self._let_go()
        return super().event(ev)

    def start(self) -> None:
        self._timer.start(self._first_delay)
        if self._click is not None:
            self._click()

    def stop(self) -> None:
        self._timer.stop()

    def _repeat(self) -> None:
        if QtWidgets.QApplication.activeModalWidget() is not None:
            self._let_go()      # without a window manager no window is told that it is not active
            return
        self._timer.setInterval(self._repeat_delay)
        if self._click is not None:
            self._click()
