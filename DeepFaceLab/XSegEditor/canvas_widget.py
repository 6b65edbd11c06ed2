"""The canvas on the screen: draws the scene of its model and hands it the mouse (spec 51 sections 9
to 12)."""
from typing import Any, Dict, Optional

import numpy as np

from core.qtex import QImage_from_np
from core.qtex.binding import Qt, QtCore, QtGui, QtWidgets, Signal, read_modifiers, read_position

from . import scene as scene_parts
from .canvas_model import CanvasModel
from .canvas_pictures import draw_baked, draw_mask, draw_overlay
from .canvas_state import Cursor
from .face_file import OpenFace
from .QCursorDB import QCursorDB
from .scene import Mark, Outline, build_scene

SHAPES = {Cursor.ARROW: Qt.CursorShape.ArrowCursor,
          Cursor.POINTING_HAND: Qt.CursorShape.PointingHandCursor,
          Cursor.CLOSED_HAND: Qt.CursorShape.ClosedHandCursor}


def make_point(pt):
    return QtCore.QPointF(float(pt[0]), float(pt[1]))


class CanvasWidget(QtWidgets.QWidget):
    """`changed` follows every event that the model has seen."""

    changed = Signal()

    def __init__(self, model: CanvasModel, parent=None) -> None:
        super().__init__(parent)
        self.model = model
        self._pictures: Dict[str, Any] = {}
        self.setMouseTracking(True)
        # A click takes the keyboard from the field of the step; the keys go on to the window.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMinimumSize(256, 256)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding,
                           QtWidgets.QSizePolicy.Policy.Expanding)

    def show_face(self, opened: Optional[OpenFace]) -> None:
        """The pictures of a face that the model has just opened; None: an empty canvas."""
        if opened is None:
            self._pictures = {}
            self.refresh()
        else:
            self.show_pictures(opened.image, opened.xseg_mask)

    def show_pictures(self, image: np.ndarray, xseg_mask: Optional[np.ndarray]) -> None:
        """image: (h, w, 3) uint8 BGR; xseg_mask: (h, w) float32 0..1."""
        arrays = {scene_parts.IMAGE: image,
                  scene_parts.OVERLAY: draw_overlay(image, xseg_mask),
                  scene_parts.XSEG_MASK: draw_mask(xseg_mask)}
        self._pictures = {name: QImage_from_np(array) for name, array in arrays.items()
                          if array is not None}
        self.refresh()

    def refresh(self) -> None:
        """After the model changed without an event of this widget."""
        wanted = self.model.take_wanted_mouse()
        if wanted is not None:
            QtGui.QCursor.setPos(self.mapToGlobal(QtCore.QPoint(int(wanted[0]), int(wanted[1]))))
        self._set_cursor()
        self.update()

    def _set_cursor(self) -> None:
        if not self.model.is_open:
            self.unsetCursor()
            return
        cursor = self.model.cursor
        if cursor == Cursor.CROSS:
            scheme = self.model.config.color_schemes[self.model.color_scheme_id]
            cross = scheme.cross_cursor
            self.setCursor(getattr(QCursorDB, cross) if isinstance(cross, str) else cross)
        else:
            self.setCursor(SHAPES[cursor])

    # -- events

    def _finish(self) -> None:
        self.refresh()
        self.changed.emit()

    def resizeEvent(self, ev) -> None:
        self.model.resize(self.width(), self.height())
        super().resizeEvent(ev)

    def leaveEvent(self, ev) -> None:
        self.model.leave_mouse()
        self._finish()

    def mousePressEvent(self, ev) -> None:
        self.model.set_modifiers(*read_modifiers(ev))
        if ev.button() == Qt.MouseButton.LeftButton:
            self.model.press_left(*read_position(ev))
        elif ev.button() == Qt.MouseButton.MiddleButton:
            self.model.press_middle(*read_position(ev))
        self._finish()

    def mouseDoubleClickEvent(self, ev) -> None:
        self.mousePressEvent(ev)    # two quick clicks are two points

    def mouseReleaseEvent(self, ev) -> None:
        if ev.button() == Qt.MouseButton.LeftButton:
            self.model.release_left(*read_position(ev))
        elif ev.button() == Qt.MouseButton.MiddleButton:
            self.model.release_middle(*read_position(ev))
        self._finish()

    def mouseMoveEvent(self, ev) -> None:
        # Keys that were released while another window had the keyboard.
        self.model.set_modifiers(*read_modifiers(ev))
        self.model.move_mouse(*read_position(ev))
        self._finish()

    def wheelEvent(self, ev) -> None:
        delta = ev.angleDelta().y()
        self.model.turn_wheel(*read_position(ev), sign=(delta > 0) - (delta < 0))
        self._finish()

    # -- drawing

    def paintEvent(self, ev) -> None:
        scene = build_scene(self.model)
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        picture = self._find_picture(scene.picture)
        if picture is not None:
            painter.drawImage(QtCore.QRect(*scene.rect), picture)
        for outline in scene.outlines:
            draw_outline(painter, outline)
        for mark in scene.marks:
            draw_mark(painter, mark)
        painter.end()

    def _find_picture(self, name: Optional[str]):
        if name == scene_parts.BAKED_MASK:
            w, h = self.model.view.image_size
            return QImage_from_np(draw_baked(self.model.polys, h, w))
        return self._pictures.get(name)


def draw_outline(painter, outline: Outline) -> None:
    path = QtGui.QPainterPath(make_point(outline.pts[0]))
    for pt in outline.pts[1:]:
        path.lineTo(make_point(pt))
    if outline.is_closed:
        path.closeSubpath()
    pen = QtGui.QPen(QtGui.QColor(*outline.color), outline.width,
                     Qt.PenStyle.DotLine if outline.is_dotted else Qt.PenStyle.SolidLine,
                     Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    # An invisible filling would be computed all the same.
    painter.setBrush(QtGui.QBrush(QtGui.QColor(*outline.fill)) if outline.fill[3]
                     else QtGui.QBrush())
    painter.drawPath(path)


def draw_mark(painter, mark: Mark) -> None:
    painter.setPen(QtGui.QPen(QtGui.QColor(*mark.color)))
    painter.setBrush(QtGui.QBrush())
    x, y, r = float(mark.pt[0]), float(mark.pt[1]), mark.radius
    if mark.kind == "circle":
        painter.drawEllipse(make_point(mark.pt), r, r)
        return
    ends = ((r, 0), (0, r)) if mark.kind == "plus" else ((r, r), (r, -r))
    for dx, dy in ends:
        painter.drawLine(make_point((x - dx, y - dy)), make_point((x + dx, y + dy)))
