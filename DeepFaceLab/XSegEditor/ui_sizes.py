"""Sizes of the window's parts (spec 51 section 2)."""
from core.qtex.binding import QtCore


class QUIConfig:
    """Sizes of the window's parts, in pixels; the defaults until `initialize` is called."""

    @staticmethod
    def initialize(icon_size: int = 48, icon_spacer_size: int = 16,
                   preview_bar_icon_size: int = 64) -> None:
        QUIConfig.icon_q_size = QtCore.QSize(icon_size, icon_size)
        QUIConfig.icon_spacer_q_size = QtCore.QSize(icon_spacer_size, icon_spacer_size)
        QUIConfig.preview_bar_icon_q_size = QtCore.QSize(preview_bar_icon_size,
                                                         preview_bar_icon_size)


QUIConfig.initialize()
