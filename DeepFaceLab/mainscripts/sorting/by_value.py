"""Sorting by one number or text of each file."""
from functools import partial
from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence

from core.errors import UserError
from core.interact import interact as io
from mainscripts.file_workers import map_files

from . import measures
from .common import Sorted, split_failures

# How many files are worth a process: by what one takes.
_MASKED, _DECODED, _HEADER = 32, 256, 2048


def sort_by_value(paths: Sequence[Path], measure: Callable[[Path, Any], Any], text: str,
                  is_descending: bool, files_per_process: int,
                  check: Optional[Callable[[List[Any]], None]] = None) -> Sorted:
    """Files by what `measure` says of them; equal ones keep their order, useless ones are trash.
    check: takes all that was said, and may refuse it with a UserError."""
    values = map_files(text, measure, paths, files_per_process=files_per_process)
    used, trash = split_failures(paths, values)
    if check is not None:
        check([value for _, value in used])
    io.log_info("Sorting...")
    used.sort(key=lambda item: item[1], reverse=is_descending)
    return Sorted([path for path, _ in used], trash)


def make_sort(measure: Callable[[Path, Any], Any], text: str, is_descending: bool,
              files_per_process: int, check: Optional[Callable[[List[Any]], None]] = None
              ) -> Callable[[Sequence[Path]], Sorted]:
    return partial(sort_by_value, measure=measure, text=text, is_descending=is_descending,
                   files_per_process=files_per_process, check=check)


def check_hues(hues: List[float]) -> None:
    """Gray faces have no hue (spec 60 section 7.3)."""
    if hues and max(hues) == measures.NO_HUE:
        raise UserError("These faces are gray: there is no hue to sort them by.",
                        ["sort them by brightness, or by hist"])


sort_by_blur = make_sort(measures.measure_sharpness, "Measuring the sharpness", True, _MASKED)
sort_by_motion_blur = make_sort(measures.measure_motion_blur, "Measuring the motion blur", True,
                                _MASKED)
sort_by_yaw = make_sort(measures.measure_yaw, "Reading the yaw", True, _HEADER)
sort_by_pitch = make_sort(measures.measure_pitch, "Reading the pitch", True, _HEADER)
sort_by_rect_size = make_sort(measures.measure_rect_area, "Reading the rectangles", True, _HEADER)
sort_by_brightness = make_sort(measures.measure_brightness, "Measuring the brightness", True,
                               _DECODED)
sort_by_hue = make_sort(measures.measure_hue, "Measuring the hue", True, _DECODED, check_hues)
sort_by_black = make_sort(measures.count_black, "Counting black pixels", False, _DECODED)
sort_by_origname = make_sort(measures.read_source_name, "Reading the names", False, _HEADER)
