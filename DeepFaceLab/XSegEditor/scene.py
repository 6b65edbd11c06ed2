"""What is drawn on the canvas, in order, without a window (spec 51 section 11)."""
from typing import List, NamedTuple, Optional, Tuple

import numpy as np

from core.imagelib import SegIEPoly, SegIEPolyType

from .canvas_model import CanvasModel
from .canvas_state import Color, OpMode, PTEditMode
from .canvas_view import MIN_CLOSED

# The picture behind everything.
IMAGE, OVERLAY, BAKED_MASK, XSEG_MASK = "image", "overlay", "baked", "xseg_mask"

Outline = NamedTuple("Outline", [
    ("pts", np.ndarray),        # (n, 2) client points
    ("is_closed", bool),
    ("is_dotted", bool),
    ("color", Color),
    ("width", int),
    ("fill", Color)])

Mark = NamedTuple("Mark", [
    ("kind", str),              # plus, cross, circle
    ("pt", np.ndarray),         # client point of its middle
    ("radius", int),
    ("color", Color)])

Scene = NamedTuple("Scene", [
    ("picture", Optional[str]),                 # one of the four above; None: nothing
    ("rect", Tuple[int, int, int, int]),        # x, y, w, h of the picture on the canvas
    ("outlines", List[Outline]),
    ("marks", List[Mark])])


def build_scene(model: CanvasModel) -> Scene:
    """The scene of a canvas; marks lie above all outlines of lower polygons and their own."""
    if not model.is_open:
        return Scene(None, (0, 0, 0, 0), [], [])
    rect = locate_picture(model)
    if model.op_mode == OpMode.VIEW_BAKED:
        return Scene(BAKED_MASK, rect, [], [])
    if model.op_mode == OpMode.VIEW_XSEG_MASK:
        return Scene(XSEG_MASK if model.has_xseg_mask else None, rect, [], [])
    is_dimmed = model.is_overlay_on and model.has_xseg_mask
    return Scene(OVERLAY if is_dimmed else IMAGE, rect,
                 [trace_poly(model, poly) for poly in model.polys if poly.get_pts_count()],
                 [] if model.op_poly is None else list_marks(model))


def locate_picture(model: CanvasModel) -> Tuple[int, int, int, int]:
    """x, y, w, h; position and size are truncated to whole pixels."""
    x, y = model.view.to_client((0, 0))
    w, h = np.float64(model.view.image_size) * model.view.scale
    return int(x), int(y), int(w), int(h)


def trace_poly(model: CanvasModel, poly: SegIEPoly) -> Outline:
    scheme = model.config.color_schemes[model.color_scheme_id]
    pts = model.view.to_client(poly.get_pts())
    is_closed = len(pts) >= 2
    if poly is model.op_poly and model.op_mode == OpMode.DRAW_PTS:
        pts = np.concatenate([pts, model.mouse[None]])
    is_selected = model.op_mode == OpMode.NONE and poly is model.hover_wire
    return Outline(pts, is_closed, poly.get_type() == SegIEPolyType.EXCLUDE, scheme.outline_color,
                   scheme.outline_width,
                   scheme.selected_color if is_selected else scheme.unselected_color)


def list_marks(model: CanvasModel) -> List[Mark]:
    """Of the active polygon."""
    config = model.config
    color = config.color_schemes[model.color_scheme_id].pt_outline_color
    pts = model.view.to_client(model.op_poly.get_pts())
    is_changing = (model.op_mode == OpMode.EDIT_PTS
                   and model.pt_edit_mode == PTEditMode.ADD_DEL)
    if not is_changing:
        marks = [Mark("plus", pt, config.pt_radius, color) for pt in pts]
        if (model.op_mode == OpMode.DRAW_PTS and len(pts) >= MIN_CLOSED
                and model.hover_pt == 0):
            marks.append(Mark("circle", pts[0], config.pt_select_radius, color))
        return marks
    if model.hover_pt is not None:
        pt = pts[model.hover_pt]
        return [Mark("plus", pt, config.pt_radius, color),
                Mark("cross", pt, config.pt_select_radius, color)]
    if model.hover_edge is not None:
        return [Mark("plus", model.view.to_client(model.hover_edge_pt), config.pt_radius, color)]
    return []
