"""Outlines (spec 31 section 8)."""
from typing import Sequence

import cv2
import numpy as np


def draw_polygon(image: np.ndarray, points: Sequence, color: Sequence[float],
                 thickness: int = 1) -> None:
    """Draw the closed outline through `points` (x, y pixels, truncated to integers) in place."""
    corners = [(int(x), int(y)) for x, y in points]
    for i, corner in enumerate(corners):
        cv2.line(image, corner, corners[(i + 1) % len(corners)], color, thickness)


def draw_rect(image: np.ndarray, rect: Sequence[float], color: Sequence[float],
              thickness: int = 1) -> None:
    """Draw the rectangle `rect` = (left, top, right, bottom) in place."""
    left, top, right, bottom = rect
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    draw_polygon(image, corners, color, thickness)
