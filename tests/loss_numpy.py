"""Loss terms of the face models in NumPy, independent of the graph (spec 21 section 5)."""
import numpy as np


def make_taps(count: int, sigma: float, center: float):
    taps = np.exp(-(np.arange(count) - center) ** 2 / (2 * sigma ** 2))
    return taps / taps.sum()


def filter_valid(x, taps):
    """Separable correlation over axes 1 and 2 of (n, h, w, c), without padding."""
    for axis in (1, 2):
        size = x.shape[axis] - len(taps) + 1
        x = sum(tap * np.take(x, np.arange(i, i + size), axis=axis)
                for i, tap in enumerate(taps))
    return x


def blur(x, radius: float):
    count = max(3, int(4 * radius))
    count += 1 - count % 2
    pad = count // 2
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode='constant')
    return filter_valid(x, make_taps(count, radius, count // 2))


def dssim(a, b, window: int):
    taps = make_taps(window, 1.5, (window - 1) / 2)

    def mean(x):
        return filter_valid(x, taps)
    mean_a, mean_b = mean(a), mean(b)
    cross, power = mean_a * mean_b, mean_a ** 2 + mean_b ** 2
    luminance = (2 * cross + 1e-4) / (power + 1e-4)
    contrast = ((2 * mean(a * b) - 2 * cross + 9e-4)
                / (mean(a * a + b * b) - power + 9e-4))
    return (1 - (luminance * contrast).mean(axis=(1, 2))) / 2


def soften(mask, side: int):
    return np.clip(blur(mask, max(1, side // 32)), 0, 0.5) * 2


def fill_outside(target, mask, side: int):
    weight = 1 - blur(mask, side / 128)
    weight = np.where(weight == 0, 1, weight)
    return target * mask + blur(target * (1 - mask), side / 128) / weight * (1 - mask)
