"""What a training really uses, and where each value comes from: shown by the dry run, and written
beside the model as `<model>_options.json` when training begins.
"""
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import numpy as np

from core import options, pathex, persist
from core.interact import interact as io
from core.leras import nn, tf32
from core.process_options import (PROCESS_OPTIONS, TF_ALLOW_GROWTH, get_setting,
                                  list_obsolete)

from .common.placement import describe_batch, describe_placement, get_batch_size
from .common_options import PLAN_MEMORY, START_OPTIONS, TRAINER_OPTIONS, get_trainer_option
from .memory_plan import report
from .model_store import to_plain

CONFIG_SUFFIX = 'options.json'
PAK_NAME = 'faceset.pak'
BYTES_PER_MB = 1024.0 ** 2


def find_source(model: Any, key: str, value: Any) -> str:
    """Where the value of an option comes from, strongest first (architecture rule 2)."""
    sources = options.current_sources()
    if key in sources.found:
        return sources.found[key]
    if key in sources.typed:
        return 'typed'
    for stored, name in ((model.saved_options, 'saved with the model'),
                         (model.default_options, 'default options of the last new model')):
        if stored.get(key) is not None:
            return name if stored[key] == value else name + ', adjusted'
    return 'built-in default'


def collect_options(model: Any) -> Dict[str, Dict[str, Any]]:
    """{key: {'value', 'source'}} in the order of the summary."""
    return {key: {'value': value, 'source': find_source(model, key, value)}
            for key, value in to_plain(model.options).items()}


def collect_settings() -> Dict[str, Dict[str, Any]]:
    """The same for what belongs to the run: start, trainer and process."""
    sources = options.current_sources()
    settings = {}
    for option in START_OPTIONS + TRAINER_OPTIONS + list(PROCESS_OPTIONS):
        value = get_trainer_option(option)
        settings[option.key] = {
            'value': value, 'source': sources.found.get(option.key, 'built-in default')}
    return settings


def collect_folders(model: Any) -> Dict[str, str]:
    folders = {'model': model.saved_models_path, 'src': model.training_data_src_path,
               'dst': model.training_data_dst_path, 'pretraining': model.pretraining_data_path}
    return {name: str(path) for name, path in folders.items() if path is not None}


def collect_configuration(model: Any) -> Dict[str, Any]:
    """Everything as plain data for JSON."""
    plan = model.placement or model.plan_placement()
    return {
        'model': model.get_model_name(), 'iteration': model.get_iter(),
        'time': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
        'options': collect_options(model), 'shown_instead': to_plain(model.options_show_override),
        'patches': {'value': list(model.patches.names), 'source': model.patches.source},
        'settings': collect_settings(), 'folders': collect_folders(model),
        'devices': [{'index': device.index, 'type': device.tf_dev_type, 'name': device.name,
                     'memory_bytes': device.total_mem} for device in model.device_config.devices],
        'placement': None if plan is None else [list(row) for row in describe_placement(plan)],
        'batch': None if plan is None else describe_batch(plan),
        'tensorflow_settings': describe_tensorflow(),
        'versions': {'python': platform.python_version(), 'numpy': np.__version__,
                     'tensorflow': nn.tf.__version__, 'system': sys.platform}}


def write_configuration(model: Any) -> Path:
    """Write `<model>_options.json`; UserError or OSError when the disk does not take it."""
    path = Path(model.get_strpath_storage_for_file(CONFIG_SUFFIX))
    persist.write_text(path, json.dumps(collect_configuration(model), indent=1, default=str) + '\n')
    return path


def describe_tensorflow() -> str:
    """Memory growth, TF32 and visible devices, as they are."""
    state = {None: 'not known to this version', True: 'on', False: 'off'}[
        tf32.is_enabled(sys.modules['tensorflow'])]
    return 'memory growth %s, TF32 %s, visible devices %s' % (
        'on' if get_setting(TF_ALLOW_GROWTH) else 'off', state,
        os.environ.get('CUDA_VISIBLE_DEVICES') or 'all')


def list_changed_settings() -> List[str]:
    """Lines of the settings that somebody gave, and of names that no longer mean anything."""
    lines = ['%s : %s (%s)' % (key, entry['value'], entry['source'])
             for key, entry in collect_settings().items() if entry['source'] != 'built-in default']
    return lines + list_obsolete(options.current_sources().environ)


