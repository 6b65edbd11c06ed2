"""Half precision in float16, with a loss scale for each optimizer."""
from .half_precision import HalfPrecisionPatch
from .half_support import choose_fp16

NAME = "fp16"
SUMMARY = "convolutions in float16 with a dynamic loss scale; weights and files stay float32"
CONFLICTS = ("bf16", "mixed")

_patch = HalfPrecisionPatch(choose_fp16)
apply = _patch.apply
remove = _patch.remove
