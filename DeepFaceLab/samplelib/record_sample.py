"""A sample whose crops and masks are about to be kept: the same numbers with less memory touched.

Fresh arrays of the file's size cost more than what is computed in them: their pages are given
back and faulted in again for every face (spec 30 section 8.4). Here they lie in buffers that
stay, and the soft masks are made where they are not zero.
"""
from typing import Any, Dict, Tuple

import numpy as np

from facelib.landmark_masks import EYE_GROUPS, MOUTH_GROUPS, draw_hull, draw_soft_part

from .output_request import FaceMaskType
from .prepared_sample import PreparedSample, to_channels


class WorkBuffers:
    """One array of each name, as large as it was ever needed; of one thread."""

    def __init__(self) -> None:
        self._flat: Dict[str, np.ndarray] = {}

    def get(self, name: str, shape: Tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
        """Contents are undefined; they are overwritten by the next user of the name."""
        size = int(np.prod(shape))
        flat = self._flat.get(name)
        if flat is None or flat.size < size:
            flat = self._flat[name] = np.empty((size,), dtype)
        return flat[:size].reshape(shape)


class RecordSample(PreparedSample):
    """Its arrays are valid until the next one with the same buffers is asked for its own."""

    def __init__(self, buffers: WorkBuffers, *arguments: Any) -> None:
        """arguments: of `PreparedSample`."""
        super().__init__(*arguments)
        self._buffers = buffers

    def _make_image(self, channels: int) -> np.ndarray:
        img = to_channels(self.stored, channels)
        if img.dtype != np.uint8:
            return super()._make_image(channels)
        # Of its own for each: outputs may ask for gray and for colour, in turns.
        out = self._buffers.get("image of %d channels" % channels, img.shape)
        return np.divide(img, np.float32(255.0), out=out, dtype=np.float32)

    def _full_face(self) -> np.ndarray:
        if self.sample.has_xseg_mask():
            return super()._full_face()
        shape = self._mask_shape()
        drawn = self._buffers.get("hull", shape[:2], np.uint8)  # quicker to fill than floats
        drawn.fill(0)
        draw_hull(drawn, self.landmarks, self.sample.eyebrows_expand_mod)
        mask = self._buffers.get("full face", shape)
        np.copyto(mask[..., 0], drawn)
        return mask

    def _eyes_mouth(self) -> np.ndarray:
        shape = self._mask_shape()
        mask = self._buffers.get("eyes and mouth", shape)
        mask.fill(0)
        plane, face = mask[..., 0], self.source_mask(FaceMaskType.FULL_FACE)[..., 0]
        boxes = []
        for groups in (EYE_GROUPS, MOUTH_GROUPS):
            (x0, y0, x1, y1), part = draw_soft_part(shape[:2], self.landmarks, groups)
            if part.size:
                _limit_to_1(part)
                plane[y0:y1, x0:x1] += part
                boxes.append((x0, y0, x1, y1))
        if boxes:
            x0, y0 = np.min(boxes, axis=0)[:2]
            x1, y1 = np.max(boxes, axis=0)[2:]
            part = plane[y0:y1, x0:x1]
            _limit_to_1(part)
            part *= face[y0:y1, x0:x1] != 0
        return mask


def _limit_to_1(plane: np.ndarray) -> None:
    np.minimum(plane, np.float32(1.0), out=plane)
