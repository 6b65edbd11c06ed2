"""`util --model-stats`: what goes through the layers of a saved model, as table, JSON and plot."""
import json
from pathlib import Path
from typing import Any, List, Optional, Sequence

import models
from core import cv2ex, persist
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from mainscripts.DoctorModel import choose_model
from mainscripts.status_file import to_json
from models.device_choice import choose_device
from models.graph_probe import GraphProbe
from models.model_stats import ModelMeter, ModelStats, Summary
from models.stats_plot import draw_stats

ABSENT = '-'
LAYER_HEADER = ('network', 'layer', 'class', 'activation std', 'largest', 'gradient std')
HEAD_HEADER = ('head', 'range', 'mean', 'saturated', 'before the sigmoid', 'mean')


def main(model: str, folder: Path, src_path: Path, dst_path: Path, batches: int = 4,
         json_path: Optional[Path] = None, plot_path: Optional[Path] = None,
         cpu_only: bool = False, force_gpu_idxs: Optional[Sequence[int]] = None) -> int:
    """Measure `model` (me_SAEHD, me or SAEHD) of `folder` on faces of both sides and print it; 0
    also with warnings. UserError for what cannot be opened, measured or written.

    The model's files are not touched.
    """
    if batches < 1:
        raise UserError('--batches is {}.'.format(batches), ['it counts from 1'])
    for path in (json_path, plot_path):
        check_target(path)
    check_plot(plot_path)
    name = choose_model(folder, model)
    check_save(folder, name)
    nn.initialize(choose_device(cpu_only, force_gpu_idxs, silent_start=False))
    probe = GraphProbe()
    with probe.watch():
        opened = open_model(name, folder, src_path, dst_path)
    try:
        check_networks(opened)
        stats = ModelMeter(opened, probe).measure(batches)
    finally:
        opened.finalize()
    io.log_info(format_stats(stats))
    if json_path is not None:
        persist.write_text(json_path, encode_stats(stats))
    if plot_path is not None and not cv2ex.cv2_imwrite(plot_path, draw_stats(stats)):
        raise UserError('{} could not be written.'.format(plot_path), ['free some space'])
    return 0


def check_target(path: Optional[Path]) -> None:
    if path is not None and not path.parent.is_dir():
        raise UserError('There is no folder {}.'.format(path.parent), ['make it first'])


def check_plot(path: Optional[Path]) -> None:
    """UserError for a kind of picture that cannot be written, before anything is measured."""
    if path is not None and not cv2ex.cv2.haveImageWriter(str(path)):
        raise UserError('{} is no kind of picture that can be written.'.format(path.name),
                        ['give --plot a name that ends in .png'])


def check_save(folder: Path, name: str) -> None:
    """UserError while the files belong to two saves: finishing one would change them."""
    if persist.read_manifest(folder, name).get('state') == 'pending':
        raise UserError('A save of {} is not finished.'.format(name), [
            'if the model trains just now, try again in a moment',
            '`main.py doctor --model {} --model-dir {}` finishes it'.format(name, folder)])


def open_model(name: str, folder: Path, src_path: Path, dst_path: Path) -> Any:
    """The model with its training graph, on the devices that `nn` has."""
    own_name, _, class_name = name.rpartition('_')
    devices = nn.getCurrentDeviceConfig().devices
    return models.import_model(class_name)(
        is_training=True, read_only=True, saved_models_path=folder,
        training_data_src_path=src_path, training_data_dst_path=dst_path,
        pretraining_data_path=src_path, no_preview=True, force_model_name=own_name,
        cpu_only=len(devices) == 0, force_gpu_idxs=[device.index for device in devices])


def check_networks(model: Any) -> None:
    """UserError where a network's file is missing: training would begin that part anew."""
    for part, filename in model.get_model_filename_list():
        path = model.find_saved_file(filename)
        if isinstance(part, nn.ModelBase) and not path.exists():
            raise UserError('The weights file {} is missing.'.format(path), [
                '`main.py doctor --model {} --model-dir {}` shows earlier saves'.format(
                    model.get_model_name(), path.parent)])


# ---------------------------------------------------------------- the result as text

def encode_stats(stats: ModelStats) -> str:
    """The figures as strict JSON: null is what was not measured or is not finite."""
    content = stats._asdict()
    for key in ('layers', 'heads'):
        content[key] = [{field: value._asdict() if isinstance(value, Summary) else value
                         for field, value in entry._asdict().items()} for entry in content[key]]
    return json.dumps(to_json(content), indent=1, allow_nan=False) + '\n'


def format_stats(stats: ModelStats) -> str:
    """The figures as tables, then the warnings."""
    lines = ['', '%s, iteration %d: %d batches, %d samples a side' % stats[:4], '']
    lines += align([LAYER_HEADER] + [
        (layer.network, layer.layer, layer.kind, format_field(layer.activation, 'std'),
         format_largest(layer.activation), format_field(layer.gradient, 'std'))
        for layer in stats.layers], left=3)
    lines += [''] + align([HEAD_HEADER] + [
        ('%s %s' % (head.network, head.head), format_range(head.output),
         format_field(head.output, 'mean'),
         ABSENT if head.logits is None else format_field(head.output, 'saturated'),
         format_range(head.logits), format_field(head.logits, 'mean'))
        for head in stats.heads], left=1)
    lines += [''] + ['WARNING: ' + warning for warning in stats.warnings]
    return '\n'.join(lines if stats.warnings else lines + ['No signature of a failure.'])


def format_field(summary: Optional[Summary], field: str) -> str:
    return ABSENT if summary is None else '%.3g' % getattr(summary, field)


def format_largest(summary: Optional[Summary]) -> str:
    return ABSENT if summary is None else '%.3g' % max(abs(summary.low), abs(summary.high))


def format_range(summary: Optional[Summary]) -> str:
    return ABSENT if summary is None else '%.3g..%.3g' % (summary.low, summary.high)


def align(rows: Sequence[Sequence[str]], left: int) -> List[str]:
    """Lines of a table: the first `left` columns to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ['  '.join(cell.ljust(width) if index < left else cell.rjust(width)
                      for index, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in rows]
