"""Disks that fail: between core/durable_write.py and the file system.

`WatchedDisk` sees every step of a durable write: opening a file for writing, every write, every
sync, every replace, link, removal and new folder. What it does there is up to the class that is
made of it. `FaultyDisk` loses its power at a chosen step: there and after it everything raises
`PowerCut`, the clean-up of the dying program included. `come_back` then brings the folder into a
state that a real disk may show: a file that was written and not synced is full of zeros, and
renames after the last sync of their folder are there, gone, or partly there.
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
    """A file open for writing whose steps count. A write that fails has written its first half."""

    def __init__(self, disk, path):
        self.disk, self.path = disk, str(path)
        self.file = builtins.open(self.path, "wb", buffering=0)
        disk.was_opened(self)

    def write(self, data):
        half = len(memoryview(data).cast("B")) // 2
        self.disk.step("write", self.path, memoryview(data).nbytes,
                       lambda: self.file.write(memoryview(data).cast("B")[:half]))
        return self.file.write(data)

    def flush(self):
        self.file.flush()

    def fileno(self):
        return self.file.fileno()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


class WatchedDisk:
    """Replaces what durable writes call, by `patch.setattr` (a pytest monkeypatch, or alike)."""

    def __init__(self, patch):
        self.real = {name: getattr(os, name) for name in STEPS}
        patch.setattr(durable_write, "open", self.open, raising=False)
        for name in STEPS:
            patch.setattr(os, name, getattr(self, name, None) or self._make_step(name))

    def step(self, kind, path, size=0, fail=lambda: None):
        """Override. kind: open, write or one of STEPS; path: the target; size: bytes of a write;
        fail: leaves what a step that fails half-way leaves."""

    def was_opened(self, file):
        """Override: a file is open for writing now."""

    def _make_step(self, name):
        def run(*args, **kwargs):
            self.step(name, args[-1])
            return self.real[name](*args, **kwargs)
        return run

    def open(self, path, mode):
        if mode == "rb":
            return builtins.open(path, mode)
        assert mode == "wb"
        self.step("open", path)
        return _File(self, path)


class FaultyDisk(WatchedDisk):
    """
    :ivar steps: steps taken so far; `PowerCut` comes with step number `fatal_step` (from 0).
    """

    def __init__(self, patch, fatal_step):
        super().__init__(patch)
        self.fatal_step, self.steps = fatal_step, 0
        self.unsynced = set()    # paths whose content the disk does not have for sure
        self.paths = {}          # descriptor -> path
        self.renames = []        # since the last sync of their folder: (temp, path, old content)

    def step(self, kind, path, size=0, fail=lambda: None):
        if self.steps >= self.fatal_step:
            fail()
            raise PowerCut()
        self.steps += 1

    def was_opened(self, file):
        self.unsynced.add(file.path)
        self.paths[file.fileno()] = file.path

    def fsync(self, fd):
        self.step("fsync", fd)    # and no real one: what the disk has is known here
        path = self.paths.pop(fd, None)
        if path is not None:
            self.unsynced.discard(path)
        else:    # a folder
            self.renames = [rename for rename in self.renames
                            if not os.path.samestat(os.fstat(fd), rename[3])]

    def replace(self, temp, path):
        self.step("replace", path)
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
        if renames == "kept":
            return
        folders = [path for _, path, _, _ in self.renames if os.path.isdir(path)]
        for number, (temp, path, old, _) in reversed(list(enumerate(self.renames))):
            # of folders, which take each other's names, the last ones are lost
            is_kept = folders.index(path) < len(folders) // 2 if path in folders else number % 2
            if renames == "every second lost" and is_kept:
                continue
            if os.path.isfile(temp):    # its name was given to something else since, which is kept
                os.unlink(path)
            elif os.path.exists(path):
                os.replace(path, temp)
            if old is not None:
                Path(path).write_bytes(old)


class Patch:
    """`monkeypatch` of a program without pytest."""

    def __init__(self):
        self.changes = []

    def setattr(self, owner, name, value, raising=True):
        self.changes.append((owner, name, vars(owner).get(name)))
        setattr(owner, name, value)

    def undo(self):
        for owner, name, value in reversed(self.changes):
            if value is None:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
        self.changes = []


class CountingDisk(WatchedDisk):
    """Calls `strike(kind, path, size, fail)` at step `number` and, if it is to go on, after it."""

    def __init__(self, patch, number, strike, goes_on=False):
        super().__init__(patch)
        self.number, self.strike, self.goes_on = number, strike, goes_on
        self.kinds = []

    def step(self, kind, path, size=0, fail=lambda: None):
        self.kinds.append(kind)
        step = len(self.kinds) - 1
        if step == self.number or (self.goes_on and step > self.number >= 0):
            self.strike(kind, path, size, fail)
