"""Lines of text in a window's picture, in any size: sharp on screens of any resolution."""
from functools import lru_cache
from typing import Any, Sequence, Tuple

import cv2
import numpy as np

# Files of fonts without serifs, as Windows, Linux and macOS have them.
FONT_FILES = ('segoeui.ttf', 'tahoma.ttf', 'DejaVuSans.ttf', 'Arial.ttf')
HERSHEY = cv2.FONT_HERSHEY_SIMPLEX
HERSHEY_HEIGHT = 30     # pixels of a line at scale 1
LINE_HEIGHT = 1.35      # of the font's size, from one line to the next


@lru_cache(maxsize=16)
def _find_font(size: int) -> Any:
    """A font of Pillow, None where only its small bitmap one is left."""
    try:
        from PIL import ImageFont
    except ImportError:     # OpenCV's own letters do
        return None
    for name in FONT_FILES:
        try:
            return ImageFont.truetype(name, size)
        except OSError:     # not installed, or Pillow cannot read such files
            continue
    try:
        font = ImageFont.load_default(size)
    except TypeError:       # before Pillow 10.1
        return None
    return font if hasattr(font, 'path') else None


@lru_cache(maxsize=512)
def draw_text_mask(text: str, size: int) -> np.ndarray:
    """(h,w) uint8, 255 where letters of `size` pixels are; h does not depend on the text."""
    font = _find_font(size)
    height = get_line_height(size)
    if font is None:
        return _draw_hershey(text, size, height)
    from PIL import Image, ImageDraw
    drawer = ImageDraw.Draw(Image.new('L', (1, 1)))
    width = int(drawer.textlength(text, font=font) if hasattr(drawer, 'textlength')
                else drawer.textsize(text, font=font)[0]) + 2
    picture = Image.new('L', (max(1, width), height))
    ImageDraw.Draw(picture).text((0, (height - size * 1.17) / 2), text, font=font, fill=255)
    return np.asarray(picture)


def _draw_hershey(text: str, size: int, height: int) -> np.ndarray:
    scale = size / HERSHEY_HEIGHT
    thickness = max(1, int(round(scale * 1.5)))
    # It has no other letters, and bytes of a file name that are no text end the process.
    text = text.encode('ascii', 'replace').decode('ascii')
    (width, _), _ = cv2.getTextSize(text, HERSHEY, scale, thickness)
    picture = np.zeros((height, max(1, width + 2)), np.uint8)
    cv2.putText(picture, text, (0, int(height * 0.74)), HERSHEY, scale, 255, thickness,
                cv2.LINE_AA)
    return picture


def get_line_height(size: int) -> int:
    """Pixels from one line of text to the next."""
    return int(round(size * LINE_HEIGHT))


def measure_text(text: str, size: int) -> int:
    """Width of a line in pixels."""
    return draw_text_mask(text, size).shape[1]


def draw_label(picture: np.ndarray, text: str, x: int, y: int, size: int,
               color: Sequence[float]) -> int:
    """Write a line whose upper left corner is (x, y) into (h,w,c) uint8, in place; what lies
    outside is cut. color: one value a channel. Returns its width in pixels."""
    mask = draw_text_mask(text, size)
    height, width = mask.shape
    top, left = max(0, y), max(0, x)
    bottom, right = min(picture.shape[0], y + height), min(picture.shape[1], x + width)
    if top < bottom and left < right:
        alpha = mask[top - y:bottom - y, left - x:right - x, None].astype(np.float32) / 255
        area = picture[top:bottom, left:right]
        area[...] = area + (np.float32(color) - area) * alpha + 0.5
    return width


def fit_text(text: str, size: int, width: int) -> str:
    """The text, or its beginning and three dots if it is wider than `width` pixels."""
    if measure_text(text, size) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure_text(text[:middle].rstrip() + '...', size) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + '...' if low else ''


def wrap_words(words: Sequence[str], size: int, width: int, gap: str = '   ') -> Tuple[str, ...]:
    """Words (each may hold spaces) in lines at most `width` pixels wide."""
    lines = []
    for word in words:
        longer = lines[-1] + gap + word if lines else word
        if lines and measure_text(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(fit_text(word, size, width))
    return tuple(lines)
