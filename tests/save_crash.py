"""Saves that break off, through the real `ModelBase.save` and `create_backup`, without TensorFlow.

    python save_crash.py MODE ROOT      MODE: a key of MODES

Each round begins with a model that has saved and has all its backups, trains, saves, backs up and
saves again, and is struck at another step of the writing (disk_faults.py): killed in a forked
child, or failing in this process. Then it is opened again and everything on the disk is checked.
The last line is one JSON object. This process never imports TensorFlow, which makes a round cost
some hundredths of a second.
"""
import errno
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import tree_setup  # noqa: F401  import paths
import numpy as np

from core import durable_write, persist
from core.errors import UserError
from disk_faults import RENAMES, CountingDisk, FaultyDisk, Patch, PowerCut
from fake_model import NAME, WEIGHTS, make_model, replace_engine

BACKUPS_COUNT = 4
KILLS = 200
PAGE = 4096
hard_link = os.link
has_hard_links = True       # for the saves


def work(model, on_saved=lambda iteration: None):
    """Two saves and a backup, as a training run does them."""
    for makes_backup in (True, False):
        model.train_one_iter()
        model.save()
        on_saved(model.iter)
        if makes_backup:
            model.create_backup()


def read_iterations(folder):
    """The iteration of each file of a generation that is whole, [] of another one."""
    if persist.read_manifest_or_empty(folder, NAME).get('state') != 'committed' \
            or persist.verify_generation(folder, NAME):
        return []
    files = [persist.load(folder / ('%s_%s.npy' % (NAME, name))) for name in WEIGHTS]
    return [persist.load(folder / (NAME + '_data.dat'))['iter']] + sorted(
        {float(number) for values in files for array in values.values() for number in array})


def is_whole(folder):
    """A verified generation whose files are all of one iteration."""
    return len(set(read_iterations(folder))) == 1


def count_backups(folder):
    root = folder / (NAME + '_autobackups')
    return sum(is_whole(path) for path in root.iterdir() if path.name.isdigit())


def check_round(folder, saved, trained):
    """Open the model after a blow and go on; assertions tell what is lost."""
    kept = persist.list_previous(folder, NAME)
    assert any(map(is_whole, kept)), 'no earlier save is whole'
    if has_hard_links:
        assert saved in [read_iterations(path)[0] for path in [folder] + kept if is_whole(path)], \
            'the last save is neither in place nor kept'
    assert count_backups(folder) >= BACKUPS_COUNT, 'a good backup is lost'
    model = make_model(folder)
    assert saved <= model.iter <= trained and trained - model.iter <= 1, 'a save is lost'
    for part, _ in model.parts:
        for weight in part.weights:
            assert np.all(weight.value == model.iter), 'files of several iterations'
    assert read_iterations(folder) == [model.iter, model.iter]
    resumed_at = model.iter
    work(model)
    assert count_backups(folder) == BACKUPS_COUNT
    assert is_whole(folder) and model.iter == resumed_at + 2
    assert read_iterations(folder / (NAME + '_autobackups') / '01')[0] == resumed_at + 1
    assert [path for path in persist.list_previous(folder, NAME) if is_whole(path)]


class Rounds:
    """The folders of the rounds: hard-linked copies of a first one, which no save may write to."""

    def __init__(self, root):
        self.root = Path(root)
        self.template = self.root / 'template'
        self.template.mkdir(parents=True)
        model = make_model(self.template)
        for _ in range(BACKUPS_COUNT):
            model.train_one_iter()
            model.save()
            model.create_backup()
        self.content = self.read_template()
        self.iteration = model.iter
        self.count = 0

    def read_template(self):
        return {str(path): path.read_bytes() for path in self.template.rglob('*')
                if path.is_file()}

    def begin(self):
        """A new folder like the template."""
        if self.count:
            shutil.rmtree(str(self.root / str(self.count)))
        self.count += 1
        folder = self.root / str(self.count)
        shutil.copytree(str(self.template), str(folder), copy_function=hard_link)
        return folder

    def count_steps(self):
        """Kinds of all steps of `work`."""
        model = make_model(self.begin())
        patch = Patch()
        disk = CountingDisk(patch, -1, None)
        try:
            work(model)
        finally:
            patch.undo()
        return disk.kinds


def run_struck(rounds, number, strike, goes_on=False, expect=(UserError, OSError),
               backs_up=False):
    """A round in this process: `work` with a blow at a step, `backs_up`: and a backup when that has
    passed. (folder, saved, trained)"""
    folder = rounds.begin()
    model = make_model(folder)
    saved = [model.iter]
    patch = Patch()
    CountingDisk(patch, number, strike, goes_on)
    try:
        work(model, saved.append)
    except expect:
        pass
    finally:
        patch.undo()
    if backs_up:
        model.create_backup()
        assert is_whole(folder / (NAME + '_autobackups') / '01'), 'a backup of two saves'
    return folder, saved[-1], model.iter


def run_killed(rounds, number):
    """A round in a child that is killed at a step. (folder, saved, trained, was it killed)"""
    folder = rounds.begin()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        model = make_model(folder)

        def kill(kind, path, size, fail):
            fail()
            os.write(writer, b'%d\n' % model.iter)
            os.kill(os.getpid(), signal.SIGKILL)
        CountingDisk(Patch(), number, kill)
        work(model, lambda iteration: os.write(writer, b'saved %d\n' % iteration))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, 'rb') as pipe:
        lines = pipe.read().split(b'\n')[:-1]
    killed = os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    saved = [int(line.split()[1]) for line in lines if line.startswith(b'saved')]
    return folder, (saved or [rounds.iteration])[-1], int(lines[-1].split()[-1]), killed


