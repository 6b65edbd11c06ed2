"""tests/bench/matrix.py: its rows, its table, the README that shows it. No environment is made."""
import importlib.util
import json
import sys
from pathlib import Path

import pytest

import smoke

ROOT = Path(__file__).parent.parent


def load_matrix():
    spec = importlib.util.spec_from_file_location("matrix",
                                                  str(ROOT / "tests" / "bench" / "matrix.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


matrix = load_matrix()

VERSIONS = {"Python": "3.9.1", "TensorFlow": "2.20.0", "NumPy": "2.0.2", "OpenCV": "5.0.0"}
FACTS = {"versions": VERSIONS, "steps": dict.fromkeys(smoke.SmokeSet.STEPS, "ok")}


def test_every_supported_python_has_a_row_and_opencv_5_one_too():
    pythons = {row.python for row in matrix.ROWS}
    assert pythons == {"3.%d" % minor for minor in range(6, 14)}
    assert [row.opencv for row in matrix.ROWS].count(">=5") == 1
    for python in pythons:
        assert matrix.dfl.choose_flavour(tuple(int(x) for x in python.split("."))) is not None


def test_every_step_has_a_column():
    assert tuple(matrix.STEP_TITLES) == smoke.SmokeSet.STEPS


def test_table():
    steps = dict(FACTS["steps"], load="failed", go_on="not reached")
    head, rule, first, second = matrix.make_table([FACTS, dict(FACTS, steps=steps)])
    assert head.count("|") == rule.count("|") == first.count("|") == 12
    assert first.startswith("| 3.9.1 | 2.20.0 | 2.0.2 | 5.0.0 | ok |")
    assert second.endswith("| ok | failed | not reached |")


def test_table_is_put_between_the_markers():
    text = "a\n<!-- matrix -->\nold\n<!-- end -->\nb\n"
    updated = matrix.update_text(text, ["new"])
    assert updated == "a\n<!-- matrix -->\nnew\n<!-- end -->\nb\n"
    assert matrix.update_text(updated, ["new"]) == updated
    with pytest.raises(matrix.RowError, match="matrix"):
        matrix.update_text("nothing", [])


def test_readme_shows_a_passed_row_of_every_python():
    text = matrix.MARKER.search((ROOT / "README.md").read_text(encoding="utf-8")).group(2)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:]]
    assert [row[0].rsplit(".", 1)[0] for row in rows] == [row.python for row in matrix.ROWS]
    assert {result for row in rows for result in row[4:]} == {"ok"}
    assert {row[3].split(".")[0] for row in rows} == {"4", "5"}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """main() with smoke sets replaced by `facts` of the row, or a RowError for None."""
    readme = tmp_path / "README.md"
    readme.write_text("<!-- matrix -->\n<!-- end -->\n")
    monkeypatch.setattr(matrix, "README", readme)
    monkeypatch.setattr(matrix, "prepare_python", lambda row, folder: row)

    def run(facts, *arguments):
        def run_smoke(row):
            if facts(row) is None:
                raise matrix.RowError("no interpreter")
            return facts(row)
        monkeypatch.setattr(matrix, "run_smoke", run_smoke)
        return matrix.main(list(arguments)), readme.read_text()
    return run


def test_a_complete_run_is_written(run):
    code, text = run(lambda row: FACTS, "--write")
    assert code == 0 and text.count("| 3.9.1 |") == len(matrix.ROWS)


def test_a_failed_step_is_written_and_fails(run):
    failed = dict(FACTS, steps=dict(FACTS["steps"], df="failed"))
    code, text = run(lambda row: failed if row.python == "3.8" else FACTS, "--write")
    assert code == 1 and text.count("failed") == 1


def test_a_row_that_could_not_be_run_is_told_and_nothing_is_written(run, capsys):
    code, text = run(lambda row: None if row.python == "3.8" else FACTS, "--write")
    assert code == 1 and "3.9.1" not in text
    assert "NOT RUN: no interpreter" in capsys.readouterr().out


def test_one_python_alone_is_not_written(run):
    assert run(lambda row: FACTS, "--python", "3.13")[0] == 0
    with pytest.raises(SystemExit):
        run(lambda row: FACTS, "--python", "3.13", "--write")


def test_an_interpreter_that_is_not_here_is_an_error(monkeypatch):
    monkeypatch.setattr(matrix.shutil, "which", lambda name: None)
    with pytest.raises(matrix.RowError, match="3.8"):
        matrix.find_python("3.8")


def test_result_of_a_smoke_set_comes_from_its_process(monkeypatch, tmp_path):
    script = tmp_path / "smoke.py"
    script.write_text("import sys, pathlib\npathlib.Path(sys.argv[2]).write_text(%r)"
                      % json.dumps(FACTS))
    monkeypatch.setattr(matrix, "SMOKE", script)
    assert matrix.run_smoke(sys.executable) == FACTS
    script.write_text("raise SystemExit('broken')")
    with pytest.raises(matrix.RowError, match="broken"):
        matrix.run_smoke(sys.executable)
