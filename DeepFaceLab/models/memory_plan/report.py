"""The table of a model's memory: for the dry run, `doctor --fit`, and the end of a training that
ran out of it."""
import platform
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from core import compat
from core.leras import nn
from core.osex import get_memory_info

from . import calibration, search
from .calibration import Scale
from .search import Lever, Limits
from .step_plan import CPU, Planner, StepPlan, get_main_device

MIB = 1024.0 ** 2

Report = NamedTuple('Report', [
    ('base', StepPlan), ('scales', Dict[str, Scale]),
    ('sizes', Dict[str, int]),                      # bytes of the devices, where known
    ('names', Dict[str, str]),
    ('largest_batch', Optional[StepPlan]), ('largest_resolution', Optional[StepPlan]),
    ('levers', List[Lever])])


def make_report(model: Any, cpu_bytes: Optional[int] = None) -> Report:
    """model: with answered options, which plans a placement. cpu_bytes: what the CPU may use,
    None: all that the machine has.

    UserError when the model does not tell, or a measured factor cannot be read."""
    planner = Planner(model)
    base = planner.plan()
    sizes, names = list_sizes(model, cpu_bytes)
    scales = {device: calibration.find_scale(device, make_key(model, device))
              for device in base.devices}
    limits = Limits({device: (sizes[device], scales[device])
                     for device in base.devices if device in sizes})
    grid = model.get_resolution_grid()
    batch = resolution = None
    if limits.devices:
        batch = search.find_largest_batch(planner, limits)
        if grid is not None:
            resolution = search.find_largest_resolution(planner, limits, search.Grid(*grid))
    levers = search.list_levers(planner, model.list_memory_levers())
    return Report(base, scales, sizes, names, batch, resolution, levers)


def list_sizes(model: Any, cpu_bytes: Optional[int]) -> Tuple[Dict[str, int], Dict[str, str]]:
    """({device: bytes}, {device: name}) in the names of graph code."""
    sizes, names = {}, {CPU: 'the CPU'}
    memory = get_memory_info()
    if cpu_bytes is not None or memory is not None:
        sizes[CPU] = cpu_bytes if cpu_bytes is not None else memory[0]
    for number, device in enumerate(model.device_config.devices):
        name = '/%s:%d' % (device.tf_dev_type, number)
        sizes[name], names[name] = device.total_mem, device.name
    return sizes, names


def make_key(model: Any, device: str) -> str:
    """The key of a device's measured factor."""
    version = nn.tf.__version__
    if device == CPU:
        onednn = 'on' if compat.is_onednn_on(version) else 'off'
        return calibration.make_key('CPU ' + platform.machine(), version, 'oneDNN ' + onednn)
    number = int(device.rpartition(':')[2])
    return calibration.make_key(model.device_config.devices[number].name, version,
                                model.plan_placement().data_format)


# ---------------------------------------------------------------- text

def format_size(size: float) -> str:
    return '%.2f GB' % (size / MIB / 1024) if size >= 1000 * MIB else '%.0f MB' % (size / MIB)


def format_estimate(plan: StepPlan, device: str, scale: Scale) -> str:
    lowest, highest = scale.estimate(plan, device)
    if lowest == highest:
        return format_size(lowest)
    return '%s to %s' % (format_size(lowest), format_size(highest))


def describe(report: Report) -> List[str]:
    """Lines of text."""
    base = report.base
    lines = ['Memory of a step: %d px, batch %d%s' % (
        base.resolution, base.batch_size,
        ', patches ' + ', '.join(base.patches) if base.patches else '')]
    lines += align(list_device_rows(report))
    lines += ['  ' + note for note in list_notes(report)]
    lines += describe_largest(report)
    device = get_main_device(base)
    rows = [('', '%s takes' % device, 'saved')]
    for lever in report.levers:
        if lever.plan is None:
            continue
        saved = search.get_saving(base, lever, report.scales[device])
        rows.append((lever.text + (' (a new model)' if lever.is_for_new else ''),
                     format_estimate(lever.plan, device, report.scales[device]),
                     format_size(saved) if saved > 0 else '-'))
    lines += ['', 'What each lever leaves'] + align(rows)
    return lines + ['  ' + lever.text for lever in report.levers if lever.plan is None]


def list_device_rows(report: Report) -> List[Tuple[str, ...]]:
    rows: List[Tuple[str, ...]] = [
        ('device', 'weights', 'optimizer', 'activations', 'together', 'it has')]
    for device, plan in report.base.devices.items():
        size = report.sizes.get(device)
        rows.append((device, format_size(plan.weights), format_size(plan.state),
                     format_size(plan.activations),
                     format_estimate(report.base, device, report.scales[device]),
                     'not known' if size is None else format_size(size)))
    return rows


def list_notes(report: Report) -> List[str]:
    """What the figures leave out, and how sure they are."""
    notes = []
    for device in report.base.devices:
        scale = report.scales[device]
        if device != CPU and not scale.is_measured:
            notes.append('%s (%s) is not calibrated: 1.00 to 1.25 of the plan, and 600 MB for the '
                         'driver; `doctor --calibrate` measures it' % (
                             device, report.names.get(device, device)))
        elif scale.is_measured:
            notes.append('%s: the plan times %.2f, measured%s' % (
                device, scale.lowest, '' if device == CPU else ', and 600 MB for the driver'))
    if get_main_device(report.base) == CPU:
        notes.append('beside it: the program itself, about 0.6 GB, and the workers of the samples')
    return notes


def describe_largest(report: Report) -> List[str]:
    """The largest batch and resolution; nothing where no device's memory is known."""
    base = report.base
    if not any(device in report.sizes for device in base.devices):
        return []
    batch, resolution = report.largest_batch, report.largest_resolution
    lines = ['  largest batch that fits at %d px: %s' % (
        base.resolution, 'none, not even the smallest' if batch is None else batch.batch_size)]
    if resolution is not None:
        lines.append('  largest resolution that fits with batch %d: %d px' % (
            base.batch_size, resolution.resolution))
    return lines


def list_remedies(report: Report) -> List[str]:
    """What to change when memory ran out, the largest saving first, as sentences."""
    device = get_main_device(report.base)
    scale = report.scales[device]
    levers = [lever for lever in report.levers
              if search.get_saving(report.base, lever, scale) > 0]
    levers.sort(key=lambda lever: -search.get_saving(report.base, lever, scale))
    return ['%s%s: %s in place of %s on %s' % (
        lever.text, ' in a new model' if lever.is_for_new else '',
        format_estimate(lever.plan, device, scale),
        format_estimate(report.base, device, scale), device) for lever in levers]


def align(rows: List[Tuple[str, ...]]) -> List[str]:
    """Columns; the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ['  ' + '  '.join(
        [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width
                                     in zip(row[1:], widths[1:])]).rstrip() for row in rows]
