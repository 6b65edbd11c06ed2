"""dfl.py: standard library only, its environments, its verbs."""
import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def load_dfl():
    spec = importlib.util.spec_from_file_location("dfl", str(ROOT / "dfl.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dfl = load_dfl()


def test_imports_only_the_standard_library():
    tree = ast.parse((ROOT / "dfl.py").read_text(encoding="utf-8"))
    imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
               for alias in node.names}
    imports |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    # -S: without site-packages.
    subprocess.check_call([sys.executable, "-I", "-S", "-c",
                           "import " + ", ".join(sorted(imports))])


@pytest.mark.parametrize("version, folder", [
    ((3, 6), ".venv36"), ((3, 7), ".venv37"), ((3, 8), ".venv38"), ((3, 9), ".venv39"),
    ((3, 10), ".venv"), ((3, 13), ".venv")])
def test_each_supported_interpreter_has_its_requirements(version, folder):
    flavour = dfl.choose_flavour(version)
    assert flavour.folder == ROOT / folder
    assert (ROOT / flavour.runtime).exists() and (ROOT / flavour.development).exists()


@pytest.mark.parametrize("version", [(2, 7), (3, 5), (3, 14)])
def test_other_interpreters_have_none(version):
    assert dfl.choose_flavour(version) is None


def test_tree_marker_has_the_project_version():
    marker = json.loads((ROOT / "DeepFaceLab" / "dfl_tree.json").read_text(encoding="utf-8"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert marker["tree"] == "DeepFaceLab_TF1X"
    assert 'version = "{}"'.format(marker["version"]) in project.splitlines()


def test_development_environment_serves_the_demo_too():
    assert dfl.list_requirements("requirements-dev.txt") == ["requirements-dev.txt",
                                                             "requirements.txt"]
    wanted = dfl.hash_requirements("requirements.txt")
    assert wanted.items() <= dfl.hash_requirements("requirements-dev.txt").items()


def test_environment_is_complete_only_with_the_same_requirements(tmp_path, monkeypatch):
    flavour = dfl.choose_flavour((3, 11))
    monkeypatch.setattr(dfl.Flavour, "python", property(lambda self: Path(sys.executable)))
    flavour.folder = tmp_path
    wanted = dfl.hash_requirements("requirements.txt")
    assert not dfl.is_complete(flavour, wanted)
    (tmp_path / dfl.STAMP).write_text(json.dumps(dict(wanted, other="x")))
    assert dfl.is_complete(flavour, wanted)
    assert not dfl.is_complete(flavour, {"requirements.txt": "another hash"})
    (tmp_path / dfl.STAMP).write_text("{")
    assert not dfl.is_complete(flavour, wanted)


def test_pip_is_tried_again_and_then_reported(monkeypatch):
    calls = []
    monkeypatch.setattr(dfl.subprocess, "call", lambda command, cwd: calls.append(command) or 1)
    monkeypatch.setattr(dfl.time, "sleep", lambda seconds: None)
    with pytest.raises(dfl.SetupError, match="doctor"):
        dfl.run_pip("python", "-r", "requirements.txt")
    assert len(calls) == dfl.PIP_TRIES


def test_opencv_without_libgl_is_replaced_by_the_same_version(monkeypatch, capsys):
    class Probe:
        returncode = 1

        def __init__(self, command, stderr):
            pass

        @staticmethod
        def communicate():
            return None, b"ImportError: libGL.so.1: cannot open shared object file\n"

    installed, checked = [], []
    monkeypatch.setattr(dfl.sys, "platform", "linux")
    monkeypatch.setattr(dfl.subprocess, "Popen", Probe)
    monkeypatch.setattr(dfl.subprocess, "check_call", checked.append)
    monkeypatch.setattr(dfl, "run_pip", lambda python, package: installed.append(package))
    dfl.replace_opencv("python", "requirements-older.txt")
    pin, = [line for line in (ROOT / "requirements-older.txt").read_text().splitlines()
            if line.startswith("opencv-python==")]
    assert installed == [pin.replace("opencv-python", "opencv-python-headless")]
    assert checked[0][-1] == "opencv-python" and "uninstall" in checked[0]
    assert "libGL.so.1" in capsys.readouterr().out


def run_test_command(monkeypatch, *arguments):
    commands = []

    def call(command, **kwargs):
        assert kwargs["env"]["TF_DETERMINISTIC_OPS"] == "1"
        commands.append(command)
        return 5  # pytest: no test was collected

    monkeypatch.setattr(dfl.subprocess, "call", call)
    monkeypatch.setattr(dfl.subprocess, "check_output", lambda command: b"3.11\n")
    code = dfl.main(["test", "--here"] + list(arguments))
    return code, commands[0][3:]


def test_test_command_lines(monkeypatch):
    assert run_test_command(monkeypatch) == (5, ["--durations=10", "-m", "not slow"])
    assert run_test_command(monkeypatch, "--all", "tests/test_dfl.py", "-x") == (
        5, ["--durations=10", "tests/test_dfl.py", "-x"])
    assert run_test_command(monkeypatch, "--rest") == (0, ["--durations=10", "-m", "slow"])


def test_unknown_arguments_are_refused_outside_test(capsys):
    with pytest.raises(SystemExit) as stop:
        dfl.main(["demo", "--fast"])
    assert stop.value.code == 2 and "--fast" in capsys.readouterr().err


def test_demo_hands_its_options_to_main(monkeypatch, tmp_path):
    commands = []
    monkeypatch.setattr(dfl.subprocess, "call", lambda command: commands.append(command) or 0)
    assert dfl.main(["demo", "--here", "--quick", "--workspace", str(tmp_path)]) == 0
    assert [command[1:] for command in commands] == [
        [str(dfl.MAIN), "demo-workspace", "--output-dir", str(tmp_path.resolve())],
        [str(dfl.MAIN), "demo-train", "--workspace", str(tmp_path.resolve()), "--quick"],
        [str(dfl.MAIN), "demo-merge", "--workspace", str(tmp_path.resolve())]]


@pytest.mark.parametrize("verb, failure, count, code", [
    ("demo-workspace", 1, 1, 1), ("demo-train", 130, 2, 130), ("demo-train", 1, 3, 1),
    ("demo-merge", 1, 3, 1), ("none", 0, 3, 0)])
def test_demo_shows_what_was_learned_unless_it_was_stopped(verb, failure, count, code, monkeypatch,
                                                          tmp_path):
    commands = []

    def call(command):
        commands.append(command[2])
        return failure if command[2] == verb else 0
    monkeypatch.setattr(dfl.subprocess, "call", call)
    assert dfl.main(["demo", "--here", "--workspace", str(tmp_path)]) == code
    assert len(commands) == count


@pytest.mark.parametrize("version, smoke_arguments", [
    ("3.7", ["--tensorflow", "1.15."]), ("3.8", []), ("3.9", [])])
def test_smoke_set_runs_on_its_interpreters(monkeypatch, version, smoke_arguments):
    commands = []
    monkeypatch.setattr(dfl.subprocess, "call",
                        lambda command, **kwargs: commands.append((command, kwargs["env"])) or 0)
    monkeypatch.setattr(dfl.subprocess, "check_output", lambda command: version.encode() + b"\n")
    assert dfl.main(["test", "--here", "--all"]) == 0
    (command, environment), = commands
    assert command[1:] == [str(ROOT / "tests" / "smoke.py")] + smoke_arguments
    assert dfl.TEST_ENVIRONMENT.items() <= environment.items()


def test_windowed_opencv_is_named_where_it_is_replaced():
    for name in ("requirements.txt", "requirements-older.txt", "requirements-legacy.txt",
                 "requirements-tf1.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert ("\nopencv-python==" in text) == (name in dfl.WINDOWED), name


def test_compared_numbers_have_one_environment():
    """The same in dfl.py and in what pytest sets when it is called by hand."""
    text = (ROOT / "tests" / "tree_setup.py").read_text(encoding="utf-8")
    for name, value in dfl.TEST_ENVIRONMENT.items():
        assert 'setdefault("{}", "{}")'.format(name, value) in text


def test_ci_script_is_sound():
    """What it calls exists, and it is a shell script that parses."""
    script = ROOT / ".ci" / "run"
    text = script.read_text(encoding="utf-8")
    for verb in ("env --dev", "test\n", "test --rest", "test --all"):
        assert "dfl.py " + verb in text, verb
    if sys.platform != "win32":
        assert script.stat().st_mode & 0o111
        subprocess.check_call(["bash", "-n", str(script)])
