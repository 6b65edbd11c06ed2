"""core/leras/ca_init.py: kernels from worker processes (their values: test_leras_vectors.py)."""
import subprocess
import sys

import numpy as np
import pytest

from conftest import TREE
from core.leras import ca_init, nn
from core.leras.ca_init import CAInitializerSubprocessor, generate_ca_kernel


def test_kernel_of_another_rank():
    with pytest.raises(ValueError, match="4 dimensions"):
        generate_ca_kernel((3, 3, 8))


@pytest.mark.parametrize("shape", [(3, 3, 5, 7), (1, 1, 4, 3), (2, 2, 40, 3), (5, 4, 1, 2)])
def test_variance_and_shape(shape):
    kernel = generate_ca_kernel(shape, np.float64)
    assert kernel.shape == shape and kernel.dtype == np.float64
    np.testing.assert_allclose(kernel.var(), 2 / np.prod(shape[:3]), rtol=1e-6)


def test_workers_compute_in_order_and_differently(monkeypatch):
    monkeypatch.setattr(ca_init.multiprocessing, "cpu_count", lambda: 2)
    rows = [([3, 3, 2, 4], np.float32), ([1, 1, 3, 2], np.float16), ([3, 3, 2, 4], np.float32)]
    values = CAInitializerSubprocessor(rows).run()
    assert [(list(v.shape), v.dtype) for v in values] == [(s, np.dtype(d)) for s, d in rows]
    assert not (values[0] == values[2]).any()


def test_worker_count(monkeypatch):
    monkeypatch.setattr(ca_init.multiprocessing, "cpu_count", lambda: 3)
    rows = [([3, 3, 2, 4], np.float32)] * 5
    names = [name for name, _, _ in CAInitializerSubprocessor(rows).process_info_generator()]
    assert names == ["CPU0", "CPU1", "CPU2"]
    assert len(list(CAInitializerSubprocessor(rows[:2]).process_info_generator())) == 2


def test_missing_value_is_an_error():
    host = CAInitializerSubprocessor([([3, 3, 2, 4], np.float32)])
    with pytest.raises(Exception, match="not computed"):
        host.get_result()


def test_nothing_to_compute():
    nn.initialize(nn.DeviceConfig.CPU())
    assert nn.initializers.ca.generate_batch([]) == []
    from core.leras.initializers.CA import CAInitializerSubprocessor as old_path
    assert old_path is CAInitializerSubprocessor


def test_worker_imports_no_tensorflow():
    code = ("import sys; from core.leras import ca_init; ca_init.generate_ca_kernel((3, 3, 2, 2)); "
            "assert 'tensorflow' not in sys.modules")
    subprocess.check_call([sys.executable, "-c", code], cwd=str(TREE))
