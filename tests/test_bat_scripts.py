"""bat/: generated as committed, fit for the batch interpreter, and Linux twins that do the same."""
import os
import re
import shutil
import subprocess
import sys

import pytest

import bat_support
from bat_support import BAT, FIXED, ODD_FOLDER, RELEASED, REPOSITORY, TABLE, expected_calls
from core import gray_tree
from mainscripts import cli

generate = bat_support.generate
LINUX = BAT / "linux"
BATCH_FILES = sorted(BAT.glob("*.bat")) + [REPOSITORY / "setenv.bat"]
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="NOT RUN: there is no bash")
RECORDER = """#!/usr/bin/env bash
{ echo CALL; for word in "$@"; do printf 'ARG\\t%s\\n' "$word"; done; } >> "$RECORD_FILE"
exit "${RECORD_CODE:-0}"
"""


def test_generation_gives_the_committed_bytes():
    assert generate.list_differing() == []


def test_all_released_scripts_are_there_and_call_the_same():
    ours = {entry["bat"]: entry for entry in TABLE if "bat" in entry}
    assert len(RELEASED) == 56 and set(RELEASED) <= set(ours)
    for name, released in RELEASED.items():
        assert bat_support.list_calls(ours[name]) == expected_calls(name)
        assert ours[name]["sh"] == released["sh"]
        assert ours[name]["released_sha256"] == released["sha256"]
        assert ours[name].get("mkdir", []) == released.get("mkdir", []) or name in FIXED
        assert ("differs" in ours[name]) == (name in FIXED)


@pytest.mark.parametrize("path", BATCH_FILES, ids=lambda path: path.name)
def test_batch_file_is_what_the_interpreter_can_read(path):
    content = path.read_bytes()
    text = content.decode("ascii")      # also: no byte order mark
    assert content.count(b"\r\n") == content.count(b"\n") and content.endswith(b"\r\n")
    lines = text.split("\r\n")
    for number, line in enumerate(lines):
        assert len(line) < 8191 and "\r" not in line
        assert line == line.rstrip(), "a blank after a caret ends the command"
        if line.endswith("^"):
            assert lines[number + 1].startswith("    "), "a caret escapes what follows"
        if line.startswith("set ") or " set " in line:
            is_text = line.startswith(("rem", "echo"))
            assert is_text or re.search(r'set "[A-Za-z_]+=.*"$', line), line
    blocks = [line for line in lines if line.rstrip().endswith("(") and not line.startswith("rem")]
    assert not blocks, "paths must not be expanded in a block"
    assert set(re.findall(r"goto (\w+)", text)) <= set(re.findall(r"^:(\w+)", text, re.MULTILINE))


def test_setenv_leaves_its_variables_to_the_caller():
    assert "\nsetlocal" not in (REPOSITORY / "setenv.bat").read_bytes().decode("ascii").lower()


def test_git_keeps_the_line_ends():
    rules = (REPOSITORY / ".gitattributes").read_text(encoding="ascii")
    assert "*.bat text eol=crlf" in rules and "*.sh text eol=lf" in rules


