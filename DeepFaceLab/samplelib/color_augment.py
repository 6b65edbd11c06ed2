"""Random changes of a sample's colours (spec 30 section 6.2, spec 60 section 4; those of the MVE
fork: spec 80 section 1.4, spec 82)."""
import math

import cv2
import numpy as np

from core.imagelib.common import with_channel_axis

from .channels import GRAY

# Colour changes that MVE offers among the colour transfers; they need no colour sample.
# ct_mode -> chance of local contrast, reach of the lightness and of the colours
COLOR_AUGMENTATIONS = {"fs-aug": (0.5, 0.30, 0.08), "cc-aug": (1.0, 0.45, 0.20)}

_CLAHE_CLIP = 2.0
_CLAHE_GRIDS = (1, 2)
_CC_BRIGHTNESS = _CC_CONTRAST = (0.7, 1.1)
_CC_GAIN = (0.6, 1.2)


def shift_hsv(img: np.ndarray, amount: float, rnd: np.random.RandomState) -> np.ndarray:
    """Random shift of hue, saturation and value.

    Arguments:
        img: (h, w, 3) BGR or (h, w[, 1]) gray float32; gray only changes its value.
        amount: strength, 0..1; hue moves by up to half of it times 360 degrees.
        rnd: gives one integer and two uniform numbers, for gray pictures too.

    Returns float32 in 0..1, same shape.
    """
    hue_max = max(1, int(360 * amount * 0.5))
    hue_shift = int(rnd.randint(-hue_max, hue_max + 1))
    saturation_shift = (float(rnd.random_sample()) - 0.5) * amount
    value_shift = (float(rnd.random_sample()) - 0.5) * amount
    if img.ndim == 2 or img.shape[2] == GRAY:
        return np.clip(img + value_shift, 0, 1)

    h, s, v = cv2.split(cv2.cvtColor(img, cv2.COLOR_BGR2HSV))
    h = (h + hue_shift) % 360
    s = np.clip(s + saturation_shift, 0, 1)
    v = np.clip(v + value_shift, 0, 1)
    return np.clip(cv2.cvtColor(cv2.merge([h, s, v]), cv2.COLOR_HSV2BGR), 0, 1)


def rotate_lab_colors(img: np.ndarray, seed: int) -> np.ndarray:
    """Turn all colours by one random angle in the (a, b) plane of Lab.

    Arguments:
        img: (h, w, 3) BGR float32 in 0..1.
        seed: of the angle; input and target of a sample use the same.

    Returns (h, w, 3) float32 in 0..1.
    """
    angle = np.random.RandomState(seed).uniform(0, 2 * math.pi)
    rotation = np.float32([[math.cos(angle), -math.sin(angle)],
                           [math.sin(angle), math.cos(angle)]])
    lab = cv2.cvtColor(np.ascontiguousarray(img), cv2.COLOR_BGR2LAB)
    lab[..., 1:] = lab[..., 1:].dot(rotation)
    np.clip(lab[..., 0], 0, 100, out=lab[..., 0])
    np.clip(lab[..., 1:], -127, 127, out=lab[..., 1:])
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), 0, 1)


def augment_colors(ct_mode: str, img: np.ndarray, seed: int) -> np.ndarray:
    """Random local contrast, lightness and colour cast (spec 80 section 1.4).

    Arguments:
        ct_mode: fs-aug; cc-aug reaches further and also changes brightness, contrast and gain.
        img: (h, w, 3) BGR or (h, w, 1) gray float32; gray only changes its lightness.
        seed: of the sample; input and target change alike.

    Returns float32 in 0..1, (h, w, c).
    """
    rnd = np.random.RandomState(seed)
    contrast_chance, lightness_reach, color_reach = COLOR_AUGMENTATIONS[ct_mode]
    lab = _to_lab(np.clip(with_channel_axis(img), 0, 1))
    grid = int(rnd.randint(_CLAHE_GRIDS[0], _CLAHE_GRIDS[1] + 1))
    if rnd.random_sample() < contrast_chance:
        lab[..., 0] = _equalize(lab[..., 0], grid)
    shifts = rnd.uniform(-1, 1, 3) * (lightness_reach, color_reach, color_reach)
    for channel in range(lab.shape[2]):
        lab[..., channel] = _move_towards_end(lab[..., channel], float(shifts[channel]))
    result = _from_lab(lab)
    if ct_mode == "cc-aug":
        brightness, contrast, gain = (float(rnd.uniform(*limits)) for limits in
                                      (_CC_BRIGHTNESS, _CC_CONTRAST, _CC_GAIN))
        middle = result.mean(dtype=np.float64)
        result = ((result - np.float32(middle)) * contrast + np.float32(middle)) * (
            brightness * gain)
    return np.clip(result, 0, 1)


def _to_lab(img: np.ndarray) -> np.ndarray:
    """(h, w, 3) BGR -> Lab, (h, w, 1) gray -> itself; every channel in 0..1."""
    if img.shape[2] == GRAY:
        return img.copy()
    lab = cv2.cvtColor(np.ascontiguousarray(img), cv2.COLOR_BGR2LAB)
    return (lab + np.float32([0, 127, 127])) / np.float32([100, 254, 254])


def _from_lab(lab: np.ndarray) -> np.ndarray:
    if lab.shape[2] == GRAY:
        return lab
    return cv2.cvtColor(lab * np.float32([100, 254, 254]) - np.float32([0, 127, 127]),
                        cv2.COLOR_LAB2BGR)


def _equalize(plane: np.ndarray, grid: int) -> np.ndarray:
    """Contrast-limited equalisation of a plane of 0..1 in grid x grid tiles."""
    # In 256 levels: among 65536 nearly every one would be empty and nothing left to equalise.
    levels = np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8)
    equalizer = cv2.createCLAHE(clipLimit=_CLAHE_CLIP, tileGridSize=(grid, grid))
    return equalizer.apply(levels).astype(np.float32) / 255


def _move_towards_end(plane: np.ndarray, share: float) -> np.ndarray:
    """Move 0..1 by a share of the way to 1, or to 0 with a negative share."""
    return plane + (1 - plane) * share if share > 0 else plane * (1 + share)
