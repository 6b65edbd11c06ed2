"""Kills the real trainer while it saves and backs up, again and again, and looks what is left.

    python tests/bench/kill_trainer.py --n 100      100 kills, about a third of a minute each

`main.py train` trains a small SAEHD on rendered faces and saves and backs up every second. SIGKILL
comes at moments that are spread evenly from the begin of a save to the end of the backup after it.
After each kill: the model folder, as the next start finds it, must give a verified generation whose
data and optimizer are of one iteration, not older than the last save that the trainer had told;
no good backup may be missing; and the trainer that is started next must load just that iteration.
"""
import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tree_setup
from core import persist
from models import model_generations
from models.model_generations import CURRENT, VERIFIED, Generation

BACKUPS_COUNT = 24
START_TIMEOUT_SEC = 300
ANSWERS = dict(
    resolution=64, face_type='wf', archi='df', ae_dims=32, e_dims=16, d_dims=16, d_mask_dims=16,
    masked_training=True, eyes_mouth_prio=False, uniform_yaw=False, blur_out_mask=False,
    models_opt_on_gpu=True, adabelief=False, lr_dropout='n', random_warp=False,
    random_hsv_power=0, true_face_power=0, face_style_power=0, bg_style_power=0, ct_mode='none',
    clipgrad=False, pretrain=False, gan_power=0, autobackup_hour=0, write_preview_history=False,
    target_iter=0, random_src_flip=False, random_dst_flip=False, batch_size=2)
PROGRAM = ("print('SAVE BEGINS', model.get_iter(), flush=True); model_save(); "
           "print('SAVED', model.get_iter(), flush=True); model_backup(); "
           "print('BACKED UP', flush=True)")


class Trainer:
    """A trainer's process that runs PROGRAM, its output followed by a thread. Ends with the block.
    """

    def __init__(self, command):
        environment = dict(os.environ, DFL_INTERACT='headless', PYTHONUNBUFFERED='1')
        environment.pop('TF_DETERMINISTIC_OPS', None)     # a test's setting
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.output, self.times = '', []    # when a SAVE BEGINS or a BACKED UP was read
        self.loaded = self.trained = self.saving = self.saved = None    # iterations
        self.begun = self.backed_up = 0
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.kill()

    def follow(self):
        text = ''
        while True:
            block = os.read(self.process.stdout.fileno(), 65536)
            if not block:
                return
            text += block.decode('utf-8', 'replace')
            lines = re.split('[\r\n]', text)
            text = lines.pop()
            for line in lines:
                self.read(line)

    def read(self, line):
        self.output = (self.output + line + '\n')[-5000:]
        found = re.search(r'Current iteration: (\d+)', line)
        if found:
            self.loaded = int(found.group(1))
        found = re.search(r'\[#(\d+)\]', line)
        if found:
            self.trained = int(found.group(1))
        if line.startswith('SAVE BEGINS '):
            self.saving = int(line.split()[-1])
        if line.startswith('SAVED '):
            self.saved = int(line.split()[1])
        if line.startswith(('SAVE BEGINS', 'BACKED UP')):
            self.times.append(time.time())
            self.begun += line.startswith('SAVE BEGINS')
            self.backed_up += line.startswith('BACKED UP')

    def wait_for(self, what):
        deadline = time.time() + START_TIMEOUT_SEC
        while not what():
            if time.time() > deadline or self.process.poll() is not None:
                sys.exit('The trainer does not train:\n' + self.output)
            time.sleep(0.0005)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)     # its sample workers
        except ProcessLookupError:
            pass
        self.thread.join()


def make_command(root):
    """`main.py train` of a small SAEHD in the workspace `root`."""
    return [sys.executable, str(tree_setup.TREE / 'main.py'), 'train', '--model', 'SAEHD',
            '--model-dir', str(root / 'model'), '--training-data-src-dir', str(root / 'src'),
            '--training-data-dst-dir', str(root / 'dst'), '--no-preview', '--cpu-only',
            '--force-model-name', 'k', '--answers', str(root / 'answers.json'),
            '--execute-program', '-1', PROGRAM]


