"""Weights without the pretrained files: the rule of spec 40 section 9, as far as it is needed."""
import hashlib
import json
from pathlib import Path

import numpy as np

from core import persist

GOLDEN = Path(__file__).parent / "golden" / "facelib"


def load_table(name):
    return [(key, tuple(shape)) for key, shape in json.loads(
        (GOLDEN / ("weights_%s.json" % name)).read_text())["weights"]]


def load_case(name):
    cases = json.loads((GOLDEN / "network_check.json").read_text())["cases"]
    return next(case for case in cases if case["model"] == name)


def make_weight(key, shape, gain=1.0):
    """The value of a weight; gain: of what multiplies normalised features."""
    seed = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16)
    z = np.random.RandomState(seed).standard_normal(shape).astype(np.float32)
    leaf = key.rsplit("/", 1)[-1].split(":")[0]
    if leaf == "running_var":
        return np.float32(0.5) * np.abs(z) + np.float32(0.5)
    if leaf in ("running_mean", "bias"):
        return np.float32(0.05) * z
    if len(shape) == 1 or ("norm/" in key and tuple(shape[:3]) == (1, 1, 1)):
        return np.float32(gain) * (1 + np.float32(0.1) * z)
    return z * np.float32(np.sqrt(2 / np.prod(shape[:-1])))


def write_weights(path, table, dtype=np.float32, gain=1.0):
    persist.write_bytes(path, persist.dumps(
        {key: make_weight(key, shape, gain).astype(dtype) for key, shape in table}))


def assert_outputs(outputs, case):
    assert len(outputs) == len(case["outputs"])
    for ours, expected in zip(outputs, case["outputs"]):
        assert list(ours.shape) == expected["shape"]
        flat = ours.ravel().astype(np.float64)
        np.testing.assert_allclose([flat.mean(), flat.std()],
                                   [expected["mean"], expected["std"]], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(flat[:8], expected["first8"], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(flat[-4:], expected["last4"], rtol=1e-4, atol=1e-6)
