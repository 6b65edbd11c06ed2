"""mainscripts/cli.py against the parser table and the launchers' lines (spec 41 section 1.2)."""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import TREE
from mainscripts import cli

GOLDEN = Path(__file__).parent / "golden" / "cli"
OWN_VERBS = {"demo-workspace", "demo-train", "demo-merge", "clear-workspace", "doctor",
             "option-tables"}
ANSWERS = {"--set", "--answers"}
ASKING = {"extract", "sort", "util", "train", "exportdfm", "merge", "videoed extract-video",
          "videoed cut-video", "videoed denoise-image-sequence", "videoed video-from-sequence",
          "facesettool enhance", "facesettool resize", "xseg editor", "xseg apply",
          "xseg remove", "xseg remove_labels", "xseg fetch"}
OWN_OPTIONS = {"train": {"--dry-run", "--restore-last-good", "--status-file", "--src-pak-name",
                         "--dst-pak-name", "--gen-snapshot", "--patch", "--feed", "--web"},
               "merge": {"--patch", "--pak-name", "--no-provenance"},
               "exportdfm": {"--force-model-name"},
               "videoed video-from-sequence": {"--no-provenance"},
               "xseg editor": {"--model-dir"},
               "util": {"--list-env", "--faceset-info", "--model-stats", "--model-dir",
                        "--training-data-src-dir", "--training-data-dst-dir", "--batches", "--json",
                        "--plot", "--cpu-only", "--force-gpu-idxs"}}
# What we have added to the choices of an option that others know; sort --by: what the reference
# calls them inside.
OWN_CHOICES = {"--detector": ["mediapipe"], "--by": ["final", "final-fast"]}


def load(name):
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def walk(parser, name=""):
    """Yields (command, parser) for the parser and everything below it."""
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, child in action.choices.items():
                for found in walk(child, (name + " " + verb).strip()):
                    yield found


ACTIONS = {"_StoreAction": "store", "_StoreTrueAction": "store_true",
           "_StoreFalseAction": "store_false", "_AppendAction": "append",
           "StorePath": "store path (abspath(expanduser(value)))"}


def describe(action):
    kind = ACTIONS.get(type(action).__name__)
    value_type = "bool" if action.nargs == 0 else (action.type or str).__name__
    return {"flags": action.option_strings, "dest": action.dest, "action": kind,
            "type": value_type, "default": action.default, "required": action.required,
            "choices": None if action.choices is None else list(action.choices),
            "nargs": action.nargs}


def without_own_choices(option):
    own = OWN_CHOICES.get(option["flags"][0], [])
    choices = option["choices"] and [c for c in option["choices"] if c not in own]
    return dict(option, choices=choices)


def list_options(parser):
    return [describe(a) for a in parser._actions
            if a.option_strings and not isinstance(a, argparse._HelpAction)]



def test_parser_equals_the_table():
    """Our own options apart, which are named here."""
    ours = dict(walk(cli.build_parser(models=cli.OWN_MODELS)))
    table = load("parser.json")["commands"]
    for command in table:
        name = command["command"]
        own = OWN_OPTIONS.get(name, set()) | (ANSWERS if name in ASKING else set())
        options = list_options(ours.pop(name))
        assert own <= {flag for option in options for flag in option["flags"]}, name
        assert [without_own_choices(o) for o in options
                if not set(o["flags"]) & own] == command["options"], name
    assert set(ours) == OWN_VERBS


@pytest.mark.parametrize("line", load("launchers.json"), ids=" ".join)
def test_launcher_line_parses(line):
    arguments = cli.parse_arguments(line)
    assert callable(arguments.func)
    for flag, value in zip(line, line[1:]):
        if flag in ("--input-dir", "--model-dir", "--input-file"):
            stored = getattr(arguments, flag[2:].replace("-", "_"))
            assert stored == os.path.abspath(value)


@pytest.mark.parametrize("method", OWN_CHOICES["--by"] + ["final-by-blur",
                                                          "final-by-size"])
def test_the_best_faces_have_both_names(method):
    line = ["sort", "--input-dir", "i", "--by", method]
    assert cli.parse_arguments(line).sort_by_method == method


