"""Include and exclude polygons of a face mask (spec 31 section 6, spec 51)."""
from enum import IntEnum
from typing import Any, Dict, Iterator, List, Optional

import cv2
import numpy as np

MAX_COORDINATE = 1 << 20    # pixels, of the points of a stored polygon
# Of all polygons of a face. A face image holds no more points than that; the rows are those that
# each edge goes through, added: OpenCV visits every one, in the picture or above it.
MAX_POINTS, MAX_EDGE_ROWS = 0xFFFF // 8, 1 << 22


class SegIEPolyType(IntEnum):
    EXCLUDE = 0
    INCLUDE = 1


class SegIEPoly:
    """One polygon with undo: the first `n` of its points are alive, `n_max` are remembered."""

    def __init__(self, type: Optional[SegIEPolyType] = None, pts=None, **kwargs):
        """type: include or exclude. pts: (n, 2) points (x, y), kept as float32. Further keys of a
        stored polygon are ignored."""
        self.type = type
        self.pts = np.empty((0, 2), np.float32) if pts is None else np.array(pts, np.float32)
        if self.pts.size == 0:
            self.pts = np.empty((0, 2), np.float32)
        self.n_max = self.n = len(self.pts)

    def dump(self) -> Dict[str, Any]:
        return {"type": int(self.type), "pts": self.get_pts()}

    def identical(self, b: "SegIEPoly") -> bool:
        """Whether the living points are equal. The type is not compared, as editors expect."""
        return self.n == b.n and bool(np.array_equal(self.pts[:self.n], b.pts[:b.n]))

    def get_type(self) -> Optional[SegIEPolyType]:
        return self.type

    def add_pt(self, x: float, y: float) -> None:
        """Append a point; undone points are gone for good."""
        self.pts = np.append(self.pts[:self.n], [(x, y)], axis=0).astype(np.float32)
        self.n_max = self.n = self.n + 1

    def undo(self) -> int:
        self.n = max(0, self.n - 1)
        return self.n

    def redo(self) -> int:
        self.n = min(len(self.pts), self.n + 1)
        return self.n

    def redo_clip(self) -> None:
        """Drop the undone points."""
        self.pts = self.pts[:self.n]
        self.n_max = self.n

    def insert_pt(self, n: int, pt) -> None:
        """Insert a point before index `n`, 0..count; ValueError outside."""
        if n < 0 or n > self.n:
            raise ValueError("insert_pt: index %d is not within 0..%d" % (n, self.n))
        self.pts = np.concatenate((self.pts[:n], np.float32(pt)[None, ...], self.pts[n:]), axis=0)
        self.n_max = self.n = self.n + 1

    def remove_pt(self, n: int) -> None:
        """Remove the point at index `n`, 0..count-1; ValueError outside."""
        if n < 0 or n >= self.n:
            raise ValueError("remove_pt: index %d is not within 0..%d" % (n, self.n - 1))
        self.pts = np.concatenate((self.pts[:n], self.pts[n + 1:]), axis=0)
        self.n_max = self.n = self.n - 1

    def get_last_point(self) -> np.ndarray:
        return self.pts[self.n - 1].copy()

    def get_pts(self) -> np.ndarray:
        """Copy of the living points, (n, 2)."""
        return self.pts[:self.n].copy()

    def get_pts_count(self) -> int:
        return self.n

    def set_point(self, id: int, pt) -> None:
        self.pts[id] = pt

    def set_points(self, pts) -> None:
        """Replace all points; the array keeps its dtype."""
        self.pts = np.array(pts)
        self.n_max = self.n = len(self.pts)

    def mult_points(self, val: float) -> None:
        """Scale all points in place, the undone ones too."""
        self.pts *= val


class SegIEPolys:
    """The polygons of one face, drawn in their order."""

    def __init__(self):
        self.polys: List[SegIEPoly] = []

    def identical(self, b: "SegIEPolys") -> bool:
        return len(self.polys) == len(b.polys) and all(
            mine.identical(other) for mine, other in zip(self.polys, b.polys))

    def add_poly(self, ie_poly_type: SegIEPolyType) -> SegIEPoly:
        """Append an empty polygon and return it."""
        poly = SegIEPoly(ie_poly_type)
        self.polys.append(poly)
        return poly

    def remove_poly(self, poly: SegIEPoly) -> None:
        """Remove this polygon object, if it is here."""
        if poly in self.polys:
            self.polys.remove(poly)

    def has_polys(self) -> bool:
        return len(self.polys) != 0

    def get_poly(self, id: int) -> SegIEPoly:
        return self.polys[id]

    def get_polys(self) -> List[SegIEPoly]:
        return self.polys

    def get_pts_count(self) -> int:
        return sum(poly.get_pts_count() for poly in self.polys)

    def sort(self) -> None:
        """Includes first, then excludes, each in their order; KeyError for an unknown type."""
        rank = {SegIEPolyType.INCLUDE: 0, SegIEPolyType.EXCLUDE: 1}
        self.polys = sorted(self.polys, key=lambda poly: rank[poly.type])

    def __iter__(self) -> Iterator[SegIEPoly]:
        return iter(self.polys)

    def overlay_mask(self, mask: np.ndarray) -> None:
        """Draw into `mask` (h, w, c) in place: 1 inside includes, 0 inside excludes.

        Points are truncated to whole pixels; outside all polygons the mask keeps its values.
        """
        h, w, c = mask.shape
        white, black = (1,) * c, (0,) * c
        for poly in self.polys:
            if poly.get_pts_count() == 0:
                continue
            color = white if poly.type == SegIEPolyType.INCLUDE else black
            cv2.fillPoly(mask, [poly.get_pts().astype(np.int32)], color)

    def dump(self) -> Dict[str, Any]:
        """{'polys': [{'type': int, 'pts': float32 (n, 2)}, ...]}, the form kept in face files."""
        return {"polys": [poly.dump() for poly in self.polys]}

    def mult_points(self, val: float) -> None:
        for poly in self.polys:
            poly.mult_points(val)

    @staticmethod
    def load(data=None) -> "SegIEPolys":
        """Build from `dump()`'s dict, or from the legacy list of (type, pts); None is empty.

        ValueError, TypeError or KeyError for anything else.
        """
        result = SegIEPolys()
        if data is None:
            return result
        if isinstance(data, list):
            result.polys = [SegIEPoly(type=SegIEPolyType(kind), pts=pts) for kind, pts in data]
        else:
            result.polys = [SegIEPoly(**dict(poly, type=SegIEPolyType(poly["type"])))
                            for poly in data["polys"]]
        for poly in result.polys:
            _check_points(poly.pts)
        _check_extent(result.polys)
        result.sort()
        return result


def _check_points(pts: np.ndarray) -> None:
    """ValueError for points that no editor made and that OpenCV would not draw."""
    if pts.ndim != 2 or pts.shape[1] != 2 or not (np.abs(pts) < MAX_COORDINATE).all():
        raise ValueError("a polygon is (n, 2) points within %d pixels" % (MAX_COORDINATE,))


def _check_extent(polys: List[SegIEPoly]) -> None:
    """ValueError for polygons that would take OpenCV minutes to draw."""
    points = sum(len(poly.pts) for poly in polys)
    rows = sum(float(np.abs(np.diff(poly.pts[:, 1])).sum(dtype=np.float64)) for poly in polys)
    if points > MAX_POINTS or rows > MAX_EDGE_ROWS:
        raise ValueError("polygons of %d points whose edges go through %d rows" % (points, rows))
