"""Sorting by the sum of absolute differences of pixels (spec 41 section 7.4).

The next picture of the chain is found exactly, but few pictures are compared pixel by pixel: sums
over the cells of a grid bound the difference of two pictures from below, and with the spread
inside the cells from above.
"""
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from core import osex
from core.interact import interact as io
from core.options import Option, ask
from mainscripts.faceset_files import read_picture
from mainscripts.file_workers import FileFailure, call_for_file, report_failures

from .common import Sorted, split_failures

SIMILAR = Option(
    "absdiff_similar", "bool", True, "Sort by similar?",
    help="Yes: each face is followed by the most similar of those left; no: by the least similar.",
    condition="sort --by absdiff")

_COARSE, _FINE = 8, 32  # cells of a side
_FINE_SIDE = 256        # pixels; the fine grid of smaller pictures is no quicker than their pixels
_CANDIDATES = 32        # compared by the fine grid at a time
_DECODERS = 4


class Summary(NamedTuple):
    """What bounds the differences of a picture, one entry a grid: the coarse one, and the fine one
    of a large picture."""

    sums: List[np.ndarray]      # (cells * 3,) int32 sums of the pixels of each cell
    spreads: List[int]          # sum of the distances of all pixels from the mean of their cell


def summarize(picture: np.ndarray) -> Summary:
    """Summary of an (h, w, 3) uint8 picture."""
    sums, spreads = [], []
    for grid in (_COARSE, _FINE)[:2 if min(picture.shape[:2]) >= _FINE_SIDE else 1]:
        rows, columns = [np.linspace(0, side, min(grid, side) + 1).astype(int)
                         for side in picture.shape[:2]]
        cells = np.add.reduceat(picture.astype(np.int32), rows[:-1], axis=0)
        cells = np.add.reduceat(cells, columns[:-1], axis=1)
        heights, widths = np.diff(rows), np.diff(columns)
        means = cells / (heights[:, None, None] * widths[None, :, None])
        means = np.repeat(np.repeat(means.astype(np.float32), heights, axis=0), widths, axis=1)
        sums.append(cells.reshape(-1))
        spreads.append(int(np.ceil(np.abs(picture - means).sum(dtype=np.float64))) + 1)
    return Summary(sums, spreads)


