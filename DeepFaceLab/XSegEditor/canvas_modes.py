"""State of the canvas: its modes, what leads from one to another, and the commands of the tools
(spec 51 sections 7, 8, 10). The mouse is in canvas_model."""
from typing import Any, Optional, Set, Tuple

import numpy as np

from core.imagelib import SegIEPoly, SegIEPolys, SegIEPolyType

from . import canvas_tools
from .canvas_history import History
from .canvas_state import (GREEN, VIEW_MODES, CanvasConfig, Cursor, DragType, OpMode, PTEditMode,
                           ViewLock)
from .canvas_view import (MIN_CLOSED, CanvasView, find_edge, find_hull, find_point, find_wire,
                          list_closed)


class CanvasModes:
    """State of the canvas. Client points are floats in pixels of the canvas."""

    def __init__(self, config: Optional[CanvasConfig] = None) -> None:
        self.config = config or CanvasConfig()
        self.view = CanvasView()
        self.mouse = np.zeros(2)
        self.is_mouse_inside = False
        # these stay from picture to picture
        self.color_scheme_id = GREEN
        self.is_overlay_on = False
        self._last_view_mode = OpMode.NONE
        self._clear(SegIEPolys())
        self.is_open = False

    def _clear(self, polys: SegIEPolys) -> None:
        self.polys = polys
        self.history = History(polys)
        self.has_xseg_mask = False
        self.op_mode = OpMode.NONE
        self.op_poly: Optional[SegIEPoly] = None
        self.poly_type = SegIEPolyType.INCLUDE
        self.pt_edit_mode = PTEditMode.MOVE
        self.view_lock = ViewLock.NONE
        self.drag_type = DragType.NONE
        self._drag: Any = None
        self._seen_modifiers = (False, False)
        self._wanted_mouse: Optional[np.ndarray] = None
        self._forget_hover()

    def _forget_hover(self) -> None:
        self.hover_pt: Optional[int] = None
        self.hover_edge: Optional[int] = None
        self.hover_edge_pt: Optional[np.ndarray] = None     # image point
        self.hover_wire: Optional[SegIEPoly] = None
        self.hover_hull: Optional[SegIEPoly] = None

    # -- a picture comes and goes

    def open_image(self, image_size: Tuple[int, int], polys: Optional[SegIEPolys] = None,
                   has_xseg_mask: bool = False, history: Optional[History] = None, look_pt=None,
                   view_scale: Optional[float] = None) -> None:
        """image_size: w, h. polys: belong to the canvas from now on. history: from an earlier
        visit; dropped when the polygons are no longer those it ends with."""
        self._clear(SegIEPolys() if polys is None else polys)
        if history is not None and history.is_at(self.polys):
            self.history = history
        self.view.set_image(image_size, look_pt, view_scale)
        self.has_xseg_mask = has_xseg_mask
        self.is_open = True
        if self._last_view_mode != OpMode.NONE:
            self.set_op_mode(self._last_view_mode)
        self._refresh_hover()

    def finish_drawing(self) -> SegIEPolys:
        """End what is under way: an unfinished polygon is closed, or dropped below three points.
        Returns the polygons as they are to be stored."""
        self._end_drag()
        if self.op_mode == OpMode.DRAW_PTS:
            self.set_op_mode(OpMode.EDIT_PTS, self.op_poly)
        result = SegIEPolys()
        result.polys = list_closed(self.polys)
        return result

    def close_image(self) -> SegIEPolys:
        """`finish_drawing`, and the canvas is empty afterwards."""
        result = self.finish_drawing()
        if self.is_open:    # an empty canvas has no view that the next picture could take over
            self._last_view_mode = self.op_mode if self.op_mode in VIEW_MODES else OpMode.NONE
        self.is_open = False
        self._clear(SegIEPolys())
        return result

    # -- what the window shows

    @property
    def enabled(self) -> Set[str]:
        """Names of the tools that do something now."""
        return canvas_tools.list_enabled(self)

    @property
    def checked(self) -> Set[str]:
        """Names of the tools that are switched on."""
        return canvas_tools.list_checked(self)

    @property
    def cursor(self) -> Cursor:
        return canvas_tools.choose_cursor(self)

    def take_wanted_mouse(self) -> Optional[np.ndarray]:
        """Client point that the mouse pointer has to go to, once; None: it stays."""
        wanted, self._wanted_mouse = self._wanted_mouse, None
        return wanted

    def resize(self, width: int, height: int) -> None:
        """The canvas has another size, in pixels."""
        self.view.size = (width, height)
        self._refresh_hover()

    # -- modes

    def set_op_mode(self, mode: OpMode, poly: Optional[SegIEPoly] = None) -> None:
        if not self.is_open or mode == self.op_mode:
            return
        if self.drag_type == DragType.POLY_PT:
            self._end_drag()    # its polygon is not the active one any more
        left, left_poly = self.op_mode, self.op_poly
        self.op_mode, self.op_poly = mode, poly
        self._seen_modifiers = (False, False)   # a key still held counts in the new mode
        if left == OpMode.DRAW_PTS:
            self.view_lock = ViewLock.NONE
            left_poly.redo_clip()
            if left_poly.get_pts_count() < MIN_CLOSED:
                self._remove_poly(left_poly)
            self.history.record(self.polys)
        elif left == OpMode.EDIT_PTS:
            self.pt_edit_mode = PTEditMode.MOVE
        self._refresh_hover()

    def _remove_poly(self, poly: SegIEPoly) -> None:
        self.polys.remove_poly(poly)
        if self.op_poly is poly:
            self.op_poly = None
            self.op_mode = OpMode.NONE

    def set_color_scheme(self, scheme_id: int) -> None:
        """0 red, 1 green, 2 blue; leaves a view of a mask."""
        if not self.is_open:
            return
        if self.op_mode in VIEW_MODES:
            self.set_op_mode(OpMode.NONE)
        self.color_scheme_id = scheme_id

    def set_poly_type(self, poly_type: SegIEPolyType) -> None:
        """Of the polygons that will be drawn."""
        if self.is_open and self.op_mode in (OpMode.NONE, OpMode.EDIT_PTS):
            self.poly_type = poly_type

    def set_overlay(self, is_on: bool) -> None:
        self.is_overlay_on = is_on

    def set_pt_edit_mode(self, mode: PTEditMode) -> None:
        if self.op_mode == OpMode.EDIT_PTS:
            self.pt_edit_mode = mode

    def set_view_lock(self, lock: ViewLock) -> None:
        if self.op_mode != OpMode.DRAW_PTS or lock == self.view_lock:
            return
        self.view_lock = lock
        if lock == ViewLock.CENTER and self.drag_type == DragType.NONE:
            self._center_mouse()

    def set_modifiers(self, is_ctrl: bool, is_shift: bool) -> None:
        """Whether exactly Ctrl, or exactly Shift, is held; only a change acts, so that modes
        chosen with the mouse stay."""
        old, self._seen_modifiers = self._seen_modifiers, (is_ctrl, is_shift)
        if is_ctrl != old[0]:
            self.set_pt_edit_mode(PTEditMode.ADD_DEL if is_ctrl else PTEditMode.MOVE)
        if is_shift != old[1]:
            self.set_view_lock(ViewLock.CENTER if is_shift else ViewLock.NONE)

    # -- commands

    def undo(self) -> None:
        """Drawing: hide the last point. Otherwise: the polygons before the last change."""
        if self.drag_type != DragType.NONE:
            return
        if self.op_mode == OpMode.DRAW_PTS:
            if self.op_poly.undo() == 0:
                self.set_op_mode(OpMode.NONE)
            self._refresh_hover()
        elif self.op_mode not in VIEW_MODES:
            self._restore(self.history.undo())

    def redo(self) -> None:
        if self.drag_type != DragType.NONE:
            return
        if self.op_mode == OpMode.DRAW_PTS:
            self.op_poly.redo()
            self._refresh_hover()
        elif self.op_mode not in VIEW_MODES:
            self._restore(self.history.redo())

    def _restore(self, polys: Optional[SegIEPolys]) -> None:
        if polys is not None:
            self.set_op_mode(OpMode.NONE)
            self.polys.polys = polys.polys      # in place: a program may hold the set it gave
            self._refresh_hover()

    def delete_poly(self) -> None:
        if (self.op_mode == OpMode.EDIT_PTS and self.pt_edit_mode == PTEditMode.MOVE
                and self.drag_type == DragType.NONE):
            self._remove_poly(self.op_poly)
            self._finish_change()

    def add_polys(self, polys: SegIEPolys) -> None:
        """Further polygons from elsewhere, one change that can be taken back."""
        self.finish_drawing()
        self.set_op_mode(OpMode.NONE)
        for poly in list_closed(polys):
            self.polys.add_poly(poly.get_type()).set_points(np.float32(poly.get_pts()))
        self.polys.sort()
        self._finish_change()

    def _finish_change(self) -> None:
        self.history.record(self.polys)
        self._refresh_hover()

    # -- what the mouse needs

    def _end_drag(self) -> None:
        was_point = self.drag_type == DragType.POLY_PT
        self.drag_type, self._drag = DragType.NONE, None
        if was_point:
            self._finish_change()

    def _center_mouse(self) -> None:
        """The image point under the mouse becomes the look point, and the mouse goes to it."""
        self.view.look_pt = self.view.to_image(self.mouse)
        self.mouse = self._wanted_mouse = self.view.center

    def _refresh_hover(self) -> None:
        self._forget_hover()
        if not self.is_open or not self.is_mouse_inside:
            return
        radius = self.config.pt_select_radius
        if self.op_poly is not None:
            pts = self.view.to_client(self.op_poly.get_pts())
            self.hover_pt = find_point(pts, self.mouse, radius)
            edge = find_edge(pts, self.mouse, radius)
            if edge is not None:
                self.hover_edge, self.hover_edge_pt = edge[0], self.view.to_image(edge[1])
        self.hover_wire = find_wire(self.polys, self.view, self.mouse, radius)
        self.hover_hull = find_hull(self.polys, self.view.to_image(self.mouse))
