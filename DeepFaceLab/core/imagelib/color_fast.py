"""Colour transfers for the sample feed: those of `color_transfer`, several times faster.

    mode      against the plain form
    rct       bit-equal
    lct, mkl  within 3e-7: one matrix from the moments of both pictures
    idt, sot  other random numbers of the same distribution (`color_transport_fast`)

A picture enters rct, lct and mkl only by its moments, so a feed keeps them beside its cached
pictures: `measure_colors` once a picture, `transfer_by_moments` at every draw. `exact=True` there
does the plain arithmetic, bit-equal to `color_transfer` in all three modes.

The merger uses the plain forms. Images are (h, w, c) BGR float32 in 0..1, c = 1 or 3.
"""
import cv2
import numpy as np

from .color_linear import (ColorMoments, apply_lct, apply_mkl, match_lct, match_mkl, measure_lab,
                           measure_lct, measure_mkl, move_lab)
from .color_transfer import color_transfer
from .color_transport_fast import transport_idt, transport_sot
from .common import with_channel_axis

MOMENT_MODES = ("rct", "lct", "mkl")

# Largest sum of absolute values of a row of the matrix that float32 may be trusted with: the
# rounding of the sum stays below 3e-7 then. Beyond it the product is made in float64.
_FLOAT32_ROW_SUM = 2.0


def color_transfer_fast(ct_mode: str, img_src: np.ndarray, img_trg: np.ndarray) -> np.ndarray:
    """Change the colours of `img_src` towards those of `img_trg`.

    Arguments and result are those of `color_transfer`: (h, w, c) float32, rct not clipped to 0..1.
    idt and sot draw from the global `np.random`. ValueError for an unknown mode.
    """
    if ct_mode in MOMENT_MODES:
        return transfer_by_moments(ct_mode, img_src, measure_colors(ct_mode, img_src),
                                   measure_colors(ct_mode, img_trg))
    img_src, img_trg = with_channel_axis(img_src), with_channel_axis(img_trg)
    if ct_mode == "sot":
        return np.clip(transport_sot(img_src, img_trg), 0.0, 1.0)
    if ct_mode == "idt" and img_src.shape[-1] != 1:
        return transport_idt(img_src, img_trg)
    return color_transfer(ct_mode, img_src, img_trg)    # also gray idt: a histogram matching


def to_lab_planes(img: np.ndarray) -> np.ndarray:
    """(h, w, 3) BGR -> contiguous Lab planes (3, h, w) float32; gray (h, w, 1) -> (1, h, w)."""
    img = with_channel_axis(img)
    if img.shape[-1] != 1:
        img = cv2.cvtColor(img, cv2.COLOR_BGR2LAB)
    return np.ascontiguousarray(img.transpose(2, 0, 1))


def measure_colors(ct_mode: str, img: np.ndarray) -> ColorMoments:
    """What rct, lct or mkl has to know of a picture, as source or as reference; c + c * c numbers
    at most, picklable."""
    img = with_channel_axis(img)
    if ct_mode == "rct":
        return measure_lab(to_lab_planes(img))
    return measure_lct(img) if ct_mode == "lct" else measure_mkl(img)


def transfer_by_moments(ct_mode: str, img: np.ndarray, source: ColorMoments,
                        reference: ColorMoments, exact: bool = False) -> np.ndarray:
    """rct, lct or mkl of a picture.

    Arguments:
        ct_mode: one of MOMENT_MODES.
        img: picture to change, (h, w, c) float32.
        source, reference: `measure_colors` of it and of the reference, with the same mode.
        exact: bit-equal to `color_transfer` also for lct and mkl.

    Returns (h, w, c) float32. For rct with cached Lab planes call
    `move_lab(planes, source, reference)`, which this is but for the conversion.
    """
    img = with_channel_axis(img)
    if ct_mode == "rct":
        return move_lab(to_lab_planes(img), source, reference)
    if ct_mode == "lct":
        matrix = match_lct(source.spread, reference.spread)
        if exact:
            return apply_lct(img, matrix, source.mean, reference.mean).astype(img.dtype)
    else:
        matrix = match_mkl(source, reference)
        if exact:
            return apply_mkl(img, matrix, source.mean, reference.mean)
        matrix = matrix.T   # mkl multiplies rows
    return _apply_affine(img, matrix, reference.mean - matrix.dot(source.mean))


def _apply_affine(img: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """(h, w, c) float32 clipped to 0..1: matrix (c, c) and offset (c,), float64, on every pixel."""
    affine = np.concatenate([matrix, offset[:, np.newaxis]], axis=1)
    if np.abs(affine).sum(axis=1).max() <= _FLOAT32_ROW_SUM:
        moved = cv2.transform(img, affine)
    else:
        moved = cv2.transform(img.astype(np.float64), affine).astype(np.float32)
    moved = moved.reshape(img.shape)
    return np.clip(moved, 0, 1, out=moved)
