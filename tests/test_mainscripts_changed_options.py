"""mainscripts/changed_options.py: what is not default, in one line of every verb."""
import os
import subprocess
import sys

import pytest

from core import options
from core.options import Option, OptionSources
from core.process_options import FEED, LOWEST_PRIORITY
from mainscripts import (ExportDFM, Extractor, Merger, Sorter, VideoEd, XSegUtil, changed_options,
                         verbs)
from mainscripts.changed_options import list_changed
from tree_setup import REPOSITORY, TREE

SIZE = Option("some_size", "int", 256, "Size", limits=(64, 1024), env=("old_size",))
GRAY = Option("some_gray", "bool", False, "Gray")


def test_values_and_where_they_stand():
    sources = OptionSources({"some_gray": "1", "other": "x"}, {"some_size": 512, "more": 2},
                            {"set_lowest_priority": "no"}, answers_path="a.json")
    assert list_changed([SIZE, GRAY, LOWEST_PRIORITY], sources) == [
        "some_size=512 (--answers a.json)", "some_gray=y (--set)",
        "lowest_priority=n (environment: set_lowest_priority)", "other=x (--set)",
        "more=2 (--answers a.json)"]


@pytest.mark.parametrize("sources", [
    OptionSources({}, {}, {}), OptionSources({"some_size": "256"}, {}, {}),
    OptionSources({}, {}, {"old_size": "256", "DFL_SOME_GRAY": "0", "other_variable": "1"})])
def test_defaults_are_not_told(sources):
    assert list_changed([SIZE, GRAY], sources) == []


def test_value_as_it_will_be_used_and_one_that_does_not_fit():
    sources = OptionSources({"some_size": "5000", "some_gray": "maybe"}, {}, {})
    assert list_changed([SIZE, GRAY], sources) == [
        "some_size=1024 (--set)", "some_gray=maybe (--set)"]


def test_strongest_source_counts_once_and_nothing_counts_as_asked_for():
    sources = OptionSources({"some_size": "300", "misspelt": "1"},
                            {"some_size": 400, "misspelt": 2}, {"DFL_SOME_SIZE": "500"})
    assert list_changed([SIZE], sources) == ["some_size=300 (--set)", "misspelt=1 (--set)"]
    assert sources.unused_keys() == ["misspelt", "some_size"] and sources.found == {}


def test_line_comes_once_a_run_and_before_the_work(monkeypatch, capsys):
    sources = OptionSources({"sort_target": "7", "feed": "plain"}, {}, {})
    monkeypatch.setattr(options, "_sources", sources)
    for _ in range(2):
        assert verbs.start("sort", "mainscripts.Sorter") is Sorter
    lines = [line for line in capsys.readouterr().out.splitlines() if "Not default" in line]
    assert len(lines) == 1 and "feed=plain (--set)" in lines[0] and "sort_target=7" in lines[0]


def test_names_that_mean_nothing_any_more_are_told(monkeypatch, capsys):
    monkeypatch.setattr(options, "_sources", OptionSources({}, {}, {"apply_reshape_test": "1"}))
    changed_options.tell([SIZE])
    assert capsys.readouterr().out.splitlines() == [
        "apply_reshape_test : obsolete, without effect (environment)"]


def test_training_has_a_summary_of_its_own(monkeypatch, capsys):
    monkeypatch.setattr(options, "_sources", OptionSources({"feed": "plain"}, {}, {}))
    verbs.start("train", "mainscripts.Trainer")
    assert "Not default" not in capsys.readouterr().out


def test_scripts_name_their_options():
    for script, keys in ((Extractor, {"extract_face_type"}), (Sorter, {"sort_method"}),
                         (Merger, {"cpu_only"}), (ExportDFM, {"force_model_name"}),
                         (VideoEd, {"fps"}), (XSegUtil, {"xseg_face_type"})):
        found = {option.key for option in script.OPTIONS}
        assert keys <= found, (script.__name__, sorted(found))
    assert FEED in changed_options.PROCESS_OPTIONS


def test_verb_of_the_command_line(tmp_path):
    """A real run: the environment's name of old, and a flag, in one line."""
    (tmp_path / "a.jpg").write_bytes(b"")
    environ = dict(os.environ, set_lowest_priority="0", DFL_PROVENANCE="1", DFL_UNATTENDED="1")
    done = subprocess.run(
        [sys.executable, str(TREE / "main.py"), "xseg", "remove", "--input-dir", str(tmp_path),
         "--set", "xseg_remove=n"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=240, cwd=str(REPOSITORY))
    out = done.stdout.decode()
    assert done.returncode == 1, done.stderr
    lines = [line for line in out.splitlines() if line.startswith("Not default: ")]
    assert lines == ["Not default: xseg_remove=n (--set), lowest_priority=n (environment: "
                     "set_lowest_priority), unattended=y (environment: DFL_UNATTENDED)"]
