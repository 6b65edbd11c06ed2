"""A saved SAEHD for merging through the command line, and the command."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from merge_run_support import read_files
from tree_setup import TREE

KILLED_MERGE = dict(merge_mode='seamless', color_transfer_mode='mix-m')     # random numbers in it

MODEL_CODE = """
import sys; sys.path.insert(0, {tests!r})
import tree_setup, pathlib, json
import saehd_support as support
from models.common import gan_model
support.io.input_skip_pending = lambda *args, **kwargs: None
module = support.get_model_module()
support.start_engine()
for kind in ('int', 'number', 'bool', 'str'):
    setattr(support.io, 'input_' + kind, lambda label, default=None, *args, **kwargs: default)
gan_model.load_or_init_weights = lambda model, *args, **kwargs: support.set_weights(model)
folder = pathlib.Path({folder!r})
support.write_model_folder(folder, support.make_options(**json.loads({options!r})))
model = module.Model(is_training=False, **support.list_arguments(folder))
model.onSave()
"""


def write_model(folder, **options):
    """A model `p` of SAEHD with fixed random weights, in a process of its own."""
    code = MODEL_CODE.format(tests=str(Path(__file__).parent), folder=str(folder),
                             options=json.dumps(options))
    subprocess.check_call([sys.executable, '-c', code], stdout=subprocess.DEVNULL)


def make_command(workspace, model_folder, *arguments, **answers):
    given = dict(dict(merge_interactive='n', merge_workers=2, mask_mode=4), **answers)
    line = [sys.executable, str(TREE / 'main.py'), 'merge', '--input-dir', str(workspace.frames),
            '--output-dir', str(workspace.merged), '--output-mask-dir', str(workspace.masks),
            '--aligned-dir', str(workspace.aligned), '--model-dir', str(model_folder),
            '--model', 'SAEHD', '--force-model-name', 'p', '--cpu-only']
    for key, value in sorted(given.items()):
        line += ['--set', '%s=%s' % (key, value)]
    return line + list(arguments)


def make_environment(**changes):
    return dict(os.environ, NN_DEVICES_INITIALIZED='1', NN_DEVICES_COUNT='0',
                TF_CPP_MIN_LOG_LEVEL='3', DFL_INTERACT='headless', DFL_UNATTENDED='y', **changes)


def run_merge(workspace, model_folder, *arguments, **answers):
    """(exit code, everything it printed)"""
    done = subprocess.run(make_command(workspace, model_folder, *arguments, **answers),
                          env=make_environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode('utf-8', 'replace')


def start_merge(workspace, model_folder, *arguments, **answers):
    """A merge that has written its first frame."""
    process = subprocess.Popen(make_command(workspace, model_folder, *arguments, **answers),
                               env=make_environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while process.poll() is None and not read_files(workspace.merged):
        time.sleep(0.005)
    return process


def kill_and_go_on(workspace, model_folder, seconds, whole):
    """Kill a merge `seconds` after its first frame and start it again: the files that were whole
    stay, and at the end all are those of `whole`, byte for byte. How many were whole."""
    process = start_merge(workspace, model_folder, **KILLED_MERGE)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    time.sleep(1.0)         # the workers end by themselves
    kept = {name: data for name, data in read_files(workspace.merged, workspace.masks).items()}
    assert all(whole[name] == data for name, data in kept.items())
    frames = sum(1 for name in kept if name.startswith(workspace.merged.name)
                 and name.replace(workspace.merged.name, workspace.masks.name, 1) in kept)
    code, output = run_merge(workspace, model_folder, **KILLED_MERGE)
    assert code == 0, output
    assert ', %d kept,' % frames in output, (frames, output)
    assert read_files(workspace.merged, workspace.masks) == whole
    return len(kept)
