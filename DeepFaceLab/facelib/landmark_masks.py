"""Masks drawn from landmarks: hull, eyes, mouth (spec 40 sections 3.6 to 3.8 and 3.11)."""
from typing import List, Tuple

import cv2
import numpy as np

# The hull mask is the union of the convex hulls of these index groups.
_HULL_GROUPS = (
    (*range(0, 9), 17),                          # right jaw
    (*range(8, 17), 26),                         # left jaw
    (17, 18, 19, 8),                             # right cheek
    (24, 25, 26, 8),                             # left cheek
    (*range(19, 25), 8),                         # nose ridge
    (*range(17, 22), 27, *range(31, 36), 8),     # right eye
    (*range(22, 27), 27, *range(31, 36), 8),     # left eye
    (*range(27, 31), *range(31, 36)),            # nose
)
EYE_GROUPS = (range(36, 42), range(42, 48))
MOUTH_GROUPS = (range(60, 68),)  # inner lips

_COLUMNS = 32   # a multiple of what OpenCV's filters take at once
_FARTHEST = 1 << 20     # pixels; OpenCV goes through every row that a polygon begins above


def _require_68(landmarks) -> None:
    if len(landmarks) != 68:
        raise Exception("Landmark masks need 68 landmarks, got %d." % len(landmarks))


def expand_eyebrows(lmrks, eyebrows_expand_mod: float = 1.0) -> np.ndarray:
    """Landmarks as integers with the brows moved up the forehead (spec 40 section 3.6).

    Arguments:
        lmrks: (68, 2) array in pixels.
        eyebrows_expand_mod: how far; 0 leaves the brows where they are.

    Returns (68, 2) int, every value truncated toward zero.
    """
    _require_68(lmrks)
    points = np.array(lmrks).astype(int)
    # Halfway, then three quarters of the way from the jaw to the eye corner, floor divisions.
    right_middle = (points[36] + points[0]) // 2
    left_middle = (points[16] + points[45]) // 2
    right_quarter = (points[36] + right_middle) // 2
    left_quarter = (points[45] + left_middle) // 2

    right_base = np.array((right_quarter, points[36], points[37], points[38], points[39]))
    left_base = np.array((points[42], points[43], points[44], points[45], left_quarter))
    for brow, base in ((slice(17, 22), right_base), (slice(22, 27), left_base)):
        top = points[brow]
        points[brow] = top + eyebrows_expand_mod * 0.5 * (top - base)
    return points


def to_pixels(points) -> np.ndarray:
    """(n, 2) points as int32, truncated toward zero; absurd ones of a bad file are moved nearer."""
    return np.clip(np.asarray(points), -_FARTHEST, _FARTHEST).astype(np.int32)


def get_image_hull_mask(image_shape: Tuple, image_landmarks,
                        eyebrows_expand_mod: float = 1.0) -> np.ndarray:
    """The face's outline, (H, W, 1) float32 of 0 and 1.

    Arguments:
        image_shape: at least (H, W).
        image_landmarks: (68, 2) in pixels of the image.
        eyebrows_expand_mod: see `expand_eyebrows`.
    """
    mask = np.zeros(tuple(image_shape[0:2]) + (1,), dtype=np.float32)
    draw_hull(mask, image_landmarks, eyebrows_expand_mod)
    return mask


def draw_hull(mask: np.ndarray, image_landmarks, eyebrows_expand_mod: float = 1.0) -> None:
    """Fill the face's outline of `get_image_hull_mask` with 1 in an (H, W[, 1]) picture."""
    points = to_pixels(expand_eyebrows(image_landmarks, eyebrows_expand_mod))
    for group in _HULL_GROUPS:
        cv2.fillConvexPoly(mask, cv2.convexHull(points[list(group)]), (1,))


def get_image_eye_mask(image_shape: Tuple, image_landmarks) -> np.ndarray:
    """Soft mask of both eyes, (H, W, 1) float32 in 0..1; shape must be (h, w, c)."""
    return _draw_soft_mask(image_shape, image_landmarks, EYE_GROUPS)