def log_settings(model: Any) -> None:
    """The start-up echo of what the summary does not hold."""
    plan = model.placement
    if plan is not None and get_batch_size(plan) != plan.asked_batch_size:
        io.log_info(describe_batch(plan))
    io.log_info('TensorFlow %s: %s' % (nn.tf.__version__, describe_tensorflow()))
    if model.patches.names:
        io.log_info('Patches: %s (%s)' % (', '.join(model.patches.names), model.patches.source))
    for line in list_changed_settings():
        io.log_info(line)


# ---------------------------------------------------------------- dry run

def show_dry_run(model: Any) -> None:
    """Log the whole configuration of a model whose options are answered."""
    for line in describe_dry_run(model):
        io.log_info(line)
    if get_trainer_option(PLAN_MEMORY):
        io.log_info('\nPlanning the memory ...')
        for line in describe_memory(model):
            io.log_info(line)


def describe_memory(model: Any) -> List[str]:
    """Lines of text: what a step takes, the largest that fits, what would spare memory."""
    if model.plan_placement() is None:
        return ['  this model does not tell']
    return report.describe(report.make_report(model))


def describe_dry_run(model: Any) -> List[str]:
    """Lines of text: options with their sources, files, folders, devices, placement."""
    config = collect_configuration(model)
    lines = ['', 'Model %s: %s' % (config['model'], describe_start(model)), '', 'Options']
    lines += align([(key, entry['value'], entry['source'])
                    for key, entry in config['options'].items()])
    if config['shown_instead']:
        lines += ['', 'In effect while pretraining']
        lines += align([(key, value, '') for key, value in config['shown_instead'].items()])
    lines += ['', 'Settings', '  TensorFlow %s: %s' % (
        config['versions']['tensorflow'], config['tensorflow_settings'])]
    lines += ['  ' + line for line in list_changed_settings()]
    lines += ['', 'Patches'] + (align([(', '.join(model.patches.names), '', model.patches.source)])
                                if model.patches.names else ['  none'])
    lines += ['', 'Folders'] + align([(name, path, describe_folder(Path(path), name))
                                      for name, path in config['folders'].items()])
    lines += ['', 'Files of the model'] + list_model_files(model)
    lines += ['', 'Devices'] + list_devices(config['devices'])
    lines += ['', 'Placement']
    if config['placement'] is None:
        return lines + ['  this model does not tell']
    return lines + align([tuple(row) + ('',) for row in config['placement']]) + [
        '  ' + config['batch']]


def list_devices(devices: List[Dict[str, Any]]) -> List[str]:
    """Lines: name in graph code and number, which differ where not all devices were chosen."""
    rows = [('/%s:%d' % (device['type'], number), device['name'], 'number %d, %.2f GB' % (
        device['index'], device['memory_bytes'] / 1024.0 ** 3))
        for number, device in enumerate(devices)]
    return align(rows or [('/CPU:0', 'the CPU', '')])


def describe_start(model: Any) -> str:
    if model.is_first_run():
        return 'begins at iteration 0'
    target = ', target %d' % model.target_iter if model.target_iter else ''
    return 'goes on from iteration %d%s' % (model.get_iter(), target)


def describe_folder(path: Path, name: str) -> str:
    """What a data folder holds, without opening a file."""
    if not path.is_dir():
        return 'does not exist'
    if name == 'model':
        return ''
    pak = path / PAK_NAME
    if pak.is_file():
        return '%s, %s' % (PAK_NAME, format_size(pak))
    return '%d images' % len(pathex.get_image_paths(path))


def list_model_files(model: Any) -> List[str]:
    folder, prefix = model.get_model_root_path(), model.get_model_name() + '_'
    found = sorted(path for path in folder.iterdir()
                   if path.name.startswith(prefix)) if folder.is_dir() else []
    lines = align([(path.name, 'folder' if path.is_dir() else format_size(path), '')
                   for path in found])
    if any(path.name.endswith(persist.TEMP_SUFFIX) for path in found):
        lines.append('  an interrupted save: the next start without --dry-run finishes it')
    return lines or ['  none yet']


def format_size(path: Path) -> str:
    size = path.stat().st_size
    return '%.1f MB' % (size / BYTES_PER_MB) if size >= BYTES_PER_MB else '%d bytes' % size


def align(rows: List[Any]) -> List[str]:
    """(name, value, remark) rows in columns."""
    def width(column: int) -> int:
        return min(60, max(len(str(row[column])) for row in rows))
    if not rows:
        return []
    return [('  %-*s  %-*s  %s' % (width(0), row[0], width(1), row[1], row[2])).rstrip()
            for row in rows]
