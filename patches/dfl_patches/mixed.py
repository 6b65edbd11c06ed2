"""bfloat16 where the device has it, else float16."""
from .half_precision import HalfPrecisionPatch
from .half_support import choose_mixed

NAME = "mixed"
SUMMARY = "bf16 where the device has it, else fp16"
CONFLICTS = ("fp16", "bf16")

_patch = HalfPrecisionPatch(choose_mixed)
apply = _patch.apply
remove = _patch.remove
