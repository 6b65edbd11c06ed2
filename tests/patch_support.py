"""Which patches can be tried on this TensorFlow."""
import sys

import dfl_patches

NAMES = dfl_patches.list_names()

# TensorFlow 2.6, that of Python 3.6, registers convolutions in bfloat16 that compute nothing.
UNUSABLE = [name for name in NAMES if name == "bf16" and sys.version_info < (3, 7)]
USABLE = [name for name in NAMES if name not in UNUSABLE]

# Half precision is refused where it is slower than float32, as on most machines that run tests.
FORCE = "DFL_PATCHES_FORCE"
