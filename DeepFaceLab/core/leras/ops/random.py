"""Random masks (spec 10 section 5.5)."""
from typing import Any, Optional

import numpy as np

from core.leras import nn

tf = nn.tf


def random_binomial(shape: Any, p: float = 0.0, dtype: Any = None,
                    seed: Optional[int] = None) -> Any:
    """Tensor of ones with probability p and zeros else, new in every session run.

    Without a seed one number is drawn from NumPy's global generator when the graph is built.
    The uniforms are float16, multiples of 1/1024, so p = 0.3 really keeps 308/1024.
    """
    tf = nn.tf
    if dtype is None:
        dtype = tf.float32
    if seed is None:
        seed = np.random.randint(10000000)
    return tf.where(tf.random_uniform(shape, dtype=tf.float16, seed=seed) < p,
                    tf.ones(shape, dtype=dtype), tf.zeros(shape, dtype=dtype))
nn.random_binomial = random_binomial  # noqa: E305
