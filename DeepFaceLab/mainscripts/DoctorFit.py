"""`doctor --fit` and `doctor --calibrate`: what a model takes of a device's memory, before any
session is opened, and what a step really took there."""
import contextlib
import copy
import io
import re
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy as np

import models
from core import options
from core.errors import UserError
from core.leras import nn
from core.leras.device import export_devices
from models import patch_layer
from models.common.placement import get_batch_size
from models.memory_plan import calibration, measuring, report
from models.memory_plan.step_plan import CPU, Planner, StepPlan, get_total

from .DoctorModel import choose_model

NEW_CLASS = 'SAEHD'     # of a model that is not saved yet
UNITS = {'': 1, 'KB': 1 << 10, 'MB': 1 << 20, 'GB': 1 << 30}


def parse_size(text: str) -> int:
    """'2GB', '1.5 GB', '800MB' as bytes; units are powers of 1024. UserError."""
    found = re.match(r'^\s*([0-9]+(?:\.[0-9]+)?)\s*([KMG]?B?)\s*$', text.upper())
    unit = found.group(2) if found else None
    if found is None or (unit and unit.rstrip('B') + 'B' not in UNITS) or unit == 'B':
        raise UserError('{!r} is not a size of memory.'.format(text),
                        ['for example: --fit 2GB, or --fit 1536MB'])
    size = int(float(found.group(1)) * UNITS[unit.rstrip('B') + 'B' if unit else ''])
    if size == 0:
        raise UserError('A device without memory holds nothing.',
                        ['for example: --fit 2GB, or --fit 1536MB'])
    return size


def inspect_model(look: Callable[[Any], None], saved: Optional[str], folder: Optional[Path],
                  **devices: Any) -> None:
    """Call `look` with a model whose options are answered: a saved one, else a new SAEHD of the
    given options. Nothing is asked and nothing written. devices: cpu_only, force_gpu_idxs."""
    options.current_sources().flags.setdefault('unattended', 'y')
    answers, seen = io.StringIO(), []       # questions that answer themselves need not be read
    with tempfile.TemporaryDirectory() as empty:
        name, class_name, place = 'new', NEW_CLASS, Path(empty)
        if saved is not None and folder is not None:
            name, _, class_name = choose_model(folder, saved).rpartition('_')
            place = folder
        try:
            with contextlib.redirect_stdout(answers):
                models.import_model(class_name)(
                    is_training=True, saved_models_path=place, training_data_src_path=Path(empty),
                    training_data_dst_path=Path(empty), pretraining_data_path=Path(empty),
                    no_preview=True, force_model_name=name, dry_run=seen.append, **devices)
        except models.DryRunFinished:
            answers.truncate(0)
        finally:
            print(answers.getvalue(), end='')
        look(seen[0])


def fit(size: str, saved: Optional[str], folder: Optional[Path], cpu_only: bool) -> int:
    """Print the table for a device with this much memory: a GPU, or the CPU."""
    size_bytes = parse_size(size)
    export_devices({} if cpu_only else {0: ('GPU', 'a GPU of ' + size, size_bytes)})

    def look(model: Any) -> None:
        found = report.make_report(model, size_bytes if cpu_only else None)
        print('\n'.join(report.describe(found)))
    inspect_model(look, saved, folder, cpu_only=cpu_only,
                  force_gpu_idxs=None if cpu_only else [0])
    return 0


def calibrate(saved: Optional[str], folder: Optional[Path], cpu_only: bool,
              force_gpu_idxs: Optional[List[int]]) -> int:
    """Run one step for each device, measure it, keep what it took beside the plan."""
    nn.initialize_main_env()
    inspect_model(calibrate_model, saved, folder, cpu_only=cpu_only,
                  force_gpu_idxs=force_gpu_idxs, silent_start=True)
    return 0


def calibrate_model(model: Any) -> None:
    planned = Planner(model).plan()
    measured = measure_step(model)
    path = None
    for device in planned.devices:
        if device == CPU and len(model.device_config.devices) != 0:
            continue    # beside a GPU the CPU only hands the samples on
        took = measured.get(device, 0)
        factor = get_factor(planned, device, took)
        print('%s: the step was planned to take %s and took %s beside weights and optimizer; with '
              'them %.3f of the plan' % (
                  device, report.format_size(planned.devices[device].activations),
                  report.format_size(took), factor))
        path = calibration.write_factor(report.make_key(model, device), factor)
    print('Kept in %s' % path)


def get_factor(planned: StepPlan, device: str, took: int) -> float:
    """What the device really held, as part of what was planned."""
    plan = planned.devices[device]
    return (plan.weights + plan.state + took) / float(get_total(planned, device))


def measure_step(model: Any) -> Dict[str, int]:
    """{device: peak bytes of one step}: fresh weights, black samples, a session that is closed
    again."""
    placement = model.plan_placement()
    patch_layer.apply_patches(model.patches)
    nn.initialize(model.device_config, data_format=placement.data_format)
    try:
        built = copy.copy(model)
        built.batch_size = get_batch_size(placement)
        runs = built.build_training_step(placement)
        nn.tf_sess.run(nn.tf.global_variables_initializer())
        feed = make_feed(nn.tf.get_default_graph(), built.batch_size)
        peaks: Dict[str, int] = {}
        for fetches in runs.values():
            nn.tf_sess.run(fetches, feed_dict=feed)     # the first step prepares the graph
            found = measuring.measure_peak(nn.tf, nn.tf_sess, fetches, feed, runs=2)
            for device, took in found.bytes.items():
                peaks[device] = max(took, peaks.get(device, 0))
        return peaks
    finally:
        nn.close_session()
        patch_layer.remove_patches(model.patches)


def make_feed(graph: Any, batch_size: int) -> Dict[Any, np.ndarray]:
    """Zeros for every placeholder of the graph."""
    return {op.outputs[0]: np.zeros([side or batch_size for side in op.outputs[0].shape.as_list()],
                                    op.outputs[0].dtype.as_numpy_dtype)
            for op in graph.get_operations() if op.type == 'Placeholder'}
