"""When a trainer ends in any way, its workers and their shared memory end with it.

The trainer is a process with two sample generators, killed while it spawns, while the workers
import, and while they work.
"""
import os
import signal
import subprocess
import sys
import time
import uuid

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")

GONE_WITHIN = 30.0  # s after the trainer's end; on an idle machine it takes less than one
MARK = "DFL_TEST_FAMILY"

TRAINER = """
import multiprocessing
import sys
from pathlib import Path
from sample_support import image, mask
from samplelib import SampleGeneratorFace
if __name__ == '__main__':
    multiprocessing.set_start_method('spawn')  # as main.py does
    print('spawning', flush=True)
    generators = [SampleGeneratorFace(Path(path), batch_size=2, generators_count=int(sys.argv[3]),
                                      output_sample_types=[image(), mask()])
                  for path in sys.argv[1:3]]
    print('spawned', flush=True)
    while True:
        for generator in generators:
            next(generator)
        print('step', flush=True)
"""


def list_family(mark):
    """Ids of the running processes that inherited the mark."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/environ" % name, "rb") as file:
                is_member = ("%s=%s" % (MARK, mark)).encode() in file.read().split(b"\0")
            with open("/proc/%s/stat" % name) as file:
                is_running = file.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            continue
        if is_member and is_running:
            found.append(int(name))
    return found


def list_shared_files(pids):
    """Files with a name in /dev/shm that the processes map: nobody removes them after a kill."""
    found = set()
    for pid in pids:
        try:
            with open("/proc/%d/maps" % pid) as file:
                found |= {line.split(None, 5)[5].strip() for line in file if "/dev/shm/" in line}
        except OSError:
            continue  # has just ended
    return sorted(path for path in found if not path.endswith("(deleted)"))


class Family:
    """A trainer and all that it starts."""

    def __init__(self, folder, facesets, workers):
        script = folder / "trainer.py"
        script.write_text(TRAINER)
        self.temp = folder / "temp"
        self.temp.mkdir(exist_ok=True)
        self.mark = uuid.uuid4().hex
        environ = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), TMPDIR=str(self.temp))
        environ[MARK] = self.mark
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(facesets.src), str(facesets.dst), str(workers)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ)

    def wait_line(self, text):
        while self.process.stdout.readline().decode().strip() != text:
            assert self.process.poll() is None

    def end(self, number):
        """Send the signal; (processes and named shared files before, processes left after the
        time they have)."""
        seen = list_family(self.mark)
        named = list_shared_files(seen)
        self.process.send_signal(number)
        self.process.stdout.close()
        self.process.wait()
        deadline = time.monotonic() + GONE_WITHIN
        left = list_family(self.mark)
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = list_family(self.mark)
        return len(seen), named, left


def end_at(folder, facesets, line, delay, number=signal.SIGKILL, workers=2):
    """Ends a trainer `delay` seconds after it printed `line`; (processes before, processes left,
    files that are left)."""
    family = Family(folder, facesets, workers)
    family.wait_line(line)
    time.sleep(delay)
    seen, named, left = family.end(number)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return seen, left, named + os.listdir(str(family.temp))


@pytest.mark.parametrize("line, delay, number", [
    ("spawning", 0.05, signal.SIGKILL), ("spawned", 0.2, signal.SIGKILL),
    ("step", 0.3, signal.SIGKILL), ("step", 0, signal.SIGTERM)])
def test_nothing_is_left_of_a_trainer(tmp_path, facesets, line, delay, number):
    seen, left, files = end_at(tmp_path, facesets, line, delay, number, workers=1)
    assert (left, files) == ([], [])
    if line == "step":
        assert seen >= 3  # it, and a worker of each generator


@pytest.mark.slow
def test_nothing_is_left_at_ten_moments(tmp_path, facesets):
    moments = [("spawning", 0), ("spawning", 0.02), ("spawning", 0.1), ("spawning", 0.2),
               ("spawned", 0), ("spawned", 0.1), ("spawned", 0.4), ("spawned", 0.8), ("step", 0),
               ("step", 1)]
    results = [end_at(tmp_path, facesets, *moment) for moment in moments]
    assert [result[1:] for result in results] == [([], [])] * 10, results
    assert max(result[0] for result in results) >= 5


def test_a_stopped_worker_ends_with_its_trainer(tmp_path, facesets):
    """It sees neither the end of its parent nor a polite signal; Ctrl+C must not wait for it."""
    family = Family(tmp_path, facesets, 1)
    family.wait_line("step")
    victim = [pid for pid in list_family(family.mark) if is_worker(pid)][0]
    os.kill(victim, signal.SIGSTOP)
    _, _, left = family.end(signal.SIGINT)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def is_worker(pid):
    with open("/proc/%d/cmdline" % pid, "rb") as file:
        return b"spawn_main" in file.read()
