"""mainscripts/file_workers.py: one function for many files, here and in processes."""
import os
from pathlib import Path

import pytest

from core.errors import UnwritableFileError, UserError
from mainscripts import file_workers
from mainscripts.file_workers import FileFailure, map_files


def work(path, argument):
    """Module-level: worker processes import it."""
    if path.name == "user":
        raise UserError("user is wrong", ["a remedy"])
    if path.name == "full":
        raise UnwritableFileError("full cannot be written")
    if path.name == "defect":
        raise ZeroDivisionError("by zero")
    return path.name, argument


@pytest.mark.parametrize("files_per_process", [1, 1000])
def test_results_in_the_order_of_the_files(files_per_process, monkeypatch, capsys):
    monkeypatch.setattr(file_workers.multiprocessing, "cpu_count", lambda: 2)
    names = ["%d" % number for number in range(40)]
    names[7], names[30] = "user", "defect"
    results = map_files("Working", work, [Path(name) for name in names], 5,
                        files_per_process=files_per_process)
    assert results[7] == FileFailure("user is wrong")
    assert results[30].reason == "defect: ZeroDivisionError: by zero"
    assert [result for result in results if not isinstance(result, FileFailure)] == [
        (name, 5) for name in names if name not in ("user", "defect")]
    out = capsys.readouterr().out
    assert "user is wrong" in out and "a remedy" not in out


def test_many_failures_are_counted(capsys):
    file_workers.report_failures([FileFailure("number %d" % i) for i in range(100)])
    out = capsys.readouterr().out
    assert "number 0" in out and "number 99" not in out and "80 more" in out


def test_results_that_cannot_be_written_end_with_an_error():
    results = [file_workers.call_for_file(work, Path(name), None) for name in ("a", "user")]
    file_workers.check_written(results)
    results.append(file_workers.call_for_file(work, Path("full"), None))
    with pytest.raises(UserError, match="1 of 3 results .*: full cannot be written") as error:
        file_workers.check_written(results, "all is well")
    assert error.value.remedies[-1] == "then start again: all is well"


def die_of_seven(path, _):
    """Module-level: worker processes import it."""
    if path.name == "7":
        os._exit(9)
    return path.name


def test_a_file_that_ends_its_processes_costs_itself_only(monkeypatch, capsys):
    monkeypatch.setattr(file_workers.multiprocessing, "cpu_count", lambda: 2)
    names = ["%d" % number for number in range(40)]
    results = map_files("Working", die_of_seven, [Path(name) for name in names],
                        files_per_process=1)
    assert results.pop(7).reason == "7 is left out: the process that worked on it failed."
    assert results == names[:7] + names[8:]
    assert "7 is left out" in capsys.readouterr().out
