"""The colour transfers of a worker's samples (spec 30 section 8.4): exact and fast feeds.

A picture enters rct, lct and mkl only by its moments. They are kept, so that a reference that has
been seen needs no pixels any more.
"""
import collections
from typing import Any, Callable, Tuple

import numpy as np

from core import debug_areas, imagelib
from core.imagelib.color_fast import (MOMENT_MODES, color_transfer_fast, measure_colors,
                                      transfer_by_moments)
from core.imagelib.color_linear import ColorMoments

_CAPACITY = 20000   # pictures whose moments a worker keeps, about 0.6 KB each


class ColorMatcher:
    """Of one worker; the plain feed has none, it calls `imagelib.color_transfer`."""

    def __init__(self, is_fast: bool, capacity: int = _CAPACITY,
                 is_magnified: bool = False) -> None:
        """
        Arguments:
            is_fast: lct and mkl within 3e-7 of plain, idt and sot of the same distribution; else
                every transfer is equal to plain's to the bit.
            capacity: pictures whose moments are kept; the oldest go first.
            is_magnified: lct and mkl are equal to plain's to the bit all the same, because of what
                follows (`OutputRequest.magnifies_colors`).
        """
        self._is_fast = is_fast
        self._has_exact_moments = not is_fast or is_magnified
        self._capacity = capacity
        self._moments: "collections.OrderedDict[Tuple, ColorMoments]" = collections.OrderedDict()

    def transfer(self, ct_mode: str, img: np.ndarray, key: Any, reference_key: Any,
                 get_reference: Callable[[], np.ndarray]) -> np.ndarray:
        """`imagelib.color_transfer(ct_mode, img, get_reference())`.

        Arguments:
            ct_mode: rct, lct, mkl, idt or sot.
            img: (r, r, c) float32.
            key, reference_key: hashable names of exactly these pixels: file and its state, crop,
                resolution, channels. None: they are not to be remembered.
            get_reference: gives the reference (r, r, c); not called where its moments are known.
        """
        debug_areas.tell("ct", "%s: sample %s", ct_mode, debug_areas.ArraysText(img))
        if ct_mode in MOMENT_MODES:
            source = self._get_moments(ct_mode, ("source", key), key, lambda: img)
            reference = self._get_moments(ct_mode, ("reference", reference_key), reference_key,
                                          get_reference)
            return transfer_by_moments(ct_mode, img, source, reference,
                                       exact=self._has_exact_moments)
        transfer = color_transfer_fast if self._is_fast else imagelib.color_transfer
        return transfer(ct_mode, img, get_reference())

    def _get_moments(self, ct_mode: str, name: Tuple, key: Any,
                     get_picture: Callable[[], np.ndarray]) -> ColorMoments:
        if key is None:
            return measure_colors(ct_mode, get_picture())
        found = self._moments.get((ct_mode,) + name)
        if found is None:
            found = measure_colors(ct_mode, get_picture())
            self._moments[(ct_mode,) + name] = found
            if len(self._moments) > self._capacity:
                self._moments.popitem(last=False)
        return found