def read_state(folder, name, optimizer):
    """(report of what the next start finds, iteration of the optimizer file), taken on a
    hard-linked copy of the folder."""
    copy = folder.with_name('copy')
    shutil.rmtree(str(copy), ignore_errors=True)
    shutil.copytree(str(folder), str(copy), copy_function=os.link,
                    ignore=lambda path, names: [n for n in names if n.endswith('_autobackups')])
    persist.recover_generation(copy, name)
    report = model_generations.inspect(Generation(CURRENT, copy, name))
    return report, int(persist.load(copy / optimizer)['iters:0'])


def count_good_backups(folder, name, known):
    """Numbered backups that verify; `known` remembers those that did, by their record's inode."""
    root = folder / (name + '_autobackups')
    count = 0
    for path in root.iterdir() if root.is_dir() else ():
        record = persist.manifest_path(path, name)
        if not path.name.isdigit() or not record.exists():
            continue
        key = record.stat().st_ino, record.stat().st_mtime
        if key not in known:
            known[key] = persist.verify_generation(path, name) == []
        count += known[key]
    return count


def measure_save(command, backups_count):
    """Seconds from the begin of a save to the end of its backup; makes the first backups."""
    with Trainer(command) as trainer:
        trainer.wait_for(lambda: trainer.backed_up >= backups_count)
    return statistics.median(end - begin
                             for begin, end in zip(trainer.times[::2], trainer.times[1::2]))


def strike(command, folder, name, optimizer, count, backups_count=BACKUPS_COUNT):
    """Kill the trainer of a model `count` times and check each time.

    optimizer: name of the file with the optimizer's iteration. Yields (what was written when it was
    killed: save or backup; iterations lost; failures), and prints a line for each.
    """
    known = {}
    duration = measure_save(command, backups_count)
    print('A save with its backup takes %.2f s.' % duration)
    expected, good_before = None, count_good_backups(folder, name, known)
    for number in range(count):
        with Trainer(command) as trainer:
            trainer.wait_for(lambda: trainer.begun == trainer.backed_up + 1 > 1)
            time.sleep(duration * number / count)
        failures = []
        if expected is not None and trainer.loaded != expected:
            failures.append('loaded %s instead of %s' % (trainer.loaded, expected))
        report, optimizer_iteration = read_state(folder, name, optimizer)
        expected = report.iteration
        if report.state != VERIFIED or not report.is_finite or optimizer_iteration != expected:
            failures.append('%s, optimizer at %d' % (report, optimizer_iteration))
        if expected is None or expected < trainer.saved:
            failures.append('save %s is lost, %s is there' % (trainer.saved, expected))
        good = count_good_backups(folder, name, known)
        if good < min(good_before, BACKUPS_COUNT):
            failures.append('%d good backups of %d' % (good, good_before))
        good_before = good
        phase = 'save' if trainer.saved < trainer.saving else 'backup'
        print('%3d  in the %-6s  trained %6d  saved %6d  found %6s  good backups %2d  %s' % (
            number + 1, phase, trainer.trained, trainer.saved, expected, good,
            '; '.join(failures) or 'ok'), flush=True)
        yield phase, trainer.trained - (expected or 0), failures


def print_table(results):
    print('\n%-8s%8s%10s%18s' % ('killed', 'kills', 'failures', 'iterations lost'))
    for phase in ('save', 'backup', None):
        rows = [row for row in results if phase in (row[0], None)]
        if rows:
            print('%-8s%8d%10d%11s %d..%d' % (phase or 'all', len(rows),
                                              sum(bool(row[2]) for row in rows), '',
                                              min(row[1] for row in rows),
                                              max(row[1] for row in rows)))


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--n', type=int, default=100, help='kills (default 100)')
    p.add_argument('--dir', help='where the workspace is made; default: the temporary folder')
    arguments = p.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
        import faceset_support
        root = Path(folder)
        faceset_support.write_facesets(root)
        (root / 'answers.json').write_text(json.dumps(ANSWERS))
        results = list(strike(make_command(root), root / 'model', 'k_SAEHD',
                              'k_SAEHD_src_dst_opt.npy', arguments.n))
    print_table(results)
    sys.exit(any(failures for _, _, failures in results))


if __name__ == '__main__':
    main()
