"""Random loss of quality of a picture: MVE's sample options (spec 80 section 1.4, spec 82).

All images are (h, w, c) float32 in about 0..1, c = 1 or 3, and come back as the same shape and
type. Values are clipped only where a picture is encoded as JPEG. Everything random comes from the
process-wide `np.random`, not from the sample's seed.
"""
from typing import Callable, Sequence, Tuple

import cv2
import numpy as np

from core import imagelib
from core.imagelib.common import restore_channel_axis

_MOTION_KERNELS = (10, 19)      # side in pixels
_GAUSSIAN_SIGMAS = (3.0, 8.0)   # pixels
_NOISE_SCALES = (20.0, 40.0)    # of the normal and the Laplace distribution, in 255ths
_POISSON_RATES = (15.0, 30.0)   # in 255ths; one-sided, so it brightens
_JPEG_QUALITIES = (50, 84)
_DOWNSAMPLE_SHARES = (0.125, 0.25)


def blur(img: np.ndarray) -> np.ndarray:
    """Motion blur or Gaussian blur, each in half of the cases."""
    if np.random.randint(2) == 0:
        size = np.random.randint(_MOTION_KERNELS[0], _MOTION_KERNELS[1] + 1)
        return imagelib.LinearMotionBlur(img, size, np.random.randint(360))
    sigma = np.random.uniform(*_GAUSSIAN_SIGMAS)
    # The kernel holds most of the bell and stays odd.
    kernel = int(sigma * (2.9 if sigma < 5 else 2.6)) | 1
    return restore_channel_axis(cv2.GaussianBlur(img, (kernel, kernel), sigma), img)


def add_noise(img: np.ndarray) -> np.ndarray:
    """Normal, Laplace or Poisson noise, independent in every value."""
    kind = np.random.randint(3)
    if kind == 2:
        noise = np.random.poisson(np.random.uniform(*_POISSON_RATES), img.shape)
    else:
        draw = (np.random.normal, np.random.laplace)[kind]
        noise = draw(0, np.random.uniform(*_NOISE_SCALES), img.shape)
    return img + (noise / 255.0).astype(np.float32)


def compress(img: np.ndarray) -> np.ndarray:
    """Through a JPEG file of low quality; clipped to 0..1."""
    quality = np.random.randint(_JPEG_QUALITIES[0], _JPEG_QUALITIES[1] + 1)
    pixels = np.clip(img * 255.0, 0, 255).astype(np.uint8)
    done, encoded = cv2.imencode(".jpg", pixels, [int(cv2.IMWRITE_JPEG_QUALITY), quality])
    if not done:
        raise RuntimeError("OpenCV cannot encode a picture of the shape %s." % (img.shape,))
    decoded = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    return restore_channel_axis(decoded, img).astype(np.float32) / 255.0


def downsample(img: np.ndarray) -> np.ndarray:
    """Down to an eighth to a quarter of the side and up again, both bicubic."""
    height, width = img.shape[:2]
    share = np.random.uniform(*_DOWNSAMPLE_SHARES)
    small = (max(1, int(width * share)), max(1, int(height * share)))
    img_small = cv2.resize(img, small, interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(img_small, (width, height), interpolation=cv2.INTER_CUBIC)
    return restore_channel_axis(large, img)


# option of an output -> what it does
DEGRADATIONS: Tuple[Tuple[str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("random_downsample", downsample), ("random_noise", add_noise), ("random_blur", blur),
    ("random_jpeg", compress))


def degrade(img: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Apply the named options of `DEGRADATIONS` in a random order, each one always."""
    chosen = [function for name, function in DEGRADATIONS if name in names]
    for i in np.random.permutation(len(chosen)):
        img = chosen[i](img)
    return img
