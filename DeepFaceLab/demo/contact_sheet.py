"""The pictures that the demo leaves: who swaps with whom, and what came out."""
from typing import Sequence, Tuple

import cv2
import numpy as np

from core import imagelib

from .measure import UnseenFace

TILE = 192  # pixels of a face; width and height
HEAD = 26
COLUMNS = ["destination", "swap", "ground truth"]
INK, PAPER = 0.9, 0.12


def draw_contact_sheet(faces: Sequence[UnseenFace], swaps: Sequence[np.ndarray],
                       picked: Sequence[int]) -> np.ndarray:
    """(h, w, 3) uint8 BGR: two blocks of rows "destination, swap, ground truth" side by side.

    faces and swaps as in demo.measure; `picked` are the indices shown, an even number.
    """
    return draw_rows([(faces[i].face, swaps[i], faces[i].truth) for i in picked], COLUMNS,
                     (TILE, TILE))


def draw_rows(rows: Sequence[Sequence[np.ndarray]], columns: Sequence[str],
              tile: Tuple[int, int]) -> np.ndarray:
    """(h, w, 3) uint8 BGR: an even number of rows in two blocks side by side, under headings.

    rows: pictures (h, w, 3) float 0..1, one for each of `columns`; each is shown as a tile of
    (width, height) pixels.
    """
    shown = [np.concatenate([_resize(picture, tile) for picture in row], axis=1) for row in rows]
    half = len(shown) // 2
    head = np.concatenate([_draw_head(text, tile[0]) for text in columns], axis=1)
    blocks = [np.concatenate([head] + shown[:half]), np.concatenate([head] + shown[half:])]
    gap = np.full((blocks[0].shape[0], HEAD // 2, 3), PAPER, np.float32)
    picture = np.concatenate([blocks[0], gap, blocks[1]], axis=1)
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _resize(image: np.ndarray, tile: Tuple[int, int]) -> np.ndarray:
    is_smaller = tile[0] < image.shape[1]
    return cv2.resize(np.float32(image), tile,
                      interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC)


def _draw_head(text: str, width: int) -> np.ndarray:
    shape = (HEAD, width, 3)
    return np.full(shape, PAPER) + imagelib.get_text_image(shape, " " + text, color=(INK,) * 3)
