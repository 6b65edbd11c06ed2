"""The picture shown while a folder is read (spec 51 section 2)."""
from core.qtex.binding import Qt, QtCore, QtGui

from .icon_shapes import INTRO
from .QIconDB import render_svg
from .QStringDB import QStringDB


class QImageDB:
    """`intro`, 512 x 512; filled by `initialize`, after the strings."""

    @staticmethod
    def initialize(path=None) -> None:
        pixmap = render_svg(INTRO, 512, 512)
        painter = QtGui.QPainter(pixmap)
        painter.setPen(QtGui.QColor(230, 230, 230))
        for text, top, size in ((QStringDB.intro_title, 30, 30), (QStringDB.intro_hint, 90, 14),
                                (QStringDB.intro_wheel, 410, 14)):
            font = painter.font()
            font.setPointSize(size)
            painter.setFont(font)
            painter.drawText(QtCore.QRect(20, top, 472, 60),
                             int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)
        painter.end()
        QImageDB.intro = pixmap
