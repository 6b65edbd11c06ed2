"""Thousands of damaged and crafted files go through every reader (tests/hostile_readers.py).

None runs code, crashes, hangs, takes memory or time out of proportion, or ends in anything but a
value or an error of ours that names the file. `DFL_TEST_HOSTILE_INPUTS` sets another number of
inputs, `tests/bench/fuzz_readers.py` runs any.
"""
import os
import random
import sys

import pytest
from hostile_runner import CHILD, run_inputs
from mutation_support import mutate

INPUTS = int(os.environ.get("DFL_TEST_HOSTILE_INPUTS", "5200"))


def test_no_input_does_harm(tmp_path):
    counts, failures, _ = run_inputs(tmp_path, range(INPUTS))
    assert failures == []
    assert sum(map(sum, counts.values())) == INPUTS
    # mutations that a reader always or never notices would test nothing behind it
    assert all(read > 0 and refused > 0 for read, refused in counts.values()), counts
    assert len(counts) == 9


def make_child(tmp_path, reader):
    """A child whose reader of answers does what these lines say."""
    script = tmp_path / "child.py"
    script.write_text("\n".join([
        "import sys", "sys.path.insert(0, %r)" % str(CHILD.parent), "import hostile_child as c",
        "import hostile_readers as r", "import os, subprocess, time, json, core",
        "intact = r.READERS['answers']", "calls = []", "def read(path):",
        "    calls.append(1)",
        "    if len(calls) <= 4: return intact(path)    # while the intact file is measured",
    ] + ["    " + line for line in reader] + [
        "r.READERS['answers'] = read", "full = c.corpus",
        "c.corpus = lambda folder: [f for f in full(folder) if f[0] == 'answers']", "c.main()"]))
    return script


@pytest.mark.parametrize("reader, wrong", [
    (["os.system('true')"], "system"),
    (["try: subprocess.Popen(['true'])", "except Exception: pass"], "Popen"),
    (["eval('1')"], "eval"),
    (["open(str(path.parent.parent / 'elsewhere'), 'w')"], "open"),
    (["(path.parent.parent / 'canary').touch()"], "wrote a file"),
    (["json.loads('[')"], "JSONDecodeError"),
    (["from core.errors import UserError", "raise UserError('something is wrong')"], "not named"),
    (["start = time.process_time()", "while time.process_time() < start + 0.4: pass"], "took"),
    (["os.abort()"], "died"),
    (["time.sleep(60)"], "no end"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_harm_is_noticed(tmp_path, reader, wrong):
    _, failures, _ = run_inputs(tmp_path, range(1), child=make_child(tmp_path, reader),
                                answer_sec=60 if wrong != "no end" else 8)
    failure, = failures
    assert failure["input"] == 0 and wrong in failure["wrong"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and its limits")
def test_gigabytes_are_noticed(tmp_path):
    child = make_child(tmp_path, ["held = bytearray(3 << 30)"])
    _, (failure,), _ = run_inputs(tmp_path, range(1), child=child)
    assert "MemoryError" in failure["wrong"]


@pytest.mark.parametrize("kind", ["bytes", "pickle", "json"])
def test_inputs_are_the_same_every_time(kind):
    data = b'{"a": {"b": 1, "c": "text"}, "d": [1, 2, 3]}'
    made = [[mutate(data, kind, random.Random(seed)) for seed in range(50)] for _ in range(2)]
    assert made[0] == made[1] and len(set(made[0])) > 25
