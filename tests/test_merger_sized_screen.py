"""merger/MergerScreen/sized_screen.py: the merger's screens in a window of any size."""
from pathlib import Path

import numpy as np
import pytest
from merge_run_support import make_config

from core.interact import interact as io
from merger import InteractiveMergerSubprocessor, MergerConfig, merge_window
from merger.merge_state import View
from merger.MergerScreen import HelpScreen, SizedScreen
from merger.MergerScreen.drawing import draw_help
from merger.MergerScreen.sized_screen import draw_footer, limit_to_screen

TAB, ZOOM_IN, BOARD = View(0.0, False, True), View(0.1, False, False), View(0.0, True, False)


class Desktop:
    """Stands in for windows: one window of a size, what it showed, mouse events to come."""

    def __init__(self, monkeypatch):
        self.size, self.shown, self.mouse = (900, 700), [], []
        self.has_wheel, self.scale = True, 1.0
        monkeypatch.setattr(io, 'show_image', lambda name, img: self.shown.append(img))
        monkeypatch.setattr(io, 'process_messages', lambda seconds=0: None)
        monkeypatch.setattr(io, 'get_window_size', lambda name: self.size)
        monkeypatch.setattr(io, 'resize_window', self.resize)
        monkeypatch.setattr(io, 'get_screen_size', lambda: (1920, 1080))
        monkeypatch.setattr(io, 'get_ui_scale', lambda: self.scale)
        monkeypatch.setattr(io, 'has_wheel', lambda: self.has_wheel)
        monkeypatch.setattr(io, 'get_mouse_events', self.take_mouse)

    def resize(self, name, width, height):
        self.size = (width, height)

    def take_mouse(self, name):
        events, self.mouse = self.mouse, []
        return events


@pytest.fixture
def desktop(monkeypatch):
    yield Desktop(monkeypatch)
    io.destroy_all_windows()


def make_frame(idx=0, name='00007.png', **settings):
    frame = InteractiveMergerSubprocessor.Frame()
    frame.idx, frame.cfg = idx, make_config(**settings)
    frame.frame_info = type('Info', (), {'filepath': Path(name)})()
    return frame


def make_picture(h=540, w=960, level=90):
    picture = np.full((h, w, 4), level, np.uint8)
    picture[..., 3] = 0
    return picture


def open_main(desktop, picture, frame):
    window = merge_window.MergeWindow([frame] * 9)
    window.apply(TAB)
    window.show(picture, False, frame)
    return window


def test_help_and_frame_have_the_size_of_the_window(desktop):
    frame, picture = make_frame(), make_picture()
    window = merge_window.MergeWindow([frame])
    assert desktop.shown[-1].shape == (700, 900, 3) and desktop.shown[-1].max() > 200
    desktop.size = (500, 300)
    window.show(None, True, frame)
    assert desktop.shown[-1].shape == (300, 500, 3), 'drawn anew'
    count = len(desktop.shown)
    window.show(None, True, frame)
    assert len(desktop.shown) == count, 'nothing has changed'
    window.apply(TAB)
    window.show(picture, False, frame)
    width, height = desktop.size
    assert (width, desktop.shown[-1].shape) == (960, (height, 960, 3)), 'fitted to the frame'
    drawn = desktop.shown[-1]
    assert (drawn[:540] == 90).all() and drawn[540:].max() > 200, 'frame, and text below'
    count = len(desktop.shown)
    window.show(picture, False, frame)
    assert len(desktop.shown) == count
    desktop.size = (700, 700)
    window.show(picture, False, frame)
    assert desktop.size == (700, 700), 'from then on the size is the user\'s'
    assert desktop.shown[-1].shape == (700, 700, 3)


def test_large_frames_begin_scaled_to_the_width_of_the_spec(desktop):
    open_main(desktop, make_picture(1080, 1920), make_frame())
    assert desktop.size[0] == 1368


