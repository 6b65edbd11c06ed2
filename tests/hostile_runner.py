"""Runs tests/hostile_child.py over many inputs and survives what happens to it."""
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path

CHILD = Path(__file__).resolve().parent / "hostile_child.py"
ANSWER_SEC = 120    # for one input, on a machine that may be busy; a hang takes for ever


def run_inputs(folder, numbers, child=CHILD, answer_sec=ANSWER_SEC):
    """Read the mutated files of these numbers (a range).

    Returns ({reader: [files read, files refused]}, [{"input", "reader", "wrong"}], CPU seconds of
    the processes that came to their end). A file at which the process dies or hangs is one of the
    wrong ones; the next process goes on behind it.
    """
    inputs = Path(str(folder)) / "inputs"
    inputs.mkdir(exist_ok=True)
    counts, failures, seconds = {}, [], 0.0
    while len(numbers):
        process = subprocess.Popen(
            [sys.executable, str(child), str(inputs), str(numbers.start), str(numbers.stop),
             str(numbers.step)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            universal_newlines=True, cwd=str(folder))
        last, done, why = _follow(process, failures, answer_sec)
        if done is not None:
            for reader, (read, refused) in done["done"].items():
                count = counts.setdefault(reader, [0, 0])
                counts[reader] = [count[0] + read, count[1] + refused]
            return counts, failures, seconds + done["cpu"]
        if last is None:
            raise RuntimeError("The process read nothing and ended: %s" % (why,))
        failures.append({"input": last, "reader": "?", "wrong": why})
        numbers = range(last + numbers.step, numbers.stop, numbers.step)
    return counts, failures, seconds


def _follow(process, failures, answer_sec):
    """(number of the last input, what the process told at its end, why it has none)"""
    lines = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout]
                     + [lines.put("")], daemon=True).start()
    last = done = why = None
    while True:
        try:
            line = lines.get(timeout=answer_sec)
        except queue.Empty:
            process.kill()
            why = "no end after %d s" % answer_sec
            break
        if line == "":
            break
        told = json.loads(line)
        if isinstance(told, int):
            last = told
        elif "done" in told:
            done = told
        else:
            failures.append(told)
    code = process.wait()
    process.stdout.close()
    return last, done, why or "the process died with code %d" % code
