"""Colour frames from a gray model: the face gives the light, the frame its colours (spec 60 section
17.3 item 5)."""
import cv2
import numpy as np

from core.cv2ex import to_bgr, to_gray

WHITE = np.float32(255)


def to_lab(bgr_uint8: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 -> float32: L in 0..100, a and b about -127..127."""
    return cv2.cvtColor(bgr_uint8.astype(np.float32) / WHITE, cv2.COLOR_BGR2LAB)


def find_masked(mask: np.ndarray) -> tuple:
    """Slices (rows, columns) of the smallest window that holds every pixel above 0."""
    return tuple(slice(places.min(), places.max() + 1) if len(places) else slice(0)
                 for places in (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)))


def color_result(merged: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """A gray merge in the frame's colours.

    Arguments:
        merged: (H, W, 4) uint8, three equal planes and the mask.
        frame: (H, W, 3) uint8, the frame in colour.

    Returns (H, W, 4) uint8. Inside the mask L is that of the merge and a, b are the frame's;
    where the mask is 0 the frame's bytes stay. Between them the frame's own L fades in: L of a
    colour is not quite that of its gray.
    """
    result = np.concatenate([frame, merged[..., 3:]], -1)
    window = find_masked(merged[..., 3])
    part, mask = frame[window], merged[window][..., 3]
    if mask.size == 0:
        return result
    lab, gray_lab = to_lab(part), to_lab(to_bgr(to_gray(part)))
    outside = 1 - mask.astype(np.float32) / WHITE
    light = to_lab(merged[window][..., :3])[..., 0] + outside * (lab[..., 0] - gray_lab[..., 0])
    lab[..., 0] = np.clip(light, 0, 100)
    colored = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), 0, 1) * WHITE
    result[window][..., :3] = np.where(mask[..., None] > 0, np.rint(colored).astype(np.uint8),
                                       part)
    return result
