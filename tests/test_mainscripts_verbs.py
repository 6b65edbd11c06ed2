"""mainscripts/verbs.py: parsed arguments -> the call of one script."""
import json
import os
from argparse import Namespace
from pathlib import Path

import pytest

import main as main_module
from core import options, osex
from core.errors import UserError
from core.leras import nn
from mainscripts import verbs

GOLDEN = Path(__file__).parent / "golden" / "cli"


def load(name):
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


@pytest.fixture
def restored_sources():
    before = options.current_sources()
    yield
    options.configure_sources(before)


class Recorder:
    """Stands in for a script: records which function was called with what."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def call(*args, **kwargs):
            self.calls.append((name, args, kwargs))
        return call


@pytest.fixture
def recorder(monkeypatch, restored_sources):
    """Every verb starts this one instead of its script; `started` lists (verb, module, devices)."""
    recorder = Recorder()
    recorder.started = []
    recorder.PackedFaceset = recorder  # a class in its module

    def start(verb, module, devices=False):
        recorder.started.append((verb, module, devices))
        return recorder

    monkeypatch.setattr(verbs, "start", start)
    monkeypatch.setattr(verbs, "check_model", lambda name: None)
    return recorder


@pytest.mark.parametrize("line", load("launchers.json"), ids=" ".join)
def test_launcher_line_calls_one_script(line, recorder, capsys):
    assert main_module.main(line) == 0
    assert len(recorder.calls) >= 1
    assert capsys.readouterr().out.endswith("Done.\n")
    words = [word for word in line[:2] if not word.startswith("--")]
    assert recorder.started[0][0].startswith(" ".join(words))


TRAIN = ["train", "--training-data-src-dir", "s", "--training-data-dst-dir", "d",
         "--model-dir", "m", "--model", "SAEHD"]


def test_train_arguments(recorder):
    line = TRAIN + ["--force-gpu-idxs", "0,1", "--silent-start", "--execute-program", "-60", "x=1",
                    "ignored", "--pretraining-data-dir", "p"]
    assert main_module.main(line) == 0
    (name, args, kwargs), = recorder.calls
    assert (name, args) == ("main", ())
    assert kwargs["model_class_name"] == "SAEHD"
    assert kwargs["saved_models_path"] == Path("m").absolute()
    assert kwargs["pretraining_data_path"] == Path("p").absolute()
    assert kwargs["pretrained_model_path"] is None
    assert kwargs["force_gpu_idxs"] == [0, 1]
    assert kwargs["execute_programs"] == [[-60, "x=1"]]
    assert kwargs["silent_start"] is True and kwargs["cpu_only"] is False
    assert kwargs["src_pak_name"] is None and kwargs["gen_snapshot"] is False
    assert recorder.started == [("train", "mainscripts.Trainer", True)]


def test_train_arguments_of_mve(recorder):
    assert main_module.main(TRAIN + ["--src-pak-name", "a", "--dst-pak-name", "b",
                                     "--gen-snapshot"]) == 0
    kwargs = recorder.calls[0][2]
    assert (kwargs["src_pak_name"], kwargs["dst_pak_name"]) == ("a", "b")
    assert kwargs["gen_snapshot"] is True


def test_set_beats_answers(recorder, tmp_path):
    answers = tmp_path / "answers.json"
    answers.write_text('{"batch_size": 4, "archi": "df-ud"}')
    line = TRAIN + ["--set", "batch_size=8", "--set", "lr=1e-5", "--answers", str(answers),
                    "--dry-run", "--restore-last-good"]
    assert main_module.main(line) == 0
    assert recorder.calls[0][2]["dry_run"] is True
    assert recorder.calls[0][2]["restore_last_good"] is True
    batch_size = options.Option("batch_size", "int", 1, "Batch size")
    archi = options.Option("archi", "str", "liae-ud", "Architecture")
    assert options.find_given(batch_size) == 8 and options.find_given(archi) == "df-ud"
    assert options.current_sources().unused_keys() == ["lr"]
    assert str(answers) in options.current_sources().name_source("archi")


def test_damaged_answers_stop_the_start(recorder, tmp_path, capsys):
    (tmp_path / "answers.json").write_text("batch_size: 4")
    assert main_module.main(TRAIN + ["--answers", str(tmp_path / "answers.json")]) == 1
    assert "not JSON" in capsys.readouterr().err and recorder.calls == []


def test_merge_and_enhance_get_gpu_numbers(recorder):
    main_module.main(["merge", "--input-dir", "i", "--output-dir", "o", "--output-mask-dir", "k",
                      "--model-dir", "m", "--model", "AMP", "--force-gpu-idxs", "1"])
    main_module.main(["facesettool", "enhance", "--input-dir", "i", "--force-gpu-idxs", "1, 2"])
    assert [call[2]["force_gpu_idxs"] for call in recorder.calls] == [[1], [1, 2]]


def test_denoise_factor_is_not_the_extension(recorder):
    main_module.main(["videoed", "denoise-image-sequence", "--input-dir", "i", "--factor", "5"])
    assert recorder.calls == [("denoise_image_sequence", (os.path.abspath("i"),), {"factor": 5})]


def test_util_runs_each_flag_in_order(recorder):
    main_module.main(["util", "--input-dir", "i", "--pack-faceset", "--save-faceset-metadata"])
    assert [start[1] for start in recorder.started] == ["mainscripts.Util",
                                                        "samplelib.PackedFaceset"]
    assert len(recorder.calls) == 2


@pytest.mark.parametrize("method", ["absdiff", None, "blur", "final-by-blur"])
def test_sort_needs_no_devices(recorder, method):
    main_module.main(["sort", "--input-dir", "i"] + (["--by", method] if method else []))
    assert recorder.started == [("sort", "mainscripts.Sorter", False)]
    assert recorder.calls == [("main", (), {"input_path": Path("i").absolute(),
                                            "sort_by_method": method})]


def test_editor_is_told_the_model(recorder):
    """Released scripts give the faces only."""
    faces, model = os.path.abspath("faces"), os.path.abspath("model")
    line = ["xseg", "editor", "--input-dir", "faces"]
    assert main_module.main(line) == 0
    assert main_module.main(line + ["--model-dir", "model", "--set", "cpu_only=y"]) == 0
    assert recorder.calls == [("start", (Path(faces),), {}),
                              ("start", (Path(faces),), {"model_dirpath": Path(model)})]
    assert recorder.started[0] == ("xseg editor", "XSegEditor.XSegEditor", False)
    assert options.current_sources().flags == {"cpu_only": "y"}


COMPUTING = {"extract", "train", "exportdfm", "merge", "facesettool enhance", "xseg apply"}


@pytest.mark.parametrize("line", load("launchers.json"), ids=" ".join)
def test_devices_are_listed_for_what_computes(line, recorder):
    main_module.main(line)
    for verb, _, devices in recorder.started:
        assert devices is (verb in COMPUTING), verb


def test_answers_reach_every_verb(recorder, tmp_path, capsys):
    answers = tmp_path / "answers.json"
    answers.write_text('{"fps": 25}')
    line = ["videoed", "extract-video", "--input-file", "v", "--output-dir", "o",
            "--set", "output_ext=jpg", "--answers", str(answers)]
    assert main_module.main(line) == 0
    sources = options.current_sources()
    assert sources.flags == {"output_ext": "jpg"} and sources.answers == {"fps": 25}
    # the stand-in asks nothing
    assert "Not asked for in this run: fps, output_ext." in capsys.readouterr().err


def test_verbs_without_answers_leave_the_sources_alone():
    before = options.current_sources()
    verbs.configure_options(Namespace(func=None))
    verbs.report_unused_options(Namespace(func=None))
    assert options.current_sources() is before


@pytest.mark.parametrize("text, numbers", [(None, None), ("0", [0]), ("0,1", [0, 1]),
                                           (" 2 , 3,", [2, 3])])
def test_gpu_numbers(text, numbers):
    assert verbs.parse_gpu_idxs(text) == numbers


@pytest.mark.parametrize("text", ["best", "0;1", "1.5"])
def test_gpu_numbers_that_are_none(text):
    with pytest.raises(UserError, match="force-gpu-idxs"):
        verbs.parse_gpu_idxs(text)


def test_programs_take_their_first_two_words():
    assert verbs.parse_execute_programs([["60", "a = 1", "ignored"], ["-5", "b"]]) == [
        [60, "a = 1"], [-5, "b"]]
    for tokens in (["60"], ["soon", "a"]):
        with pytest.raises(UserError, match="execute-program"):
            verbs.parse_execute_programs([tokens])


def test_start_steps_back_lists_devices_and_imports(monkeypatch):
    calls = []
    monkeypatch.setattr(osex, "set_process_lowest_prio", lambda: calls.append("priority"))
    monkeypatch.setattr(nn, "initialize_main_env", lambda: calls.append("devices"))
    assert verbs.start("x", "mainscripts.cli").__name__ == "mainscripts.cli"
    assert calls == ["priority"]
    verbs.start("x", "mainscripts.cli", devices=True)
    assert calls == ["priority", "priority", "devices"]
    with pytest.raises(verbs.NotBuiltError, match="`x y` is not part"):
        verbs.start("x y", "mainscripts.NoSuchScript", devices=True)
    assert len(calls) == 3    # a missing script is told before anything else happens


def test_has_module_looks_through_packages():
    assert verbs.has_module("mainscripts.verbs")
    assert not verbs.has_module("mainscripts.NoSuchScript")
    assert not verbs.has_module("no_such_package.module")


def test_missing_model():
    verbs.check_model("SAEHD")
    with pytest.raises(verbs.NotBuiltError, match="NONE"):
        verbs.check_model("NONE")
    assert issubclass(verbs.NotBuiltError, UserError)


def test_doctor_and_tables_need_no_script_of_their_own(monkeypatch, tmp_path):
    from mainscripts import Doctor, OptionTables
    seen = []
    monkeypatch.setattr(Doctor, "main", lambda: seen.append("doctor") or 1)
    monkeypatch.setattr(OptionTables, "main", lambda **kwargs: seen.append(kwargs))
    assert main_module.main(["doctor"]) == 1
    assert main_module.main(["option-tables", "--readme", str(tmp_path), "--write"]) == 0
    assert seen == ["doctor", {"readme_path": tmp_path, "write": True}]


@pytest.mark.parametrize("flags, text", [
    (["--patch", "bf16", "--patch", "recompute"], "bf16,recompute"),
    (["--set", "patches=bf16", "--patch", "recompute"], "bf16,recompute"),
    (["--patch", "none"], "none"), ([], None)], ids=str)
def test_patches_become_an_option(flags, text, restored_sources):
    from mainscripts import cli
    from models.common_options import PATCHES
    line = ["train", "--training-data-src-dir", "s", "--training-data-dst-dir", "d",
            "--model-dir", "m", "--model", "SAEHD"]
    verbs.configure_options(cli.parse_arguments(line + flags))
    assert options.find_given(PATCHES) == text


def test_the_plane_for_gray_reaches_the_workers(restored_sources, monkeypatch):
    """They know the environment only; without it they would train on another gray."""
    from core.process_options import GRAY_CHANNEL, get_setting
    from mainscripts import cli
    monkeypatch.setenv("DFL_GRAY_CHANNEL", "2")
    for flags, channel in (([], 2), (["--set", "gray_channel=0"], 0)):
        verbs.configure_options(cli.parse_arguments([
            "train", "--training-data-src-dir", "s", "--training-data-dst-dir", "d",
            "--model-dir", "m", "--model", "SAEHD"] + flags))
        options.configure_sources(options.OptionSources())
        assert get_setting(GRAY_CHANNEL) == channel


@pytest.mark.parametrize("flags, marked", [([], True), (["--no-provenance"], False),
                                           (["--set", "provenance=n"], False)], ids=str)
def test_results_are_marked_unless_told(flags, marked, restored_sources):
    from core.process_options import PROVENANCE, get_setting
    from mainscripts import cli
    line = ["videoed", "video-from-sequence", "--input-dir", "i", "--output-file", "o.mp4"]
    verbs.configure_options(cli.parse_arguments(line + flags))
    assert get_setting(PROVENANCE) is marked


def test_the_example_of_a_program_can_be_run():
    with pytest.raises(UserError) as error:
        verbs.parse_execute_programs([["60"]])
    calls = []
    exec(error.value.remedies[0].split('"')[1], {"model_save": lambda: calls.append(1)})
    assert calls == [1]
