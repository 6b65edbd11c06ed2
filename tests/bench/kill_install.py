"""Kills the installer at random moments of installing and uninstalling, and goes on.

    python3 tests/bench/kill_install.py --n 50     50 kills, about a second each

After each: `--verify` names the state, the same command once more completes it, and in the end the
install has the bytes and file times that it had before.
"""
import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from install_support import command, make_install, make_package, picture, run  # noqa: E402


ARGUMENTS = {"install": ["--yes"], "uninstall": ["--yes", "--uninstall", "--purge"]}
JOURNAL = "_internal/.DeepFaceLab_TF1X/journal.jsonl"


def start(package, root, action):
    """The installer, at the moment when its journal is there: from here on it changes things."""
    child = subprocess.Popen(command(package, root, *ARGUMENTS[action]), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while child.poll() is None and not (root / JOURNAL).exists():
        time.sleep(0.0005)
    return child


def measure(package, root, action):
    """Seconds that the journal of an undisturbed run exists."""
    child = start(package, root, action)
    begun = time.time()
    while (root / JOURNAL).exists():
        time.sleep(0.0005)
    seconds = time.time() - begun
    assert child.wait() == 0
    return seconds


def kill_one(package, root, action, before, delay):
    """State that verify names after a kill; one more command must put everything right."""
    arguments = ARGUMENTS[action]
    child = start(package, root, action)
    time.sleep(delay)
    child.send_signal(signal.SIGKILL)
    child.wait()
    code, text = run(package, root, "--verify")
    state = text.strip().splitlines()[0].rpartition(": ")[2]
    assert code in (0, 6), text
    code, text = run(package, root, *arguments)     # the same command once more
    assert code == 0, text
    code, text = run(package, root, "--verify")
    assert code == 0, text
    if action == "install":
        assert "installed: version" in text
        code, text = run(package, root, "--uninstall", "--purge", "--yes")
        assert code == 0, text
    assert picture(root) == before
    return state


def run_kills(folder, count, seed):
    """How many kills were survived; an assertion fails with the first that was not."""
    rng = random.Random(seed)
    package = make_package(folder / "package")
    fresh, installed = folder / "fresh", folder / "installed"
    before = picture(make_install(fresh, has_fork=True))
    shutil.copytree(str(fresh), str(installed))
    window = {"install": measure(package, installed, "install")}
    shutil.copytree(str(installed), str(folder / "root"))
    window["uninstall"] = measure(package, folder / "root", "uninstall")
    shutil.rmtree(str(folder / "root"))
    for number in range(count):
        action = "uninstall" if number % 2 else "install"
        root = folder / "root"
        shutil.copytree(str(fresh if action == "install" else installed), str(root))
        delay = rng.uniform(0, window[action])
        state = kill_one(package, root, action, before, delay)
        print("{:>3} {:<9} {:.1f} ms after its start: {}".format(number + 1, action, 1000 * delay,
                                                             state))
        shutil.rmtree(str(root))
    return count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=50, help="kills")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        print("{} kills survived".format(run_kills(Path(place), arguments.n, arguments.seed)))
