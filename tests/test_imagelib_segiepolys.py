import numpy as np
import pytest

from core.imagelib import SegIEPoly, SegIEPolys, SegIEPolyType
from core.imagelib.SegIEPolys import MAX_COORDINATE
from core.imagelib.SegIEPolys import SegIEPolys as SegIEPolys_by_path
from imagelib_support import load_pictures


def make_polys():
    polys = SegIEPolys()
    poly = polys.add_poly(SegIEPolyType.INCLUDE)
    for x, y in ((60, 60), (250, 70), (240, 260), (80, 250)):
        poly.add_pt(x, y)
    poly = polys.add_poly(SegIEPolyType.EXCLUDE)
    for x, y in ((120, 120), (160, 125), (150, 170)):
        poly.add_pt(x, y)
    return polys


def test_mask_equals_the_reference():
    mask = np.zeros((320, 320, 1), np.float32)
    make_polys().overlay_mask(mask)
    np.testing.assert_array_equal(mask[::2, ::2][1::7, 2::7], load_pictures()["seg/mask"])


def test_overlay_keeps_the_outside_and_fills_every_channel():
    mask = np.full((320, 320, 3), .25, np.float32)
    make_polys().overlay_mask(mask)
    assert (mask[0, 0] == .25).all() and (mask[80, 80] == 1).all() and (mask[130, 140] == 0).all()


def test_points_are_truncated():
    polys = SegIEPolys()
    polys.add_poly(SegIEPolyType.INCLUDE).set_points(
        np.float32([(2.9, 2.9), (7.9, 2.9), (7.9, 7.9), (2.9, 7.9)]))
    mask = np.zeros((10, 10, 1), np.float32)
    polys.overlay_mask(mask)
    assert mask[2:8, 2:8].all() and mask.sum() == 36


def test_dump_and_load():
    polys = make_polys()
    data = polys.dump()
    assert [p["type"] for p in data["polys"]] == [1, 0]
    assert type(data["polys"][0]["type"]) is int
    assert data["polys"][0]["pts"].dtype == np.float32
    again = SegIEPolys.load(data)
    assert again.identical(polys) and polys.identical(again)
    assert again.get_pts_count() == 7 and len(list(again)) == 2

    legacy = SegIEPolys.load([(0, [(1, 2), (3, 4), (5, 6)]), (1, [(7, 8)])])
    assert [p.get_type() for p in legacy] == [SegIEPolyType.INCLUDE, SegIEPolyType.EXCLUDE]
    assert not SegIEPolys.load(None).has_polys()
    with pytest.raises(ValueError):
        SegIEPolys.load({"polys": [{"type": 7, "pts": []}]})


def test_sort_is_stable_with_includes_first():
    polys = SegIEPolys()
    for kind in (0, 1, 0, 1):
        polys.add_poly(SegIEPolyType(kind))
    wanted = [polys.get_poly(i) for i in (1, 3, 0, 2)]
    polys.sort()
    assert all(a is b for a, b in zip(polys.get_polys(), wanted))
    polys.add_poly(None)
    with pytest.raises(KeyError):
        polys.sort()


def test_identical_ignores_the_type():
    one = SegIEPoly(SegIEPolyType.INCLUDE, [(1, 2), (3, 4)])
    assert one.identical(SegIEPoly(SegIEPolyType.EXCLUDE, [(1, 2), (3, 4)]))
    assert not one.identical(SegIEPoly(SegIEPolyType.INCLUDE, [(1, 2), (3, 5)]))
    assert not one.identical(SegIEPoly(SegIEPolyType.INCLUDE, [(1, 2)]))


