"""What the workers of a training set share, and how a drawn sample becomes a row (spec 30 8.3).

plain: everything is made anew for each output. exact: crops and masks are kept, the outputs equal
plain's to the bit. fast: kept too, and sampled plane by plane.
"""
from functools import partial
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from core import osex
from core.compat import has_fast_planes, has_stepped_positions
from core.errors import UserError
from core.interact import interact as io
from core.mplib.shared_block import find_sparse_limit
from core.process_options import FEED, FEED_CACHE, FEED_MEMORY, get_setting

from .cached_sample import CachedSample, ColorSource, FaceLayout, ReferenceLayout
from .color_match import ColorMatcher
from .face_files import FaceFiles
from .output_request import OutputRequest
from .place_render import PlaceRenderer
from .plain_render import render_plain
from .prepared_sample import PreparedSample
from .record_cache import Record
from .record_file import RecordFile, open_record_file
from .record_sample import RecordSample, WorkBuffers
from .render_output import render_output
from .Sample import Sample
from .SampleProcessor import draw_sample_seed, get_random_states

_MEMORY_SHARE = 5  # a side keeps at most this part of the free memory


class FaceFeed:
    """Rows of a set's samples; made in the trainer, travels to every worker."""

    def __init__(self, samples: Sequence[Sample], options, outputs: Sequence[Dict[str, Any]],
                 ct_samples: Optional[Sequence[Sample]] = None, mode: Optional[str] = None,
                 budget: Optional[int] = None) -> None:
        """
        Arguments:
            samples: the set.
            options, outputs: of `SampleProcessor.process`.
            ct_samples: colour references.
            mode: plain, exact or fast; the process's setting when None.
            budget: bytes for what is kept; the process's setting when None.
        """
        self.mode = get_setting(FEED) if mode is None else mode
        self.options = options
        self.requests = [OutputRequest(**output) for output in outputs]
        self.is_planar = self.mode == "fast" and has_fast_planes()
        self.files = FaceFiles(samples)
        self.ct_files = None if ct_samples is None else FaceFiles(ct_samples)
        self._layout = FaceLayout(self.requests, self.is_planar)
        self._references = ReferenceLayout(self.requests)
        self.cache = self.ct_cache = None
        if self.mode != "plain":
            self._make_caches(choose_budget() if budget is None else budget)
        self._renderer: Optional[PlaceRenderer] = None
        self._buffers = WorkBuffers()
        self._matcher: Optional[ColorMatcher] = None

    def __getstate__(self) -> dict:
        return dict(self.__dict__, _renderer=None, _buffers=WorkBuffers(), _matcher=None)

    def count_kept_bytes(self) -> int:
        """The most memory that crops, masks and references take."""
        return sum(cache.capacity * cache.record_size
                   for cache in (self.cache, self.ct_cache) if cache is not None)

    def _make_caches(self, budget: int) -> None:
        try:
            self.cache = self._open_file(budget)
            if self.cache is None:
                self.cache = self._layout.make_cache(len(self.files.samples), budget)
            if self.cache is not None:
                budget -= self.cache.capacity * self.cache.record_size
            if self.ct_files is not None:
                self.ct_cache = self._references.make_cache(len(self.ct_files.samples), budget)
        except UserError as error:
            io.log_err("The feed keeps no faces in memory, so it is slower. %s" % error)

    def _open_file(self, budget: int) -> Optional[RecordFile]:
        folder = get_setting(FEED_CACHE)
        if not folder or not self._layout.shapes or len(self.files.samples) == 0:
            return None
        try:
            cache = open_record_file(folder, self.files.samples, self._layout, budget)
        except UserError as error:
            io.log_err("Crops are kept in memory only. %s" % error)
            return None
        return cache if cache is not None and cache.capacity > 0 else None

    def find_shapes(self) -> Optional[List[Any]]:
        """Shapes of the outputs, all float32; None when one is no picture."""
        shapes = [request.find_shape() for request in self.requests]
        return None if None in shapes else shapes

    def render(self, index: int, ct_index: Optional[int],
               places: Optional[List[np.ndarray]] = None) -> Optional[List[Any]]:
        """The outputs of a sample: written to `places`, or returned without them.

        Arguments:
            index: of the sample.
            ct_index: of its colour reference, or None.

        Raises UnreadableSampleError for a file. An error that is no UserError becomes one that
        names the file.
        """
        try:
            return self._render(index, ct_index, places)
        except UserError:
            raise
        except Exception as e:
            raise Exception("Error in the sample %s: %s: %s" % (
                self.files.samples[index].describe_file(), type(e).__name__, e)) from e

    def _render(self, index: int, ct_index: Optional[int], places: Any) -> Any:
        seed = draw_sample_seed()
        state = self.files.check(index)
        if self.mode == "plain":
            ct_sample = None if ct_index is None else self._get_ct_sample(ct_index)
            return _put(render_plain(self.files.get_sample(index, state), self.options,
                                     self.requests, seed, ct_sample), places)
        record = None if self.cache is None else self.cache.find(index, state)
        row = self._render_record(record, index, state, seed, ct_index, places)
        if record is not None and not self.cache.is_current(index, record):
            # its file has changed, and another worker has just written the new picture
            row = self._render_record(None, index, state, seed, ct_index, places)
        return row

    def _render_record(self, record: Optional[Record], index: int, state: int, seed: int,
                       ct_index: Optional[int], places: Any) -> Any:
        if record is None:
            record = self._make_record(index, state)
        if record is None:
            ct_sample = None if ct_index is None else self._get_ct_sample(ct_index)
            prepared = PreparedSample(self.files.get_sample(index, state), self.options, seed,
                                      get_random_states(), ct_sample)
            return _put([render_output(prepared, request) for request in self.requests], places)

        colors = None if ct_index is None else self._find_colors(index, state, ct_index)
        prepared = CachedSample(self._layout, record,
                                lambda: self.files.get_sample(index, state), self.options, seed,
                                get_random_states(), colors)
        if places is not None:
            if self._renderer is None:
                self._renderer = PlaceRenderer(self.mode == "fast" and has_stepped_positions(),
                                               self.is_planar)
            for request, place in zip(self.requests, places):
                self._renderer.render(prepared, request, place)
            return None
        return _put([render_output(prepared, request) for request in self.requests], places)

    def _make_record(self, index: int, state: int) -> Optional[Record]:
        sample = self.files.get_sample(index, state)
        prepared = RecordSample(self._buffers, sample, self.options, 0, get_random_states())
        record = self._layout.make_record(prepared)
        if record is not None and self.cache is not None:
            self.cache.store(index, state, record.numbers, record.arrays)
        return record

    def _find_colors(self, index: int, state: int, ct_index: int) -> ColorSource:
        if self._matcher is None:
            self._matcher = ColorMatcher(self.mode == "fast", is_magnified=any(
                request.magnifies_colors() for request in self.requests))
        return ColorSource(self._matcher, (index, state), (ct_index, self.ct_files.check(ct_index)),
                           partial(self._get_reference, ct_index))

    def _get_ct_sample(self, index: int) -> Sample:
        return self.ct_files.get_sample(index, self.ct_files.check(index))

    def _get_reference(self, index: int, resolution: int, channels: int) -> np.ndarray:
        """The colour reference, (resolution, resolution, channels) float32."""
        place = self._references.places[resolution, channels]
        state = self.ct_files.check(index)
        record = None if self.ct_cache is None else self.ct_cache.find(index, state)
        if record is not None:
            reference = record.arrays[place].copy()
            if self.ct_cache.is_current(index, record):
                return reference
        record = self._references.make_record(self.ct_files.get_sample(index, state))
        if self.ct_cache is not None:
            self.ct_cache.store(index, state, record.numbers, record.arrays)
        return record.arrays[place]


def _put(row: List[Any], places: Optional[List[np.ndarray]]) -> Optional[List[Any]]:
    if places is None:
        return row
    for place, value in zip(places, row):
        place[...] = value
    return None


def choose_budget() -> int:
    """Bytes in which one side keeps its crops and masks."""
    megabytes = get_setting(FEED_MEMORY)
    if megabytes is not None:
        return megabytes << 20
    info = osex.get_memory_info()
    if info is None:
        return 0
    limit = find_sparse_limit()
    budget = info[1] // _MEMORY_SHARE
    return budget if limit is None else min(budget, limit)
