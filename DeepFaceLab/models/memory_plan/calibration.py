"""How a plan becomes an estimate for a device: what a measured step took beside the planned one.

A CPU needs what the plan says. A GPU also holds workspaces that its library chooses by itself and
the gaps between buffers; until a step was measured there, by `doctor --calibrate`, the estimate is
a range.
"""
import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from core import persist
from core.errors import CorruptFileError, UserError
from core.json_input import parse_json

from .step_plan import CPU, StepPlan, get_total

UNCALIBRATED = (1.0, 1.25)      # of a GPU
CONTEXT_BYTES = 600 << 20       # that a GPU's driver and libraries take beside the buffers
FILE_NAME = 'memory_factors.json'
FOLDER_NAME = 'deepfacelab-tf1x'


class Scale(object):
    """lowest, highest: factors of what the plan says; extra: bytes beside it."""

    def __init__(self, lowest: float, highest: float, extra: int, is_measured: bool) -> None:
        self.lowest, self.highest, self.extra = lowest, highest, extra
        self.is_measured = is_measured

    def estimate(self, plan: StepPlan, device: str) -> Tuple[int, int]:
        """(lowest, highest) bytes that the step will take on the device."""
        total = get_total(plan, device)
        return int(total * self.lowest) + self.extra, int(total * self.highest) + self.extra


def get_folder() -> Path:
    """Where this user's settings of programs are kept; not created here."""
    if sys.platform == 'win32':
        base = os.environ.get('APPDATA') or str(Path.home())
    else:
        base = os.environ.get('XDG_CONFIG_HOME') or str(Path.home() / '.config')
    return Path(base) / FOLDER_NAME


def read_factors() -> Dict[str, float]:
    """{key of a device: factor}; {} when nothing was measured. CorruptFileError."""
    path = get_folder() / FILE_NAME
    if not path.is_file():
        return {}
    remedies = ['delete it, and measure again: main.py doctor --calibrate']
    try:
        factors = parse_json(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise CorruptFileError('%s cannot be read: %s.' % (path, error), remedies) from error
    if not isinstance(factors, dict) or not all(
            isinstance(value, float) and 0 < value < 100 for value in factors.values()):
        raise CorruptFileError('%s does not hold factors of devices.' % path, remedies)
    return factors


def write_factor(key: str, factor: float) -> Path:
    """Keep a measured factor beside those of other devices."""
    path = get_folder() / FILE_NAME
    factors = dict(read_factors(), **{key: float(factor)})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError('The folder %s cannot be made: %s.' % (path.parent, error.strerror),
                        ['on Linux, XDG_CONFIG_HOME names another']) from error
    persist.write_text(path, json.dumps(factors, indent=1, sort_keys=True) + '\n')
    return path


def make_key(device_name: str, tensorflow_version: str, setting: str) -> str:
    """What a factor is good for; setting: data format, and oneDNN on a CPU."""
    return '%s, TensorFlow %s, %s' % (device_name, tensorflow_version, setting)


def choose_scale(device: str, factor: Optional[float]) -> Scale:
    """device: its name in the graph. factor: what was measured there, None: nothing."""
    extra = 0 if device == CPU else CONTEXT_BYTES
    if factor is not None:
        return Scale(factor, factor, extra, True)
    lowest, highest = (1.0, 1.0) if device == CPU else UNCALIBRATED
    return Scale(lowest, highest, extra, False)


def find_scale(device: str, key: Any) -> Scale:
    return choose_scale(device, read_factors().get(key))
