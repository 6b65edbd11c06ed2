"""Train, merge and video through the real scripts: under the batch interpreter of wine with a
bridge to the Python of Linux in place of python.exe (spec 70 12.1 C), and natively by the twins."""
import os
import shutil
import subprocess
import sys

import cv2
import pytest

import bat_support
from bat_support import BAT, ODD_FOLDER
from tree_setup import TREE

TRAIN = ["--force-model-name", "t", "--no-preview", "--cpu-only"]
OPTIONS = ["resolution=64", "ae_dims=32", "e_dims=16", "d_dims=16", "d_mask_dims=16",
           "batch_size=2", "target_iter=2", "exit_at_target=y", "autobackup_hour=0", "face_type=f"]
MERGE = ["--force-model-name", "t", "--cpu-only", "--set", "merge_interactive=n", "--set",
         "merge_workers=1"]
STEPS = [("6) train SAEHD.bat", "6_train_SAEHD.sh",
          TRAIN + [word for option in OPTIONS for word in ("--set", option)]),
         ("7) merge SAEHD.bat", "7_merge_SAEHD.sh", MERGE),
         ("8) merged to mp4.bat", "8_merged_to_mp4.sh", ["--bitrate", "4"])]
ENVIRONMENT = {"NN_DEVICES_INITIALIZED": "1", "NN_DEVICES_COUNT": "0", "DFL_UNATTENDED": "y",
               "DFL_INTERACT": "headless", "TF_CPP_MIN_LOG_LEVEL": "3",
               "DFL_LOWEST_PRIORITY": "0"}     # on a busy machine it would wait for ever
MISSING = bat_support.find_missing() or (
    None if shutil.which("winegcc") and shutil.which("gcc")
    else "NOT RUN: winegcc is missing (apt-get install wine64-tools gcc)")
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="NOT RUN: there is no bash")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A workspace of a few frames with their video."""
    folder = tmp_path_factory.mktemp("rendered")

    def call(*words):
        subprocess.run([sys.executable, str(TREE / "main.py")] + [str(word) for word in words],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, **ENVIRONMENT))
    call("demo-workspace", "--output-dir", folder / "workspace", "--src-count", 6,
         "--dst-count", 4)
    shutil.rmtree(str(folder / "workspace" / "unseen"))
    call("videoed", "video-from-sequence", "--input-dir", folder / "workspace" / "data_dst",
         "--output-file", folder / "workspace" / "data_dst.mp4", "--fps", 25, "--bitrate", 4)
    return folder / "workspace"


def check_results(workspace):
    assert (workspace / "model" / "t_SAEHD_data.dat").is_file()
    frames = sorted(path.name for path in (workspace / "data_dst").glob("*.png"))
    for folder in ("merged", "merged_mask"):
        assert sorted(path.name for path in (workspace / "data_dst" / folder).glob("*.png")) \
            == frames
    for name in ("result.mp4", "result_mask.mp4"):
        assert (workspace / name).stat().st_size > 1000


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_train_merge_and_video_under_wine(tmp_path_factory, tmp_path, rendered):
    work = tmp_path_factory.mktemp("bridge")
    wine = bat_support.Wine(work)
    subprocess.run(["winegcc", "-m64", "-o", str(work / "bridge.exe"),
                    str(BAT.parent / "tests" / "recorder" / "bridge.c"), "-lshell32"], check=True)
    folder = bat_support.make_stub_install(tmp_path / ODD_FOLDER, work / "bridge.exe.so")
    shutil.rmtree(str(folder / "_internal" / "DeepFaceLab"))
    (folder / "_internal" / "DeepFaceLab").symlink_to(TREE)
    shutil.copytree(str(rendered), str(folder / "workspace"))
    try:
        for script, _, arguments in STEPS:
            code, text, _ = wine.run(folder / script, *arguments, BRIDGE_PYTHON=sys.executable,
                                     **ENVIRONMENT)
            assert code == 0, text
        check_results(folder / "workspace")
        code, _, _ = wine.run(folder / STEPS[1][0], "--set", "merge_workers=nonsense",
                              BRIDGE_PYTHON=sys.executable, **ENVIRONMENT)
        assert code != 0        # a user error of the real program comes out of the script
        code, text, _ = wine.run(folder / "1) clear workspace.bat", BRIDGE_PYTHON=sys.executable)
        assert code == 1 and "Nothing was changed" in text      # the end of input is no
        check_results(folder / "workspace")
        code, _, _ = wine.run(folder / "1) clear workspace.bat", "--yes",
                              BRIDGE_PYTHON=sys.executable)
        assert code == 0 and not list((folder / "workspace" / "model").iterdir())
        assert len(list((folder / "workspace").glob("cleared_*/model/*.npy"))) > 3
    finally:
        wine.stop()


def run_twin(workspace, script, arguments):
    done = subprocess.run([str(BAT / "linux" / script)] + arguments, cwd="/",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          env=dict(os.environ, DFL_PYTHON=sys.executable,
                                   DFL_WORKSPACE=str(workspace), **ENVIRONMENT))
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")


@needs_bash
def test_train_merge_and_video_by_the_twins(tmp_path, rendered):
    workspace = tmp_path / ODD_FOLDER / "workspace"
    shutil.copytree(str(rendered), str(workspace))
    for _, script, arguments in STEPS:
        run_twin(workspace, script, arguments)
    check_results(workspace)


@needs_bash
def test_gray_amp_by_the_twins(tmp_path, rendered):
    workspace = tmp_path / "workspace"
    shutil.copytree(str(rendered), str(workspace))
    run_twin(workspace, "6_train_AMPBW.sh", STEPS[0][2] + ["--set", "inter_dims=48"])
    run_twin(workspace, "7_merge_AMPBW.sh", MERGE)
    assert (workspace / "model" / "t_AMPBW_inter_src.npy").is_file()
    frames = sorted(path.name for path in (workspace / "data_dst").glob("*.png"))
    for name in frames:
        merged = cv2.imread(str(workspace / "data_dst" / "merged" / name))
        assert (merged == merged[..., :1]).all() and merged.std() > 5
