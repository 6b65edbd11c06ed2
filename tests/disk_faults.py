"""A disk that loses its power at a chosen step of a durable write.

`FaultyDisk` stands between core/durable_write.py and the file system. Steps are: opening a file
for writing, every write, every sync, every replace, link, removal and new folder. At the fatal step
and after it everything raises `PowerCut`, the clean-up of the dying program included. `come_back`
then brings the folder into a state that a real disk may show: a file that was written and not
synced is full of zeros, and renames after the last sync of their folder are there, gone, or partly
there.
"""
import builtins
import os
from pathlib import Path

from core import durable_write

RENAMES = ("kept", "lost", "every second lost")
STEPS = ("fsync", "replace", "unlink", "link", "mkdir", "rmdir")    # of module os


class PowerCut(BaseException):
    """The program is dead; no `except Exception` may go on."""


class _File:
    """A file open for writing whose steps count."""

    def __init__(self, disk, path):
        self.disk, self.path = disk, str(path)
        self.file = builtins.open(self.path, "wb")
        disk.unsynced.add(self.path)
        disk.paths[self.file.fileno()] = self.path

    def write(self, data):
        try:
            self.disk.step()
        except PowerCut:
            self.file.write(bytes(data)[:len(data) // 2])
            raise
        return self.file.write(data)

    def flush(self):
        self.file.flush()

    def fileno(self):
        return self.file.fileno()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


class FaultyDisk:
    """Replaces what durable writes call, until `monkeypatch.undo()`.

    :ivar steps: steps taken so far; `PowerCut` comes with step number `fatal_step` (from 0).
    """

    def __init__(self, monkeypatch, fatal_step):
        self.fatal_step, self.steps = fatal_step, 0
        self.unsynced = set()    # paths whose content the disk does not have for sure
        self.paths = {}          # descriptor -> path
        self.renames = []        # since the last sync of their folder: (temp, path, old content)
        self.real = {name: getattr(os, name) for name in STEPS}
        monkeypatch.setattr(durable_write, "open", self.open, raising=False)
        for name in STEPS:
            monkeypatch.setattr(os, name, getattr(self, name, None) or self.make_step(name))

    def step(self):
        if self.steps >= self.fatal_step:
            raise PowerCut()
        self.steps += 1

    def make_step(self, name):
        def run(*args, **kwargs):
            self.step()
            return self.real[name](*args, **kwargs)
        return run

    def open(self, path, mode):
        if mode == "rb":
            return builtins.open(path, mode)
        self.step()
        return _File(self, path)

    def fsync(self, fd):
        self.step()
        self.real["fsync"](fd)
        path = self.paths.pop(fd, None)
        if path is not None:
            self.unsynced.discard(path)
        else:    # a folder
            self.renames = [rename for rename in self.renames
                            if not os.path.samestat(os.fstat(fd), rename[3])]

    def replace(self, temp, path):
        self.step()
        old = Path(path).read_bytes() if os.path.isfile(path) else None
        self.real["replace"](temp, path)
        self.renames.append((temp, path, old, os.stat(os.path.dirname(path))))
        if temp in self.unsynced:
            self.unsynced.discard(temp)
            self.unsynced.add(path)

    def come_back(self, renames):
        """What the disk shows after the power cut; call it after `monkeypatch.undo()`."""
        for path in self.unsynced:
            if os.path.exists(path):
                Path(path).write_bytes(bytes(os.path.getsize(path)))
        for number, (temp, path, old, _) in reversed(list(enumerate(self.renames))):
            if renames == "kept" or (renames == "every second lost" and number % 2):
                continue
            if os.path.exists(path):
                os.replace(path, temp)
            if old is not None:
                Path(path).write_bytes(old)