@pytest.mark.parametrize("entry", [e for e in TABLE if e["calls"]], ids=lambda e: e["sh"])
def test_calls_are_commands_of_the_program(entry):
    for call in bat_support.list_calls(entry):
        models = cli.OWN_MODELS + list(gray_tree.MODELS)
        arguments = cli.build_parser(models).parse_args(call)
        assert arguments.func is not None


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout in a folder with an odd name: only what the twins look for."""
    folder = tmp_path_factory.mktemp("twins") / ODD_FOLDER
    shutil.copytree(str(LINUX), str(folder / "bat" / "linux"))
    for name in ("DeepFaceLab", "DeepFaceLab_SAEHDBW", "patches"):
        (folder / name).mkdir()
        (folder / name / "main.py").write_text("")
    recorder = folder / "recorder here"
    recorder.write_text(RECORDER)
    recorder.chmod(0o755)
    for name in ("xdg-open", "open"):
        shutil.copy(str(recorder), str(folder / "bat" / name))
    return folder


def run_twin(checkout, name, *arguments, **variables):
    """(exit code, output, [[arguments of a call], ...])"""
    record = checkout / "record.txt"
    if record.is_file():
        record.unlink()
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("WORKSPACE", "INTERNAL", "DFL_ROOT", "DFL_SRC", "DISPLAY")}
    environment.update({"DFL_PYTHON": str(checkout / "recorder here"), "RECORD_FILE": str(record),
                        "DISPLAY": ":9", "PATH": "{}:{}".format(checkout / "bat",
                                                                os.environ["PATH"])})
    environment.update(variables)
    done = subprocess.run([str(checkout / "bat" / "linux" / name)] + list(arguments), cwd="/",
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    calls = []
    for line in record.read_text(encoding="utf-8").splitlines() if record.is_file() else []:
        if line == "CALL":
            calls.append([])
        else:
            calls[-1].append(line.partition("\t")[2])
    return done.returncode, done.stdout.decode("utf-8", "replace"), calls


def fill(checkout, entry, arguments=()):
    """The calls of a twin: those of its .bat with the folders of the checkout."""
    calls = expected_calls(entry["bat"]) if "bat" in entry else bat_support.list_calls(entry)
    root = "DeepFaceLab"
    if entry["calls"]:
        root = entry["calls"][0].get("root", "DFL_ROOT").replace("DFL_ROOT", "DeepFaceLab")
    values = {"{WORKSPACE}": str(checkout / "workspace"), "{INTERNAL}": str(checkout),
              "{ARG1}": (list(arguments) + [""])[0]}
    filled = []
    for call in calls:
        words = [str(checkout / root / "main.py")]
        for word in call:
            for name, value in values.items():
                word = word.replace(name, value)
            words.append(word)
        filled.append(words)
    return filled


@needs_bash
@pytest.mark.parametrize("entry", [e for e in TABLE if e["calls"]], ids=lambda e: e["sh"])
def test_twin_calls_what_its_bat_calls(checkout, entry):
    arguments = ["/tmp/a & b.mp4"] if "{ARG1}" in str(entry["calls"]) else []
    code, _, calls = run_twin(checkout, entry["sh"], *arguments, RECORD_CODE="5")
    assert code == 5
    assert calls == fill(checkout, entry, arguments)
    for folder in entry.get("mkdir", []):
        assert (checkout / folder.replace("{WORKSPACE}", "workspace")).is_dir()


@needs_bash
def test_twins_are_all_there_and_valid():
    assert {entry["sh"] for entry in TABLE} | {"env.sh"} == {
        path.name for path in LINUX.glob("*.sh")}
    for path in LINUX.glob("*.sh"):
        assert b"\r" not in path.read_bytes()
        assert path.name == "env.sh" or os.access(str(path), os.X_OK)
        subprocess.run(["bash", "-n", str(path)], check=True)


@needs_bash
def test_twin_hands_on_more_arguments_and_a_command_with_arguments(checkout):
    python = "{} {}".format(sys.executable, "-c import(sys)").replace("import(sys)", "pass")
    assert run_twin(checkout, "6_train_SAEHD.sh", DFL_PYTHON=python)[0] == 0
    _, _, calls = run_twin(checkout, "6_train_SAEHD.sh", "--silent-start", "a b")
    assert calls[0][-2:] == ["--silent-start", "a b"]


@needs_bash
def test_twin_finds_the_source_by_both_meanings_of_dfl_root(checkout, tmp_path):
    (tmp_path / "DeepFaceLab").mkdir()
    (tmp_path / "DeepFaceLab" / "main.py").write_text("")
    for root in (tmp_path, tmp_path / "DeepFaceLab"):
        _, _, calls = run_twin(checkout, "4.2_data_src_sort.sh", DFL_ROOT=str(root),
                               DFL_WORKSPACE=str(tmp_path / "w") + "/")
        assert calls[0][0] == str(tmp_path / "DeepFaceLab" / "main.py")
        assert calls[0][-1] == str(tmp_path / "w" / "data_src" / "aligned")


@needs_bash
def test_twin_exports_the_variables_of_the_notes(checkout):
    show = checkout / "show"
    show.write_text('#!/usr/bin/env bash\necho "${resize_color_to_grayscale-}"\n')
    show.chmod(0o755)
    name = "4.2_data_src_util_faceset_resize_to_gray.sh"
    assert run_twin(checkout, name, DFL_PYTHON=str(show))[1].strip() == "1"
    changed = run_twin(checkout, name, DFL_PYTHON=str(show), resize_color_to_grayscale="")
    assert changed[1].strip() == ""


@needs_bash
def test_cpu_switch_of_the_twins(checkout):
    assert run_twin(checkout, "10_misc_make_CPU_only.sh")[0] == 0
    assert run_twin(checkout, "7_merge_SAEHD.sh")[2][0][-1] == "--cpu-only"
    assert run_twin(checkout, "10_misc_make_CPU_only.sh")[0] == 0
    assert run_twin(checkout, "7_merge_SAEHD.sh")[2][0][-1] == "SAEHD"


@needs_bash
def test_twins_with_windows_say_when_there_is_no_display(checkout):
    code, text, calls = run_twin(checkout, "5_XSeg_data_src_mask_edit.sh", DISPLAY="",
                                 WAYLAND_DISPLAY="")
    assert code == 1 and "display" in text and not calls
    _, _, calls = run_twin(checkout, "4.1_data_src_view_aligned_result.sh")
    assert calls == [[str(checkout / "workspace" / "data_src" / "aligned")]]
    code, text, _ = run_twin(checkout, "10_misc_start_EBSynth.sh")
    assert code == 1 and "no Linux build" in text
    code, text, _ = run_twin(checkout, "4.1_download_CelebA.sh")
    assert code == 0 and "Nothing is downloaded" in text and "pretrain_faces" in text
