"""The namespace `nn`: engine state, session and devices (spec 10 section 2).

`nn` is never instantiated. TensorFlow is imported by `nn.initialize`; ops, layers, models,
optimizers and archis then register themselves as attributes. Everything looks the state up
through the class at call time, so that drivers, patches and plug-ins may replace any part.
"""
import logging
import sys
import warnings
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from core.interact import interact as io
from core.process_options import TF_ALLOW_GROWTH, get_setting

from . import tf32
from .device import Devices
from .device_discovery import use_cuda_cache, v1_api

warnings.simplefilter(action="ignore", category=FutureWarning)

_TO_NHWC = (0, 2, 3, 1)
_TO_NCHW = (0, 3, 1, 2)
_DETERMINISTIC_SEED = 1


class nn(object):
    """State (None until `initialize`) and functions; the rest registers itself."""

    current_DeviceConfig = None

    tf = None
    tf_sess = None
    tf_sess_config = None
    tf_default_device_name = None

    data_format = None
    conv2d_ch_axis = None
    conv2d_spatial_axes = None

    floatx = None

    @staticmethod
    def initialize(device_config: "Optional[nn.DeviceConfig]" = None, floatx: str = "float32",
                   data_format: str = "NHWC") -> None:
        """Imports TensorFlow (first call of a process), opens a session, sets type and format.

        The devices are chosen once per process: a later `device_config` changes nothing.
        `floatx` (`float32` or `float16`) and `data_format` (`NHWC` or `NCHW`) are set by every
        call. ValueError for other values (spec 10 section 2.2).
        """
        nn.prepare(device_config)
        if nn.tf_sess is None:
            nn.tf_sess = nn.tf.Session(config=nn.tf_sess_config)
        _seed_default_graph()

        if floatx == "float32":
            nn.set_floatx(nn.tf.float32)
        elif floatx == "float16":
            nn.set_floatx(nn.tf.float16)
        else:
            raise ValueError("floatx is %r, it must be 'float32' or 'float16'" % (floatx,))
        nn.set_data_format(data_format)

    @staticmethod
    def prepare(device_config: "Optional[nn.DeviceConfig]" = None) -> None:
        """The part of `initialize` that happens once per process, without a session: no device is
        touched, which is what a dry run needs."""
        if nn.tf is not None:
            return
        if device_config is None:
            device_config = nn.getCurrentDeviceConfig()
        nn.setCurrentDeviceConfig(device_config)
        try:
            nn._import_tensorflow(device_config)
            nn._import_parts()
            nn._configure_session(device_config)
        except BaseException:
            nn.tf = None    # a half-made engine would go on without its session config
            raise

    @staticmethod
    def _import_tensorflow(device_config: "nn.DeviceConfig") -> None:
        if len(device_config.devices) != 0 and sys.platform.startswith("win"):
            names = [device.name for device in device_config.devices]
            if all(name == names[0] for name in names):
                names = names[:1]
            use_cuda_cache("".join("_" + name for name in names).replace(" ", "_"))

        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        import tensorflow
        tf = v1_api(tensorflow)
        if tf is not tensorflow:
            tf.disable_v2_behavior()   # graph mode, reference variables, v1 shapes
        tf32.apply_option(tensorflow)
        nn.tf = tf

    @staticmethod
    def _import_parts() -> None:
        """Imports what registers on `nn`; each package needs the ones before it."""
        import core.leras.ops            # noqa: F401
        import core.leras.layers         # noqa: F401
        import core.leras.initializers   # noqa: F401
        import core.leras.optimizers     # noqa: F401
        import core.leras.models         # noqa: F401
        import core.leras.archis         # noqa: F401

    @staticmethod
    def _configure_session(device_config: "nn.DeviceConfig") -> None:
        if len(device_config.devices) == 0:
            config = nn.tf.ConfigProto(device_count={"GPU": 0})
            nn.tf_default_device_name = "/CPU:0"
        else:
            config = nn.tf.ConfigProto()
            # the list renumbers: the i-th chosen device is /<type>:i in the graph
            config.gpu_options.visible_device_list = ",".join(
                str(device.index) for device in device_config.devices)
            nn.tf_default_device_name = "/%s:0" % device_config.devices[0].tf_dev_type
        config.gpu_options.force_gpu_compatible = True
        config.gpu_options.allow_growth = get_setting(TF_ALLOW_GROWTH)
        nn.tf_sess_config = config

    @staticmethod
    def initialize_main_env() -> None:
        """Lists the devices and exports them to the environment; see `Devices`."""
        Devices.initialize_main_env()

    @staticmethod
    def set_floatx(tf_dtype: Any) -> None:
        """Sets the default TF dtype of layers that are constructed from now on."""
        nn.floatx = tf_dtype

    @staticmethod
    def set_data_format(data_format: str) -> None:
        """Sets `NHWC` or `NCHW` and the axes that follow from it; ValueError otherwise."""
        if data_format == "NHWC":
            nn.conv2d_ch_axis, nn.conv2d_spatial_axes = 3, [1, 2]
        elif data_format == "NCHW":
            nn.conv2d_ch_axis, nn.conv2d_spatial_axes = 1, [2, 3]
        else:
            raise ValueError("data_format is %r, it must be 'NHWC' or 'NCHW'" % (data_format,))
        nn.data_format = data_format

    @staticmethod
    def get4Dshape(w: int, h: int, c: int) -> Tuple[Optional[int], int, int, int]:
        """Placeholder shape of a batch of images; note the order, width first."""
        return (None, h, w, c) if nn.data_format == "NHWC" else (None, c, h, w)

    @staticmethod
    def to_data_format(x: np.ndarray, to_data_format: str, from_data_format: str) -> np.ndarray:
        """4-D array of one data format in the other (a view); ValueError for unknown formats."""
        if to_data_format == from_data_format:
            return x
        if to_data_format == "NHWC":
            return np.transpose(x, _TO_NHWC)
        if to_data_format == "NCHW":
            return np.transpose(x, _TO_NCHW)
        raise ValueError("to_data_format is %r, it must be 'NHWC' or 'NCHW'" % (to_data_format,))

    @staticmethod
    def getCurrentDeviceConfig() -> "nn.DeviceConfig":
        """The active device config; the best GPU (or the CPU) when none was set."""
        if nn.current_DeviceConfig is None:
            nn.current_DeviceConfig = nn.DeviceConfig.BestGPU()
        return nn.current_DeviceConfig

    @staticmethod
    def setCurrentDeviceConfig(device_config: "nn.DeviceConfig") -> None:
        """Sets the active device config; the session is not touched."""
        nn.current_DeviceConfig = device_config

    @staticmethod
    def reset_session() -> None:
        """Drops the default graph and opens a new session with `nn.tf_sess_config`."""
        if nn.tf is not None and nn.tf_sess is not None:
            nn.tf.reset_default_graph()
            nn.tf_sess.close()
            nn.tf_sess = nn.tf.Session(config=nn.tf_sess_config)
            _seed_default_graph()

    @staticmethod
    def close_session() -> None:
        """Drops the default graph and closes the session; `initialize` opens a new one."""
        if nn.tf_sess is not None:
            nn.tf.reset_default_graph()
            nn.tf_sess.close()
            nn.tf_sess = None

    @staticmethod
    def ask_choose_device_idxs(choose_only_one: bool = False, allow_cpu: bool = True,
                               suggest_best_multi_gpu: bool = False,
                               suggest_all_gpu: bool = False) -> List[int]:
        """Asks which devices to use; [] is the CPU (spec 10 section 2.5)."""
        devices = Devices.getDevices()
        if len(devices) == 0:
            return []
        if choose_only_one:
            suggest_best_multi_gpu = suggest_all_gpu = False

        all_indexes = [device.index for device in devices]
        best = devices.get_best_device() or devices[0]
        if suggest_all_gpu:
            suggested = all_indexes
        elif suggest_best_multi_gpu:
            suggested = [device.index for device in devices.get_equal_devices(best)]
        else:
            suggested = [best.index]
        default = ",".join(str(index) for index in suggested)

        io.log_info("")
        io.log_info("Choose one GPU idx." if choose_only_one
                    else "Choose one or several GPU idxs (separated by comma).")
        io.log_info("")
        if allow_cpu:
            io.log_info("[CPU] : CPU")
        for device in devices:
            io.log_info("  [%d] : %s" % (device.index, device.name))
        io.log_info("")

        label = "Which GPU index to choose?" if choose_only_one else \
            "Which GPU indexes to choose?"
        while True:
            chosen = _parse_device_answer(io.input_str(label, default), allow_cpu)
            if chosen is None or (choose_only_one and len(chosen) > 1):
                continue
            if all(index in all_indexes for index in chosen):
                break
        io.log_info("")
        return chosen

    class DeviceConfig(object):
        """The devices a process works with; picklable, passed on to worker processes."""

        def __init__(self, devices: Optional[Sequence[Any]] = None) -> None:
            devices = devices if devices is not None else []
            self.devices = devices if isinstance(devices, Devices) else Devices(devices)
            self.cpu_only = len(self.devices) == 0

        @staticmethod
        def BestGPU() -> "nn.DeviceConfig":
            """The device with most memory; the CPU if there is none."""
            return nn.DeviceConfig._of(Devices.getDevices().get_best_device())

        @staticmethod
        def WorstGPU() -> "nn.DeviceConfig":
            """The device with least memory; the CPU if there is none."""
            return nn.DeviceConfig._of(Devices.getDevices().get_worst_device())

        @staticmethod
        def _of(device: Any) -> "nn.DeviceConfig":
            return nn.DeviceConfig.CPU() if device is None else nn.DeviceConfig([device])

        @staticmethod
        def GPUIndexes(indexes: Sequence[int]) -> "nn.DeviceConfig":
            """The devices with these indices, in device order; none of them there: the CPU."""
            if len(indexes) == 0:
                return nn.DeviceConfig.CPU()
            devices = Devices.getDevices().get_devices_from_index_list(indexes)
            missing = [index for index in indexes
                       if devices.get_device_by_index(index) is None]
            if missing:
                io.log_err("No GPU with index %s on this machine; using %s." % (
                    ", ".join(str(index) for index in missing),
                    ", ".join(str(device) for device in devices) or "the CPU"))
            return nn.DeviceConfig(devices)

        @staticmethod
        def CPU() -> "nn.DeviceConfig":
            """No device."""
            return nn.DeviceConfig([])

        @staticmethod
        def ask_choose_device(*args: Any, **kwargs: Any) -> "nn.DeviceConfig":
            """`ask_choose_device_idxs` as a device config."""
            return nn.DeviceConfig.GPUIndexes(nn.ask_choose_device_idxs(*args, **kwargs))


def _seed_default_graph() -> None:
    """Gives the default graph a seed where TensorFlow demands one and nobody has set it.

    With `TF_DETERMINISTIC_OPS=1` recent TensorFlow refuses every random op, so every weight, in
    a graph without a seed. In all other cases the graph stays unseeded, as the reference's.
    """
    from tensorflow.python.framework import config
    is_demanded = getattr(config, "is_op_determinism_enabled", lambda: False)
    if is_demanded() and nn.tf.get_default_graph().seed is None:
        nn.tf.set_random_seed(_DETERMINISTIC_SEED)


def _parse_device_answer(answer: str, allow_cpu: bool) -> Optional[List[int]]:
    """The indices of an answer such as `0,1`; [] for the CPU; None if it cannot be read."""
    if allow_cpu and answer.strip().lower() == "cpu":
        return []
    try:
        return [int(part) for part in answer.split(",")]
    except ValueError:
        return None