class PictureStore:
    """The pixels of all pictures, (n, h, w * 3) uint8: in memory, or in a file without a name
    where they are too many. OpenCV compares rows far quicker than one long column."""

    def __init__(self, count: int, shape: Tuple[int, int, int]) -> None:
        self.shape = shape
        size = (count, shape[0], shape[1] * shape[2])
        memory = osex.get_memory_info()
        if count * int(np.prod(shape)) < (memory[1] // 4 if memory is not None else 1 << 30):
            self.pixels = np.empty(size, np.uint8)
        else:
            self._file = tempfile.TemporaryFile()   # gone with this process, whatever ends it
            self.pixels = np.memmap(self._file, np.uint8, "w+", shape=size)
        self.summaries: List[Optional[Summary]] = [None] * count

    def put(self, index: int, picture: np.ndarray) -> None:
        """Take a picture; one of another size is scaled to that of the others."""
        if picture.shape != self.shape:
            picture = cv2.resize(picture, (self.shape[1], self.shape[0]),
                                 interpolation=cv2.INTER_AREA)
        self.pixels[index] = picture.reshape(self.pixels.shape[1:])
        self.summaries[index] = summarize(picture)


class PixelChain:
    """Finds the order. The pictures that are left stand in front of the arrays; one that is taken
    is replaced by the last."""

    def __init__(self, store: PictureStore, is_similar: bool) -> None:
        self.pixels = store.pixels
        self.sign = 1 if is_similar else -1
        self.left = np.arange(len(store.summaries))
        self.count = len(store.summaries)
        levels = range(len(store.summaries[0].sums))
        self.sums = [np.stack([summary.sums[level] for summary in store.summaries])
                     for level in levels]
        self.spreads = [np.array([summary.spreads[level] for summary in store.summaries], np.int64)
                        for level in levels]

    def sort(self) -> List[int]:
        """Indices of the pictures; the first is 0."""
        order = [0]
        current = self._take(0)
        for _ in io.progress_bar_generator(range(self.count), "Sorting"):
            current = self._take(self._find_next(*current))
            order.append(current[0])
        return order

    def _take(self, place: int) -> Tuple[int, List[np.ndarray], List[int]]:
        """Remove a picture: (its index, its sums, its spreads)."""
        taken = (int(self.left[place]), [sums[place].copy() for sums in self.sums],
                 [int(spreads[place]) for spreads in self.spreads])
        self.count -= 1
        for array in [self.left] + self.sums + self.spreads:
            array[place] = array[self.count]
        return taken

    def _bound(self, level: int, places: Any, sums: List[np.ndarray],
               spreads: List[int]) -> np.ndarray:
        """What the differences are at least; for dissimilar ones the negative of the most."""
        least = np.abs(self.sums[level][places] - sums[level]).sum(axis=1, dtype=np.int64)
        if self.sign > 0:
            return least
        return -(least + self.spreads[level][places] + spreads[level])

    def _find_next(self, index: int, sums: List[np.ndarray], spreads: List[int]) -> int:
        """Place of the picture with the smallest (largest) difference, of equals the first."""
        coarse = self._bound(0, slice(0, self.count), sums, spreads)
        # The bounds from above are wide: there the fine grid would only cost time.
        has_fine = self.sign > 0 and len(self.sums) > 1
        best: Optional[Tuple[int, int]] = None
        best_place = -1
        pixels = self.pixels[index]
        places = np.argsort(coarse, kind="mergesort")
        for first in range(0, len(places), _CANDIDATES):
            candidates = places[first:first + _CANDIDATES]
            if best is not None and coarse[candidates[0]] > best[0]:
                break
            bounds = coarse[candidates]
            if has_fine:
                bounds = self._bound(1, candidates, sums, spreads)
                ranks = np.argsort(bounds, kind="mergesort")
                bounds, candidates = bounds[ranks], candidates[ranks]
            for bound, place in zip(bounds.tolist(), candidates.tolist()):
                if best is not None and bound > best[0]:
                    break
                other = int(self.left[place])
                value = self.sign * int(cv2.norm(pixels, self.pixels[other], cv2.NORM_L1))
                if best is None or (value, other) < best:
                    best, best_place = (value, other), place
        return best_place


def read_pictures(paths: Sequence[Path]) -> Tuple[List[Path], PictureStore, List[Path]]:
    """(pictures that can be used, their pixels, the other files)"""
    with ThreadPoolExecutor(_DECODERS) as pool:
        shapes = _run_all(pool, _read_shape, paths, "Checking")
        report_failures(shapes)
        used, trash = split_failures(paths, shapes)
        counts = Counter(shape for _, shape in used)
        shape = counts.most_common(1)[0][0]
        if len(counts) > 1:
            io.log_info("{} pictures are not of the size {} x {}: they are scaled to compare "
                        "them.".format(len(used) - counts[shape], shape[1], shape[0]))
        store = PictureStore(len(used), shape)

        def load(item: Tuple[int, Tuple[Path, Any]]) -> None:
            store.put(item[0], read_picture(item[1][0]))
        _run_all(pool, load, list(enumerate(used)), "Loading")
    return [path for path, _ in used], store, trash


def _run_all(pool: ThreadPoolExecutor, function: Callable[[Any], Any], items: Sequence[Any],
             text: str) -> List[Any]:
    """[function(item)] with a progress bar."""
    futures = [pool.submit(function, item) for item in items]
    return [future.result() for future in io.progress_bar_generator(futures, text)]


def _read_shape(path: Path) -> Any:
    """Shape of a picture that can be decoded, else a FileFailure."""
    picture = call_for_file(_decode, path, None)
    return picture if isinstance(picture, FileFailure) else picture.shape


def _decode(path: Path, _: Any) -> np.ndarray:
    return read_picture(path)


def sort_by_absdiff(paths: Sequence[Path]) -> Sorted:
    """A chain of pictures, each followed by the most (or least) similar of those left."""
    is_similar = ask(SIMILAR, io)
    used, store, trash = read_pictures(paths)
    order = PixelChain(store, is_similar).sort()
    return Sorted([used[index] for index in order], trash)
