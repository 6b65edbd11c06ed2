"""Cross-shaped mouse pointers in the colours of the schemes (spec 51 sections 2 and 12)."""
from core.qtex.binding import QtGui

from .icon_shapes import CROSS, CROSS_COLORS
from .QIconDB import render_svg


class QCursorDB:
    """`cross_red`, `cross_green`, `cross_blue`; filled by `initialize`."""

    @staticmethod
    def initialize(path=None) -> None:
        for name, color in CROSS_COLORS.items():
            setattr(QCursorDB, name, QtGui.QCursor(render_svg(CROSS % (color,), 32, 32), 16, 16))
