"""Convolution-aware initial values: the NumPy side (spec 10 section 4.2).

Apart from `core.leras.initializers` so that its worker processes do not load TensorFlow.
"""
import multiprocessing
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from core.joblib import Subprocessor


def generate_ca_kernel(shape: Sequence[int], dtype: Any = np.float32,
                       eps_std: float = 0.05) -> np.ndarray:
    """A kernel (rows, columns, in, out) whose filters are orthogonal in the Fourier domain.

    float64 inside; variance 2/fan_in. Draws from NumPy's global generator twice. ValueError for
    another rank than 4. Aghajanyan, "Convolution Aware Initialization", 2017.
    """
    if len(shape) != 4:
        raise ValueError("A convolution-aware kernel has 4 dimensions, not the shape %r"
                         % (tuple(shape),))
    rows, columns, n_in, n_out = shape
    fan_in = n_in * rows * columns
    spectrum_shape = (rows, columns // 2 + 1)
    basis = rows * (columns // 2 + 1)

    if basis == 1:
        x = np.random.normal(0.0, eps_std, (n_out, n_in, 1))
    else:
        n_bases = n_in // basis + 1
        x = np.random.normal(0.0, 1.0, (n_out, n_bases, basis, basis))
        x = x + np.transpose(x, (0, 1, 3, 2)) * (1 - np.eye(basis))
        u, _, _ = np.linalg.svd(x)
        x = np.transpose(u, (0, 1, 3, 2))
        x = np.reshape(x, (n_out, n_bases * basis, basis))[:, :n_in, :]

    x = np.reshape(x, (n_out, n_in) + spectrum_shape)
    x = np.fft.irfft2(x, (rows, columns))
    x = x + np.random.normal(0.0, eps_std, (n_out, n_in, rows, columns))
    x = x * np.sqrt((2.0 / fan_in) / np.var(x))
    return np.transpose(x, (2, 3, 1, 0)).astype(dtype)


class CAInitializerSubprocessor(Subprocessor):
    """Computes a list of kernels in min(cpu count, list length) worker processes.

    The workers are fresh interpreters with generators seeded by the operating system: values are
    not reproducible by a seed in the parent.
    """

    class Cli(Subprocessor.Cli):
        """One worker."""

        def process_data(self, data: Tuple[int, List[int], Any]) -> Tuple[int, np.ndarray]:
            idx, shape, dtype = data
            return idx, CAInitializerSubprocessor.generate(shape, dtype)

    generate = staticmethod(generate_ca_kernel)

    def __init__(self, data_list: Sequence[Tuple[List[int], Any]]) -> None:
        self.data_list = list(data_list)
        self.pending = [(idx, shape, dtype)
                        for idx, (shape, dtype) in enumerate(self.data_list)]
        self.result: List[Optional[np.ndarray]] = [None] * len(self.data_list)
        super().__init__("CAInitializerSubprocessor", CAInitializerSubprocessor.Cli)

    def process_info_generator(self) -> Iterator[Tuple[str, Dict, Dict]]:
        """A name and two empty dicts a worker."""
        for i in range(min(multiprocessing.cpu_count(), len(self.data_list))):
            yield "CPU%d" % i, {}, {}

    def get_data(self, host_dict: Dict) -> Optional[Tuple[int, List[int], Any]]:
        """The next kernel to compute, None when there is none."""
        return self.pending.pop(0) if self.pending else None

    def on_data_return(self, host_dict: Dict, data: Tuple[int, List[int], Any]) -> None:
        """A worker failed with this kernel: another one gets it."""
        self.pending.insert(0, data)

    def on_result(self, host_dict: Dict, data: Any, result: Tuple[int, np.ndarray]) -> None:
        """A kernel is there."""
        idx, value = result
        self.result[idx] = value

    def get_result(self) -> List[np.ndarray]:
        """The kernels in the order asked for."""
        missing = [self.data_list[i][0] for i, value in enumerate(self.result) if value is None]
        if missing:
            raise Exception("Convolution-aware values were not computed for the shapes %s"
                            % missing)
        return self.result
