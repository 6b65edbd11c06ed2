"""Pictures of the merger's window, drawn when they are first shown: no files to ship."""
from typing import List, Sequence, Tuple

import cv2
import numpy as np

from core.imagelib.label import draw_label, get_line_height, measure_text, wrap_words

BACKGROUND, KEY_COLOR, TEXT_COLOR, TITLE_COLOR = (32, 32, 32), (96, 208, 255), (224, 224, 224), (
    160, 255, 160)    # BGR
TEXT_SIZE, TEXT_WIDTH, KEY_GAP, MARGIN = 15, 360, 18, 24     # pixels at scale 1
SAND_CLOCK_SIDE = 64

Section = Tuple[str, Sequence[Tuple[str, str]]]     # title, [(keys, what they do)]


def draw_sand_clock() -> np.ndarray:
    """(64,64,4) uint8 BGRA: an hourglass before nothing."""
    side = SAND_CLOCK_SIDE
    picture = np.zeros((side, side, 4), np.uint8)
    glass = np.array([(16, 10), (48, 10), (34, 32), (48, 54), (16, 54), (30, 32)], np.int32)
    sand = np.array([(18, 54), (46, 54), (32, 40)], np.int32)
    rest = np.array([(24, 22), (40, 22), (32, 32)], np.int32)
    cv2.fillPoly(picture, [glass], (200, 200, 200, 160), lineType=cv2.LINE_AA)
    for heap in (sand, rest):
        cv2.fillPoly(picture, [heap], (64, 160, 224, 255), lineType=cv2.LINE_AA)
    cv2.polylines(picture, [glass], True, (255, 255, 255, 255), 2, cv2.LINE_AA)
    for y in (8, 56):
        cv2.line(picture, (12, y), (52, y), (255, 255, 255, 255), 4, cv2.LINE_AA)
    return picture


def draw_help(columns: Sequence[List[Section]], scale: float = 1.0) -> np.ndarray:
    """(h,w,3) uint8: columns of sections with keys and what they do. scale: 1 for screens of 96
    dots an inch."""
    size, margin = max(6, int(round(TEXT_SIZE * scale))), int(MARGIN * scale)
    line_height = get_line_height(size)
    layouts = [_lay_out(sections, size, int(TEXT_WIDTH * scale)) for sections in columns]
    key_widths = [max([measure_text(keys, size) for keys, _, _ in rows] + [0])
                  + int(KEY_GAP * scale) for rows in layouts]
    text_widths = [max([measure_text(text, size) for _, text, _ in rows] + [0])
                   for rows in layouts]
    width = sum(key_widths) + sum(text_widths) + margin * (len(columns) + 1)
    height = 2 * margin + line_height * max([len(rows) for rows in layouts] + [1])
    picture = np.full((height, width, 3), BACKGROUND, np.uint8)
    x = margin
    for rows, key_width, text_width in zip(layouts, key_widths, text_widths):
        for number, (keys, text, is_title) in enumerate(rows):
            y = margin + number * line_height
            draw_label(picture, keys, x, y, size, KEY_COLOR)
            draw_label(picture, text, x if is_title else x + key_width, y, size,
                       TITLE_COLOR if is_title else TEXT_COLOR)
        x += key_width + text_width + margin
    return picture


def _lay_out(sections: List[Section], size: int, width: int) -> List[Tuple[str, str, bool]]:
    """Rows (keys, text, is a title); long texts take several."""
    rows: List[Tuple[str, str, bool]] = []
    for title, entries in sections:
        rows += [('', '', False)] * bool(rows) + [('', title, True)]
        for keys, text in entries:
            for number, line in enumerate(wrap_words(text.split(' '), size, width, gap=' ')):
                rows.append((keys if number == 0 else '', line, False))
    return rows
