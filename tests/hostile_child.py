"""Reads mutated files in a process of its own; started by test_hostile_inputs.py and a bench.

    python hostile_child.py FOLDER FIRST LAST STEP

For every number of the range it makes one mutated file and reads it. Before each it prints the
number, after it a JSON line if something was wrong; at the end {"done": counts}. Whoever started
it sees a crash or a hang by the number that came last.
"""
import builtins
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import tree_setup  # noqa: F401  first: it makes the tree importable

import mutation_support
from hostile_readers import LOG, corpus, prepare, read_or_refuse

FACTOR, FLOOR_SEC = 50, 0.006    # of CPU time, against the intact file; the shortest that is told
MEMORY_BYTES = 1 << 30           # beyond what the process has when it begins


class Trap(BaseException):
    """A file made the program do something; no `except Exception` may go on."""


class Traps:
    """What a file must never bring about, recorded and stopped while `is_set`."""

    def __init__(self, folder):
        self.is_set, self.sprung, self.folder = False, [], str(folder)
        for owner, name in ((os, "system"), (os, "popen"), (os, "execv"), (os, "fork"),
                            (subprocess, "Popen"), (builtins, "exec"), (builtins, "eval"),
                            (os, "startfile"), (os, "remove"), (os, "rmdir")):
            if hasattr(owner, name):
                setattr(owner, name, self._guard(name, getattr(owner, name)))
        builtins.open = self._guard_open(builtins.open)
        add_hook = getattr(sys, "addaudithook", None)    # Python 3.8
        if add_hook is not None:
            add_hook(self._audit)

    def spring(self, what):
        self.sprung.append(what)
        raise Trap(what)

    def _guard(self, name, function):
        def guarded(*args, **kwargs):
            if self.is_set:
                self.spring("%s%r" % (name, args[:1]))
            return function(*args, **kwargs)
        return guarded

    def _guard_open(self, function):
        def guarded(file, mode="r", *args, **kwargs):
            inside = os.path.dirname(os.path.abspath(str(file))) == self.folder
            if self.is_set and mode not in ("r", "rb") and not inside:
                self.spring("open%r" % ((file, mode),))
            return function(file, mode, *args, **kwargs)
        return guarded

    def _audit(self, event, args):
        if self.is_set and event in ("os.system", "subprocess.Popen", "exec", "import",
                                     "os.exec", "os.posix_spawn", "os.fork", "pickle.find_class",
                                     "ctypes.dlopen", "socket.connect"):
            self.spring("%s%.200r" % (event, args))


def limit_memory():
    """Let a crafted size fail instead of taking gigabytes, where the system can."""
    try:
        import resource
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


class Session:
    """Mutated files of one folder."""

    def __init__(self, folder):
        LOG.take_over()
        self.folder = folder
        self.canary = folder.parent / "canary"
        self.files = corpus(folder)
        self.intact_sec = []
        for reader, name, _, data in self.files:
            prepare(reader, self._write(name, data))
            assert read_or_refuse(reader, folder / name), name
            self.intact_sec.append(min(self._measure(reader, name, data)[0] for _ in range(3)))
        self.traps = Traps(folder)
        limit_memory()

    def _write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def _measure(self, reader, name, data):
        """(CPU seconds, whether it was read)"""
        path = self._write(name, data)
        prepare(reader, path)
        start = time.process_time()
        is_read = read_or_refuse(reader, path)
        return time.process_time() - start, is_read

    def make_input(self, number):
        chance = random.Random(number)
        reader, name, kind, data = self.files[number % len(self.files)]
        return reader, name, mutation_support.mutate(data, kind, chance, str(self.canary))

    def read_input(self, number, counts):
        """What was wrong with reading input `number`, None if nothing was."""
        reader, name, data = self.make_input(number)
        limit = FACTOR * max(FLOOR_SEC, self.intact_sec[number % len(self.files)])
        self.traps.is_set = True
        try:
            seconds, is_read = self._measure(reader, name, data)
            for _ in range(2):    # another process may have had the caches
                if seconds > limit:
                    seconds = min(seconds, self._measure(reader, name, data)[0])
        except BaseException as error:  # noqa: BLE001 it is what this looks for
            return "%s: %.500s" % (type(error).__name__, error)
        finally:
            self.traps.is_set = False
        if self.traps.sprung:
            return "did %s" % (self.traps.sprung.pop(),)
        if self.canary.exists():
            return "wrote a file"
        if seconds > limit:
            return "took %.2f s, the intact file %.4f s" % (
                seconds, self.intact_sec[number % len(self.files)])
        count = counts.setdefault(reader, [0, 0])
        count[0 if is_read else 1] += 1
        return None


def main():
    folder = Path(sys.argv[1])
    session, counts = Session(folder), {}
    for number in range(*map(int, sys.argv[2:5])):
        sys.stdout.write("%d\n" % number)
        sys.stdout.flush()
        wrong = session.read_input(number, counts)
        if wrong is not None:
            reader, name, data = session.make_input(number)
            (folder.parent / ("input_%d_%s" % (number, name))).write_bytes(data)
            print(json.dumps({"input": number, "reader": reader, "wrong": wrong}))
    print(json.dumps({"done": counts, "cpu": time.process_time()}), flush=True)


if __name__ == "__main__":
    main()