def test_paths_are_expanded_and_absolute():
    args = cli.parse_arguments(["sort", "--input-dir", "~/faces"])
    assert args.input_dir == os.path.join(os.path.expanduser("~"), "faces")


@pytest.mark.parametrize("path", ["", " "])
def test_an_empty_path_is_not_the_current_folder(path, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.parse_arguments(["sort", "--input-dir", path])
    assert stopped.value.code == 2 and "--input-dir: the path is empty" in capsys.readouterr().err


def test_abbreviated_flags_still_parse():
    assert cli.parse_arguments(["sort", "--input", "x"]).input_dir == os.path.abspath("x")


def test_community_model_folder_is_a_choice():
    assert cli.list_models() == sorted(cli.list_models())
    assert set(cli.OWN_MODELS) <= set(cli.list_models())
    parsed = cli.build_parser(["MINE"]).parse_args(
        ["exportdfm", "--model-dir", "m", "--model", "MINE"])
    assert parsed.model_name == "MINE"


def test_answers_may_be_given_to_everything_that_asks():
    args = cli.parse_arguments(["sort", "--input-dir", "i", "--set", "a=1", "--set", "b=2",
                                "--answers", "x.json"])
    assert args.set_options == ["a=1", "b=2"] and args.answers == os.path.abspath("x.json")
    assert cli.parse_arguments(["sort", "--input-dir", "i"]).set_options == []


def test_feed_is_a_setting_with_a_flag_of_its_own():
    line = ["train", "--training-data-src-dir", "s", "--training-data-dst-dir", "d",
            "--model-dir", "m", "--model", "SAEHD"]
    parse = cli.build_parser(cli.OWN_MODELS).parse_args
    assert parse(line).set_options == []
    assert parse(line + ["--feed", "plain"]).set_options == ["feed=plain"]
    assert parse(line + ["--set", "a=1", "--feed", "exact", "--set", "b=2"]).set_options == [
        "a=1", "feed=exact", "b=2"]
    with pytest.raises(SystemExit):
        parse(line + ["--feed", "slow"])


def test_execute_program_is_a_list_for_each():
    line = ["train", "--training-data-src-dir", "s", "--training-data-dst-dir", "d",
            "--model-dir", "m", "--model", "SAEHD"]
    args = cli.parse_arguments(line + ["--execute-program", "60", "a", "--execute-program", "-5",
                                       "b", "c"])
    assert args.execute_program == [["60", "a"], ["-5", "b", "c"]]
    assert cli.parse_arguments(line).execute_program == []


@pytest.mark.parametrize("flag, value", [(None, None), ("--output-debug", True),
                                         ("--no-output-debug", False)])
def test_debug_output_is_asked_unless_told(flag, value):
    line = ["extract", "--input-dir", "i", "--output-dir", "o"] + ([flag] if flag else [])
    assert cli.parse_arguments(line).output_debug is value


@pytest.mark.parametrize("arguments", [
    ["sort"], ["sort", "--input-dir", "i", "--by", "beauty"], ["extract", "--input-dir", "i"],
    ["train", "--model", "NONE"], ["xseg", "draw"], ["util", "--input-dir", "i", "--colour"]])
def test_wrong_arguments_end_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.parse_arguments(arguments)
    assert stop.value.code == 2 and "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["xseg"], ["videoed"], ["facesettool"]], ids=str)
def test_without_a_verb_the_main_help_and_0(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.parse_arguments(arguments)
    out = capsys.readouterr().out
    assert stop.value.code == 0 and out.startswith("usage: main.py") and "exportdfm" in out


def test_list_of_environment_names(capsys):
    """Needs no faceset, and shows the names of both trees."""
    with pytest.raises(SystemExit) as stop:
        cli.parse_arguments(["util", "--list-env"])
    out = capsys.readouterr().out
    assert stop.value.code == 0
    for name in ("DFL_BATCH_SIZE", "force_gpu_data", "DFL_WORKER_TIMEOUT", "set_lowest_priority"):
        assert "`%s`" % name in out


def test_help_loads_neither_tensorflow_nor_opencv():
    code = "import sys; from mainscripts import cli; cli.build_parser().format_help(); " \
           "assert not {'tensorflow', 'cv2', 'numpy'} & set(sys.modules)"
    subprocess.check_call([sys.executable, "-W", "error", "-c", code], cwd=str(TREE))
