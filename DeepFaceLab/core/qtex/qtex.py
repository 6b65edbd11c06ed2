"""Pictures, points and actions between NumPy and Qt (spec 51 section 18)."""
from typing import Callable, Optional

import numpy as np

from localization import StringsDB

from .binding import QAction, QtCore, QtGui

_Format = QtGui.QImage.Format
_FORMATS = {1: _Format.Format_Grayscale8, 3: _Format.Format_BGR888, 4: _Format.Format_ARGB32}
_CHANNELS = {_Format.Format_Grayscale8: 1, _Format.Format_BGR888: 3, _Format.Format_ARGB32: 4}


class QActionEx(QAction):
    """An action of a tool button."""

    def __init__(self, icon, text: str, shortcut: Optional[str] = None,
                 trigger_func: Optional[Callable] = None, shortcut_in_tooltip: bool = False,
                 is_checkable: bool = False, is_auto_repeat: bool = False) -> None:
        """shortcut: keys as Qt writes them; shortcut_in_tooltip: added to the text in
        parentheses. is_auto_repeat: a held key acts again and again."""
        super().__init__(icon, text)
        if shortcut is not None:
            self.setShortcut(shortcut)
            if shortcut_in_tooltip:
                self.setToolTip(describe_shortcut(text, shortcut))
        if trigger_func is not None:
            self.triggered.connect(lambda *_: trigger_func())
        self.setCheckable(is_checkable)
        self.setAutoRepeat(is_auto_repeat)


def describe_shortcut(text: str, shortcut: str) -> str:
    return "%s (%s: %s)" % (text, StringsDB["S_HOT_KEY"], shortcut)


def QImage_from_np(img: np.ndarray):
    """(h, w), (h, w, 1), (h, w, 3) BGR or (h, w, 4) BGRA uint8; ValueError for others.

    Shares the array's memory where its pixels are contiguous; the image keeps the array alive.
    """
    if img.dtype != np.uint8:
        raise ValueError("a picture is uint8, not %s" % (img.dtype,))
    channels = 1 if img.ndim == 2 else img.shape[-1]
    if channels not in _FORMATS or img.ndim not in (2, 3):
        raise ValueError("a picture has 1, 3 or 4 channels, not shape %s" % (img.shape,))
    img = np.ascontiguousarray(img)
    h, w = img.shape[:2]
    image = QtGui.QImage(img.data, w, h, w * channels, _FORMATS[channels])
    image.numpy_memory = img
    return image


def QImage_to_np(q_img, fmt=_Format.Format_BGR888) -> np.ndarray:
    """(h, w, channels of the format) uint8, a copy."""
    q_img = q_img.convertToFormat(fmt)
    w, h, channels = q_img.width(), q_img.height(), _CHANNELS[fmt]
    bits = q_img.constBits()
    bits.setsize(q_img.bytesPerLine() * h)
    rows = np.frombuffer(bits, np.uint8).reshape(h, q_img.bytesPerLine())   # padded to 4 bytes
    return rows[:, :w * channels].reshape(h, w, channels).copy()


def QPixmap_from_np(img: np.ndarray):
    return QtGui.QPixmap.fromImage(QImage_from_np(img))


def QPoint_from_np(pt) -> "QtCore.QPoint":
    """The whole pixel of a point (truncated)."""
    return QtCore.QPoint(int(pt[0]), int(pt[1]))


def QPoint_to_np(q_pt) -> np.ndarray:
    return np.int32([q_pt.x(), q_pt.y()])


def QSize_to_np(q_size) -> np.ndarray:
    return np.int32([q_size.width(), q_size.height()])


class QDarkPalette(QtGui.QPalette):
    """Light text on dark gray."""

    def __init__(self) -> None:
        super().__init__()
        roles, color = QtGui.QPalette.ColorRole, QtGui.QColor
        for names, rgb in ((("Window", "AlternateBase", "Button"), (53, 53, 53)),
                           (("Base",), (25, 25, 25)),
                           (("WindowText", "ToolTipBase", "ToolTipText", "Text"),
                            (200, 200, 200)),
                           (("ButtonText",), (255, 255, 255)), (("BrightText",), (255, 0, 0)),
                           (("Link", "Highlight"), (42, 130, 218)),
                           (("HighlightedText",), (0, 0, 0))):
            for name in names:
                self.setColor(getattr(roles, name), color(*rgb))
