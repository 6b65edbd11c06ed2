"""The gray tree's main.py and core/gray_tree.py: which base is taken, which models are found, and
its program from either root."""
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time

import cv2
import merge_run_support
import numpy as np
import pytest
from faceset_support import write_faceset
from gray_support import GRAY_TREE
from install_support import write_tree
from tree_setup import REPOSITORY, TREE

from core import gray_tree
from mainscripts import cli, verbs

OPTIONS = {"resolution": 64, "face_type": "wf", "archi": "liae-ud", "ae_dims": 32, "e_dims": 16,
           "d_dims": 16, "d_mask_dims": 16, "batch_size": 2, "target_iter": 2, "autobackup_hour": 0}
# As the fork's launchers set them (spec 60 section 12).
TRAIN_VARIABLES = {"use_bw_input": "1", "user_dfl_save_interval_min": "10",
                   "preview_period": "1000", "user_force_new_preview": "1",
                   "font_size_minus_for_iter": "2", "print_samples_info": "1"}
MERGE_VARIABLES = {"use_bw_input": "1", "extract_to_bw": "1", "merge_bw_special_imwrite": "1",
                   "default_merge_cpu_count": "1", "debug_merge_masked": "1",
                   "apply_reshape_test": "1"}


@pytest.fixture(scope="module")
def gray_main():
    spec = importlib.util.spec_from_file_location("gray_main", str(GRAY_TREE / "main.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_marker(folder, tree="DeepFaceLab_TF1X", version="0.1.0"):
    write_tree(folder, {"dfl_tree.json": json.dumps({"tree": tree, "version": version})})
    return str(folder)


def test_base_is_the_variable_then_the_neighbours(gray_main, tmp_path, monkeypatch):
    gray = write_marker(tmp_path / "DeepFaceLab_SAEHDBW", "DeepFaceLab_SAEHDBW")
    monkeypatch.setattr(gray_main, "TREE", gray)
    plain = write_marker(tmp_path / "DeepFaceLab")
    elsewhere = write_marker(tmp_path / "else where", version="0.2.0")
    assert gray_main.find_base({}) == plain
    side = write_marker(tmp_path / "DeepFaceLab_TF1X")
    assert gray_main.find_base({}) == side
    assert gray_main.find_base({"DFL_BASE": elsewhere}) == elsewhere


@pytest.mark.parametrize("tree, version, reason", [
    ("DeepFaceLab_TF1X", "0.0.9", "is version 0.0.9, needed is 0.1.0"),
    ("DeepFaceLab_TF1X", "1.0.0", "is version 1.0.0"), ("Other", "0.1.0", "another kind: Other"),
    ("DeepFaceLab_TF1X", "new", "cannot be read"), (None, "", "an original or another fork")])
def test_older_and_foreign_bases_are_named(gray_main, tmp_path, monkeypatch, tree, version,
                                           reason):
    monkeypatch.setattr(gray_main, "TREE", write_marker(
        tmp_path / "DeepFaceLab_SAEHDBW", "DeepFaceLab_SAEHDBW"))
    base = tmp_path / "DeepFaceLab"
    base.mkdir()
    if tree:
        write_marker(base, tree, version)
    for environ in ({}, {"DFL_BASE": str(base)}):
        with pytest.raises(SystemExit) as info:
            gray_main.find_base(environ)
        assert str(base) in str(info.value) and reason in str(info.value)


def test_models_of_a_fork_in_the_same_folder_are_not_taken(tmp_path):
    """A plain copy over the fork leaves its other models and modules there."""
    write_tree(tmp_path / "models", {"Model_SAEHD/__init__.py": "", "Model_RTM/__init__.py": "",
                                     "ModelBase.py": "raise ImportError('stale')\n",
                                     "Model_SAEHDBW/__init__.py": ""})
    finder = gray_tree.GrayModelsFinder(tmp_path)
    assert finder.find_spec("models.Model_SAEHDBW", None).origin.startswith(str(tmp_path))
    for name in ("models.Model_SAEHD", "models.Model_RTM", "models.ModelBase", "core.options"):
        assert finder.find_spec(name, None) is None
    assert not gray_tree.is_ours(tmp_path) and gray_tree.is_ours(GRAY_TREE)


def test_gray_models_are_models_of_the_command_line():
    assert set(gray_tree.MODELS) < set(cli.list_models())
    for name in gray_tree.MODELS:
        verbs.check_model(name)


def test_the_tree_holds_only_what_differs():
    """Architecture rule 8."""
    files = subprocess.run(["git", "ls-files", str(GRAY_TREE)], cwd=str(REPOSITORY), check=True,
                           stdout=subprocess.PIPE).stdout.decode().split()
    folders = ["models/Model_" + name for name in gray_tree.MODELS]
    assert sorted(path.split("/", 1)[1] for path in files) == sorted(
        ["dfl_tree.json", "main.py"] + [
            folder + name for folder in folders for name in ("/Model.py", "/__init__.py")])


def run(root, *arguments, **variables):
    environment = dict({key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
                       DFL_INTERACT="headless", DFL_UNATTENDED="y", **variables)
    done = subprocess.run([sys.executable, str(root / "main.py")] + list(arguments),
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    output = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, output
    return output


def set_options(options):
    return [word for key, value in options.items() for word in ("--set", "%s=%s" % (key, value))]


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """A model trained for two iterations from the gray root on a gray and a colour faceset,
    without a variable."""
    root = tmp_path_factory.mktemp("gray")
    for name, is_gray in (("src", True), ("dst", False)):
        write_faceset(root / name, name, gray=is_gray)
    train(GRAY_TREE, root)
    return root / "model"


def train(tree, root, folder="model", **variables):
    return run(tree, "train", "--training-data-src-dir", str(root / "src"),
               "--training-data-dst-dir", str(root / "dst"), "--model-dir", str(root / folder),
               "--model", "SAEHDBW", "--force-model-name", "p", "--cpu-only", "--no-preview",
               "--set", "exit_at_target=y", *set_options(OPTIONS), **variables)


def list_merge_arguments(workspace, folder, **changes):
    answers = dict({"merge_interactive": "n", "mask_mode": 4, "merge_workers": 2}, **changes)
    return ["merge", "--input-dir", str(workspace.frames), "--output-dir",
            str(workspace.merged), "--output-mask-dir", str(workspace.masks), "--aligned-dir",
            str(workspace.aligned), "--model-dir", str(folder), "--model", "SAEHDBW",
            "--force-model-name", "p", "--cpu-only"] + set_options(answers)


def merge(tree, workspace, folder, **variables):
    return run(tree, *list_merge_arguments(workspace, folder), **variables)


def test_training_needs_no_variable(model_folder):
    assert sorted(path.name for path in model_folder.glob("p_SAEHDBW_*.npy")) == [
        "p_SAEHDBW_%s.npy" % name for name in (
            "decoder", "encoder", "inter_AB", "inter_B", "src_dst_opt")]
    assert (model_folder / "SAEHDBW_default_options.dat").is_file()


def test_training_with_the_variables_of_the_launchers_from_the_other_root(model_folder):
    """Acceptance 4: TD calls %DFL_ROOT%."""
    train(TREE, model_folder.parent, "other", **TRAIN_VARIABLES)
    assert (model_folder.parent / "other" / "p_SAEHDBW_data.dat").is_file()


def test_both_roots_merge_alike(model_folder, tmp_path):
    """With and without the launchers' variables; a frame without a face is there, too."""
    results = []
    for number, (tree, variables) in enumerate(((GRAY_TREE, {}), (TREE, MERGE_VARIABLES))):
        workspace = merge_run_support.write_workspace(tmp_path / str(number), count=3)
        (workspace.aligned / "00001_0.jpg").unlink()
        merge(tree, workspace, model_folder, **variables)
        files = merge_run_support.read_files(workspace.merged, workspace.masks)
        assert len(files) == 6
        results.append(files)
        picture = cv2.imread(str(workspace.merged / "00000.png"))
        assert (picture == picture[..., :1]).all() and picture.std() > 1
        bare = cv2.imread(str(workspace.merged / "00001.png"))
        assert (bare == bare[..., :1]).all()
    assert results[0] == results[1]


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb (a virtual screen) is not installed")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 only")
def test_interactive_merge_with_the_keys_of_a_screen(model_folder, tmp_path):
    """From the gray root, in a window on a virtual screen: a setting, two steps, quit."""
    import window_support
    workspace = merge_run_support.write_workspace(tmp_path, count=3)
    folder = tmp_path / "model"
    shutil.copytree(str(model_folder), str(folder))
    with window_support.VirtualScreen() as screen:
        process = subprocess.Popen(
            [sys.executable, str(GRAY_TREE / "main.py")]
            + list_merge_arguments(workspace, folder, merge_interactive="y"),
            env=dict(os.environ, DFL_INTERACT="desktop", DFL_UNATTENDED="y", DISPLAY=screen.name),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            lines = window_support.Lines(process)
            if not lines.wait_for("MergerConfig 00000.png", 300):
                assert "needs a screen" in lines.text(), lines.text()
                pytest.skip("this machine draws no windows")

            def press(*keys):
                return lambda: [screen.press(key) for key in keys]
            for text, keys in (("erode_mask_modifier: 1", (0xFF09, ord("w"))),
                               ("MergerConfig 00001.png", (ord("."),)),
                               ("MergerConfig 00002.png", (ord("."),)),
                               ("Session is saved", (0xFF1B,))):
                assert window_support.try_until(lines, text, press(*keys), 120), lines.text()
            lines.wait_for("nothing more", 60)      # the rest of what it prints
            assert process.wait(120) == 0, lines.text()
        finally:
            process.kill()
            process.wait()
    for number in range(2):
        name = "%05d.png" % number
        picture = cv2.imread(str(workspace.merged / name))
        assert (picture == picture[..., :1]).all() and picture.std() > 1
        assert cv2.imread(str(workspace.masks / name)).any()
    assert (folder / "p_SAEHDBW_merger_session.dat").is_file()


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb (a virtual screen) is not installed")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 only")
def test_training_in_a_window(model_folder, tmp_path):
    """Two iterations more of the model, with its preview on a virtual screen; Enter ends it."""
    import window_support
    folder = tmp_path / "model"
    shutil.copytree(str(model_folder), str(folder))
    root = model_folder.parent
    with window_support.VirtualScreen() as screen:
        process = subprocess.Popen(
            [sys.executable, str(GRAY_TREE / "main.py"), "train", "--training-data-src-dir",
             str(root / "src"), "--training-data-dst-dir", str(root / "dst"), "--model-dir",
             str(folder), "--model", "SAEHDBW", "--force-model-name", "p", "--cpu-only",
             "--silent-start"] + set_options(dict(OPTIONS, target_iter=100000)),
            env=dict(os.environ, DFL_INTERACT="desktop", DFL_UNATTENDED="y", DISPLAY=screen.name),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            lines = window_support.Lines(process)
            deadline = time.time() + 300
            while not is_preview(screen) and process.poll() is None and time.time() < deadline:
                time.sleep(0.5)
            if process.poll() is not None:
                lines.wait_for("nothing more", 10)
                assert "no screen for the preview" in lines.text(), lines.text()
                pytest.skip("this machine draws no windows")
            deadline = time.time() + 120
            while process.poll() is None and time.time() < deadline:
                screen.press(0xFF0D)
                time.sleep(0.5)
            lines.wait_for("nothing more", 10)      # the rest of what it printed
            assert process.poll() == 0, lines.text()
        finally:
            process.kill()
            process.wait()


def is_preview(screen):
    """Whether the largest window shows gray pictures and text."""
    try:
        picture = screen.grab_all().astype(int)
    except (IndexError, ValueError):    # not open yet, or just resized
        return False
    return (abs(picture[..., 0] - picture[..., 2]).max() == 0 and picture[:60].max() > 150
            and len(np.unique(picture[-40:])) > 20)


def test_a_base_somewhere_else(tmp_path):
    """Through DFL_BASE, from a folder with a space and a Cyrillic letter."""
    copy = tmp_path / "gray tree \u0434"
    shutil.copytree(str(GRAY_TREE), str(copy))
    output = run(copy, "util", "--list-env", DFL_BASE=str(TREE))
    assert "use_bw_input" in output
    assert np.all([name in run(copy, "train", "--help", DFL_BASE=str(TREE))
                   for name in gray_tree.MODELS])


# Names of spec 60 section 17.1 that the program reads; the launcher's own are setenv.bat's.
ENVIRONMENT = """
use_bw_input DFL_GRAY_INPUT color_input_and_grayscale_model DFL_GRAY_FROM_COLOR
user_bw_get_color_channel DFL_GRAY_CHANNEL extract_to_bw DFL_EXTRACT_GRAY merge_bw_special_imwrite
resize_color_to_grayscale DFL_RESIZE_GRAY only_convert_to_grayscale default_merge_cpu_count
DFL_MERGE_WORKERS merge_file_extension DFL_MERGE_EXT merge_file_jpg_quality DFL_MERGE_JPG_QUALITY
merger_debug debug_merge_masked debug_color_transfer debug_on_train_one_iter debug_AE_view
debug_dense_py print_samples_info print_load_bgr print_debug_generate_next_samples
print_debug_one_iter_filenames force_gpu_data DFL_FORCE_DEVICES max_gpu_memory forced_gpu_id
forced_gpu_type device_list_timeout user_dfl_save_interval_min DFL_SAVE_INTERVAL_MIN preview_period
preview_period_colab user_force_new_preview font_size_minus_for_iter set_lowest_priority
tf_allow_growth apply_reshape_test default_silent_start alter_iter_font_size debug_model_saehdbw
""".split()


def test_every_name_of_the_environment_is_listed(capsys):
    """`util --list-env`."""
    from mainscripts import OptionTables
    OptionTables.main()
    output = capsys.readouterr().out
    words = set(output.replace("`", " ").replace(",", " ").split())
    assert [name for name in ENVIRONMENT if name not in words] == []


def test_names_of_the_environment_are_aliases_of_options():
    """There is no second registry; what nothing reads any more is told at a start."""
    from mainscripts import OptionTables
    from core.process_options import OBSOLETE_NAMES
    names = {name for table in OptionTables.collect_tables().values() for option in table
             for name in option.env}
    assert set(ENVIRONMENT) - names == set(OBSOLETE_NAMES)


@pytest.mark.parametrize("text, value", [("1", True), ("0", False), ("n", False), ("x", True)])
def test_flags_of_the_launchers(text, value, monkeypatch):
    """Presence counts, but for a form of no."""
    from core.process_options import GRAY_INPUT, get_setting
    assert not get_setting(GRAY_INPUT)
    monkeypatch.setenv("use_bw_input", text)
    assert get_setting(GRAY_INPUT) is value


def collect_by_name():
    """{environment name: option}"""
    from mainscripts import OptionTables
    return {name: option for table in OptionTables.collect_tables().values() for option in table
            for name in option.env}


SWITCHES = """use_bw_input color_input_and_grayscale_model extract_to_bw resize_color_to_grayscale
only_convert_to_grayscale merger_debug debug_merge_masked debug_color_transfer
debug_on_train_one_iter debug_AE_view debug_dense_py print_samples_info print_load_bgr
print_debug_generate_next_samples print_debug_one_iter_filenames force_gpu_data
user_force_new_preview set_lowest_priority tf_allow_growth default_silent_start""".split()
# name: (default, what fits and its value, what does not fit), spec 60 section 17.1
VALUES = {
    "user_bw_get_color_channel": (None, {"2": 2, " 0 ": 0}, ["3", "-1", "R"]),
    "default_merge_cpu_count": (None, {"1": 1, "2 ": 2}, ["0", "all"]),
    "merge_file_extension": (".png", {".jpg": ".jpg", "JPG ": ".jpg"}, [".bmp", "jpeg2000"]),
    "merge_file_jpg_quality": (90, {"1": 1, "100": 100}, ["0", "101", "best"]),
    "max_gpu_memory": ("1556925644", {"8;16": "8;16"}, ["8 GB", "-1"]),
    "forced_gpu_id": ("Unknown CUDA GPU", {"750 Ti": "750 Ti"}, []),
    "forced_gpu_type": ("GPU", {"dml": "DML"}, ["TPU"]),
    "device_list_timeout": (60, {"0": 0, "600": 600}, ["601", "-1", "soon", "nan"]),
    "user_dfl_save_interval_min": (25, {"10": 10}, ["0", "10001", "ten"]),
    "preview_period": (None, {"400": 400}, ["0", "1000000001", "often"]),
    "preview_period_colab": (None, {"1": 1}, ["0", "x"]),
    "font_size_minus_for_iter": (2, {"0": 0, "15": 15}, ["16", "-1", "small"]),
}


@pytest.fixture
def read(monkeypatch):
    """read(name, text) -> value of the option with this name in the environment."""
    from core import options
    from core.process_options import get_setting
    by_name = collect_by_name()

    def read_one(name, text):
        with monkeypatch.context() as patch:
            patch.setattr(options, "_sources", options.OptionSources(environ={name: text}))
            return get_setting(by_name[name])
    return read_one


def test_every_name_is_a_switch_or_has_values():
    from core.process_options import OBSOLETE_NAMES
    assert {name for name in ENVIRONMENT if not name.startswith("DFL_")} == (
        set(SWITCHES) | set(VALUES) | set(OBSOLETE_NAMES))


@pytest.mark.parametrize("name", SWITCHES)
def test_switches_take_every_form_of_no_and_all_else_is_yes(read, name):
    default = collect_by_name()[name].default
    assert read(name, "") is default and read(name, " ") is default    # `set x= ` clears it
    for text in ("0", "n", "no", "false", "off", "OFF", "0 "):
        assert read(name, text) is False, text
    for text in ("1", "y", "yes", "true", "on", "1 ", "x", "2", "use it"):
        assert read(name, text) is True, text


@pytest.mark.parametrize("name", sorted(VALUES))
def test_values_that_do_not_fit_are_told_and_the_default_is_taken(read, name, capsys):
    default, good, bad = VALUES[name]
    assert read(name, "") == default
    for text, value in good.items():
        assert read(name, text) == value
    assert capsys.readouterr().out == ""
    for text in bad:
        assert read(name, text) == default, text
        assert "environment: %s = %r does not fit" % (name, text) in capsys.readouterr().out


def test_what_is_wrong_is_told_before_workers_inherit_it(monkeypatch, capsys):
    from core import options
    monkeypatch.setattr(options, "_sources", options.OptionSources())
    monkeypatch.setenv("user_bw_get_color_channel", "7")
    arguments = cli.parse_arguments(["sort", "--input-dir", "x"])
    verbs.configure_options(arguments)
    assert "user_bw_get_color_channel = '7' does not fit" in capsys.readouterr().out
    assert "user_bw_get_color_channel" not in os.environ


@pytest.mark.parametrize("name, value, extension", [
    ("merge_file_extension", ".jpg", ".jpg"), ("DFL_MERGE_EXT", "png", ".png")])
def test_extension_of_merged_frames(name, value, extension, monkeypatch):
    from core.process_options import get_setting
    from merger.merge_options import EXTENSION
    monkeypatch.setenv(name, value)
    assert get_setting(EXTENSION) == extension
