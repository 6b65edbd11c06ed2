"""Sorting by the similarity of histograms (spec 41 section 7.2).

The Bhattacharyya distance of two histograms a, b is sqrt(1 - sum(sqrt(a b)) / sqrt(sum a sum b)):
with every histogram divided by its sum and its root taken, the inner sum is a matrix product.
"""
from pathlib import Path
from typing import Callable, List, Sequence

import numpy as np

from core import osex
from core.interact import interact as io
from mainscripts.file_workers import map_files

from . import measures
from .common import Sorted, split_failures

CHUNK = 20000           # pictures that are chained together
MAX_CHUNKS = 12
_BLOCK = 512            # rows of a matrix product
_DECODED = 256          # files worth a process


class HistogramDistances:
    """Distances between n pictures, each with one histogram a channel, summed over channels.

    histograms: (n, channels, bins) counts.
    """

    def __init__(self, histograms: np.ndarray) -> None:
        histograms = np.asarray(histograms, np.float64)
        sums = histograms.sum(axis=2, keepdims=True)
        self.roots = [np.ascontiguousarray(channel) for channel in
                      np.sqrt(histograms / np.maximum(sums, 1)).transpose(1, 0, 2)]
        self.count = len(histograms)

    def get_rows(self, first: int, end: int) -> np.ndarray:
        """(end - first, n) float64 distances of some pictures to all."""
        total = np.zeros((end - first, self.count))
        for roots in self.roots:
            shares = roots[first:end] @ roots.T
            np.subtract(1, shares, out=shares)
            total += np.sqrt(np.maximum(shares, 0, out=shares), out=shares)
        return total

    def sum_rows(self) -> np.ndarray:
        """(n,) float64: the sum of a picture's distances to all others."""
        sums = np.empty(self.count)
        for first in range(0, self.count, _BLOCK):
            end = min(first + _BLOCK, self.count)
            rows = self.get_rows(first, end)
            rows[np.arange(end - first), np.arange(first, end)] = 0    # of itself: rounding
            sums[first:end] = rows.sum(axis=1)
        return sums

    def make_row_getter(self) -> Callable[[int], np.ndarray]:
        """index -> (n,) float32 distances: out of a matrix where the memory allows one, otherwise
        computed when asked."""
        if not _fits_memory(4 * self.count ** 2):
            return lambda index: self.get_rows(index, index + 1)[0].astype(np.float32)
        matrix = np.empty((self.count, self.count), np.float32)
        for first in range(0, self.count, _BLOCK):
            end = min(first + _BLOCK, self.count)
            matrix[first:end] = self.get_rows(first, end)
        return matrix.__getitem__


def _fits_memory(size: int) -> bool:
    """Whether that many bytes are a small part of what is free."""
    memory = osex.get_memory_info()
    return size < (memory[1] // 4 if memory is not None else 1 << 30)


def chain_nearest(get_row: Callable[[int], np.ndarray], count: int) -> np.ndarray:
    """Order (count,) that begins with 0, in which each is followed by the nearest of those left."""
    order = np.arange(count)
    for place in range(count - 1):
        rest = get_row(order[place])[order[place + 1:]]
        nearest = place + 1 + int(np.argmin(rest))
        order[place + 1], order[nearest] = order[nearest], order[place + 1]
    return order


def split_chunks(count: int) -> List[range]:
    """Pictures that are chained together: slices of 20000 and the rest, of larger sets twelfths."""
    size = CHUNK if count // CHUNK <= MAX_CHUNKS else int(count / 11.9)
    return [range(first, min(first + size, count)) for first in range(0, count, size)]


def sort_by_hist(paths: Sequence[Path]) -> Sorted:
    """A chain of similar pictures by the histograms of B, G and R; it begins with the first."""
    histograms = map_files("Reading histograms", measures.read_color_histogram, paths,
                           files_per_process=_DECODED)
    used, trash = split_failures(paths, histograms)
    kept: List[Path] = []
    for chunk in io.progress_bar_generator(split_chunks(len(used)), "Sorting"):
        part = [used[index] for index in chunk]
        distances = HistogramDistances(np.stack([histogram for _, histogram in part]))
        order = chain_nearest(distances.make_row_getter(), len(part))
        kept += [part[index][0] for index in order]
    return Sorted(kept, trash)


def sort_by_hist_dissim(paths: Sequence[Path]) -> Sorted:
    """The pictures that differ most from all others first, by their gray histograms."""
    histograms = map_files("Reading histograms", measures.read_masked_histogram, paths,
                           files_per_process=_DECODED)
    used, trash = split_failures(paths, histograms)
    io.log_info("Sorting...")
    order = rank_dissimilar(np.stack([histogram for _, histogram in used]))
    return Sorted([used[index][0] for index in order], trash)


def rank_dissimilar(histograms: np.ndarray) -> List[int]:
    """Indices of (n, channels, bins) histograms by the sum of distances, largest first."""
    sums = HistogramDistances(histograms).sum_rows()
    return sorted(range(len(sums)), key=lambda index: sums[index], reverse=True)