def test_keys_of_scale_change_the_window(desktop):
    window = open_main(desktop, make_picture(), make_frame())
    window.apply(View(-0.1, False, False))
    window.show(window.get_picture(), False, make_frame())
    assert desktop.size[0] == pytest.approx(864, abs=2)
    for _ in range(30):
        window.apply(ZOOM_IN)
        window.show(window.get_picture(), False, make_frame())
    assert desktop.size[0] <= 0.92 * 1920 and desktop.size[1] <= 0.92 * 1080
    for _ in range(30):
        window.apply(View(-0.1, False, False))
        window.show(window.get_picture(), False, make_frame())
    assert desktop.size == (640, 360), 'text has room'


def test_mouse_zooms_where_it_is_and_right_button_shows_all(desktop):
    picture = make_picture()
    picture[:, 480:, :3] = 200
    frame = make_frame()
    window = open_main(desktop, picture, frame)
    desktop.mouse = [(600, 200, 0, 0)] + [(600, 200, 10, 120)] * 4
    window.show(picture, False, frame)
    zoomed = desktop.shown[-1]
    assert (zoomed[:530, 400:] == 200).mean() > 0.9 and (zoomed[:530] == 90).mean() > 0.1
    edge = int(np.flatnonzero(zoomed[200, :, 0] > 150)[0])
    desktop.mouse = [(600, 200, 1, 0), (550, 200, 0, 0), (550, 200, 2, 0)]
    window.show(picture, False, frame)
    moved = int(np.flatnonzero(desktop.shown[-1][200, :, 0] > 150)[0])
    assert moved == pytest.approx(edge - 50, abs=1)
    other = make_picture(level=30)
    window.show(other, False, frame)
    assert (desktop.shown[-1][:530] == 30).all()
    assert window._main.viewport.is_zoomed, 'the next frame is seen at the same place'
    desktop.mouse = [(5, 5, 5, 0)]
    window.show(other, False, frame)
    assert not window._main.viewport.is_zoomed


def test_the_mouse_does_nothing_on_the_help(desktop):
    window = open_main(desktop, make_picture(), make_frame())
    window.apply(TAB)
    desktop.mouse = [(100, 100, 0, 0), (100, 100, 10, 120)]
    window.show(window.get_picture(), False, make_frame())
    assert not window._main.viewport.is_zoomed


def test_where_the_system_zooms_the_program_does_not(desktop):
    desktop.has_wheel = False
    frame = make_frame()
    window = open_main(desktop, make_picture(), frame)
    desktop.mouse = [(100, 100, 0, 0), (100, 100, 10, 120)]
    window.show(window.get_picture(), False, frame)
    assert not window._main.viewport.is_zoomed
    rows = merge_window.list_help(MergerConfig.TYPE_MASKED)[0][-1][1]
    assert rows[-1] == ('wheel', 'zoom the window') and 'wheel: zoom the window' in window._keys


def test_checkerboard_has_squares_of_the_screen(desktop):
    frame = make_frame()
    window = open_main(desktop, make_picture(1080, 1920, 100), frame)
    window.apply(BOARD)
    window.show(window.get_picture(), False, frame)
    drawn = desktop.shown[-1]
    assert drawn[0, 0, 0] == 75 and drawn[0, 5, 0] == 75 + 64 and drawn[5, 5, 0] == 75


def test_hourglass_stays_in_the_corner_of_the_window(desktop):
    frame, picture = make_frame(), make_picture(level=7)
    window = open_main(desktop, picture, frame)
    desktop.mouse = [(600, 200, 0, 0)] + [(600, 200, 10, 120)] * 4
    window.show(picture, True, frame)
    drawn = desktop.shown[-1]
    assert (drawn[:64, :64] != 7).any() and (drawn[64:500] == 7).all()


def test_settings_stand_below_the_frame(desktop):
    frame, picture = make_frame(idx=3), make_picture()
    window = open_main(desktop, picture, frame)
    words = window._main.status
    assert words[0] == '00007.png (4 of 9)' and 'erode mask: 0' in words
    assert 'Mode: overlay' in words and not any('=' in word for word in words)
    before = desktop.shown[-1]
    frame.cfg = make_config(erode_mask_modifier=25)
    window.show(picture, False, frame)
    assert 'erode mask: 25' in window._main.status
    assert (desktop.shown[-1][540:] != before[540:]).any()
    window.show(picture, False, None)
    assert window._main.status == ('All frames are merged.',)


