"""A network that adds detail to faces, for pictures of any size (spec 40 section 6)."""
from typing import Iterator, List, Tuple

import cv2
import numpy as np

from core.leras import nn

from .pretrained import FOLDER, load_pretrained, nhwc_graph

WEIGHTS_NAME = "FaceEnhancer.npy"
TILE = 192      # side of what the network sees
STEP = 96
SCALE = 4
STRENGTH, KIND = 0.2, 1.0   # the conditions


class FaceEnhancer(object):
    """Loads the network; TensorFlow is started if it is not yet.

    place_model_on_cpu  weights in the computer's memory
    run_on_cpu          compute on the CPU
    tiles_at_once       in one run of the network; each takes 0.3 GB. More than one is quicker on
                        a GPU only

    UserError without the weights of an existing install (see facelib/pretrained.py).
    """

    # What the outermost line of a picture weighs, of 1 in the middle of a tile. 0 gives the
    # weights of older versions, which left that line gray.
    BORDER_WEIGHT = 1e-3
    tiles_at_once = 1

    def __init__(self, place_model_on_cpu: bool = False, run_on_cpu: bool = False,
                 tiles_at_once: int = 1) -> None:
        self.tiles_at_once = tiles_at_once
        with nhwc_graph():
            from .enhancer_network import EnhancerNetwork    # a class of layers: after initialize
            with nn.tf.device(_choose_device(place_model_on_cpu)):
                self.model = EnhancerNetwork(name="FaceEnhancer")
                load_pretrained(self.model, FOLDER / WEIGHTS_NAME)
            with nn.tf.device(_choose_device(run_on_cpu)):
                self.model.build_for_run([(nn.tf.float32, nn.get4Dshape(TILE, TILE, 3)),
                                          (nn.tf.float32, (None, 1)), (nn.tf.float32, (None, 1))])

    def enhance(self, inp_img: np.ndarray, is_tanh: bool = False,
                preserve_size: bool = True) -> np.ndarray:
        """Add detail to a picture.

        inp_img         (h, w, 3) float BGR in 0..1, or in -1..1 with `is_tanh`
        preserve_size   scale the result, four times as large, back to (h, w)

        Returns (h, w, 3) or (4h, 4w, 3) float32 in 0..1, or with `is_tanh` around -1..1.
        """
        x = inp_img if is_tanh else np.clip(inp_img * 2 - 1, -1, 1)
        h, w = x.shape[:2]
        (top, bottom), (left, right) = _find_padding(h), _find_padding(w)
        x = np.pad(x, ((top, bottom), (left, right), (0, 0)), mode="constant")
        x = self._enhance_tiles(np.asarray(x, np.float32))
        x = x[top * SCALE:(top + h) * SCALE, left * SCALE:(left + w) * SCALE]
        if preserve_size:
            x = cv2.resize(x, (w, h), interpolation=cv2.INTER_LANCZOS4)
        if not is_tanh:
            x = np.clip(x / 2 + 0.5, 0, 1)
        return x

    def _enhance_tiles(self, x: np.ndarray) -> np.ndarray:
        """(h, w, 3), both at least TILE, to (4h, 4w, 3): overlapping tiles, faded into another."""
        h, w = x.shape[:2]
        total = np.zeros((h * SCALE, w * SCALE, 3), np.float32)
        weights = np.zeros((h * SCALE, w * SCALE, 1), np.float32)
        places = [(down, right) for down in self._iterate_tiles(h)
                  for right in self._iterate_tiles(w)]
        for first in range(0, len(places), self.tiles_at_once):
            part = places[first:first + self.tiles_at_once]
            enhanced = self._run([x[row:row + TILE, column:column + TILE]
                                  for (row, _), (column, _) in part])
            for ((row, fade_y), (column, fade_x)), tile in zip(part, enhanced):
                mask = (fade_y[:, None] * fade_x[None, :])[..., None]
                area = (slice(row * SCALE, (row + TILE) * SCALE),
                        slice(column * SCALE, (column + TILE) * SCALE))
                total[area] += tile * mask
                weights[area] += mask
        weights[weights == 0] = 1
        return total / weights

    def _run(self, tiles: List[np.ndarray]) -> np.ndarray:
        """Tiles (TILE, TILE, 3) enlarged: (n, TILE * SCALE, TILE * SCALE, 3)"""
        count = len(tiles)
        return self.model.run([np.stack(tiles), np.full((count, 1), STRENGTH),
                               np.full((count, 1), KIND)])

    def _iterate_tiles(self, size: int) -> Iterator[Tuple[int, np.ndarray]]:
        """(first pixel, weight of each of the enlarged pixels) of the tiles along one side."""
        half = TILE * SCALE // 2
        for start in find_starts(size):
            fade = np.concatenate([np.linspace(0, 1, half), np.linspace(1, 0, half)])
            if start == 0:
                fade[0] = self.BORDER_WEIGHT
            if start == size - TILE:
                fade[-1] = self.BORDER_WEIGHT
            yield start, fade.astype(np.float32)


def find_starts(size: int) -> List[int]:
    """First pixels of the tiles along a side of at least TILE; the last tile ends with it."""
    last = size - TILE
    return list(range(0, last, STEP)) + [last]


def _find_padding(size: int) -> Tuple[int, int]:
    """Pixels in front and behind that make a side at least TILE long."""
    missing = max(0, TILE - size)
    return missing // 2, missing - missing // 2


def _choose_device(on_cpu: bool) -> str:
    return "/CPU:0" if on_cpu else nn.tf_default_device_name
