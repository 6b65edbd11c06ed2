"""The launchers of the SAEHDBW notes from end to end: resize, train, merge, video (spec 60 section
12.2), with their variables as shipped and only their paths changed.

Through the Linux twins; the variables and roots of each launcher are those of spec 60 section 11.1.
This machine has no GPU, so the twins get `--cpu-only` and, for a small model, its dimensions.
"""
import os
import shutil
import subprocess
import sys

import cv2
import pytest

from bat_support import BAT, ODD_FOLDER
from gray_support import GRAY_TREE
from tree_setup import TREE

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("bash") is None,
                                                   reason="NOT RUN: there is no bash")]
FORCED = {"force_gpu_data": "1", "max_gpu_memory": "1556925644", "forced_gpu_id": "750 Ti"}
TRAINED = {"use_bw_input": "1", "user_dfl_save_interval_min": "10", "user_force_new_preview": "1",
           "font_size_minus_for_iter": "2"}
MERGED = {"use_bw_input": "1", "extract_to_bw": "1", "merge_bw_special_imwrite": "1",
          "default_merge_cpu_count": "1", "debug_merge_masked": "1", "apply_reshape_test": "1"}
COLOUR, GRAY, RENAMED = "DeepFaceLab", "DeepFaceLab_SAEHDBW", "DeepFaceLab_SAEHDBW_22_5_2022"
# launcher: (root, variables)
LAUNCHERS = {
    "RD": (COLOUR, {"resize_color_to_grayscale": "1"}),
    "RN": (COLOUR, {"resize_color_to_grayscale": "1"}),
    "TD": (COLOUR, dict(TRAINED, preview_period="400", print_samples_info="1")),
    "T1": (RENAMED, dict(TRAINED, preview_period="1000", print_samples_info="1", **FORCED)),
    "T2": (GRAY, dict(TRAINED, preview_period="1000", **FORCED)),
    "MD": (COLOUR, MERGED),
    "MN": (GRAY, dict(MERGED, **FORCED)),
    # with the flags removed
    "train by the colour root": (COLOUR, {}), "merge by the colour root": (COLOUR, {}),
}
RESIZE = ["4.2_data_src_util_faceset_resize.sh", "5.2_data_dst_util_faceset_resize.sh"]
TRAIN, MERGE, VIDEO = "6_train_SAEHDBW.sh", "7_merge_SAEHDBW.sh", "8_merged_to_mp4.sh"
OPTIONS = ["resolution=64", "ae_dims=32", "e_dims=16", "d_dims=16", "d_mask_dims=16",
           "batch_size=2", "target_iter=2", "exit_at_target=y", "face_type=wf"]
ARGUMENTS = {
    TRAIN: ["--force-model-name", "t", "--no-preview", "--cpu-only"] + [
        word for option in OPTIONS for word in ("--set", option)],
    MERGE: ["--force-model-name", "t", "--cpu-only", "--set", "merge_interactive=n"],
    VIDEO: ["--bitrate", "4"],
}
FACE_SIZE = 192     # as in the notes


