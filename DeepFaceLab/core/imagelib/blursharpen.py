"""Motion blur, sharpening and denoising (spec 31 section 4)."""
import cv2
import numpy as np

from .common import restore_channel_axis


def LinearMotionBlur(image: np.ndarray, size: int, angle: float) -> np.ndarray:
    """Blur along a line.

    Arguments:
        image: (h, w[, c]), any type `cv2.filter2D` takes; borders are reflected (101).
        size: length of the line in pixels.
        angle: degrees, counter-clockwise from the x axis.
    """
    kernel = np.zeros((size, size), dtype=np.float32)
    kernel[(size - 1) // 2, :] = 1.0
    centre = (size / 2 - 0.5, size / 2 - 0.5)
    kernel = cv2.warpAffine(kernel, cv2.getRotationMatrix2D(centre, angle, 1.0), (size, size))
    kernel = kernel * (1.0 / np.sum(kernel))  # not a division: its last bit differs
    return restore_channel_axis(cv2.filter2D(image, -1, kernel), image)


def blursharpen(img: np.ndarray, sharpen_mode: int = 0, kernel_size: int = 3,
                amount: float = 100) -> np.ndarray:
    """Sharpen (amount > 0) or denoise with medians (amount < 0). Not clipped.

    Arguments:
        img: (h, w[, c]), float 0..1 or uint8.
        sharpen_mode: 1 box, 2 Gaussian, anything else leaves a positive amount without effect.
        kernel_size: side of the sharpening kernel, made odd by adding one.
        amount: strength; each 10 below zero is one full 5x5 median, the rest is blended.
    """
    if amount > 0:
        return _sharpen(img, sharpen_mode, kernel_size + 1 - kernel_size % 2, amount)
    if amount < 0:
        return _denoise(img, -amount)
    return img


def gaussian_sharpen(img: np.ndarray, amount: float = 100, sigma: float = 1.0) -> np.ndarray:
    """Unsharp masking by a Gaussian of `sigma` pixels (the MVE fork's). Not clipped.

    `img` is (h, w[, c]) float; 20 of `amount` add the difference to its blur once.
    """
    blur = restore_channel_axis(cv2.GaussianBlur(img, (0, 0), sigma), img)
    sharp = cv2.addWeighted(img, 1.0 + 0.05 * amount, blur, -0.05 * amount, 0)
    return restore_channel_axis(sharp, img)


def _sharpen(img: np.ndarray, mode: int, kernel_size: int, amount: float) -> np.ndarray:
    if mode == 1:
        delta = np.zeros((kernel_size, kernel_size), dtype=np.float32)
        delta[kernel_size // 2, kernel_size // 2] = 1.0
        box = np.ones((kernel_size, kernel_size), dtype=np.float32) / (kernel_size * kernel_size)
        kernel = delta + (delta - box) * amount
        return restore_channel_axis(cv2.filter2D(img, -1, kernel), img)
    if mode == 2:
        blur = cv2.GaussianBlur(img, (kernel_size, kernel_size), 0)
        blur = restore_channel_axis(blur, img)
        sharp = cv2.addWeighted(img, 1.0 + 0.5 * amount, blur, -0.5 * amount, 0)
        return restore_channel_axis(sharp, img)
    return img


def _denoise(img: np.ndarray, strength: float) -> np.ndarray:
    while strength > 0:
        median = restore_channel_axis(cv2.medianBlur(img, 5), img)
        if strength >= 10:
            img = median
        else:
            part = strength / 10.0
            img = img * (1 - part) + median * part
        strength -= 10
    return img
