"""core/interact/viewport.py: zoom and pan of a picture inside an area."""
import numpy as np
import pytest

from core.interact.viewport import ZOOM_STEP, Viewport, ViewportMouse

AREA = (10, 20, 400, 300)


def make_view(size=(800, 300), area=AREA):
    view = Viewport()
    view.place(size, area)
    return view


def make_picture(width, height, c=3):
    return np.random.RandomState(width).randint(0, 256, (height, width, c)).astype(np.uint8)


def test_whole_picture_is_seen_in_the_middle():
    view = make_view()
    assert view.fit_scale == view.scale == 0.5 and not view.is_zoomed
    assert view.get_offset() == (0, 75)
    assert view.to_picture(10, 20 + 75) == (0, 0) and view.to_picture(410, 245) == (800, 300)
    drawn = view.render(np.full((300, 800, 3), 200, np.uint8), (16,))
    assert drawn.shape == (300, 400, 3)
    assert (drawn[75:225] == 200).all() and (drawn[:75] == 16).all() and (drawn[225:] == 16).all()


def test_a_picture_of_the_area_s_size_is_shown_as_it_is():
    picture = make_picture(400, 300)
    assert (make_view((400, 300)).render(picture) == picture).all()


@pytest.mark.parametrize('c', (1, 3, 4))
def test_enlarged_elements_are_squares_at_their_place(c):
    picture = make_picture(100, 75, c)
    drawn = make_view((100, 75)).render(picture)       # 4 times as large
    assert (drawn == picture.repeat(4, 0).repeat(4, 1)).all()


def test_smoothly_enlarged_below_four_times():
    view = make_view((200, 150))
    picture = np.zeros((150, 200, 3), np.uint8)
    picture[:, 100:] = 200
    drawn = view.render(picture)
    assert view.scale == 2 and (drawn[:, :199] == 0).all() and (drawn[:, 201:] == 200).all()
    assert 0 < drawn[0, 199, 0] < drawn[0, 200, 0] < 200


def test_small_pictures_are_enlarged_no_further_than_four_times():
    view = make_view((20, 20))
    assert view.scale == 4 and view.get_offset() == (160, 110)


def test_zoom_keeps_what_is_under_the_mouse():
    view = make_view((800, 600))
    before = view.to_picture(110, 95)
    for notches in (1, 1, 1, -1):
        view.zoom_at(110, 95, notches)
        now = view.to_picture(110, 95)
        assert abs(now[0] - before[0]) < 2 and abs(now[1] - before[1]) < 2
    assert view.zoom == pytest.approx(ZOOM_STEP ** 2)


def test_zoom_has_limits_and_comes_back_to_the_whole():
    view = make_view()
    for _ in range(50):
        view.zoom_at(300, 200, 1)
    assert view.scale == pytest.approx(16)
    for _ in range(50):
        view.zoom_at(30, 40, -1)
    assert view.zoom == 1.0 and view.center == (0.5, 0.5)


def test_what_is_seen_stays_inside_the_picture():
    view = make_view((800, 600))
    view.zoom_at(210, 170, 3)
    view.pan(-10000, 5000)
    left, top = view.get_offset()
    assert left == pytest.approx(400 - 800 * view.scale, abs=1) and top == 0
    drawn = view.render(np.zeros((600, 800, 3), np.uint8), (255,))
    assert drawn.shape == (300, 400, 3) and not drawn.any(), 'no background is seen'


def test_zoomed_picture_shows_the_right_part():
    picture = np.zeros((600, 800, 1), np.uint8)
    picture[450:, 600:] = 255
    view = make_view((800, 600))
    for _ in range(8):
        view.zoom_at(409, 319, 1)
    drawn = view.render(picture)
    x, y = (600 * view.scale + view.get_offset()[0], 450 * view.scale + view.get_offset()[1])
    x, y = int(round(x)), int(round(y))
    if 2 < x < 398:
        assert drawn[-1, x + 2, 0] == 255 and drawn[-1, x - 3, 0] == 0
    if 2 < y < 298:
        assert drawn[y + 2, -1, 0] == 255 and drawn[y - 3, -1, 0] == 0
    assert drawn[-1, -1, 0] == 255


def test_the_next_frame_is_seen_at_the_same_place():
    view = make_view((800, 600))
    view.zoom_at(110, 95, 4)
    kept = (view.zoom, view.center)
    view.place((800, 600), AREA)
    assert (view.zoom, view.center) == kept
    view.place((1920, 1080), (0, 0, 1000, 900))
    assert view.zoom == kept[0]


def test_mouse_zooms_moves_and_resets():
    view = make_view((800, 600))
    mouse = ViewportMouse(view)
    assert not mouse.take(5, 5, 10, 120), 'outside of the area'
    assert mouse.take(210, 170, 10, 120) and view.zoom == ZOOM_STEP
    assert mouse.take(210, 170, 10, 120)
    before = view.to_picture(200, 200)
    assert not mouse.take(200, 200, 1, 0)
    assert mouse.take(220, 190, 0, 0) and mouse.take(230, 190, 2, 0)
    now = view.to_picture(230, 190)
    assert abs(now[0] - before[0]) < 2 and abs(now[1] - before[1]) < 2
    assert not mouse.take(300, 300, 0, 0), 'the button is up'
    assert mouse.take(0, 0, 5, 0) and not view.is_zoomed
    assert not mouse.take(210, 170, 10, -120), 'the whole picture is the smallest'


def test_a_drag_that_begins_outside_moves_nothing():
    view = make_view((800, 600))
    view.zoom_at(210, 170, 3)
    mouse = ViewportMouse(view)
    mouse.take(2, 2, 1, 0)
    assert not mouse.take(50, 50, 0, 0)


def test_panning_reuses_the_smaller_picture():
    view = make_view((1600, 1200))
    picture = make_picture(1600, 1200)
    view.zoom_at(200, 200, 2)
    assert view.scale < 1
    first = view._shrink(picture, view.scale)
    view.pan(5, 5)
    assert view._shrink(picture, view.scale) is first
    assert view._shrink(picture.copy(), view.scale) is not first
