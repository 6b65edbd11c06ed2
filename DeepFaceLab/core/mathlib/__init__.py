"""Geometry helpers of the data side (spec 31 section 9). `umeyama` is both the module and, as an
attribute of this package, the function."""
import math

import cv2
import numpy as np
import numpy.linalg as npla

from .transforms import (get_power_of_two, polygon_area, rotate_point,
                         rotationMatrixToEulerAngles, transform_mat, transform_points)
from .umeyama import umeyama

__all__ = ["get_power_of_two", "polygon_area", "rotate_point", "rotationMatrixToEulerAngles",
           "transform_mat", "transform_points", "umeyama", "math", "cv2", "np", "npla"]
