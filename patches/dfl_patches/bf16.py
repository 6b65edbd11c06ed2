"""Half precision in bfloat16: float32's range, so no loss scale."""
from .half_precision import HalfPrecisionPatch
from .half_support import choose_bf16

NAME = "bf16"
SUMMARY = "convolutions in bfloat16; weights and files stay float32"
CONFLICTS = ("fp16", "mixed")

_patch = HalfPrecisionPatch(choose_bf16)
apply = _patch.apply
remove = _patch.remove
