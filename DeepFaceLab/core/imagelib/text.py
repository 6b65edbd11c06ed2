"""Lines of text as float images (spec 31 section 8; one channel: spec 60 section 5)."""
from typing import Optional, Sequence, Tuple

import numpy as np

# Pillow is imported by the functions that draw: sample workers load this package and need none.
pil_fonts = {}


def _get_pil_font(font: str, size: int):
    """The TrueType font `font`.ttf at `size` pixels, Pillow's built-in one where it is missing."""
    from PIL import ImageFont
    key = (font, size)
    if key not in pil_fonts:
        try:
            pil_fonts[key] = ImageFont.truetype(font + ".ttf", size, encoding="unic")
        except OSError:  # not installed on this machine
            pil_fonts[key] = ImageFont.load_default()
    return pil_fonts[key]


def _get_default_font() -> str:
    # Imported late: the package belongs to the tree's root, above core.
    from localization import get_default_ttf_font_name
    return get_default_ttf_font_name()


def get_text_image(shape: Tuple[int, int, int], text: str, color: Sequence[float] = (1, 1, 1),
                   border: float = 0.2, font: Optional[str] = None,
                   font_size_minus_h: int = 2) -> np.ndarray:
    """Render one line of text at the upper left corner of a black image.

    Arguments:
        shape: (h, w, c). Channels beyond three are ones; one channel is drawn in full white.
        text: what to write; characters that the font cannot encode become '?'.
        color: first to third channel, 0..1.
        border: ignored (part of the signature).
        font: name of a TrueType file without suffix; None = the language's default font.
        font_size_minus_h: the font's size is h minus this many pixels.

    Returns (h, w, c) float64 in 0..1.
    """
    from PIL import Image, ImageDraw
    h, w, c = shape
    if not text or h <= 0 or w <= 0:
        return np.zeros((max(h, 0), max(w, 0), c), dtype=np.float64)

    pil_font = _get_pil_font(font or _get_default_font(), max(h - font_size_minus_h, 1))
    level = (1, 1, 1) if c == 1 else tuple(color)[:3]
    fill = tuple(int(v * 255) for v in level)
    picture = Image.new("RGB", (w, h), (0, 0, 0))
    drawer = ImageDraw.Draw(picture)
    try:
        drawer.text((0, 0), text, font=pil_font, fill=fill)
    except UnicodeEncodeError:  # Pillow's built-in bitmap font knows Latin-1 only
        plain = text.encode("latin-1", "replace").decode("latin-1")
        drawer.text((0, 0), plain, font=pil_font, fill=fill)

    pixels = np.asarray(picture) / 255.0
    if c > 3:
        pixels = np.concatenate((pixels, np.ones((h, w, c - 3), dtype=np.float64)), axis=-1)
    return pixels[..., :c]


def draw_text(image: np.ndarray, rect: Sequence[int], text: str, color: Sequence[float] = (1, 1, 1),
              border: float = 0.2, font: Optional[str] = None) -> None:
    """Add a line of text to `image` (h, w, c) in place, inside `rect`
    (left, top, right, bottom)."""
    h, w, c = image.shape
    left, top, right, bottom = (int(v) for v in rect)
    left, right = np.clip((left, right), 0, w - 1)
    top, bottom = np.clip((top, bottom), 0, h - 1)
    image[top:bottom, left:right] += get_text_image((bottom - top, right - left, c), text, color,
                                                    border, font)


def draw_text_lines(image: np.ndarray, rect: Sequence[int], text_lines: Sequence[str],
                    color: Sequence[float] = (1, 1, 1), border: float = 0.2,
                    font: Optional[str] = None) -> None:
    """Add several lines to `image` in place, sharing the height of `rect`.

    The lines are counted from the image's top, not from the rect's, as the original does.
    """
    if not text_lines:
        return
    left, top, right, bottom = rect
    line_height = (bottom - top) // len(text_lines)
    for i, line in enumerate(text_lines):
        line_rect = (left, i * line_height, right, (i + 1) * line_height)
        draw_text(image, line_rect, line, color, border, font)


def get_draw_text_lines(image: np.ndarray, rect: Sequence[int], text_lines: Sequence[str],
                        color: Sequence[float] = (1, 1, 1), border: float = 0.2,
                        font: Optional[str] = None) -> np.ndarray:
    """The lines on black, float64, in the shape of `image`: for adding to it."""
    canvas = np.zeros(image.shape, dtype=np.float64)
    draw_text_lines(canvas, rect, text_lines, color, border, font)
    return canvas
