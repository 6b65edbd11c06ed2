"""Head pose from aligned landmarks (spec 40 section 3.14)."""
import math
from typing import Tuple

import cv2
import numpy as np

from core import mathlib

from .landmark_tables import landmarks_68_3D

# The 33 points the pose is solved on: jaw and brows, and the lower nose.
_POSE_POINTS = list(range(0, 27)) + list(range(30, 36))


def calc_face_pitch(landmarks) -> float:
    """A rough pitch in pixels; it mixes a coordinate with a difference and is kept for the API."""
    ys = np.asarray(landmarks)[:, 1]
    # The sum is taken in the landmarks' precision, the rest in double.
    return float(ys[8]) - float((ys[6] - ys[8]) + (ys[10] - ys[8])) / 2.0


def estimate_pitch_yaw_roll(aligned_landmarks, size: int = 256) -> Tuple[float, float, float]:
    """Pitch, yaw and roll in radians, each within +-pi/2.

    Arguments:
        aligned_landmarks: (68, 2) landmarks in pixels of an aligned crop.
        size: side of the crop; it serves as focal length.

    For a turned head the solver mostly ends in the mirrored solution behind the camera, so roll
    saturates and says nothing. Sorting and the even distribution of yaw depend on exactly this.
    """
    camera = np.array([[size, 0, size / 2], [0, size, size / 2], [0, 0, 1]], dtype=np.float32)
    points = np.asarray(aligned_landmarks)[_POSE_POINTS].astype(np.float32)
    _, rotation, _ = cv2.solvePnP(landmarks_68_3D[_POSE_POINTS], points, camera, np.zeros((4, 1)))
    pitch, yaw, roll = mathlib.rotationMatrixToEulerAngles(cv2.Rodrigues(rotation)[0])
    half_pi = math.pi / 2.0
    return (float(np.clip(-pitch, -half_pi, half_pi)), float(np.clip(yaw, -half_pi, half_pi)),
            float(np.clip(roll, -half_pi, half_pi)))