@pytest.mark.parametrize('width', (60, 300, 640, 1400))
def test_text_below_is_never_cut_off(desktop, width):
    status = merge_window.describe_frame(make_frame(name='x' * 60 + '.png'), 1, 2)
    footer = draw_footer(width, 62, status, ('Tab: all keys', 'Esc: save and quit'), '100 %')
    assert footer.shape == (62, width, 3)
    assert (footer[:, -3:] == 32).all(), 'the margin is free'


@pytest.mark.parametrize('scale', (0.5, 1.0, 2.0))
def test_nothing_of_the_help_is_cut_off(scale):
    picture = draw_help(merge_window.list_help(MergerConfig.TYPE_MASKED), scale)
    assert picture.shape[0] == pytest.approx(508 * scale, rel=0.15)
    for edge in (picture[:4], picture[-4:], picture[:, :4], picture[:, -4:]):
        assert (edge == 32).all()


@pytest.mark.parametrize('ui_scale', (1.0, 2.0))
def test_sizes_of_windows_that_open(desktop, ui_scale):
    desktop.scale = ui_scale
    assert limit_to_screen(10, 10) == (640 * ui_scale, 360 * ui_scale)
    assert limit_to_screen(9000, 9000) == (int(1920 * 0.92), int(1080 * 0.92))


def test_text_below_grows_with_the_screen_s_resolution(desktop):
    heights = []
    for desktop.scale in (1.0, 2.0):
        screen = SizedScreen(image=make_picture())
        heights.append(screen._get_footer_height())
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.1)


def test_without_windows_of_a_size_they_are_ordinary_screens(desktop):
    desktop.size = None
    screen = SizedScreen(image=np.full((50, 60, 3), 5, np.uint8))
    screen.set_window('w')
    screen.show()
    assert (desktop.shown[-1] == 5).all() and desktop.shown[-1].shape == (50, 60, 3)
    screen.diff_scale(1.0)
    screen.show()
    assert desktop.shown[-1].shape == (100, 120, 3)
    columns = merge_window.list_help(MergerConfig.TYPE_MASKED)
    assert HelpScreen(columns).draw().shape == draw_help(columns).shape


def test_a_run_through_is_black_with_the_frame_s_name(desktop):
    window = open_main(desktop, make_picture(), make_frame(0))
    before = desktop.shown[-1]
    window.show(None, True, make_frame(1, name='00008.png'))
    drawn = desktop.shown[-1]
    assert drawn.shape == before.shape and not drawn[64:540].any() and drawn[:64].any()
    assert window._main.status[0] == '00008.png (2 of 9)'
    assert (drawn[540:] != before[540:]).any()


def test_closing_the_window_is_esc(desktop, monkeypatch):
    window = open_main(desktop, make_picture(), make_frame())
    io.add_key_event('Merger', ord('q'), False, False, False)
    assert window.take_key()[1] == 'q'
    monkeypatch.setattr(io, 'is_window_closed', lambda name: name == 'Merger')
    assert window.take_key() == (27, chr(27), False, False, False)


def test_a_window_that_a_new_picture_opens_again_was_closed(desktop, monkeypatch):
    window = open_main(desktop, make_picture(), make_frame())
    pictures = []
    monkeypatch.setattr(io, 'is_window_closed', lambda name: not pictures)
    monkeypatch.setattr(io, 'show_image', lambda name, img: pictures.append(img))
    window.show(make_picture(level=20), False, make_frame())
    assert len(pictures) == 1 and not io.is_window_closed('Merger')
    assert window.take_key() == (27, chr(27), False, False, False)


@pytest.mark.parametrize('picture', (np.full((50, 60), 5, np.uint8),
                                     np.full((50, 60, 1), 5, np.uint8)))
def test_gray_pictures(desktop, picture):
    screen = SizedScreen(image=picture)
    assert screen.draw().shape == (700, 900, 3)
