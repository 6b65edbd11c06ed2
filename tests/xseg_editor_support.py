"""Short names of canvas events, the same for scripts of them and for random ones."""
import numpy as np

from core.imagelib import SegIEPolyType
from XSegEditor.canvas_model import CanvasModel
from XSegEditor.canvas_state import OpMode, PTEditMode, ViewLock

SIZE = (800, 800)
IMAGE = (200, 200)      # fits with scale 4


def make_canvas(polys=None, **kwargs):
    model = CanvasModel()
    model.view.size = SIZE
    model.open_image(IMAGE, polys, **kwargs)
    return model


def send(model, name, *arguments):
    """One event of the window: the modifiers first, as the window reads them anew each time."""
    EVENTS[name](model, *arguments)
    wanted = model.take_wanted_mouse()
    if wanted is not None:      # the window moves the pointer, and hears of that
        model.move_mouse(*wanted)


EVENTS = {
    "move": lambda model, x, y: model.move_mouse(x, y),
    "press": lambda model, x, y: model.press_left(x, y),
    "release": lambda model, x, y: model.release_left(x, y),
    "grab": lambda model, x, y: model.press_middle(x, y),
    "drop": lambda model, x, y: model.release_middle(x, y),
    "wheel": lambda model, x, y, sign: model.turn_wheel(x, y, sign),
    "keys": lambda model, keys: model.set_modifiers(keys == "ctrl", keys == "shift"),
    "undo": lambda model: model.undo(),
    "redo": lambda model: model.redo(),
    "delete": lambda model: model.delete_poly(),
    "color": lambda model, number: model.set_color_scheme(number),
    "include": lambda model: model.set_poly_type(SegIEPolyType.INCLUDE),
    "exclude": lambda model: model.set_poly_type(SegIEPolyType.EXCLUDE),
    "baked": lambda model: model.set_op_mode(OpMode.VIEW_BAKED),
    "xseg": lambda model: model.set_op_mode(OpMode.VIEW_XSEG_MASK),
    "overlay": lambda model: model.set_overlay(not model.is_overlay_on),
    "edit_button": lambda model: model.set_pt_edit_mode(PTEditMode(1 - model.pt_edit_mode)),
    "lock_button": lambda model: model.set_view_lock(ViewLock(1 - model.view_lock)),
}


def click(model, x, y):
    for name in ("move", "press", "release"):
        send(model, name, x, y)


def draw(model, corners):
    """A closed polygon through client points: drawn, closed, and left (mode NONE)."""
    for x, y in corners:
        click(model, x, y)
    click(model, *corners[0])
    click(model, 790, 790)


def describe(model):
    """mode, letter and client points of each polygon"""
    return model.op_mode.name, [
        ("I" if poly.get_type() == SegIEPolyType.INCLUDE else "E",
         [tuple(int(v) for v in np.round(pt)) for pt in model.view.to_client(poly.get_pts())])
        for poly in model.polys]
