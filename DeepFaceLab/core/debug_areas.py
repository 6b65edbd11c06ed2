"""Lines about what the program does, by area (spec 60 section 17.1): DFL_DEBUG=merge,ct and the
SAEHDBW names. Off by default; nothing but text depends on it."""
import os
from typing import Any, List

from core.process_options import DEBUG, DEBUG_AREAS, DEBUG_SWITCHES, get_setting


def is_on(area: str) -> bool:
    """Whether an area of DEBUG_AREAS was switched on, by either name."""
    return area in get_setting(DEBUG).split(",") or get_setting(DEBUG_SWITCHES[area])


def list_areas() -> List[str]:
    """The areas that are on."""
    return [area for area in DEBUG_AREAS if is_on(area)]


def share_with_workers() -> None:
    """Worker processes know the environment only: put there what `--set` has switched on."""
    areas = list_areas()
    if areas:
        os.environ[DEBUG.env[0]] = ",".join(areas)


def tell(area: str, text: str, *values: Any) -> None:
    """Print `text % values` if the area is on."""
    if is_on(area):
        from core.interact import interact as io    # itself made of options

        io.log_info("[%s] %s" % (area, text % values if values else text))


class ArraysText:
    """Shape, mean and range of arrays as text, e.g. `(4, 1, 64, 64) 0.412 [0.000, 1.000]; ...`,
    made when it is printed."""

    def __init__(self, *arrays: Any) -> None:
        self.arrays = arrays

    def __str__(self) -> str:
        return "; ".join("%s %.3f [%.3f, %.3f]" % (
            tuple(array.shape), array.mean(), array.min(), array.max())
            if array.size else str(tuple(array.shape)) for array in self.arrays)
