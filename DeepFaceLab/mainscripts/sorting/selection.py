"""Methods that choose faces: one face a frame, and the best of all poses (spec 41 sections 7.3,
7.5)."""
import math
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from core.interact import interact as io
from core.options import Option, ask
from mainscripts.file_workers import map_files

from .common import Sorted, split_failures
from .histograms import rank_dissimilar
from .measures import FaceMeasures, measure_face

TARGET = Option(
    "final_target", "int", 2000, "Target number of faces?", limits=(1, None),
    help="About so many faces of all poses stay, the others go to the trash folder.",
    condition="sort --by final, final-fast")

YAW_BINS = 128
YAW_LIMIT = 1.2         # radians
_KEPT_OF_YAW = 10       # sharpest faces of a direction that are looked at, for each that is taken
_MASKED = 32            # files worth a process


class Candidate(NamedTuple):
    path: Path
    measures: FaceMeasures


def read_face_name(path: Path) -> Optional[Tuple[int, int]]:
    """(frame, face) of a name like 00012_1.jpg, None for any other."""
    parts = path.stem.split("_")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def sort_by_oneface(paths: Sequence[Path]) -> Sorted:
    """All faces of frames with more than one go to the trash; nothing happens without such."""
    names: Dict[Path, Optional[Tuple[int, int]]] = {path: read_face_name(path) for path in paths}
    frames = {name[0] for name in names.values() if name is not None and name[1] != 0}
    trash = [path for path in paths if names[path] is not None and names[path][0] in frames]
    if not trash:
        io.log_info("No frame with several faces was found. Names like 00012_1.jpg tell them: "
                    "util --recover-original-aligned-filename brings those back.")
        return Sorted([], [])
    io.log_info("{} faces of {} frames with several faces.".format(len(trash), len(frames)))
    chosen = set(trash)
    return Sorted([path for path in paths if path not in chosen], trash)


def sort_by_final(paths: Sequence[Path]) -> Sorted:
    """The sharpest and most different faces of every direction."""
    return _sort_best(paths, is_fast=False)


def sort_by_final_fast(paths: Sequence[Path]) -> Sorted:
    """The same with the size in the frame in place of the sharpness."""
    return _sort_best(paths, is_fast=True)


def _sort_best(paths: Sequence[Path], is_fast: bool) -> Sorted:
    target = ask(TARGET, io)
    measured = map_files("Measuring", measure_face, paths, is_fast, files_per_process=_MASKED)
    used, trash = split_failures(paths, measured)
    chosen, rest = choose_best([Candidate(*item) for item in used], target)
    return Sorted([candidate.path for candidate in chosen],
                  trash + [candidate.path for candidate in rest])


def find_bins(values: Sequence[float], edges: np.ndarray) -> np.ndarray:
    """Index of the bin of each value, whose lower edges are `edges`; the first has no lower end."""
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 1)


def split_bins(candidates: Sequence[Candidate], values: Sequence[float],
               edges: np.ndarray) -> List[List[Candidate]]:
    bins: List[List[Candidate]] = [[] for _ in edges]
    for candidate, place in zip(candidates, find_bins(values, edges)):
        bins[place].append(candidate)
    return bins


def choose_best(candidates: Sequence[Candidate],
                target: int) -> Tuple[List[Candidate], List[Candidate]]:
    """(chosen, rest): about `target` faces, evenly over yaw, then pitch, in the order of yaw.

    A target below half of the number of bins, whose share of a bin rounds to none: as many faces
    of each bin as it takes to have enough, and of those the target's number at even distances.
    """
    yaw_bins = split_bins(candidates, [-candidate.measures.yaw for candidate in candidates],
                          np.linspace(-YAW_LIMIT, YAW_LIMIT, YAW_BINS))
    per_bin = round(target / YAW_BINS)
    is_small = per_bin < 1
    if is_small:
        wanted = min(target, len(candidates))
        per_bin = next(count for count in range(1, wanted + 1)
                       if sum(min(len(members), count) for members in yaw_bins) >= wanted)
    else:
        per_bin += sum(max(per_bin - len(members), 0) for members in yaw_bins) // YAW_BINS
    chosen = [candidate for members in io.progress_bar_generator(yaw_bins, "Choosing")
              for candidate in _choose_of_yaw(members, per_bin)]
    if is_small and len(chosen) > target:
        chosen = [chosen[(2 * number + 1) * len(chosen) // (2 * target)]
                  for number in range(target)]
    taken = {candidate.path for candidate in chosen}
    return chosen, [candidate for candidate in candidates if candidate.path not in taken]


def _choose_of_yaw(members: List[Candidate], count: int) -> List[Candidate]:
    """At most `count` faces of one direction: the sharpest, in turns from all pitches, of each the
    most different ones first."""
    if not members:
        return []
    sharpest = sorted(members, key=lambda candidate: candidate.measures.sharpness,
                      reverse=True)[:_KEPT_OF_YAW * count]
    cells = split_bins(sharpest, [candidate.measures.pitch for candidate in sharpest],
                       np.linspace(-math.pi / 2, math.pi / 2, count))
    cells = [_sort_different(cell) for cell in cells if cell]
    chosen: List[Candidate] = []
    while len(chosen) < count and any(cells):
        for cell in cells:
            if cell and len(chosen) < count:
                chosen.append(cell.pop(0))
    return chosen


def _sort_different(cell: List[Candidate]) -> List[Candidate]:
    order = rank_dissimilar(np.stack([candidate.measures.histogram for candidate in cell]))
    return [cell[index] for index in order]
