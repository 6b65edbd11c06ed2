"""Makes the tree importable and pins what changes rounding, before anything imports TensorFlow.

Needs nothing but Python: conftest.py imports it, and so does the smoke set of TensorFlow 1.15,
whose environment has no test runner.
"""
import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TREE = REPOSITORY / "DeepFaceLab"
PATCHES = REPOSITORY / "patches"

# The thread count and oneDNN change the rounding of every number (spec 10 section 14.3).
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# No search for GPUs: discovery has tests of its own.
os.environ.setdefault("NN_DEVICES_INITIALIZED", "1")
os.environ.setdefault("NN_DEVICES_COUNT", "0")

for path in (str(TREE), str(PATCHES), str(REPOSITORY / "tests")):
    if path not in sys.path:
        sys.path.insert(0, path)
# spawned workers import the tree too
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(TREE)] + [p for p in [os.environ.get("PYTHONPATH")] if p])
