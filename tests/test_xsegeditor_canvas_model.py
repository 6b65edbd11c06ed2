import random
from pathlib import Path

import numpy as np
import pytest

import xseg_editor_support as support
from core.imagelib import SegIEPolys, SegIEPolyType
from XSegEditor.canvas_history import freeze_polys
from XSegEditor.canvas_model import CanvasModel
from XSegEditor.canvas_state import DragType, OpMode, PTEditMode, ViewLock
from XSegEditor.scene import build_scene

SCRIPT = Path(__file__).parent / "golden" / "xseg_editor" / "events.txt"
MODES = {"DRAW": "DRAW_PTS", "EDIT": "EDIT_PTS", "BAKED": "VIEW_BAKED", "XSEG": "VIEW_XSEG_MASK",
         "NONE": "NONE"}


def read_script():
    scripts = {}
    for line in SCRIPT.read_text().splitlines():
        if line.startswith("== "):
            steps = scripts.setdefault(line[3:], [])
        elif line and not line.startswith("#"):
            steps.append(line)
    return scripts


def show_point(pt, digits=0):
    return ",".join("%.*f" % (digits, value) for value in pt)


def show_number(value):
    return "-" if value is None else str(value)


READERS = {
    "cursor": lambda model: model.cursor.name,
    "type": lambda model: model.poly_type.name,
    "scheme": lambda model: str(model.color_scheme_id),
    "drag": lambda model: model.drag_type.name,
    "lock": lambda model: model.view_lock.name,
    "edit": lambda model: model.pt_edit_mode.name,
    "pt": lambda model: show_number(model.hover_pt),
    "edge": lambda model: show_number(model.hover_edge),
    "wire": lambda model: "-" if model.hover_wire is None else str(
        model.polys.get_polys().index(model.hover_wire)),
    "scale": lambda model: "%.2f" % model.view.scale,
    "look": lambda model: show_point(model.view.look, 2),
    "mouse": lambda model: show_point(model.mouse, 2),
    "first": lambda model: show_point(model.op_poly.get_pts()[0]),
    "last": lambda model: show_point(model.op_poly.get_last_point()),
    "p1": lambda model: show_point(model.op_poly.get_pts()[1]),
    "p3": lambda model: show_point(model.op_poly.get_pts()[3]),
}


def show_polys(model):
    return ",".join("%s%d" % (poly.get_type().name[0], poly.get_pts_count())
                    for poly in model.polys) or "-"


def parse_argument(text):
    try:
        return float(text)
    except ValueError:
        return text


def play(model, line):
    """Sends the event of a line and compares the state it must lead to."""
    event, _, state = line.partition(" = ")
    name, arguments = event.split()[0], [parse_argument(text) for text in event.split()[1:]]
    support.send(model, name, *[int(a) if name == "color" else a for a in arguments])
    mode, polys = state.split()[:2]
    assert (model.op_mode.name, show_polys(model)) == (MODES[mode], polys), line
    for key, _, value in (extra.partition("=") for extra in state.split()[2:]):
        if key in ("on", "off"):
            assert (value in model.enabled) == (key == "on"), line
        elif key == "checked":
            assert value in model.checked, line
        else:
            assert READERS[key](model) == value, line


@pytest.mark.parametrize("title", sorted(read_script()))
def test_script_of_events(title):
    model = support.make_canvas()
    for line in read_script()[title]:
        play(model, line)
        check_invariants(model)


def test_script_has_three_hundred_events():
    assert sum(len(steps) for steps in read_script().values()) >= 300


def check_invariants(model):
    kinds = [int(poly.get_type()) for poly in model.polys]
    assert kinds == sorted(kinds, reverse=True)     # include is 1, and comes first
    is_active = model.op_mode in (OpMode.DRAW_PTS, OpMode.EDIT_PTS)
    assert (model.op_poly is not None) == is_active
    for poly in model.polys:
        assert poly.pts.dtype == np.float32 and np.isfinite(poly.pts).all()
        assert poly.get_pts_count() >= (1 if poly is model.op_poly else 3)
    if is_active:
        assert sum(poly is model.op_poly for poly in model.polys) == 1
    assert model.pt_edit_mode == PTEditMode.MOVE or model.op_mode == OpMode.EDIT_PTS
    assert model.view_lock == ViewLock.NONE or model.op_mode == OpMode.DRAW_PTS
    assert model.drag_type != DragType.POLY_PT or model.op_mode == OpMode.EDIT_PTS
    assert 1 <= model.view.scale <= 20
    scene = build_scene(model)
    if scene.picture == "image":
        assert len(scene.outlines) == len(model.polys.get_polys())
    if model.op_mode == OpMode.NONE:    # every finished change can be taken back
        assert model.history.is_at(model.polys)


def list_places(model):
    """Points of the polygons and middles of their lines, on the canvas."""
    places = []
    for poly in model.polys:
        pts = model.view.to_client(poly.get_pts())
        places += list(pts) + list((pts + np.roll(pts, 1, axis=0)) / 2)
    return places


def make_event(rng, model):
    """Mostly on or beside what is drawn, so that all modes, and drags in them, come often."""
    name = rng.choice(sorted(support.EVENTS) + ["press", "release", "move"] * 8)
    places = list_places(model)
    if places and rng.random() < 0.6:
        place = [float(value) + rng.choice((0, 0, 4)) for value in rng.choice(places)]
    else:
        place = [rng.uniform(-20, 820) for _ in "xy"]
    if name in ("move", "press", "release", "grab", "drop"):
        return (name,) + tuple(place)
    if name == "wheel":
        return (name,) + tuple(place) + (rng.choice((-1, 1)),)
    if name == "keys":
        return name, rng.choice(("none", "none", "ctrl", "shift"))
    return (name, rng.randrange(3)) if name == "color" else (name,)