@pytest.fixture(scope="module")
def install(tmp_path_factory):
    """A folder that holds both trees, the gray one also under the name that T1 gives it."""
    folder = tmp_path_factory.mktemp("launchers") / ODD_FOLDER
    folder.mkdir()
    (folder / COLOUR).symlink_to(TREE)
    for name in (GRAY, RENAMED):
        shutil.copytree(str(GRAY_TREE), str(folder / name),
                        ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(str(BAT / "linux"), str(folder / "bat" / "linux"))
    return folder


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A workspace of a few colour frames with their faces and their video."""
    workspace = tmp_path_factory.mktemp("rendered") / "workspace"

    def call(*words):
        done = subprocess.run([sys.executable, str(TREE / "main.py")] + [str(w) for w in words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=make_environment())
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")
    call("demo-workspace", "--output-dir", workspace, "--src-count", 6, "--dst-count", 4)
    shutil.rmtree(str(workspace / "unseen"))
    call("videoed", "video-from-sequence", "--input-dir", workspace / "data_dst",
         "--output-file", workspace / "data_dst.mp4", "--fps", 25, "--bitrate", 4)
    return workspace


@pytest.fixture
def workspace(rendered, tmp_path):
    shutil.copytree(str(rendered), str(tmp_path / "my workspace"))
    return tmp_path / "my workspace"


def make_environment(**variables):
    """This process's, without what belongs to launchers or to the tests' own engine. On a busy
    machine a program of the lowest priority would wait for ever."""
    mine = {key: value for key, value in os.environ.items() if key not in (
        "PYTHONPATH", "WORKSPACE", "INTERNAL", "DFL_ROOT", "DFL_SRC", "DISPLAY",
        "dfl_model_parameters_string") and not key.startswith("NN_DEVICE")}
    return dict(mine, DFL_UNATTENDED="y", DFL_INTERACT="headless", TF_CPP_MIN_LOG_LEVEL="3",
                DFL_LOWEST_PRIORITY="0", **variables)


def run_twin(install, workspace, script, launcher, *more):
    """A twin with root and variables of a launcher; the text it printed."""
    root, variables = LAUNCHERS[launcher]
    environment = make_environment(
        DFL_PYTHON=sys.executable, DFL_WORKSPACE=str(workspace),
        DFL_ROOT_SAEHDBW=str(install / root), **variables)
    done = subprocess.run([str(install / "bat" / "linux" / script)]
                          + ARGUMENTS.get(script, []) + list(more), cwd="/", env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    text = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, "{} with {}:\n{}".format(script, launcher, text)
    return text


def read_faces(workspace):
    """Pictures of both facesets as they are stored."""
    paths = sorted(workspace.glob("data_*/aligned/*.jpg"))
    assert len(paths) == 10
    return [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths]


def run_chain(install, workspace, resize, train, merge):
    """Resize (None: the faces stay), train, merge, video."""
    if resize is not None:
        for script in RESIZE:
            run_twin(install, workspace, script, resize, "--set",
                     "resize_size={}".format(FACE_SIZE))
        assert {face.shape for face in read_faces(workspace)} == {(FACE_SIZE, FACE_SIZE)}
    text = run_twin(install, workspace, TRAIN, train)
    variables = LAUNCHERS[train][1]
    assert ("save_interval_min : 10" in text) == ("user_dfl_save_interval_min" in variables)
    text = run_twin(install, workspace, MERGE, merge)
    is_shipped = "use_bw_input" in LAUNCHERS[merge][1]
    for line in ("gray_input=y (environment: use_bw_input)", "apply_reshape_test : obsolete",
                 "[merge] 00001.png: faces 1, overlay"):
        assert (line in text) == is_shipped, text
    run_twin(install, workspace, VIDEO, merge)
    check_results(workspace)


def check_results(workspace):
    """Model files of the fork's names, gray frames and masks for every frame, both videos."""
    names = {path.name for path in (workspace / "model").glob("t_SAEHDBW_*.npy")}
    assert names == {"t_SAEHDBW_%s.npy" % part for part in (
        "encoder", "inter_AB", "inter_B", "decoder", "src_dst_opt")}
    frames = sorted(path.name for path in (workspace / "data_dst").glob("*.png"))
    for folder in ("merged", "merged_mask"):
        found = sorted((workspace / "data_dst" / folder).glob("*"))
        assert [path.name for path in found if path.suffix == ".png"] == frames
    merged = cv2.imread(str(workspace / "data_dst" / "merged" / frames[0]))
    assert (merged == merged[..., :1]).all() and merged.std() > 5
    mask = cv2.imread(str(workspace / "data_dst" / "merged_mask" / frames[0]))
    assert mask.max() == 255
    assert count_frames(workspace / "result.mp4") == len(frames)
    assert count_frames(workspace / "result_mask.mp4") == len(frames)


def count_frames(path):
    video, count = cv2.VideoCapture(str(path)), 0
    while video.read()[0]:
        count += 1
    video.release()
    return count


@pytest.mark.parametrize("resize, train, merge", [("RD", "TD", "MD"), ("RN", "T2", "MN")],
                         ids=["DirectX", "NVIDIA"])
def test_17_4_4_launchers_from_resize_to_video(install, workspace, resize, train, merge):
    run_chain(install, workspace, resize, train, merge)


def test_17_4_4_launcher_with_a_tree_of_another_name(install, workspace):
    """T1 sets the root to DeepFaceLab_SAEHDBW_22_5_2022, and has a colour set on one side."""
    run_twin(install, workspace, RESIZE[0], "RN", "--set", "resize_size={}".format(FACE_SIZE))
    run_chain(install, workspace, None, "T1", "MN")


def test_17_4_4_without_the_flags(install, workspace):
    """Colour faces; gray ones, and the other root of each, are in test_gray_tree.py."""
    run_chain(install, workspace, None, "train by the colour root", "merge by the colour root")
