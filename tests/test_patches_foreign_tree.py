"""Every patch on a tree that is not ours, put there by patches/run.py.

The tree calls layers by themselves, through ModelBase, with keywords, with lists of outputs and
with shared weights (tests/foreign_tree/main.py).
"""
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dfl_patches
from patch_support import FORCE, USABLE

HERE = Path(__file__).resolve().parent
HALF = ("mixed", "fp16", "bf16")


def list_sets():
    """No patch, each by itself, and all that go together, once with each precision; none twice."""
    together = [name for name in USABLE if name not in HALF]
    sets = [()] + [(name,) for name in USABLE] + [tuple(together)] + [
        tuple(name for name in USABLE if name in together or name == precision)
        for precision in ("fp16", "bf16") if precision in USABLE]
    return list(dict.fromkeys(sets))


def make_environment(**changes):
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("PYTHONPATH", "DFL_PATCHES")}
    return dict(environment, **dict({FORCE: "1"}, **changes))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """{set of patches: folder of its run}; all orders of updates are gated where no patch does."""
    folder = tmp_path_factory.mktemp("foreign")
    sets = list_sets()
    jobs = [(names, ["--gate"]) for names in sets]
    subprocess.run([sys.executable, str(HERE / "foreign_runs.py"), str(folder), json.dumps(jobs)],
                   env=make_environment(), check=True, timeout=280)
    return {names: folder / str(number) for number, names in enumerate(sets)}


def read_losses(folder):
    error = folder / "error.txt"
    assert not error.exists(), error.read_text()
    return np.array(json.loads((folder / "result.json").read_text())["losses"])


def read_weights(folder):
    return {path.stem: pickle.loads(path.read_bytes()) for path in folder.glob("*.npy")}


@pytest.mark.parametrize("names", list_sets()[1:], ids="+".join)
def test_training_is_that_of_the_tree(names, runs):
    """The same losses, as far as the patch keeps numbers; files of the same keys, shapes and types,
    with weights that have moved as far."""
    expected, got = read_losses(runs[()]), read_losses(runs[names])
    is_half = bool(set(names) & set(HALF))
    np.testing.assert_allclose(got, expected, rtol=0.02 if is_half else 1e-4)
    own, ours = read_weights(runs[()]), read_weights(runs[names])
    assert sorted(own) == sorted(ours)
    for part in own:
        assert list(own[part]) == list(ours[part])
        for key, value in own[part].items():
            assert value.shape == ours[part][key].shape, (part, key)
            assert value.dtype == ours[part][key].dtype, (part, key)
            assert np.isfinite(np.asarray(ours[part][key], np.float64)).all(), (part, key)
    assert own["opt"]["iters:0"] == ours["opt"]["iters:0"] == 3
    if not is_half:
        for key, value in own["decoder"].items():
            np.testing.assert_allclose(ours["decoder"][key], value, atol=2e-3, err_msg=key)


def test_patches_are_applied_and_the_process_is_the_trees(runs):
    plain, patched = (json.loads((runs[names] / "result.json").read_text())
                      for names in ((), ("deterministic",)))
    assert plain["file"] == patched["file"] == str(HERE / "foreign_tree" / "main.py")
    assert patched["argv"][1:2] == ["train"] and patched["argv"][0] == patched["file"]
    assert plain["initialize"] == "initialize" != patched["initialize"]
    assert str(dfl_patches.__path__[0]) not in patched["path"]
