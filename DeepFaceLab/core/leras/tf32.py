"""TF32: whether GPUs may round the factors of a product to 10 bits (TensorFlow 2.4 and newer).

Process-wide in TensorFlow, so it is set before the first session and changes no graph.
"""
from typing import Any, Optional

from core.options import find_given
from core.process_options import ALLOW_TF32


def _find(tensorflow: Any, name: str) -> Any:
    experimental = getattr(getattr(tensorflow, "config", None), "experimental", None)
    return getattr(experimental, name, None)


def apply_option(tensorflow: Any) -> None:
    """Sets what the option allow_tf32 gives; TensorFlow's default stays when nobody gives it."""
    given = find_given(ALLOW_TF32)
    if given is None:
        return
    enable = _find(tensorflow, "enable_tensor_float_32_execution")
    if enable is None:
        from core.interact import interact as io
        io.log_info("allow_tf32 = %s has no effect: TensorFlow %s does not have that setting."
                    % (given, tensorflow.__version__))
        return
    enable(given)


def is_enabled(tensorflow: Any) -> Optional[bool]:
    """Whether TF32 may be used; None where TensorFlow does not have it."""
    ask = _find(tensorflow, "tensor_float_32_execution_enabled")
    return None if ask is None else bool(ask())
