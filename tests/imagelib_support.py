"""Inputs, reference arrays and tolerances shared by the test_imagelib_*.py modules."""
import json
import os
import zlib

import cv2
import numpy as np

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", "imagelib")
SEED = 5
# Reference arrays keep every 7th pixel in both directions, from (1, 2) on.
SUBSAMPLING = (slice(1, None, 7), slice(2, None, 7))

# Largest deviation per group: OpenCV 4.5.5 (the reference's) / other 4.x / 5 (spec 31 section 13).
TOLERANCES = {
    "rct": (1e-6, 7.5e-6, 7.5e-6),
    "linear": (1e-6, 1e-6, 1e-6),          # lct, mkl
    "sot": (1e-6, 4.5e-5, 4.5e-5),
    "idt": (1e-4, 1e-4, 1e-4),
    "mix": (1e-6, 0.0465, 0.0465),
    "filter": (1e-6, 1.5e-6, 1.5e-6),
    "sharpen": (1e-5, 7.5e-6, 5e-5),       # values reach 40
    "motion": (1e-6, 1e-6, 5e-3),
    "warp": (1e-6, 1e-6, 0.05),
    "exact": (0, 0, 0),
}


def load_vectors():
    """The table of small vectors (9 significant digits)."""
    with open(os.path.join(GOLDEN, "vectors.json")) as f:
        return json.load(f)


def load_pictures():
    """Subsampled arrays of the reference, OpenCV 4.5.5, for the inputs of `make_smooth`."""
    with np.load(os.path.join(GOLDEN, "pictures_cv455.npz")) as data:
        return {key: data[key] for key in data.files}


def get_tolerance(group):
    limits = TOLERANCES[group]
    if cv2.__version__.startswith("4.5.5"):
        return limits[0]
    return limits[1] if cv2.__version__.startswith("4.") else limits[2]


def assert_picture(reference, value, group, key):
    """Compare a whole picture with its subsampled reference."""
    value = np.asarray(value)
    if value.ndim >= 2:
        value = value[SUBSAMPLING]
    assert value.shape == reference.shape and value.dtype == reference.dtype, key
    assert_close(reference, value, group, key)


def assert_close(reference, value, group, key=""):
    reference = np.asarray(reference, np.float64)
    value = np.asarray(value, np.float64)
    assert value.shape == reference.shape, key
    difference = np.abs(reference - value)
    assert difference.max() <= get_tolerance(group), (key, difference.max(), difference.mean())


def make_smooth(name, size, channels=3):
    """A coloured field with fine detail, (size, size, channels) float32 in 0..1."""
    rnd = np.random.RandomState((zlib.crc32(name.encode()) + SEED) & 0x7fffffff)
    coarse, fine = (_enlarge(rnd.rand(n, n, channels).astype(np.float32), size) for n in (9, 48))
    return np.clip(coarse * .8 + fine * .2, 0, 1)


def _enlarge(img, size):
    large = cv2.resize(img, (size, size), interpolation=cv2.INTER_LINEAR)
    return large.reshape(size, size, img.shape[-1])


def make_noise(seed=11):
    """The 16 x 16 picture of the small vectors: 11 is A, 12 is B."""
    return np.random.RandomState(seed).rand(16, 16, 3).astype(np.float32)


class Draws:
    """A RandomState that notes what is asked of it: (name, arguments), uniform draws by number."""

    def __init__(self, seed):
        self._rnd = np.random.RandomState(seed)
        self.asked = []

    def __getattr__(self, name):
        function = getattr(self._rnd, name)

        def draw(*args):
            is_plain = not args and name in ("rand", "random_sample", "uniform")
            self.asked.append(("uniform", 0, 1) if is_plain else (name,) + args)
            return function(*args)
        return draw
