"""What can be taken back on one picture, also after it was saved (spec 51 section 10)."""
from typing import List, Optional, Tuple

import numpy as np

from core.imagelib import SegIEPolys, SegIEPolyType

MAX_STATES = 200

State = Tuple[Tuple[int, bytes], ...]


def freeze_polys(polys: SegIEPolys) -> State:
    """Types and points, comparable."""
    return tuple((int(poly.get_type()), poly.get_pts().astype(np.float32).tobytes())
                 for poly in polys)


def thaw_polys(state: State) -> SegIEPolys:
    polys = SegIEPolys()
    for kind, data in state:
        pts = np.frombuffer(data, np.float32).reshape(-1, 2)
        polys.add_poly(SegIEPolyType(kind)).set_points(pts)
    return polys


class History:
    """States of all polygons of a picture, one a finished change; the present one among them."""

    def __init__(self, polys: SegIEPolys) -> None:
        self._states: List[State] = [freeze_polys(polys)]
        self._present = 0

    @property
    def can_undo(self) -> bool:
        return self._present > 0

    @property
    def can_redo(self) -> bool:
        return self._present + 1 < len(self._states)

    def is_at(self, polys: SegIEPolys) -> bool:
        """Whether these polygons are the present state, types included."""
        return self._states[self._present] == freeze_polys(polys)

    def record(self, polys: SegIEPolys) -> None:
        """A change is finished; what was taken back before is gone."""
        if self.is_at(polys):
            return
        del self._states[self._present + 1:]
        self._states.append(freeze_polys(polys))
        del self._states[:-MAX_STATES]
        self._present = len(self._states) - 1

    def undo(self) -> Optional[SegIEPolys]:
        """The polygons before the last change; None when there is none."""
        if not self.can_undo:
            return None
        self._present -= 1
        return thaw_polys(self._states[self._present])

    def redo(self) -> Optional[SegIEPolys]:
        if not self.can_redo:
            return None
        self._present += 1
        return thaw_polys(self._states[self._present])
