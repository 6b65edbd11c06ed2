"""What mouse, keys and tools do to the polygons of a picture, without a window (spec 51 sections
7 to 10, 12).

The window passes events on, draws `scene.build_scene(model)`, shows `enabled` and `checked` on its
tools and moves the mouse to `take_wanted_mouse()`.
"""
import numpy as np

from .canvas_modes import CanvasModes
from .canvas_state import DragType, OpMode, PTEditMode, ViewLock
from .canvas_view import MIN_CLOSED


class CanvasModel(CanvasModes):
    """The canvas with its mouse. Client points are floats in pixels of the canvas."""

    def press_left(self, x: float, y: float) -> None:
        self._place_mouse(x, y)
        if not self.is_open or self.drag_type != DragType.NONE:
            return
        if self.op_mode == OpMode.NONE:
            self._press_idle()
        elif self.op_mode == OpMode.DRAW_PTS:
            if self.hover_pt == 0 and self.op_poly.get_pts_count() >= MIN_CLOSED:
                self.set_op_mode(OpMode.EDIT_PTS, self.op_poly)
            else:
                self.op_poly.add_pt(*self.view.to_image(self.mouse))
        elif self.op_mode == OpMode.EDIT_PTS:
            self._press_editing()
        self._refresh_hover()

    def _press_idle(self) -> None:
        if self.hover_wire is not None:
            self.set_op_mode(OpMode.EDIT_PTS, self.hover_wire)
            return
        poly = self.polys.add_poly(self.poly_type)
        self.polys.sort()
        poly.add_pt(*self.view.to_image(self.mouse))
        self.set_op_mode(OpMode.DRAW_PTS, poly)

    def _press_editing(self) -> None:
        poly, is_changing = self.op_poly, self.pt_edit_mode == PTEditMode.ADD_DEL
        if self.hover_pt is not None:
            if is_changing:
                poly.remove_pt(self.hover_pt)
                if poly.get_pts_count() < MIN_CLOSED:
                    self.pt_edit_mode = PTEditMode.MOVE
                    self._remove_poly(poly)
                self._finish_change()
            else:
                self.drag_type = DragType.POLY_PT
                self._drag = (self.hover_pt, self.mouse.copy(), poly.get_pts()[self.hover_pt])
        elif self.hover_edge is not None:
            if is_changing:
                poly.insert_pt(self.hover_edge + 1, self.hover_edge_pt)
                self._finish_change()
        else:
            self.set_op_mode(OpMode.NONE)

    def release_left(self, x: float, y: float) -> None:
        self._place_mouse(x, y)
        if self.drag_type == DragType.POLY_PT:
            self._end_drag()
        self._refresh_hover()

    def press_middle(self, x: float, y: float) -> None:
        self._place_mouse(x, y)
        if self.is_open and self.drag_type == DragType.NONE:
            self.drag_type = DragType.IMAGE_LOOK
            self._drag = (self.mouse.copy(), self.view.look.copy())

    def release_middle(self, x: float, y: float) -> None:
        self._place_mouse(x, y)
        if self.drag_type == DragType.IMAGE_LOOK:
            self._end_drag()
        self._refresh_hover()

    def move_mouse(self, x: float, y: float) -> None:
        self._place_mouse(x, y)
        if not self.is_open:
            return
        if self.drag_type == DragType.POLY_PT:
            number, start, original = self._drag
            self.op_poly.set_point(number, original + (self.mouse - start) / self.view.scale)
        elif self.drag_type == DragType.IMAGE_LOOK:
            start, look = self._drag
            self.view.look_pt = look - (self.mouse - start) / self.view.scale
        elif (self.view_lock == ViewLock.CENTER
              and np.hypot(*(self.mouse - self.view.center)) >= 1):
            self._center_mouse()
        self._refresh_hover()

    def leave_mouse(self) -> None:
        """The mouse is outside the canvas: nothing lies under it."""
        self.is_mouse_inside = False
        self._refresh_hover()

    def turn_wheel(self, x: float, y: float, sign: int) -> None:
        """sign: +1 away from the user (in), -1 out."""
        self._place_mouse(x, y)
        if not self.is_open or sign == 0 or self.drag_type != DragType.NONE:
            return
        followed = self.view.zoom(self.mouse, sign)
        if followed is not None:
            self.mouse = self._wanted_mouse = followed
        self._refresh_hover()

    def _place_mouse(self, x: float, y: float) -> None:
        self.mouse = np.float64((x, y))
        self.is_mouse_inside = True
        self._refresh_hover()
