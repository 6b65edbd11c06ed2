"""Which half precision a device can compute in, and which is worth it.

Asked without a session, so that a dry run touches no device: TensorFlow's list of kernels, its
build, and what the processor or the GPU's compute capability says.
"""
import importlib
import os
from typing import Any, List, Optional

from .errors import PatchError
from .scale_file import warn

FORCE_NAME = "DFL_PATCHES_FORCE"

# A convolution, its gradients and what stands between two of them.
_NEEDED_KERNELS = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "Pad", "AddV2",
                   "LeakyRelu", "LeakyReluGrad")
_DT_BFLOAT16 = 14   # tensorflow/core/framework/types.proto


def choose_fp16(nn: Any) -> Any:
    """float16; on the CPU with a line that it is slow."""
    if is_on_cpu(nn):
        warn("fp16 on the CPU takes several times the time of float32: it is there for tests.")
    return nn.tf.float16


def choose_bf16(nn: Any) -> Any:
    """bfloat16. PatchError if the device cannot, or would be slower than in float32 (unless
    forced)."""
    reason = explain_no_bf16_kernels(nn)
    if reason is not None:
        raise PatchError("bf16: " + reason, [
            "use fp16 on a GPU", "leave the patch away",
            "use a newer TensorFlow: the versions in requirements.txt have it"])
    reason = explain_slow_bf16(nn)
    if reason is not None and os.environ.get(FORCE_NAME) != "1":
        raise PatchError("bf16: " + reason, [
            "leave the patch away: float32 is faster here",
            "switch oneDNN on (leave TF_ENABLE_ONEDNN_OPTS unset) if it was switched off",
            "%s=1 uses it all the same, for its memory" % FORCE_NAME])
    return nn.tf.bfloat16


def choose_mixed(nn: Any) -> Any:
    """bfloat16 where the device has it, else float16."""
    if explain_no_bf16_kernels(nn) is None and explain_slow_bf16(nn) is None:
        return nn.tf.bfloat16
    return choose_fp16(nn)


def is_on_cpu(nn: Any) -> bool:
    """Whether training runs on the CPU."""
    return nn.getCurrentDeviceConfig().cpu_only


def explain_no_bf16_kernels(nn: Any) -> Optional[str]:
    """Why TensorFlow cannot compute in bfloat16 on this device; None if it can."""
    device = "CPU" if is_on_cpu(nn) else \
        nn.getCurrentDeviceConfig().devices[0].tf_dev_type
    for op in _NEEDED_KERNELS:
        if not _has_bf16_kernel(op, device):
            return "this TensorFlow has no bfloat16 kernel of %s for the %s." % (op, device)
    return None


def explain_slow_bf16(nn: Any) -> Optional[str]:
    """Why bfloat16 would be slower than float32, or fail, on this device; None if it is not."""
    if is_on_cpu(nn):
        if not is_onednn_on():
            return "oneDNN is off, and without it bfloat16 takes several times float32's time."
        flags = read_cpu_flags()
        if "avx512f" not in flags:
            return ("this processor has no AVX-512, which oneDNN needs for bfloat16." if flags
                    else "this system does not say whether the processor has AVX-512.")
        return None
    capability = _get_compute_capability(nn)
    if capability is None:
        return "TensorFlow does not say what this GPU's compute capability is; bfloat16 needs 8.0."
    if capability < (8, 0):
        return "this GPU has compute capability %d.%d, and bfloat16 needs 8.0." % capability
    return None


def is_onednn_on() -> bool:
    """Whether TensorFlow was started with its oneDNN kernels (its build and environment)."""
    try:
        port = importlib.import_module("tensorflow.python.util._pywrap_util_port")
    except ImportError:     # TensorFlow 1.15 has it nowhere, and its wheels no oneDNN
        return False
    return bool(port.IsMklEnabled())


def read_cpu_flags() -> List[str]:
    """Instruction sets as Linux names them; [] where no file says it."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("flags"):
                    return line.split(":", 1)[1].split()
    except OSError:
        pass        # Windows, macOS
    return []


def _has_bf16_kernel(op: str, device: str) -> bool:
    kernels = importlib.import_module("tensorflow.python.framework.kernels")
    for kernel in kernels.get_registered_kernels_for_op(op).kernel:
        if kernel.device_type != device:
            continue
        types = [list(x.allowed_values.list.type) for x in kernel.constraint if x.name == "T"]
        if not types or _DT_BFLOAT16 in types[0]:
            return True
    return False


def _get_compute_capability(nn: Any) -> Any:
    """(major, minor), the lowest of the chosen GPUs; None if TensorFlow does not say."""
    get_details = getattr(nn.tf.config.experimental, "get_device_details", None)
    if get_details is None:
        return None
    gpus = nn.tf.config.experimental.list_physical_devices("GPU")
    chosen = [device.index for device in nn.getCurrentDeviceConfig().devices]
    found = [get_details(gpus[index]).get("compute_capability")
             for index in chosen if index < len(gpus)]
    return min(found) if found and None not in found else None
