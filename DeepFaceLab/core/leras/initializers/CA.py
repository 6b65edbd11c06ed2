"""Convolution-aware initialisation: the TensorFlow side (spec 10 section 4.1)."""
from typing import Any, List, Sequence, Tuple

import numpy as np
from tensorflow.python.ops import init_ops

from core.leras import nn
from core.leras.ca_init import CAInitializerSubprocessor

tf = nn.tf


class initializers(object):
    """Namespace `nn.initializers`."""

    class ca(init_ops.Initializer):
        """Marks a convolution kernel for convolution-aware values.

        The variable's own initializer is zeros named `_cai_`; `nn.init_weights` recognises that
        name and fills the values in from NumPy.
        """

        def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
            return nn.tf.zeros(shape, dtype=dtype, name="_cai_")

        @staticmethod
        def generate_batch(data_list: Sequence[Tuple[List[int], Any]],
                           eps_std: float = 0.05) -> List[np.ndarray]:
            """Values for [(shape, NumPy dtype), ...], computed by several processes.

            `eps_std` has no effect; 0.05 is used.
            """
            return CAInitializerSubprocessor(data_list).run() if len(data_list) != 0 else []


nn.initializers = initializers
