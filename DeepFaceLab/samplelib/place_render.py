"""Images and masks of a cached sample, written straight into their place of a batch.

exact: the calls of `render_output` with work buffers that stay, so the result is the same to the
bit. fast (spec 30 section 8.4): pictures are sampled plane by plane and padded, which rounds sums
otherwise: within 5e-7. Where a plane costs more than a third of a picture
(compat.has_fast_planes) only one-channel pictures take that way.
"""
import math
from typing import Any, Dict, Tuple

import cv2
import numpy as np

from core.imagelib.warp import MIN_WARP_SIZE

from .cached_sample import CachedSample
from .channels import GRAY
from .output_request import ChannelType, FaceMaskType, OutputRequest, ProcessedType
from .render_output import make_colors, render_output

_WARP_MARGIN = 8   # pixels; beyond it a map's sample is slower, not wrong
_REACH = 3         # pixels beside a position that the cubic kernel touches, rounded up
_BLOCK = 32        # rows of a block of OpenCV's linear warp, whose width follows from it
_VECTOR = 16       # pixels that it takes at once, at most; those left over it rounds otherwise
_PAD_STEP = 4      # pads are multiples of it, so that few buffers are needed
_INVERSE_CUBIC = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
_INVERSE_LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


class PlaceRenderer:
    """Owns the work buffers; of one thread."""

    def __init__(self, is_fast: bool, is_planar: bool) -> None:
        """is_fast: by plane, padded, masks from their first row on; for an OpenCV whose positions
        are steps (compat.has_stepped_positions). is_planar: colour pictures by plane too."""
        self._is_fast = is_fast
        self._is_planar = is_planar
        self._buffers: Dict[Any, np.ndarray] = {}

    def render(self, prepared: CachedSample, request: OutputRequest, out: np.ndarray) -> None:
        """Write an output into its place of a batch: float32 (r, r, c), or (c, r, r) for NCHW."""
        if not _is_simple(prepared, request):
            out[...] = render_output(prepared, request)
        elif request.sample_type == ProcessedType.FACE_MASK:
            is_part = request.transform and not request.border_replicate
            (self._render_mask_part if is_part else self._render_mask)(prepared, request, out)
        else:
            channels = request.working_channels(prepared.file_channels)
            is_by_plane = self._is_fast and (self._is_planar or channels == GRAY)
            (self._render_planes if is_by_plane else self._render_image)(
                prepared, request, channels, out)

    def _get_buffer(self, name: Any, shape: Tuple[int, ...], dtype=np.float32) -> np.ndarray:
        buffer = self._buffers.get((name, shape))
        if buffer is None:
            buffer = self._buffers[(name, shape)] = np.zeros(shape, dtype)
        return buffer

    # -- pictures

    def _render_image(self, prepared: CachedSample, request: OutputRequest, channels: int,
                      out: np.ndarray) -> None:
        side = request.resolution
        params = prepared.geometry(request)
        img = make_colors(prepared, request).astype(np.float32, copy=False)
        img = img[..., 0] if channels == GRAY and img.ndim == 3 else img
        shape = img.shape
        if request.warp:
            img = cv2.remap(img, params["mapx"], params["mapy"], cv2.INTER_CUBIC,
                            dst=self._get_buffer("warped", shape))
        is_place = request.data_format == "NHWC" or channels == GRAY
        place = out.reshape(shape) if is_place else self._get_buffer("place", shape)
        target = self._get_buffer("target", shape) if params["flip"] else place
        if request.transform:
            border = cv2.BORDER_REPLICATE if request.border_replicate else cv2.BORDER_CONSTANT
            cv2.warpAffine(img, params["rmat"], (side, side), dst=target, flags=cv2.INTER_CUBIC,
                           borderMode=border)
        else:
            target[...] = img
        _clip(target.reshape((side, -1)))
        if params["flip"]:
            cv2.flip(target, 1, dst=place)
        if not is_place:
            for i in range(channels):
                cv2.extractChannel(place, i, dst=out[i])

    def _render_planes(self, prepared: CachedSample, request: OutputRequest, channels: int,
                       out: np.ndarray) -> None:
        side = request.resolution
        if _changes_colors(prepared, request):
            colors = np.ascontiguousarray(make_colors(prepared, request), dtype=np.float32)
            planes = cv2.split(colors)
        else:
            planes = prepared.get_planes(request, channels)
        params = prepared.geometry(request)
        is_merged = request.data_format == "NHWC" and channels != GRAY
        places = (self._get_buffer("places", (channels, side, side)) if is_merged
                  else out.reshape((channels, side, side)))
        work = self._get_buffer("work", (side, side)) if params["flip"] else None
        for plane, place in zip(planes, places):
            target = place if work is None else work
            if request.warp:
                plane = self._warp(plane, params, side)
            if request.transform:
                self._transform(plane, params, request, target)
            else:
                target[...] = plane
            _clip(target)
            if work is not None:
                cv2.flip(work, 1, dst=place)
        if is_merged:
            cv2.merge(list(places), dst=out)

    def _warp(self, plane: np.ndarray, params: Dict[str, Any], side: int) -> np.ndarray:
        """The elastic map; outside is 0."""
        margin = _WARP_MARGIN
        if "fixed" not in params:
            whole, fractions = cv2.convertMaps(params["mapx"], params["mapy"], cv2.CV_16SC2)
            whole += margin
            params["fixed"] = whole, fractions
        whole, fractions = params["fixed"]
        padded = self._get_buffer("margin", (side + 2 * margin, side + 2 * margin))
        padded[margin:-margin, margin:-margin] = plane
        return cv2.remap(padded, whole, fractions, cv2.INTER_CUBIC,
                         dst=self._get_buffer("warped", (side, side)))

    def _transform(self, plane: np.ndarray, params: Dict[str, Any], request: OutputRequest,
                   target: np.ndarray) -> None:
        """The affine transform. Positions outside of the picture are slow for OpenCV: it is
        padded so far that there are none."""
        inverse, pad = _find_pad(params)
        side = request.resolution
        border = cv2.BORDER_REPLICATE if request.border_replicate else cv2.BORDER_CONSTANT
        padded = self._get_buffer("pad", (side + 2 * pad, side + 2 * pad))
        cv2.copyMakeBorder(plane, pad, pad, pad, pad, border, dst=padded)
        cv2.warpAffine(padded, inverse, (side, side), dst=target, flags=_INVERSE_CUBIC)

    # -- masks

    def _render_mask(self, prepared: CachedSample, request: OutputRequest,
                     out: np.ndarray) -> None:
        side = request.resolution
        params = prepared.geometry(request)
        place = out.reshape((side, side))
        mask = prepared.get_mask_plane(request)[0]
        target = self._get_buffer("mask", (side, side)) if params["flip"] else place
        if request.transform:
            border = cv2.BORDER_REPLICATE if request.border_replicate else cv2.BORDER_CONSTANT
            cv2.warpAffine(mask, params["rmat"], (side, side), dst=target,
                           flags=cv2.INTER_LINEAR, borderMode=border)
        else:
            target[...] = mask
        _divide_by_peak(target, request)
        if params["flip"]:
            cv2.flip(target, 1, dst=place)

    def _render_mask_part(self, prepared: CachedSample, request: OutputRequest,
                          out: np.ndarray) -> None:
        """Only where the mask is not 0."""
        side = request.resolution
        place = out.reshape((side, side))
        params = prepared.geometry(request)
        mask, box = prepared.get_mask_plane(request)
        top, bottom, right = _find_target(box, params["rmat"], side)
        if top >= bottom or right <= 0:
            place[...] = 0
            return
        # Rows may be left out, columns at the right end too: the first column has to be the
        # first, for OpenCV rounds the summands of a position on their own.
        if self._is_fast:
            matrix, flags = _find_inverse(params).copy(), _INVERSE_LINEAR
            matrix[:, 2] += matrix[:, 1] * top
        else:
            # To the bit: the matrix as it is, blocks and vectors of pixels as of the whole.
            matrix, flags, top = params["rmat"], cv2.INTER_LINEAR, 0
            bottom, right = min(side, max(bottom, _BLOCK)), min(side, right + _VECTOR)
        place[:top] = 0
        place[bottom:] = 0
        left = side - right if params["flip"] else 0
        place[top:bottom, :left] = 0
        place[top:bottom, left + right:] = 0
        part = place[top:bottom, left:left + right]
        target = part
        if params["flip"]:
            target = self._get_buffer("mask", (side, side))[:bottom - top, :right]
        cv2.warpAffine(mask, matrix, (right, bottom - top), dst=target, flags=flags)
        _divide_by_peak(target, request)
        if params["flip"]:
            cv2.flip(target, 1, dst=part)


