import numpy as np
import pytest

from core import imagelib
from core.imagelib import text


def test_text_shows_in_every_channel_by_its_colour():
    img = imagelib.get_text_image((24, 100, 3), "face", color=(1, .5, 0))
    assert img.shape == (24, 100, 3) and img.dtype == np.float64
    assert img[..., 0].max() > .9 and .4 < img[..., 1].max() < .6 and img[..., 2].max() == 0
    assert np.count_nonzero(img[..., 0]) < .5 * 2400


@pytest.mark.parametrize("c", (1, 3, 4))
def test_channel_counts(c):
    img = imagelib.get_text_image((24, 100, c), "face", color=(0, 0, 0))
    assert img.shape == (24, 100, c)
    if c == 1:
        assert img.max() > .9        # one channel ignores the colour
    else:
        assert img[..., :3].max() == 0
    if c == 4:
        assert (img[..., 3] == 1).all()


def test_empty_rooms_and_letters_without_a_glyph():
    assert not imagelib.get_text_image((24, 100, 3), "").any()
    assert imagelib.get_text_image((0, 100, 3), "face").shape == (0, 100, 3)
    assert imagelib.get_text_image((24, 100, 3), u"\u4eba\u8138 \u0444.mp4").any()


def test_font_size_parameter_is_part_of_the_signature():
    img = imagelib.get_text_image((24, 100, 1), "face", font_size_minus_h=6)
    assert img.shape == (24, 100, 1) and img.any()


def test_draw_text_adds_inside_the_rect():
    img = np.full((40, 120, 3), .25)
    text.draw_text(img, (10, 10, 110, 30), "face", color=(.5, .5, .5))
    assert img.max() > .7 and img.min() == .25
    outside = img.copy()
    outside[10:30, 10:110] = .25
    assert (outside == .25).all()
    text.draw_text(img, (100, 30, 500, 500), "face")     # clamped, not refused


def test_lines_share_the_height_and_start_at_the_top():
    canvas = imagelib.get_draw_text_lines(np.zeros((60, 80, 3)), (0, 20, 80, 60),
                                          ["one", "two"], (1, 1, 1))
    assert canvas.shape == (60, 80, 3) and canvas.dtype == np.float64
    assert canvas[:20].any() and canvas[20:40].any() and not canvas[40:].any()
    assert not imagelib.get_draw_text_lines(np.zeros((60, 80, 3)), (0, 0, 80, 60), []).any()


def test_fonts_are_cached():
    assert text._get_pil_font("no_such_font", 12) is text._get_pil_font("no_such_font", 12)
    assert ("no_such_font", 12) in text.pil_fonts


def test_letters_are_two_pixels_lower_than_the_line(monkeypatch):
    sizes, real = [], text._get_pil_font
    monkeypatch.setattr(text, "_get_pil_font",
                        lambda font, size: sizes.append(size) or real(font, size))
    imagelib.get_text_image((24, 100, 3), "face")
    text.get_text_image((24, 100, 3), "face", font_size_minus_h=6)
    assert sizes == [22, 18]
