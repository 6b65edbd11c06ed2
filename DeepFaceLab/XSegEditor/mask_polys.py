"""Polygons of a mask: the trained network's mask of a face as a start to correct by hand."""
import cv2
import numpy as np

from core.imagelib import SegIEPolys, SegIEPolyType

TOLERANCE = 1.0 / 256       # share of the picture's side that a line may lie beside the mask
SMALLEST = 1.0 / 1000       # share of the picture's area below which a region is noise


def trace_mask(mask: np.ndarray) -> SegIEPolys:
    """Outlines of an (h, w) float mask 0..1 at 0.5: regions are includes, holes in them excludes.

    A region inside a hole does not show: excludes lie above all includes.
    """
    h, w = mask.shape
    found = cv2.findContours((mask >= 0.5).astype(np.uint8), cv2.RETR_CCOMP,
                             cv2.CHAIN_APPROX_NONE)
    contours, hierarchy = found[-2:]    # OpenCV 3 returns the picture first
    polys = SegIEPolys()
    for number, contour in enumerate(contours):
        outline = cv2.approxPolyDP(contour, TOLERANCE * max(h, w), True)[:, 0]
        if len(outline) < 3 or cv2.contourArea(outline) < SMALLEST * h * w:
            continue
        is_hole = hierarchy[0][number][3] >= 0
        kind = SegIEPolyType.EXCLUDE if is_hole else SegIEPolyType.INCLUDE
        polys.add_poly(kind).set_points(outline.astype(np.float32))
    polys.sort()
    return polys
