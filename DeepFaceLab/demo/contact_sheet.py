"""The picture that the demo leaves: who swaps with whom, and what came out."""
from typing import Sequence

import cv2
import numpy as np

from core import imagelib

from .measure import UnseenFace

TILE = 192  # pixels
HEAD = 26
COLUMNS = ["destination", "swap", "ground truth"]
INK, PAPER = 0.9, 0.12


def draw_contact_sheet(faces: Sequence[UnseenFace], swaps: Sequence[np.ndarray],
                       picked: Sequence[int]) -> np.ndarray:
    """(h, w, 3) uint8 BGR: two blocks of rows "destination, swap, ground truth" side by side.

    faces and swaps as in demo.measure; `picked` are the indices shown, an even number.
    """
    rows = [np.concatenate([_enlarge(x) for x in (faces[i].face, swaps[i], faces[i].truth)], axis=1)
            for i in picked]
    half = len(rows) // 2
    head = np.concatenate([_draw_head(text) for text in COLUMNS], axis=1)
    blocks = [np.concatenate([head] + rows[:half]), np.concatenate([head] + rows[half:])]
    gap = np.full((blocks[0].shape[0], HEAD // 2, 3), PAPER, np.float32)
    picture = np.concatenate([blocks[0], gap, blocks[1]], axis=1)
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _enlarge(image: np.ndarray) -> np.ndarray:
    return cv2.resize(np.float32(image), (TILE, TILE), interpolation=cv2.INTER_CUBIC)


def _draw_head(text: str) -> np.ndarray:
    shape = (HEAD, TILE, 3)
    return np.full(shape, PAPER) + imagelib.get_text_image(shape, " " + text, color=(INK,) * 3)