def check_undo_walk(model):
    """Back to the beginning and forth again: the same polygons."""
    model.finish_drawing()
    model.set_op_mode(OpMode.NONE)
    end = freeze_polys(model.polys)
    model.set_color_scheme(1)
    count = 0
    while model.history.can_undo:
        model.undo()
        count += 1
        check_invariants(model)
    for _ in range(count):
        model.redo()
    assert freeze_polys(model.polys) == end


def shown_outlines(model):
    """What the scene of an untouched canvas shows, as (is exclude, points of the image)."""
    model.set_op_mode(OpMode.NONE)
    model.set_color_scheme(1)
    return [(outline.is_dotted, model.view.to_image(outline.pts).astype(np.float32))
            for outline in build_scene(model).outlines]


def check_saved_equals_shown(model):
    saved = SegIEPolys.load(model.finish_drawing().dump())
    shown = shown_outlines(model)
    assert len(shown) == len(saved.get_polys())
    for (is_exclude, pts), poly in zip(shown, saved):
        assert is_exclude == (poly.get_type() == SegIEPolyType.EXCLUDE)
        np.testing.assert_allclose(pts, poly.get_pts(), rtol=1e-5, atol=1e-3)


def fuzz(count, seed):
    rng = random.Random(seed)
    model = support.make_canvas()
    modes = set()
    for number in range(count):
        event = make_event(rng, model)
        support.send(model, *event)
        check_invariants(model)
        modes.add(model.op_mode)
        if number % 250 == 249:
            check_undo_walk(model)
            check_saved_equals_shown(model)
        if number % 1000 == 999:
            polys, history = SegIEPolys.load(model.close_image().dump()), model.history
            model.open_image(support.IMAGE, None if number % 2000 == 999 else polys,
                             history=history)
    assert modes == set(OpMode)


def test_random_events():
    fuzz(2000, seed=5)


@pytest.mark.slow
def test_twenty_thousand_random_events():
    fuzz(20000, seed=6)


SQUARE = [(100, 100), (300, 100), (300, 300), (100, 300)]


def test_unfinished_polygon_is_closed_or_dropped_when_the_picture_goes():
    model = support.make_canvas()
    for corner in SQUARE[:3]:
        support.click(model, *corner)
    assert [poly.get_pts_count() for poly in model.close_image()] == [3]
    model.open_image(support.IMAGE)
    for corner in SQUARE[:2]:
        support.click(model, *corner)
    assert not model.close_image().has_polys()
    assert not model.is_open and model.enabled == set()


def test_colour_and_view_persist_but_not_type_and_zoom():
    model = support.make_canvas()
    model.set_color_scheme(2)
    support.send(model, "exclude")
    support.send(model, "wheel", 400, 400, 1)
    support.send(model, "overlay")
    support.send(model, "xseg")
    model.close_image()
    model.open_image(support.IMAGE)
    assert model.op_mode == OpMode.VIEW_XSEG_MASK and model.color_scheme_id == 2
    assert model.poly_type == SegIEPolyType.INCLUDE and model.view.scale == 4
    assert model.is_overlay_on
    model.set_color_scheme(0)
    model.close_image()
    model.open_image(support.IMAGE)
    assert model.op_mode == OpMode.NONE and model.color_scheme_id == 0
    support.send(model, "baked")
    model.close_image()
    model.close_image()     # behind the last picture of a folder the canvas is empty
    model.open_image(support.IMAGE)
    assert model.op_mode == OpMode.VIEW_BAKED


def test_drag_that_is_cut_short_counts():
    model = support.make_canvas()
    support.draw(model, SQUARE)
    support.click(model, 200, 100)
    support.send(model, "press", 100, 100)
    support.send(model, "move", 60, 60)
    assert model.close_image().get_poly(0).get_pts()[0].tolist() == [15, 15]


def test_undo_goes_on_after_the_picture_was_left():
    model = support.make_canvas()
    support.draw(model, SQUARE)
    history = model.history
    polys = model.close_image()
    model.open_image(support.IMAGE, SegIEPolys.load(polys.dump()), history=history)
    model.undo()
    assert not model.polys.has_polys()
    other = SegIEPolys()
    other.add_poly(SegIEPolyType.INCLUDE).set_points(np.float32(SQUARE))
    model.open_image(support.IMAGE, other, history=history)
    assert not model.history.can_undo       # another program was there in between


def test_undo_changes_the_set_that_a_program_gave():
    polys = SegIEPolys()
    model = support.make_canvas(polys)
    support.draw(model, SQUARE)
    model.undo()
    assert model.polys is polys and not polys.has_polys()
    model.redo()
    assert model.polys is polys and polys.has_polys()


def test_added_polygons_are_one_change():
    model = support.make_canvas()
    model.set_poly_type(SegIEPolyType.EXCLUDE)
    support.draw(model, SQUARE)
    more = SegIEPolys()
    more.add_poly(SegIEPolyType.INCLUDE).set_points(np.float32(SQUARE) / 2)
    more.add_poly(SegIEPolyType.EXCLUDE).set_points(np.float32(SQUARE[:2]))
    model.add_polys(more)
    assert show_polys(model) == "I4,E4"
    model.undo()
    assert show_polys(model) == "E4"


def test_large_picture_may_be_seen_whole():
    model = CanvasModel()
    model.view.size = (800, 600)
    model.open_image((1200, 1200))
    assert model.view.scale == 0.5
    for _ in range(20):
        support.send(model, "wheel", 400, 300, -1)
    assert model.view.scale == 0.5
    for _ in range(60):
        support.send(model, "wheel", 400, 300, 1)
    assert model.view.scale == 20
