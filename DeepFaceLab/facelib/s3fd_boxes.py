"""From the detector's maps to boxes of faces (spec 40 sections 4.3 and 4.4). No TensorFlow."""
from typing import List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np

WEIGHTS_NAME = "S3FD.npy"

MAPS = 6
MIN_CANDIDATE = 0.05    # probability of a cell that is looked at
MIN_SCORE = 0.5         # of a box that counts as a face
NMS_THRESHOLD = 0.3     # intersection over union
OFFSET_SCALE, SIZE_SCALE = 0.1, 0.2     # what the network's dx, dy and dw, dh are worth
MIN_FACE = 40           # pixels of the source picture
CHIN = 0.1              # share of its height by which a box grows downwards
LARGEST_SIDE, MIN_SIDE = 640, 64        # of the picture that the network sees

Box = List[int]         # left, top, right, bottom


class NetworkSize(NamedTuple):
    """How a picture is shrunk for the detector: its size there, and the factor back."""

    width: int
    height: int
    factor: float


def choose_network_size(width: int, height: int) -> NetworkSize:
    """Half the size, at most 640 pixels on the long side and at least 64."""
    longest = max(width, height)
    target = max(MIN_SIDE, LARGEST_SIDE if longest >= 2 * LARGEST_SIDE else longest / 2)
    factor = longest / target
    return NetworkSize(max(1, int(width / factor)), max(1, int(height / factor)), factor)


def shrink(image: np.ndarray, size: NetworkSize) -> np.ndarray:
    """(h,w,3) uint8 to what the network sees."""
    return cv2.resize(image, (size.width, size.height), interpolation=cv2.INTER_LINEAR)


def decode_maps(maps: Sequence[np.ndarray]) -> np.ndarray:
    """Every cell that may be a face: (n, 5) float64 of l, t, r, b, probability.

    maps: cls1, reg1, ..., cls6, reg6 of one picture, (h,w,2) and (h,w,4). Rows in the order of
    maps, rows, columns; a single row of zeros if there is none.
    """
    found = []
    for i in range(MAPS):
        stride = 2 ** (i + 2)
        probabilities = maps[2 * i][..., 1]
        rows, columns = np.nonzero(probabilities > MIN_CANDIDATE)
        offsets = maps[2 * i + 1][rows, columns].astype(np.float64)
        size = stride * 4.0
        centres = np.stack([columns, rows], -1) * float(stride) + stride / 2.0
        centres += offsets[:, :2] * OFFSET_SCALE * size
        sides = size * np.exp(offsets[:, 2:] * SIZE_SCALE)
        lefts = centres - sides / 2
        found.append(np.concatenate(
            [lefts, sides + lefts, probabilities[rows, columns, None].astype(np.float64)], -1))
    boxes = np.concatenate(found)
    return boxes if len(boxes) else np.zeros((1, 5))


def suppress_overlaps(dets: np.ndarray, thresh: float) -> List[int]:
    """Rows of (n, 5) l, t, r, b, score that stay: each best one removes those that overlap it by
    more than `thresh`. Areas count the last pixel too."""
    left, top, right, bottom, scores = [dets[:, i] for i in range(5)]
    areas = (right - left + 1) * (bottom - top + 1)
    # Stable, so that equal scores come out the same with every NumPy.
    order = scores.argsort(kind="mergesort")[::-1]
    keep = []
    while len(order):
        best, others = order[0], order[1:]
        keep.append(int(best))
        width = np.minimum(right[best], right[others]) - np.maximum(left[best], left[others]) + 1
        height = np.minimum(bottom[best], bottom[others]) - np.maximum(top[best], top[others]) + 1
        common = np.maximum(0.0, width) * np.maximum(0.0, height)
        order = others[common / (areas[best] + areas[others] - common) <= thresh]
    return keep


def refine_boxes(maps: Sequence[np.ndarray]) -> List[Box]:
    """The faces of one picture in its own pixels; maps as in `decode_maps`."""
    dets = decode_maps(maps)
    # A box is only ever removed by a better one: what is no face anyway need not be compared.
    dets = dets[dets[:, 4] >= MIN_SCORE]
    return [[int(x) for x in det[:4]] for det in dets[suppress_overlaps(dets, NMS_THRESHOLD)]]


def finish_boxes(boxes: Sequence[Box], factor: float, is_remove_intersects: bool) -> List[Box]:
    """Boxes of the shrunk picture in pixels of the source, large ones first, small ones left out.

    They may reach over the picture's edges.
    """
    result = []
    for box in boxes:
        left, top, right, bottom = [x * factor for x in box]
        height = bottom - top
        if min(right - left, height) < MIN_FACE:
            continue
        result.append([int(x) for x in (left, top, right, bottom + height * CHIN)])
    result.sort(key=_get_area, reverse=True)
    return _drop_intersecting(result) if is_remove_intersects else result


def _get_area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _drop_intersecting(boxes: List[Box]) -> List[Box]:
    """Only neighbours in the order of size are compared, the smaller one goes."""
    result = list(boxes)
    for i in range(len(result) - 1, 0, -1):
        overlap_x, overlap_y = _get_overlap(result[i], result[i - 1])
        if overlap_x >= 0 and overlap_y >= 0:
            result.pop(i)
    return result


def _get_overlap(a: Box, b: Box) -> Tuple[int, int]:
    return min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
