"""Random draws that NumPy does not offer (spec 31 section 11)."""
from typing import Sequence

import numpy as np


def random_normal(size: Sequence[int] = (1,), trunc_val: float = 2.5, rnd_state=None) -> np.ndarray:
    """Truncated standard normal, scaled to [-1, 1], float32 of shape `size`, row-major.

    Element by element a draw outside +-trunc_val is thrown away and drawn again. Vectors of
    exactly the still missing length consume the same stream: no draw is made behind the last
    accepted one, so the state of `rnd_state` afterwards is that of the element-wise loop.

    :param rnd_state: np.random.RandomState, or None for NumPy's global one.
    """
    rnd_state = np.random if rnd_state is None else rnd_state
    shape = tuple(size)
    total = int(np.prod(shape, dtype=np.int64))
    parts, missing = [], total
    while missing > 0:
        drawn = rnd_state.standard_normal(missing)
        accepted = drawn[np.abs(drawn) <= trunc_val]
        parts.append(accepted)
        missing -= len(accepted)
    values = np.concatenate(parts) if parts else np.zeros((0,), np.float64)
    return (values / trunc_val).astype(np.float32).reshape(shape)
