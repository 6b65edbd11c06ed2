"""Rows of faces for the training preview (spec 21 section 10)."""
import numpy as np

from core.leras import nn

# A preview is at most this many pixels high and four faces tall.
MAX_HEIGHT, MAX_ROWS = 800, 4


def count_rows(batch_size: int, resolution: int) -> int:
    return min(MAX_ROWS, batch_size, MAX_HEIGHT // resolution)


def to_image(x, data_format: str):
    """(n, ...) batch of layout data_format -> NHWC, clipped to 0..1."""
    return np.clip(nn.to_data_format(x, 'NHWC', data_format), 0.0, 1.0)


def repeat_mask(mask, channels: int):
    """(n, h, w, 1) -> (n, h, w, channels)"""
    return np.repeat(mask, channels, -1)


def stack_rows(columns, rows: int):
    """Columns are batches (n, h, w, c) of equal shape -> (rows * h, len(columns) * w, c).

    Row i shows sample i of every column."""
    return np.concatenate([
        np.concatenate([column[i] for column in columns], axis=1) for i in range(rows)], axis=0)
