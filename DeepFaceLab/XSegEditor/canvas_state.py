"""States and fixed sizes of the canvas (spec 51 sections 2, 7 and 11)."""
from enum import IntEnum
from typing import Any, NamedTuple, Tuple

Color = Tuple[int, int, int, int]    # R, G, B, alpha, 0..255


class OpMode(IntEnum):
    NONE = 0
    DRAW_PTS = 1
    EDIT_PTS = 2
    VIEW_BAKED = 3
    VIEW_XSEG_MASK = 4


VIEW_MODES = (OpMode.VIEW_BAKED, OpMode.VIEW_XSEG_MASK)


class PTEditMode(IntEnum):
    MOVE = 0
    ADD_DEL = 1


class DragType(IntEnum):
    NONE = 0
    IMAGE_LOOK = 1
    POLY_PT = 2


class ViewLock(IntEnum):
    NONE = 0
    CENTER = 1


class Cursor(IntEnum):
    """What the mouse pointer looks like; CROSS is that of the colour scheme."""
    ARROW = 0
    CROSS = 1
    POINTING_HAND = 2
    CLOSED_HAND = 3


ColorScheme = NamedTuple("ColorScheme", [
    ("unselected_color", Color),
    ("selected_color", Color),
    ("outline_color", Color),
    ("outline_width", int),
    ("pt_outline_color", Color),
    ("cross_cursor", Any)])      # an attribute of QCursorDB, or a QCursor


def make_scheme(name: str, red: int, green: int, blue: int) -> ColorScheme:
    return ColorScheme((red, green, blue, 0), (red, green, blue, 72), (red, green, blue, 255), 2,
                       (255, 255, 255, 255), "cross_" + name)


COLOR_SCHEMES = (make_scheme("red", 192, 0, 0), make_scheme("green", 0, 192, 0),
                 make_scheme("blue", 0, 0, 192))
COLOR_TOOLS = ("poly_color_red", "poly_color_green", "poly_color_blue")     # choose the schemes
GREEN = 1


class CanvasConfig:
    """Sizes in pixels of the screen."""

    def __init__(self, pt_radius: int = 4, pt_select_radius: int = 8, color_schemes=None,
                 **kwargs) -> None:
        """pt_radius: half length of a point's mark. pt_select_radius: how near to a point or line
        the mouse takes hold of it. color_schemes: three ColorScheme; None: red, green, blue."""
        self.pt_radius = pt_radius
        self.pt_select_radius = pt_select_radius
        self.color_schemes = COLOR_SCHEMES if color_schemes is None else tuple(color_schemes)
