"""Gaussian weights of the multi-scale losses (spec 10 section 18, spec 82 A)."""
from typing import Sequence

import numpy as np

from core.leras import nn

tf = nn.tf


def get_gaussian_weights(batch_size: int, in_ch: int, resolution: int, num_scale: int = 5,
                         sigma: Sequence[float] = (0.5, 1.0, 2.0, 4.0, 8.0)) -> np.ndarray:
    """float64 array (num_scale, batch, in_ch, resolution, resolution).

    One centred Gaussian a scale, the same for every sample and channel, each of sum 1.
    """
    weights = np.empty((num_scale, batch_size, in_ch, resolution, resolution))
    half = resolution / 2 - 0.5
    t = np.arange(resolution) - half
    for scale in range(num_scale):
        taps = np.exp(-t ** 2 / (2 * sigma[scale] ** 2))
        window = np.outer(taps, taps)
        weights[scale] = window / np.sum(window)
    return weights
nn.get_gaussian_weights = get_gaussian_weights  # noqa: E305
