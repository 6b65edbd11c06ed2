"""Where the picture lies on the canvas, and what lies under the mouse (spec 51 section 8).

"Client" points are pixels of the canvas, "image" points pixels of the picture; both (x, y).
"""
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from core.imagelib import SegIEPoly
from core.imagelib.sd import dist_to_edges

MAX_SCALE = 20.0
MIN_SCALE = 1.0
MIN_CLOSED = 3      # points of a polygon that encloses something


class CanvasView:
    """Mapping between picture and canvas."""

    def __init__(self) -> None:
        self.size = (1, 1)              # of the canvas, w, h
        self.image_size = (1, 1)        # w, h
        self.look_pt: Optional[np.ndarray] = None   # image point in the centre; None: the middle
        self.view_scale: Optional[float] = None     # None: the picture fits

    def set_image(self, image_size: Tuple[int, int], look_pt=None,
                  view_scale: Optional[float] = None) -> None:
        self.image_size = image_size
        self.look_pt = None if look_pt is None else np.float64(look_pt)
        self.view_scale = view_scale

    @property
    def center(self) -> np.ndarray:
        """Client point of the centre, whole numbers."""
        return np.round(np.float64(self.size) / 2)

    @property
    def look(self) -> np.ndarray:
        return np.float64(self.image_size) / 2 if self.look_pt is None else self.look_pt

    @property
    def fit_scale(self) -> float:
        return max(1, min(self.size)) / max(1, max(self.image_size))

    @property
    def scale(self) -> float:
        return self.fit_scale if self.view_scale is None else self.view_scale

    def to_client(self, pts) -> np.ndarray:
        """(..., 2) image points to client points, float64."""
        return (np.float64(pts) - self.look) * self.scale + self.center

    def to_image(self, pts) -> np.ndarray:
        """(..., 2) client points to image points, float64."""
        return (np.float64(pts) - self.center) / self.scale + self.look

    def zoom(self, mouse, sign: int) -> Optional[np.ndarray]:
        """One step of the wheel at a client point; +1 in, -1 out.

        Zooming in keeps the image point under the mouse. Zooming out keeps the look; the result is
        the client point that the mouse has to follow to, else None. A picture larger than the
        canvas may be seen whole: the smallest scale is then the fitting one.
        """
        under = self.to_image(mouse)
        scale = self.scale
        self.view_scale = float(np.clip(scale + sign * 0.2 + sign * scale / 10,
                                        min(MIN_SCALE, self.fit_scale), MAX_SCALE))
        if sign > 0:
            self.look_pt = self.look + under - self.to_image(mouse)
            return None
        return self.to_client(under)


def find_point(pts: np.ndarray, mouse, radius: float) -> Optional[int]:
    """Last of the (n, 2) client points within the radius."""
    if len(pts) == 0:
        return None
    near = np.flatnonzero(np.hypot(*(pts - mouse).T) <= radius)
    return int(near[-1]) if len(near) else None


def find_edge(pts: np.ndarray, mouse, radius: float) -> Optional[Tuple[int, np.ndarray]]:
    """(index of its first point, projection of the mouse) of the nearest edge of a closed polygon
    of client points, if that is within the radius."""
    if len(pts) < MIN_CLOSED:
        return None
    distances, projections = dist_to_edges(pts, mouse, is_closed=True)
    nearest = int(np.argmin(distances))
    return (nearest, projections[nearest]) if distances[nearest] <= radius else None


def find_wire(polys: Sequence[SegIEPoly], view: CanvasView, mouse,
              radius: float) -> Optional[SegIEPoly]:
    """Topmost polygon whose line is within the radius of a client point."""
    for poly in reversed(list(polys)):
        if find_edge(view.to_client(poly.get_pts()), mouse, radius) is not None:
            return poly
    return None


def find_hull(polys: Sequence[SegIEPoly], image_pt) -> Optional[SegIEPoly]:
    """Topmost polygon that contains an image point."""
    point = (float(image_pt[0]), float(image_pt[1]))
    for poly in reversed(list(polys)):
        pts = poly.get_pts()
        if len(pts) >= MIN_CLOSED and cv2.pointPolygonTest(pts, point, False) >= 0:
            return poly
    return None


def list_closed(polys: Sequence[SegIEPoly]) -> List[SegIEPoly]:
    """Those that enclose something; the others are never stored."""
    return [poly for poly in polys if poly.get_pts_count() >= MIN_CLOSED]