def _is_simple(prepared: CachedSample, request: OutputRequest) -> bool:
    """Whether an output is what the models ask for; everything else goes the general way."""
    if (request.nearest_resize_to is not None or request.normalize_tanh
            or request.resolution < MIN_WARP_SIZE):
        return False
    if request.sample_type == ProcessedType.FACE_MASK:
        return not request.warp
    if request.warp and len(prepared.geometry(request)["mapx"]) != request.resolution:
        return False    # cells of an odd side: the map is a pixel wider (spec 31 section 2.1)
    channels = request.working_channels(prepared.file_channels)
    if request.channel_type == ChannelType.BGR:
        return True
    return request.channel_type == ChannelType.G and channels == GRAY


def _clip(plane: np.ndarray) -> None:
    """To 0..1 in place; cheaper than np.clip, most of all with an old NumPy."""
    cv2.threshold(plane, 1.0, 0, cv2.THRESH_TRUNC, dst=plane)
    cv2.threshold(plane, 0.0, 0, cv2.THRESH_TOZERO, dst=plane)


def _divide_by_peak(mask: np.ndarray, request: OutputRequest) -> None:
    if request.face_mask_type == FaceMaskType.EYES_MOUTH:
        peak = mask.max()
        if peak != 0.0:
            mask /= peak


