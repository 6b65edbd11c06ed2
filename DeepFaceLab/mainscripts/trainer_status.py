"""The status line of training (spec 20 section 13.4)."""
from typing import Optional, Sequence

import numpy as np


def format_iter_time(seconds: float) -> str:
    """`[0145ms]` below ten seconds, `[12.34s]` from there."""
    if seconds < 10:
        return '[%04dms]' % int(seconds * 1000)
    return '[%ss]' % ('%.4f' % seconds)[:5]


def format_status_line(clock: str, iteration: int, seconds: float, losses: Sequence[float],
                       feed_wait: Optional[float] = None) -> str:
    """clock `HH:MM:SS`, iterations done, duration of the last one, losses ->
    `[..][#000001][0145ms][1.2345]`, and `[feed 35%]` behind it where that share of the time goes
    into waiting for samples."""
    line = '[%s][#%06d]%s' % (clock, iteration, format_iter_time(seconds)) + ''.join(
        '[%.4f]' % loss for loss in losses)
    return line if feed_wait is None else line + '[feed %d%%]' % round(100 * feed_wait)


def mean_losses(loss_history: Sequence[Sequence[float]], first_iter: int,
                last_iter: int) -> Sequence[float]:
    """Mean of every loss over `loss_history[first_iter:last_iter]`; the last entry when that is
    empty. Values that are not finite are left out, unless a loss has no others."""
    entries = loss_history[first_iter:last_iter]
    if len(entries) == 0:
        return loss_history[-1]
    k = len(loss_history[-1])
    losses = np.array([entry for entry in entries if len(entry) == k], np.float64)
    finite = np.isfinite(losses)
    counts = finite.sum(axis=0)
    means = np.where(finite, losses, 0.0).sum(axis=0) / np.maximum(counts, 1)
    return np.where(counts > 0, means, losses[-1])
