"""How a face moves over a frame, for the motion blur (spec 50 section 2.1)."""
import math
from typing import Any, List

import numpy as np

from core.mathlib import transform_points
from facelib import FaceType, LandmarksProcessor

CROP_SIDE = 256     # pixels
# Middle and upper edge of the crop. Whole numbers (KEEP): their places in a frame are rounded to
# whole pixels. Only the first is used.
POINTS = np.array([(127, 127), (127, 0)], np.int32)


def set_motion(frame_infos: List[Any]) -> None:
    """Set motion_power (pixels) and motion_deg of frames in sequence, one face each.

    The way goes from the frame before to the frame after; where one of the three has no face both
    stay 0.
    """
    middles = [_find_middle(info) for info in frame_infos]
    last = len(frame_infos) - 1
    for i, info in enumerate(frame_infos):
        before, after = middles[max(0, i - 1)], middles[min(i + 1, last)]
        if middles[i] is None or before is None or after is None:
            continue
        way = np.asarray(after, np.float64) - np.asarray(before, np.float64)
        power = float(np.linalg.norm(way))
        if power != 0:
            way = way / power
        info.motion_power = power
        info.motion_deg = -math.atan2(way[1], way[0]) * 180 / math.pi


def _find_middle(info: Any):
    """(x, y) of the face's middle in whole pixels of the frame; None without a face."""
    if not info.landmarks_list:
        return None
    matrix = LandmarksProcessor.get_transform_mat(info.landmarks_list[0], CROP_SIDE, FaceType.FULL)
    return transform_points(POINTS, matrix, True)[0]
