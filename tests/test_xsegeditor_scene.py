"""What is drawn in each mode, and the pictures behind it (spec 51 section 11)."""
import numpy as np
import pytest

import xseg_editor_support as support
from core.imagelib import SegIEPolys, SegIEPolyType
from XSegEditor import scene
from XSegEditor.canvas_pictures import draw_baked, draw_mask, draw_overlay
from XSegEditor.face_file import fit_mask
from XSegEditor.scene import build_scene

SQUARE = [(100, 100), (300, 100), (300, 300), (100, 300)]
GREEN = (0, 192, 0)


def list_marks(model):
    return [(mark.kind, tuple(np.round(mark.pt).astype(int)), mark.radius)
            for mark in build_scene(model).marks]


def test_line_follows_the_mouse_while_drawing():
    model = support.make_canvas()
    support.send(model, "press", 100, 100)
    support.send(model, "move", 200, 150)
    outline, = build_scene(model).outlines
    assert outline.pts.tolist() == [[100, 100], [200, 150]] and not outline.is_closed
    support.send(model, "press", 200, 150)
    support.send(model, "move", 150, 300)
    outline, = build_scene(model).outlines
    assert outline.pts.tolist() == [[100, 100], [200, 150], [150, 300]] and outline.is_closed
    assert list_marks(model) == [("plus", (100, 100), 4), ("plus", (200, 150), 4)]
    support.send(model, "press", 150, 300)
    support.send(model, "move", 102, 103)
    assert list_marks(model)[-1] == ("circle", (100, 100), 8)


def test_include_is_solid_exclude_dotted_all_in_the_colour_of_the_scheme():
    model = support.make_canvas()
    support.draw(model, SQUARE)
    support.send(model, "exclude")
    support.draw(model, [(400, 400), (500, 400), (500, 500)])
    for number, color in enumerate(((192, 0, 0), GREEN, (0, 0, 192))):
        model.set_color_scheme(number)
        outlines = build_scene(model).outlines
        assert [outline.is_dotted for outline in outlines] == [False, True]
        assert all(outline.color == color + (255,) and outline.width == 2
                   and outline.fill == color + (0,) for outline in outlines)


def test_polygon_under_the_mouse_is_filled_in_mode_none_only():
    model = support.make_canvas()
    support.draw(model, SQUARE)
    support.send(model, "move", 200, 102)
    assert build_scene(model).outlines[0].fill == GREEN + (72,)
    support.send(model, "press", 200, 102)
    assert build_scene(model).outlines[0].fill == GREEN + (0,)
    support.send(model, "move", 700, 700)
    support.send(model, "press", 700, 700)
    support.send(model, "move", 200, 102)
    model.leave_mouse()
    assert build_scene(model).outlines[0].fill == GREEN + (0,)


def test_marks_while_editing():
    model = support.make_canvas()
    support.draw(model, SQUARE)
    support.click(model, 200, 100)
    assert list_marks(model) == [("plus", corner, 4) for corner in SQUARE]
    support.send(model, "keys", "ctrl")
    assert list_marks(model) == [("plus", (200, 100), 4)]       # where a point would be inserted
    support.send(model, "move", 300, 300)
    assert list_marks(model) == [("plus", (300, 300), 4), ("cross", (300, 300), 8)]
    support.send(model, "move", 600, 600)
    assert list_marks(model) == []


@pytest.mark.parametrize("has_mask", [False, True])
def test_picture_of_each_mode(has_mask):
    model = support.make_canvas(has_xseg_mask=has_mask)
    support.draw(model, SQUARE)
    assert build_scene(model).picture == scene.IMAGE
    model.set_overlay(True)
    assert build_scene(model).picture == (scene.OVERLAY if has_mask else scene.IMAGE)
    for event, picture in (("baked", scene.BAKED_MASK),
                           ("xseg", scene.XSEG_MASK if has_mask else None)):
        support.send(model, event)
        shown = build_scene(model)
        assert (shown.picture, shown.outlines, shown.marks) == (picture, [], [])
    model.close_image()
    assert build_scene(model).picture is None


def test_place_of_the_picture_is_truncated():
    model = support.make_canvas()
    assert build_scene(model).rect == (0, 0, 800, 800)
    support.send(model, "wheel", 400, 400, 1)       # 4.6: 920 pixels from -60 on
    assert build_scene(model).rect == (-60, -60, 920, 920)
    model.resize(801, 600)
    model.view.set_image((256, 256))
    assert build_scene(model).rect == (100, 0, 600, 600)


def test_polygon_without_points_is_not_drawn():
    polys = SegIEPolys()
    polys.add_poly(SegIEPolyType.INCLUDE)
    model = support.make_canvas(polys)
    support.send(model, "move", 5, 5)
    assert build_scene(model).outlines == []


def test_pictures_behind():
    image = np.full((4, 4, 3), 200, np.uint8)
    mask = np.zeros((4, 4), np.float32)
    mask[:, 2:] = 1
    overlay = draw_overlay(image, mask)
    assert overlay[0, 0].tolist() == [100] * 3 and overlay[0, 3].tolist() == [200] * 3
    assert draw_mask(mask)[0].tolist() == [0, 0, 255, 255]
    assert draw_overlay(image, None) is None and draw_mask(None) is None
    assert fit_mask(np.ones((2, 2, 1), np.float32) * 2, (8, 6, 3)).shape == (8, 6)
    assert fit_mask(np.ones((2, 2, 1), np.float32) * 2, (8, 6, 3)).max() == 1
    polys = SegIEPolys()
    polys.add_poly(SegIEPolyType.EXCLUDE).set_points(np.float32([[0, 0], [3, 0], [3, 3]]))
    assert not draw_baked(polys, 4, 4).any()        # only excludes: nothing
