"""main.py: exit codes, messages, and what starting it costs (spec 41 section 1.1)."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import main as main_module
from conftest import TREE
from mainscripts import verbs

LAUNCHERS = json.loads((Path(__file__).parent / "golden" / "cli" / "launchers.json").read_text(
    encoding="utf-8"))
TRAIN = ["train", "--training-data-src-dir", "s", "--training-data-dst-dir", "d",
         "--model-dir", "m", "--model", "SAEHD"]


@pytest.mark.parametrize("line, word", [
    (TRAIN + ["--force-gpu-idxs", "best"], "best"),
    (TRAIN + ["--execute-program", "60"], "60"),
    (TRAIN + ["--set", "batch_size"], "key=value"),
    (["util", "--input-dir", "i"], "--pack-faceset"),
])
def test_user_errors_print_one_message_and_fail(line, word, monkeypatch, capsys):
    monkeypatch.setattr(verbs, "check_model", lambda name: None)
    assert main_module.main(line) == 1
    out, err = capsys.readouterr()
    assert word in err and "Traceback" not in err and "Done." not in out


@pytest.mark.parametrize("line", LAUNCHERS, ids=" ".join)
def test_missing_script_says_so(line, monkeypatch, capsys):
    monkeypatch.setattr(verbs, "has_module", lambda name: False)
    assert main_module.main(line) == verbs.NOT_BUILT_EXIT_CODE != 0
    out, err = capsys.readouterr()
    assert "not part of this version" in err and "Done." not in out
    if "--model" in line:
        assert line[line.index("--model") + 1] in err
    else:
        assert line[0] in err


def replace_script(monkeypatch, call):
    class Script:
        main = start = staticmethod(call)
    monkeypatch.setattr(verbs, "start", lambda verb, module, devices=False: Script)


def test_editor_exit_code_is_passed_on(monkeypatch, capsys):
    """The launchers test it: 1 is a packed faceset."""
    replace_script(monkeypatch, lambda path: 1)
    assert main_module.main(["xseg", "editor", "--input-dir", "i"]) == 1
    assert "Done." not in capsys.readouterr().out
    replace_script(monkeypatch, lambda path: 0)
    assert main_module.main(["xseg", "editor", "--input-dir", "i"]) == 0
    assert capsys.readouterr().out == "Done.\n"


def test_interrupt_is_no_defect(monkeypatch, capsys):
    def interrupt(**kwargs):
        raise KeyboardInterrupt()
    replace_script(monkeypatch, interrupt)
    assert main_module.main(["sort", "--input-dir", "i"]) == 130
    out, err = capsys.readouterr()
    assert err == "Interrupted.\n" and out == ""


def test_unknown_exception_keeps_its_traceback(monkeypatch):
    def fail(**kwargs):
        raise RuntimeError("defect")
    replace_script(monkeypatch, fail)
    with pytest.raises(RuntimeError):
        main_module.main(["sort", "--input-dir", "i"])


def run_program(*arguments):
    done = subprocess.run([sys.executable, str(TREE / "main.py")] + list(arguments), timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, universal_newlines=True)
    return done.returncode, done.stdout, done.stderr


def test_program_without_verb_prints_main_help():
    code, out, err = run_program("xseg")
    assert (code, err) == (0, "")
    assert out.startswith("usage: main.py") and "exportdfm" in out and "Done." not in out


def test_program_fails_on_wrong_arguments():
    code, out, err = run_program("sort", "--input-dir", "i", "--by", "beauty")
    assert code == 2 and "beauty" in err and "Done." not in out


def test_program_prints_an_error_of_the_user(tmp_path):
    code, out, err = run_program("sort", "--input-dir", "i", "--answers", str(tmp_path / "none"))
    assert code == 1 and "none cannot be read" in err and "Traceback" not in err


def test_importing_main_does_nothing():
    """Every worker process imports it again."""
    code = "import multiprocessing, sys; import main; " \
           "assert multiprocessing.get_start_method(allow_none=True) is None; " \
           "assert 'mainscripts' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.check_call([sys.executable, "-c", code], cwd=str(TREE))


@pytest.mark.parametrize("tree", [TREE, TREE.parent / "DeepFaceLab_SAEHDBW"], ids=lambda t: t.name)
def test_names_that_the_console_lacks_are_written_as_escapes(tree, tmp_path):
    """A log file on Windows has the code page's letters only."""
    workspace = tmp_path / "\u0416\u0443\u043a"
    (workspace / "model").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, str(tree / "main.py"), "clear-workspace", "--workspace", str(workspace)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        env=dict(os.environ, PYTHONIOENCODING="cp1252"))
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"\\u0416\\u0443\\u043a" in done.stdout and b"Nothing was changed." in done.stdout