def run_kills(rounds):
    """A kill at every step, at least KILLS of them; where nothing forks, an end of all writing."""
    kinds = rounds.count_steps()
    numbers = [i * len(kinds) // max(KILLS, len(kinds)) for i in range(max(KILLS, len(kinds)))]
    for number in numbers:
        if hasattr(os, 'fork'):
            folder, saved, trained, killed = run_killed(rounds, number)
            assert killed, number
        else:
            folder, saved, trained = run_struck(rounds, number, raise_power_cut, True, PowerCut)
        check_named(folder, saved, trained, number, kinds)
    return {'rounds': len(numbers), 'kinds': {kind: kinds.count(kind) for kind in set(kinds)}}


def raise_power_cut(kind, path, size, fail):
    fail()
    raise PowerCut()


def check_named(folder, saved, trained, number, kinds):
    try:
        check_round(folder, saved, trained)
    except BaseException:
        print('step %d of %d: %s' % (number, len(kinds), kinds[number]), folder, file=sys.stderr)
        raise


def run_power(rounds):
    """A power cut at every fourth step, and what a disk may show afterwards."""
    kinds = rounds.count_steps()
    count = 0
    for renames in RENAMES:
        for number in range(RENAMES.index(renames), len(kinds), 4):
            folder = rounds.begin()
            model = make_model(folder)
            saved = [model.iter]
            patch = Patch()
            disk = FaultyDisk(patch, number)
            try:
                work(model, saved.append)
            except PowerCut:
                pass
            finally:
                patch.undo()
            disk.come_back(renames)
            check_named(folder, saved[-1], model.iter, number, kinds)
            count += 1
    return {'rounds': count}


def make_failure(code):
    def strike(kind, path, size, fail):
        fail()
        raise OSError(code, os.strerror(code))
    return strike


def run_full(rounds):
    """From a step on nothing can be written or made; removing and renaming go on."""
    fail = make_failure(errno.ENOSPC)

    def strike(kind, path, size, half):
        if kind in ('open', 'write', 'fsync', 'mkdir', 'link'):
            fail(kind, path, size, half)
    return run_failures(rounds, strike, goes_on=True)


def run_broken(rounds):
    """One step fails with an input/output error, a write after its first half."""
    return run_failures(rounds, make_failure(errno.EIO))


def run_failures(rounds, strike, goes_on=False):
    kinds = rounds.count_steps()
    for number in range(0, len(kinds), 2):
        folder, saved, trained = run_struck(rounds, number, strike, goes_on)
        check_named(folder, saved, trained, number, kinds)
    return {'rounds': len(range(0, len(kinds), 2))}


def run_held(rounds):
    """A file or folder that another program holds: its replacement is refused every time."""
    durable_write.REPLACE_PAUSE = 0
    kinds = rounds.count_steps()
    refusals = []

    def strike_target(number):
        held = []

        def strike(kind, path, size, fail):
            held[:] = held or [path]
            if kind == 'replace' and path == held[0]:
                refusals.append(path)
                raise PermissionError(errno.EACCES, 'in use')
        return strike
    numbers = [number for number, kind in enumerate(kinds) if kind == 'replace']
    for number in numbers:
        del refusals[:]
        folder, saved, trained = run_struck(rounds, number, strike_target(number), True,
                                            backs_up=True)
        assert len(refusals) % 10 == 0 and refusals, (number, len(refusals))
        check_named(folder, saved, trained, number, kinds)
    return {'rounds': len(numbers)}


def run_kills_without_links(rounds):
    """As FAT, exFAT and some network drives are."""
    def refuse(source, target, **kwargs):
        raise PermissionError(errno.EPERM, 'no hard links here')
    global has_hard_links
    has_hard_links, os.link = False, refuse
    return run_kills(rounds)


def run_small_disk(rounds):
    """ROOT is the root of a small file system that is really full: from no page left to so many
    that everything fits."""
    from models import backups
    backups.check_room = lambda *args: None     # which would tell beforehand
    failures = 0
    for pages in range(0, 80, 2):
        folder = rounds.begin()
        model = make_model(folder)
        saved = [model.iter]
        fill_disk(rounds.root / 'ballast', pages)
        try:
            work(model, saved.append)
        except UserError as error:
            failures += 1
            assert 'No space left' in str(error), error
        (rounds.root / 'ballast').unlink()
        check_round(folder, saved[-1], model.iter)
    return {'rounds': pages // 2 + 1, 'failures': failures}


def fill_disk(path, pages):
    """A file that leaves `pages` free."""
    with open(str(path), 'wb', buffering=0) as file:
        while True:
            free = os.statvfs(str(path)).f_bavail - pages
            if free <= 0:
                return
            file.write(bytes(PAGE * min(free, 256)))


MODES = {'kills': run_kills, 'kills_without_links': run_kills_without_links, 'power': run_power,
         'full': run_full, 'small_disk': run_small_disk, 'broken': run_broken, 'held': run_held}


def main(mode, root):
    from models import backups
    backups.rotate_backups.__defaults__ = (BACKUPS_COUNT,)
    replace_engine()
    rounds = Rounds(root)
    result = MODES[mode](rounds)
    assert rounds.read_template() == rounds.content, 'a file was written in place'
    assert 'tensorflow' not in sys.modules
    print(json.dumps(result))


if __name__ == '__main__':
    main(*sys.argv[1:])
