"""The processing devices of this machine (spec 10 section 3). No TensorFlow in this process.

The entry script calls `Devices.initialize_main_env()` once. It lists the devices in a child
process and exports the list to environment variables, which worker processes inherit.
"""
import os
from typing import Iterator, Optional, Sequence, Union

from core.process_options import (FORCE_DEVICES, FORCED_GPU_ID, FORCED_GPU_TYPE,
                                  KEEP_CUDA_VISIBLE_DEVICES, MAX_GPU_MEMORY, VISIBLE_DEVICES,
                                  get_setting, split_list)

from .device_discovery import DeviceTable, discover_devices, list_tf_devices

_BYTES_PER_GB = 1024 ** 3

# TensorFlow's and the driver's behaviour that every process of a run shares
_TF_ENVIRONMENT = (
    ("TF_DIRECTML_KERNEL_CACHE_SIZE", "2500"),
    ("CUDA_CACHE_MAXSIZE", "2147483647"),       # bytes, the driver's maximum
    ("TF_MIN_GPU_MULTIPROCESSOR_COUNT", "2"),   # do not hide small GPUs
    ("TF_CPP_MIN_LOG_LEVEL", "3"),
)


class Device(object):
    """One device: `index` is TensorFlow's, memory is in bytes, `*_gb` in GiB."""

    def __init__(self, index: int, tf_dev_type: str, name: str, total_mem: int,
                 free_mem: int) -> None:
        self.index = index
        self.tf_dev_type = tf_dev_type
        self.name = name
        self.total_mem = total_mem
        self.total_mem_gb = total_mem / _BYTES_PER_GB
        self.free_mem = free_mem
        self.free_mem_gb = free_mem / _BYTES_PER_GB

    def __str__(self) -> str:
        return "[%d]:[%s][%.3g/%.3g]" % (self.index, self.name, self.free_mem_gb,
                                         self.total_mem_gb)


class Devices(object):
    """A list of `Device` with look-ups; a slice is a `Devices` again."""

    all_devices: Optional['Devices'] = None

    def __init__(self, devices: Sequence[Device]) -> None:
        self.devices = list(devices)

    def __len__(self) -> int:
        return len(self.devices)

    def __getitem__(self, key: Union[int, slice]) -> "Union[Device, Devices]":
        result = self.devices[key]
        return Devices(result) if isinstance(key, slice) else result

    def __iter__(self) -> Iterator[Device]:
        return iter(self.devices)

    def get_best_device(self) -> Optional[Device]:
        """The device with most memory, the first of equals; None if there is none."""
        best, best_mem = None, 0
        for device in self.devices:
            if device.total_mem > best_mem:
                best, best_mem = device, device.total_mem
        return best

    def get_worst_device(self) -> Optional[Device]:
        """The device with least memory, the first of equals; None if there is none."""
        return min(self.devices, key=lambda device: device.total_mem) if self.devices else None

    def get_device_by_index(self, idx: int) -> Optional[Device]:
        """The device of that TensorFlow index, or None."""
        return next((device for device in self.devices if device.index == idx), None)

    def get_devices_from_index_list(self, idx_list: Sequence[int]) -> "Devices":
        """The devices whose index is in the list, in device order; unknown indices are dropped."""
        return Devices([device for device in self.devices if device.index in idx_list])

    def get_equal_devices(self, device: Device) -> "Devices":
        """The devices with the same name."""
        return Devices([other for other in self.devices if other.name == device.name])

    def get_devices_at_least_mem(self, totalmemsize_gb: float) -> "Devices":
        """The devices with at least that many GiB."""
        return Devices([device for device in self.devices
                        if device.total_mem >= totalmemsize_gb * _BYTES_PER_GB])

    @staticmethod
    def _get_tf_devices_proc(q) -> None:
        """Body of the discovery child: puts a `DeviceTable` into the queue (spec 10 section
        3.2)."""
        list_tf_devices(q)

    @staticmethod
    def initialize_main_env() -> None:
        """Lists the devices once and exports them to the environment (spec 10 section 3.1).

        A user's `CUDA_VISIBLE_DEVICES` is removed, so that indices mean the same in every tool;
        the option keep_cuda_visible_devices keeps it, visible_devices replaces it. A failed or
        hanging discovery is reported and gives zero devices; the option force_devices skips it
        (spec 60 section 10.1).
        """
        if int(os.environ.get("NN_DEVICES_INITIALIZED") or 0) != 0:
            return
        visible = get_setting(VISIBLE_DEVICES)
        if visible is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = visible
        elif not get_setting(KEEP_CUDA_VISIBLE_DEVICES):
            os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        for name, value in _TF_ENVIRONMENT:
            os.environ[name] = value

        if get_setting(FORCE_DEVICES):
            table = forced_devices()
        else:
            table = discover_devices(Devices._get_tf_devices_proc)
        export_devices(table)

    @staticmethod
    def getDevices() -> "Devices":
        """All devices that `initialize_main_env` found, cached for the life of the process."""
        if Devices.all_devices is None:
            if int(os.environ.get("NN_DEVICES_INITIALIZED") or 0) != 1:
                raise Exception("The devices are not listed yet: call "
                                "nn.initialize_main_env() in the main process first.")
            Devices.all_devices = Devices([
                Device(index=i,
                       tf_dev_type=os.environ["NN_DEVICE_%d_TF_DEV_TYPE" % i],
                       name=os.environ["NN_DEVICE_%d_NAME" % i],
                       total_mem=int(os.environ["NN_DEVICE_%d_TOTAL_MEM" % i]),
                       free_mem=int(os.environ["NN_DEVICE_%d_FREE_MEM" % i]))
                for i in range(int(os.environ["NN_DEVICES_COUNT"]))])
        return Devices.all_devices


def export_devices(table: DeviceTable) -> None:
    """Writes a device table to the environment variables that worker processes read.

    TensorFlow numbers devices from 0 without gaps; `getDevices` relies on it, so a table with
    gaps is renumbered in index order.
    """
    Devices.all_devices = None
    os.environ["NN_DEVICES_INITIALIZED"] = "1"
    os.environ["NN_DEVICES_COUNT"] = str(len(table))
    for i, idx in enumerate(sorted(table)):
        tf_dev_type, name, memory = table[idx]
        os.environ["NN_DEVICE_%d_TF_DEV_TYPE" % i] = tf_dev_type
        os.environ["NN_DEVICE_%d_NAME" % i] = name
        os.environ["NN_DEVICE_%d_TOTAL_MEM" % i] = str(memory)
        os.environ["NN_DEVICE_%d_FREE_MEM" % i] = str(memory)


def forced_devices() -> DeviceTable:
    """The devices that the options state instead of a discovery (spec 60 section 10.1).

    forced_gpu_id, max_gpu_memory and forced_gpu_type hold one entry or several separated by `;`;
    a shorter list repeats its last entry.
    """
    names, memories, types = (
        split_list(get_setting(option)) or [option.default]
        for option in (FORCED_GPU_ID, MAX_GPU_MEMORY, FORCED_GPU_TYPE))
    sizes = [int(text) for text in memories]
    count = max(len(names), len(sizes))
    return {i: (_entry(types, i), _entry(names, i), _entry(sizes, i)) for i in range(count)}


def _entry(values: Sequence, i: int):
    return values[min(i, len(values) - 1)]