def test_undo_redo():
    poly = SegIEPoly(SegIEPolyType.INCLUDE)
    assert poly.get_pts().shape == (0, 2) and poly.undo() == 0 and poly.redo() == 0
    for i in range(4):
        poly.add_pt(i, i)
    assert poly.undo() == 3 and poly.undo() == 2 and poly.redo() == 3
    np.testing.assert_array_equal(poly.get_last_point(), (2, 2))
    poly.add_pt(9, 9)                      # the undone point 3 is gone
    np.testing.assert_array_equal(poly.get_pts(), [(0, 0), (1, 1), (2, 2), (9, 9)])
    assert poly.redo() == 4
    poly.undo()
    poly.redo_clip()
    assert poly.redo() == 3 and len(poly.pts) == 3
    assert poly.get_pts().dtype == np.float32


def test_edit_points():
    poly = SegIEPoly(SegIEPolyType.INCLUDE, [(0, 0), (10, 0), (10, 10)])
    poly.insert_pt(1, (5, -5))
    poly.set_point(0, (1, 1))
    poly.remove_pt(3)
    np.testing.assert_array_equal(poly.get_pts(), [(1, 1), (5, -5), (10, 0)])
    poly.mult_points(2)
    np.testing.assert_array_equal(poly.get_pts(), [(2, 2), (10, -10), (20, 0)])
    for call in (lambda: poly.insert_pt(4, (0, 0)), lambda: poly.insert_pt(-1, (0, 0)),
                 lambda: poly.remove_pt(3), lambda: poly.remove_pt(-1)):
        with pytest.raises(ValueError):
            call()
    poly.get_pts()[0] = 99
    assert poly.get_pts()[0, 0] == 2


def test_remove_poly_and_module_path():
    polys = make_polys()
    removed = polys.get_poly(0)
    for _ in range(2):      # one that is not there is no error
        polys.remove_poly(removed)
        assert [p.get_type() for p in polys] == [SegIEPolyType.EXCLUDE]
    polys.mult_points(.5)
    np.testing.assert_array_equal(polys.get_poly(0).get_pts()[0], (60, 60))
    assert SegIEPolys_by_path is SegIEPolys


@pytest.mark.parametrize("pts", [[1, 2, 3], np.zeros((4, 3)), [[np.nan, 1]], [[1e30, 1]],
                                 [[np.inf, 1]], [[["a"]]]])
def test_points_that_no_editor_made(pts):
    for stored in ({"polys": [{"type": 1, "pts": pts}]}, [(1, pts)]):
        with pytest.raises(ValueError):
            SegIEPolys.load(stored)


def test_counts_follow_every_change_of_points():
    poly = SegIEPoly(SegIEPolyType.INCLUDE, [(0, 0), (1, 1), (2, 2)])
    poly.undo()
    poly.undo()
    poly.add_pt(5, 5)
    assert (poly.n, poly.n_max, len(poly.pts)) == (2, 2, 2)
    poly.insert_pt(0, (9, 9))
    assert (poly.n, poly.n_max) == (3, 3)
    poly.remove_pt(1)
    assert (poly.n, poly.n_max) == (2, 2) and poly.get_pts().tolist() == [[9, 9], [5, 5]]


@pytest.mark.parametrize("count, height", [(7800, MAX_COORDINATE - 1), (60000, 50)])
def test_polygons_that_take_minutes_to_draw_are_refused(count, height):
    """As many points as a face image holds, to and fro; or more of them, in a pak."""
    pts = np.zeros((count, 2), np.float32)
    pts[:, 0] = np.random.RandomState(0).uniform(-1000, 1000, count)
    pts[::2, 1] = height
    parts = [{"type": 1, "pts": part} for part in np.array_split(pts, 10)]
    for polys in ([{"type": 1, "pts": pts}], parts):
        with pytest.raises(ValueError, match="points whose edges"):
            SegIEPolys.load({"polys": polys})


def test_a_large_ring_by_a_trembling_hand_is_no_such_polygon():
    angle = np.linspace(0, 2 * np.pi, 8000)
    ring = np.stack([np.cos(angle), np.sin(angle)], -1) * 4000 + 4096
    ring[::2] *= .99
    assert SegIEPolys.load([(1, ring)]).get_pts_count() == 8000
