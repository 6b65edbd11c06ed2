"""Icons, one attribute each, named like the tool (spec 51 section 2)."""
from core.qtex.binding import Qt, QtCore, QtGui, QtSvg

from .icon_shapes import SHAPES, make_svg

SIZES = (48, 64, 96, 150)
DISABLED_OPACITY = 0.25


def render_svg(text: str, width: int, height: int, opacity: float = 1.0):
    """A QPixmap with transparent ground."""
    pixmap = QtGui.QPixmap(width, height)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.setOpacity(opacity)
    QtSvg.QSvgRenderer(QtCore.QByteArray(text.encode("utf-8"))).render(painter)
    painter.end()
    return pixmap


class QIconDB:
    """Filled by `initialize`, which needs a running QApplication."""

    @staticmethod
    def initialize(path=None) -> None:
        """path: not needed, the icons are part of the program."""
        for name in SHAPES:
            icon = QtGui.QIcon()
            for size in SIZES:
                icon.addPixmap(render_svg(make_svg(name), size, size))
                icon.addPixmap(render_svg(make_svg(name), size, size, DISABLED_OPACITY),
                               QtGui.QIcon.Mode.Disabled)
            setattr(QIconDB, name, icon)
