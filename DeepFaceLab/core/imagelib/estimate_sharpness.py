"""CPBD: a no-reference sharpness metric (Narvekar, Karam 2009-2011; spec 31 section 8).

The share of edges whose blur is probably not seen. Written from the description of the metric,
without loops over pixels.
"""
import cv2
import numpy as np

from .canny import canny

THRESHOLD = 0.002    # share of edge pixels above which a block counts
BETA = 3.6
BLOCK_HEIGHT = 64
BLOCK_WIDTH = 64
# Width of a just noticeable blur in pixels, by the block's contrast 0..255.
WIDTH_JNB = np.concatenate((5.0 * np.ones(51), 3.0 * np.ones(205)))

MAX_MARGIN = 100     # pixels searched to each side of an edge
VISIBLE_BUCKET = 64  # first bucket (percent) in which a blur is seen


def estimate_sharpness(image: np.ndarray) -> float:
    """Sharpness 0..1 of an image on the scale 0..255.

    `image` is (h, w), (h, w, 1) or (h, w, 3) BGR. Returns 0 below 64 pixels, and where no block
    has edges.
    """
    if image.ndim == 3:
        if image.shape[2] > 1:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        else:
            image = image[..., 0]
    return compute(image)


def compute(image: np.ndarray) -> float:
    """The metric of a gray (h, w) image on the scale 0..255."""
    image = image.astype(np.float64)
    if min(image.shape) < 2:
        return 0.0
    edge_widths = marziliano_method(sobel(image), image)
    return _calculate_sharpness_metric(image, canny(image), edge_widths)


def sobel(image: np.ndarray) -> np.ndarray:
    """Edges of horizontal gradients, bool (h, w), one pixel thin."""
    padded = np.pad(image, 1, mode="symmetric")
    slope = padded[:, 2:] - padded[:, :-2]
    strength = np.square((slope[:-2] + 2 * slope[1:-1] + slope[2:]) / 8.0)
    # The threshold of the plain response applied to its square: kept.
    strength[strength <= 2 * np.sqrt(np.mean(strength))] = 0
    return _simple_thinning(strength)


def _simple_thinning(strength: np.ndarray) -> np.ndarray:
    """Pixels above both horizontal or above both vertical neighbours; outside counts as 0."""
    padded = np.pad(strength, 1, mode="constant")
    here = padded[1:-1, 1:-1]
    across = (here > padded[1:-1, :-2]) & (here > padded[1:-1, 2:])
    down = (here > padded[:-2, 1:-1]) & (here > padded[2:, 1:-1])
    return across | down


def marziliano_method(edges: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Width in pixels, float64 (h, w), of each edge whose gradient is horizontal; 0 elsewhere.

    From an edge pixel the width runs to the nearest extremum on either side. The pixel next to it
    always belongs to the edge; a side is at most 101 pixels long.
    """
    gy, gx = np.gradient(image)
    angle = np.zeros(image.shape, dtype=np.float64)
    has_slope = gx != 0
    angle[has_slope] = np.arctan2(gy[has_slope], gx[has_slope]) * (180 / np.pi)
    quantised = 45 * np.round(angle / 45)

    inside = np.zeros(image.shape, dtype=bool)
    inside[1:-1, 1:-1] = edges[1:-1, 1:-1] != 0
    widths = np.zeros(image.shape, dtype=np.float64)
    # Leaving the edge ends where the image stops falling (180: brighter to the left) or rising.
    for is_direction, sign in ((np.abs(quantised) == 180, -1.0), (quantised == 0, 1.0)):
        chosen = inside & is_direction
        widths[chosen] = _measure_widths(image * sign)[chosen]
    return widths


def _measure_widths(image: np.ndarray) -> np.ndarray:
    """Widths around every pixel of an image that rises to the right at its edges."""
    h, w = image.shape
    columns = np.arange(w)

    # A left walk stops at column p if image[p] >= image[p + 1]; -1 is outside.
    stops = np.full((h, w + 2), -1, dtype=np.int64)
    stops[:, 2:w + 1] = np.where(image[:, :-1] >= image[:, 1:], columns[:-1], -1)
    last_stop = np.maximum.accumulate(stops, axis=1)[:, :w]      # at or before column - 2
    left = np.minimum(columns - 2 - last_stop, MAX_MARGIN)

    # A right walk stops at column p if image[p] <= image[p - 1]; w is outside.
    stops = np.full((h, w + 2), w, dtype=np.int64)
    stops[:, 1:w] = np.where(image[:, 1:] <= image[:, :-1], columns[1:], w)
    next_stop = np.minimum.accumulate(stops[:, ::-1], axis=1)[:, ::-1][:, 2:]  # at or after + 2
    right = np.minimum(next_stop - columns - 2, MAX_MARGIN)
    return (left + 1.0) + (right + 1.0)


def _calculate_sharpness_metric(image: np.ndarray, edges: np.ndarray,
                                edge_widths: np.ndarray) -> float:
    """Share of edges, within blocks that have enough of them, whose blur is not noticeable."""
    h, w = image.shape
    histogram = np.zeros((101,), dtype=np.float64)
    for y in range(0, h - BLOCK_HEIGHT + 1, BLOCK_HEIGHT):
        for x in range(0, w - BLOCK_WIDTH + 1, BLOCK_WIDTH):
            block = (slice(y, y + BLOCK_HEIGHT), slice(x, x + BLOCK_WIDTH))
            if not is_edge_block(edges[block], THRESHOLD):
                continue
            jnb = WIDTH_JNB[min(get_block_contrast(image[block]), len(WIDTH_JNB) - 1)]
            widths = edge_widths[block]
            widths = widths[widths != 0]
            seen = 1 - np.exp(-np.abs(widths / jnb) ** BETA)
            buckets = np.round(seen * 100).astype(np.int64)
            histogram += np.bincount(buckets, minlength=len(histogram))

    total = np.sum(histogram)
    if total == 0:
        return 0.0
    return float(np.sum((histogram / total)[:VISIBLE_BUCKET]))


def is_edge_block(block: np.ndarray, threshold: float) -> bool:
    """Whether more than the share `threshold` of the pixels are edges."""
    return bool(np.count_nonzero(block) > block.size * threshold)


def get_block_contrast(block: np.ndarray) -> int:
    return int(np.max(block) - np.min(block))
