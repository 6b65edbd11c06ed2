"""Which tools work and are switched on in a state of the canvas, and its mouse pointer (spec 51
sections 7, 10 and 12). A tool is named like its icon."""
from typing import Set

from core.imagelib import SegIEPolyType

from .canvas_state import (COLOR_TOOLS, VIEW_MODES, Cursor, DragType, OpMode, PTEditMode,
                           ViewLock)

TYPE_TOOLS = {SegIEPolyType.INCLUDE: "poly_type_include",
              SegIEPolyType.EXCLUDE: "poly_type_exclude"}
VIEW_TOOLS = {OpMode.VIEW_BAKED: "view_baked", OpMode.VIEW_XSEG_MASK: "view_xseg"}


def list_enabled(model) -> Set[str]:
    if not model.is_open:
        return set()
    tools = set(COLOR_TOOLS)
    tools |= {"view_baked", "view_xseg", "view_xseg_overlay"}
    if model.op_mode == OpMode.NONE:
        tools |= set(TYPE_TOOLS.values())
    if model.op_mode == OpMode.DRAW_PTS:
        tools |= {"undo_pt", "redo_pt", "view_lock_center"}
    elif model.op_mode not in VIEW_MODES:
        tools |= {"undo_pt"} if model.history.can_undo else set()
        tools |= {"redo_pt"} if model.history.can_redo else set()
    if model.op_mode == OpMode.EDIT_PTS:
        tools |= {"pt_edit_mode", "delete_poly"}
    return tools


def list_checked(model) -> Set[str]:
    """One of the colours and mask views, one of the types, and the switches that are on."""
    tools = {VIEW_TOOLS.get(model.op_mode) or COLOR_TOOLS[model.color_scheme_id],
             TYPE_TOOLS[model.poly_type]}
    for name, is_on in (("pt_edit_mode", model.pt_edit_mode == PTEditMode.ADD_DEL),
                        ("view_lock_center", model.view_lock == ViewLock.CENTER),
                        ("view_xseg_overlay", model.is_overlay_on)):
        if is_on:
            tools.add(name)
    return tools


def choose_cursor(model) -> Cursor:
    if model.drag_type == DragType.IMAGE_LOOK:
        return Cursor.CLOSED_HAND
    if model.op_mode == OpMode.NONE:
        return Cursor.CROSS if model.hover_wire is None else Cursor.POINTING_HAND
    if model.op_mode == OpMode.DRAW_PTS:
        return Cursor.CROSS
    if model.op_mode == OpMode.EDIT_PTS:
        if model.hover_pt is not None:
            return Cursor.POINTING_HAND
        if model.pt_edit_mode == PTEditMode.ADD_DEL and model.hover_edge is not None:
            return Cursor.CROSS
    return Cursor.ARROW
