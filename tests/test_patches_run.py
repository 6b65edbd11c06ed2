"""patches/run.py: the hook, the selection, workers that start unpatched, our own tree."""
import json
import subprocess
import sys
from pathlib import Path

import tiny_support
from test_patches_foreign_tree import make_environment
from tree_setup import PATCHES, TREE

RUN = str(PATCHES / "run.py")
MAIN = Path(__file__).resolve().parent / "foreign_tree" / "main.py"
SMALL = ("archi=df", "resolution=64", "ae_dims=32", "e_dims=16", "d_dims=16")


def start(arguments, cwd=None, **environment):
    """(exit code, output) of run.py."""
    process = subprocess.run([sys.executable, RUN] + [str(x) for x in arguments], cwd=cwd,
                             env=make_environment(**environment), stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=280)
    return process.returncode, process.stdout.decode("utf-8", "replace")


def test_workers_run_the_trees_main_and_are_not_patched(tmp_path):
    """Started from the tree's folder with a relative path, as people do."""
    code, output = start(["main.py", "train", "--steps", "1", "--out", tmp_path, "--child"],
                         cwd=str(MAIN.parent), DFL_PATCHES="deterministic,fast_blur")
    assert code == 0 and "Patches: fast_blur, deterministic" in output, output
    result = json.loads((tmp_path / "result.json").read_text())
    child = result.pop("child")
    assert result["has_layer"] and result["initialize"] != "initialize"
    assert child["file"] == child["children_of"] == str(MAIN)
    assert not child["has_layer"] and child["initialize"] == "initialize"
    assert child["gradients"] == "tf_gradients"
    assert str(PATCHES) not in child["path"] + result["path"]


def test_help_and_mistakes_start_nothing(tmp_path):
    for arguments, text in (
            (["--patch", "no_such", MAIN], "There is no patch 'no_such'"),
            (["--patch", "none", "--patch", "fast_blur", MAIN], "`none` and patches"),
            ([tmp_path / "main.py"], "there is no file"), ([], "main")):
        code, output = start(arguments)
        assert code != 0 and text in output and "Traceback" not in output, output


def test_a_program_without_the_engine_is_told(tmp_path):
    program = tmp_path / "main.py"
    program.write_text("import sys\nprint(__name__, sys.argv[1:], sys.path[0])\n"
                       "sys.exit(int(sys.argv[1]))\n")
    code, output = start(["--patch", "fast_blur", program, "7", "--patch", "x"])
    assert code == 7 and "__main__ ['7', '--patch', 'x'] %s" % tmp_path in output
    assert "No patch was applied" in output
    code, output = start([program, "0"])
    assert code == 0 and "atch" not in output.replace("'--patch'", "")


def test_our_own_tree_takes_the_selection(tmp_path):
    """The trainer shows and records what run.py was told."""
    folders = tiny_support.make_folders(tmp_path)
    code, output = start([
        "--patch", "fast_blur", TREE / "main.py", "train", "--model", "SAEHD", "--dry-run",
        "--model-dir", folders["model"], "--training-data-src-dir", folders["src"],
        "--training-data-dst-dir", folders["dst"], "--force-model-name", "t", "--cpu-only"]
        + [part for setting in SMALL for part in ("--set", setting)], DFL_UNATTENDED="1",
        DFL_PLAN_MEMORY="n")
    assert code == 0, output
    lines = output.splitlines()
    assert lines[lines.index("Patches") + 1].split() == [
        "fast_blur", "environment:", "DFL_PATCHES"]
