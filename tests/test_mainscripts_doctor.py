"""mainscripts/Doctor.py: what it finds, and that it runs where nothing else does."""
import subprocess
import sys
from pathlib import Path

import pytest

from mainscripts import Doctor

ROOT = Path(__file__).parent.parent


def make_facts(**changes):
    packages = {name: {"facts": {"version": "1.0"}} for name in Doctor.PACKAGES}
    facts = {"python": (3, 11, 7), "packages": packages, "nvidia": [],
             "devices": {"facts": {}, "log": []}, "memory": (16 << 30, 12 << 30),
             "disk_free": 100 << 30, "shm_free": 8 << 30, "ffmpeg": "ffmpeg", "display": True}
    facts.update(changes)
    return facts


GPU = {"name": "Some GPU", "driver": "570.1", "capability": "12.0", "memory": "16 GiB"}


def test_doctor_finds_nothing_on_a_good_machine():
    assert Doctor.find_problems(make_facts()) == []


@pytest.mark.parametrize("changes, word, fatal", [
    ({"python": (3, 5, 2)}, "too old", True),
    ({"memory": (8 << 30, 1 << 30)}, "memory", False),
    ({"disk_free": 1 << 30}, "disk", False),
    ({"shm_free": 64 << 20}, "/dev/shm", False),
    ({"ffmpeg": None}, "ffmpeg", False),
    ({"nvidia": [GPU]}, "TensorFlow does not", False),
    ({"devices": {"error": "no answer within 90 s"}}, "no answer", False),
    ({"devices": {"facts": {}, "log": ["The child ended with exit code 1."]}}, "exit code", False),
], ids=lambda value: value if isinstance(value, str) else "")
def test_doctor_names_the_problem_and_its_remedies(changes, word, fatal):
    problem, = Doctor.find_problems(make_facts(**changes))
    assert word in problem.what and problem.fatal is fatal
    assert all(problem.remedies)


def test_doctor_puts_what_stops_training_first():
    facts = make_facts(ffmpeg=None)
    facts["packages"]["cv2"] = {"error": "ImportError: libGL.so.1: cannot open shared object file"}
    facts["packages"]["PyQt5.QtCore"] = {"error": "No module named 'PyQt5'"}  # optional
    problems = Doctor.find_problems(facts)
    assert [problem.fatal for problem in problems] == [True, False]
    assert "headless" in problems[0].remedies[0]


def test_doctor_knows_the_build_without_kernels():
    facts = make_facts(nvidia=[GPU], devices={"log": [], "facts": {
        "NN_DEVICES_COUNT": "1", "NN_DEVICE_0_TF_DEV_TYPE": "GPU", "NN_DEVICE_0_NAME": "Some GPU",
        "NN_DEVICE_0_TOTAL_MEM": str(8 << 30)}})
    facts["packages"]["tensorflow"] = {"facts": {"version": "2.18.0"}}
    problem, = Doctor.find_problems(facts)
    assert "INVALID_PTX" in problem.what
    assert Doctor.list_devices(facts) == ["[0] GPU Some GPU 8.0 GB"]


def test_doctor_child_that_hangs_or_crashes_is_an_answer():
    hang = [sys.executable, "-c", "import time; time.sleep(60)"]
    assert "no answer" in Doctor.run_child(hang, timeout=0.5)["error"]
    crash = [sys.executable, "-c", "import no_such_module"]
    assert "no_such_module" in Doctor.run_child(crash)["error"]
    assert Doctor.run_child(["no-such-program"])["error"]


def test_doctor_runs_without_any_package(tmp_path):
    """In an empty environment: it reports, names what is missing and fails."""
    subprocess.check_call([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")])
    folder, = [path for path in (tmp_path / "bare" / "bin", tmp_path / "bare" / "Scripts")
               if path.exists()]
    done = subprocess.run([str(folder / "python"), str(ROOT / "dfl.py"), "doctor", "--here"],
                          stdout=subprocess.PIPE, universal_newlines=True, timeout=300)
    assert done.returncode == 1
    assert "tensorflow cannot be imported: ModuleNotFoundError" in done.stdout
    assert done.stdout.endswith("Training cannot start here.\n")


@pytest.mark.parametrize("changes, code, word", [
    ({}, 0, "Training can start here."), ({"ffmpeg": None}, 0, "1. no ffmpeg"),
    ({"python": (3, 5, 2)}, 1, "Training cannot start here.")])
def test_report(monkeypatch, capsys, changes, code, word):
    monkeypatch.setattr(Doctor, "collect_facts", lambda: make_facts(nvidia=[GPU], devices={
        "log": [], "facts": {"NN_DEVICES_COUNT": "1", "NN_DEVICE_0_TF_DEV_TYPE": "GPU",
                             "NN_DEVICE_0_NAME": "Some GPU",
                             "NN_DEVICE_0_TOTAL_MEM": str(8 << 30)}}, **changes))
    assert Doctor.main() == code
    out = capsys.readouterr().out
    assert word in out and "[0] GPU Some GPU 8.0 GB" in out and "compute capability 12.0" in out
    assert "Memory      16.0 GB, 12.0 GB free" in out


def test_where_previews_are_without_a_screen():
    """Nothing writes them to files unless it is asked for."""
    line, = [line for line in Doctor.describe(make_facts(display=False)) if "display" in line]
    assert "display: no" in line and "--web" in line and "files" not in line


def test_what_the_driver_says(monkeypatch, tmp_path):
    monkeypatch.setattr(Doctor.shutil, "which", lambda name: None)
    assert Doctor.probe_nvidia() == []
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'Some GPU, 570.1, 12.0, 16 GiB'\necho 'odd line'\n")
    tool.chmod(0o755)
    monkeypatch.setattr(Doctor.shutil, "which", lambda name: str(tool))
    if sys.platform != "win32":
        assert Doctor.probe_nvidia() == [GPU]
    monkeypatch.setattr(Doctor.shutil, "which", lambda name: str(tmp_path / "gone"))
    assert "nvidia-smi" in Doctor.probe_nvidia()[0]["driver"]


def test_packages_are_those_that_are_needed():
    """Nothing that no module imports; Pillow draws the text of the previews."""
    assert "numexpr" not in Doctor.PACKAGES and Doctor.PACKAGES["PIL"] == ("Pillow", True)


def test_probe_of_a_package():
    answer = Doctor.run_child([sys.executable, "-c", Doctor.IMPORT_PROBE, "numpy"])
    import numpy
    assert answer["facts"] == {"version": numpy.__version__}
    cv2 = Doctor.run_child([sys.executable, "-c", Doctor.IMPORT_PROBE, "cv2"])
    assert cv2["facts"]["gui"]


def test_a_slow_list_of_devices_is_no_complaint(monkeypatch):
    """What the listing says of its progress; errors count."""
    probe = Doctor.DEVICE_PROBE.replace("nn.initialize_main_env()", (
        "import os; io.log_info('it takes its time'); io.log_err('it has died'); "
        "os.environ['NN_DEVICES_COUNT'] = '0'"))
    monkeypatch.setattr(Doctor, "DEVICE_PROBE", probe)
    found = Doctor.probe_devices()
    assert found["facts"]["NN_DEVICES_COUNT"] == "0"
    assert len(found["log"]) == 1 and "it has died" in found["log"][0]