def _changes_colors(prepared: CachedSample, request: OutputRequest) -> bool:
    return bool(request.ct_mode is not None or request.degradations or request.shadow
                or request.random_hsv_shift_amount != 0)


def _find_pad(params: Dict[str, Any]) -> Tuple[np.ndarray, int]:
    """The matrix from the result to the padded picture, and the pad in pixels."""
    memo = params["memo"]
    if "pad" not in memo:
        inverse = _find_inverse(params).copy()
        last = params["w"] - 1
        overhang = 0.0
        for along_x, along_y, start in inverse.tolist():
            low, high = start, start - last
            for step in (along_x * last, along_y * last):
                if step < 0:
                    low += step
                else:
                    high += step
            overhang = max(overhang, -low, high)
        pad = -(-(math.ceil(overhang) + _REACH) // _PAD_STEP) * _PAD_STEP
        inverse[:, 2] += pad
        memo["pad"] = inverse, pad
    return memo["pad"]


def _find_inverse(params: Dict[str, Any]) -> np.ndarray:
    """The matrix from the result to the picture; not to be changed."""
    memo = params["memo"]
    if "inverse" not in memo:
        memo["inverse"] = cv2.invertAffineTransform(params["rmat"])
    return memo["inverse"]


def _find_target(box: Tuple[int, int, int, int], matrix: np.ndarray,
                 side: int) -> Tuple[int, int, int]:
    """(first row, last row + 1, last column + 1) that a transformed box can touch."""
    top, bottom, left, right = box
    if top >= bottom:
        return 0, 0, 0
    (xx, xy, x0), (yx, yy, y0) = matrix.tolist()
    left, top = left - 1, top - 1
    first = y0 + min(yx * left, yx * right) + min(yy * top, yy * bottom)
    last = y0 + max(yx * left, yx * right) + max(yy * top, yy * bottom)
    column = x0 + max(xx * left, xx * right) + max(xy * top, xy * bottom)
    return (max(0, math.floor(first) - 1), min(side, math.ceil(last) + 2),
            min(side, math.ceil(column) + 2))
