"""Which devices a model computes on (spec 20 section 2.3 step 6)."""
from typing import Any, List, Optional, Sequence, Union

from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from core.options import find_given

from .common_options import CPU_ONLY, FORCE_GPU_IDXS


def parse_gpu_idxs(force_gpu_idxs: Union[None, str, Sequence[int]]) -> Optional[List[int]]:
    """'0,1' or [0, 1] -> [0, 1]; None or nothing in it -> None, which means: ask."""
    if force_gpu_idxs is None:
        return None
    if isinstance(force_gpu_idxs, str):
        try:
            force_gpu_idxs = [int(part) for part in force_gpu_idxs.split(',') if part.strip()]
        except ValueError as error:
            raise UserError('%r is not a list of GPU numbers.' % force_gpu_idxs,
                            ['for example: 0,1']) from error
    return [int(index) for index in force_gpu_idxs] or None


def is_device_told(cpu_only: bool = False,
                   force_gpu_idxs: Union[None, str, Sequence[int]] = None) -> bool:
    """Whether arguments or options say it, so that `choose_device` asks nobody."""
    return bool(cpu_only or parse_gpu_idxs(force_gpu_idxs) is not None or find_given(CPU_ONLY)
                or parse_gpu_idxs(find_given(FORCE_GPU_IDXS)) is not None)


def choose_device(cpu_only: bool, force_gpu_idxs: Union[None, str, Sequence[int]],
                  silent_start: bool) -> Any:
    """An nn.DeviceConfig: what was asked for explicitly (by argument, else by option), else the
    best GPU with silent_start (the CPU where there is none), else what the user chooses. UserError
    for a GPU that is not there."""
    gpu_idxs = parse_gpu_idxs(force_gpu_idxs)
    if not cpu_only and gpu_idxs is None:
        cpu_only = bool(find_given(CPU_ONLY))
        gpu_idxs = parse_gpu_idxs(find_given(FORCE_GPU_IDXS))
    if cpu_only:
        return nn.DeviceConfig.CPU()
    if gpu_idxs is not None:
        config = nn.DeviceConfig.GPUIndexes(gpu_idxs)
        if len(config.devices) != len(set(gpu_idxs)):
            raise UserError(
                'Not all of the GPUs %s exist on this computer.' % ','.join(map(str, gpu_idxs)), [
                    'leave --force-gpu-idxs away to see and choose the devices',
                    'use --cpu-only to compute without a GPU'
                ])
        return config
    if silent_start:
        config = nn.DeviceConfig.BestGPU()
        name = config.devices[0].name if len(config.devices) != 0 else 'CPU'
        io.log_info('Silent start: computing on %s' % name)
        return config
    return nn.DeviceConfig.GPUIndexes(nn.ask_choose_device_idxs(suggest_best_multi_gpu=True))