def get_image_mouth_mask(image_shape: Tuple, image_landmarks) -> np.ndarray:
    """Soft mask of the inner lips, (H, W, 1) float32 in 0..1; shape must be (h, w, c)."""
    return _draw_soft_mask(image_shape, image_landmarks, MOUTH_GROUPS)


def _draw_soft_mask(image_shape: Tuple, image_landmarks, groups) -> np.ndarray:
    height, width, _ = image_shape
    mask = np.zeros((height, width, 1), dtype=np.float32)
    (x0, y0, x1, y1), part = draw_soft_part((height, width), image_landmarks, groups)
    mask[y0:y1, x0:x1, 0] = part
    return mask


def draw_soft_part(size: Tuple[int, int], image_landmarks,
                   groups) -> Tuple[Tuple[int, int, int, int], np.ndarray]:
    """Filled hulls, dilated by h // 32, blurred by an odd h // 16, where that is not zero.

    Only the bounding box of the hulls plus the reach of both filters is touched: the rest of the
    frame is zero, so the result is the same as on the whole frame.

    Arguments:
        size: (h, w) of the frame.
        image_landmarks: (68, 2) in pixels of the frame.
        groups: indices of the points of each hull, EYE_GROUPS for example.

    Returns ((x0, y0, x1, y1), (y1 - y0, x1 - x0) float32); an empty box for hulls outside.
    """
    _require_68(image_landmarks)
    height, width = size
    dilate = max(1, height // 32)
    blur = height // 16
    blur += 1 - blur % 2
    points = to_pixels(image_landmarks)
    hulls = [cv2.convexHull(points[list(group)]) for group in groups]

    # Half a kernel of each filter is their reach; what the blur mirrors at the edge is zero too.
    x0, y0, x1, y1 = _box_around(hulls, dilate // 2 + blur // 2 + 3, width, height)
    if x0 >= x1 or y0 >= y1:
        return (0, 0, 0, 0), np.zeros((0, 0), dtype=np.float32)
    drawn = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    for hull in hulls:
        cv2.fillConvexPoly(drawn, hull - np.int32([x0, y0]), (1,))
    # Dilating 0/1 bytes gives what dilating floats does, in a quarter of the time.
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (dilate, dilate))
    drawn = cv2.dilate(drawn, kernel, iterations=1).astype(np.float32)
    return (x0, y0, x1, y1), cv2.GaussianBlur(drawn, (blur, blur), 0)


def _box_around(hulls: List[np.ndarray], margin: int, width: int,
                height: int) -> Tuple[int, int, int, int]:
    """Bounding box (x0, y0, x1, y1), end exclusive, with a margin, clipped to the image."""
    points = np.concatenate(hulls).reshape(-1, 2)
    x0, y0 = points.min(axis=0) - margin
    x1, y1 = points.max(axis=0) + margin + 1
    # OpenCV filters so many columns at once and rounds those left over at the end otherwise: they
    # have to be the same ones as on the whole frame.
    x0, x1 = int(x0) // _COLUMNS * _COLUMNS, -(-int(x1) // _COLUMNS) * _COLUMNS
    return max(0, x0), max(0, int(y0)), min(width, x1), min(height, int(y1))


def blur_image_hull_mask(hull_mask: np.ndarray) -> np.ndarray:
    """Hull mask eroded and box-blurred in proportion to its size, (H, W, 1) float32.

    Raises ValueError for an empty mask.
    """
    rows, cols = np.where(hull_mask[..., 0] == 1.0)
    if len(rows) == 0:
        raise ValueError("blur_image_hull_mask: the mask is empty.")
    extent = min(cols.max() - cols.min(), rows.max() - rows.min())
    erode = max(1, int(extent * 0.085))
    blur = max(1, int(extent * 0.10))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (erode, erode))
    mask = cv2.blur(cv2.erode(hull_mask, kernel, iterations=1), (blur, blur))
    return mask[..., np.newaxis] if mask.ndim == 2 else mask
