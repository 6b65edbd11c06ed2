"""Random faded shapes and distances (spec 31 section 7). Imported explicitly:
`from core.imagelib import sd`."""
import numpy as np
import numpy.linalg as npla

from .calc import dist_to_edges
from .draw import bezier, circle_faded, random_bezier_split_faded, random_circle_faded, random_faded

__all__ = ["circle_faded", "random_circle_faded", "bezier", "random_bezier_split_faded",
           "random_faded", "dist_to_edges", "np", "npla"]
