"""The smoke set (tests/smoke.py) on every supported Python, and the README's table of it.

    python tests/bench/matrix.py                  all rows, printed
    python tests/bench/matrix.py --write          and written into the README
    python tests/bench/matrix.py --python 3.9     one row

Python 3.6, 3.7 and 3.11 run in the environments that `dfl.py env` makes. The others get a
throw-away environment each, with the newest TensorFlow that pip finds for them; the newest Python
runs a second time with OpenCV 5. An environment takes 2.5 GB, is made in the temporary folder and
removed before the next one is made.
"""
import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
SMOKE = ROOT / "tests" / "smoke.py"
README = ROOT / "README.md"
MARKER = re.compile(r"(<!-- matrix -->\n)(.*?)(<!-- end -->)", re.DOTALL)

OPENCV = "opencv-python-headless"
PACKAGES = ["tensorflow", "numpy", "numexpr", "tqdm", "Pillow", "imageio-ffmpeg"]
MADE_BY_DFL = ("3.6", "3.7", "3.11")
STEP_TITLES = {"import": "import", "df": "df", "liae": "liae", "train": "5 steps", "save": "save",
               "load": "load", "go_on": "go on"}
STEP_LIMIT_SEC = 900


class Row(NamedTuple):
    """One run: a Python version such as "3.9" and what OpenCV to install ("" = as it is there)."""

    python: str
    opencv: str


ROWS = [Row("3.6", ""), Row("3.7", ""), Row("3.8", "<5"), Row("3.9", "<5"), Row("3.10", "<5"),
        Row("3.11", ""), Row("3.12", "<5"), Row("3.13", "<5"), Row("3.13", ">=5")]


class RowError(Exception):
    """Why a row could not be run: no interpreter, no packages, a smoke set without a result."""


def load_dfl():
    """dfl.py as a module: its environments and its pip."""
    spec = importlib.util.spec_from_file_location("dfl", str(ROOT / "dfl.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dfl = load_dfl()


def starts(python: str) -> bool:
    return subprocess.call([python, "-c", ""], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL) == 0


def find_python(version: str) -> str:
    """A working interpreter of this version: on PATH, else of pyenv. RowError without one."""
    path = shutil.which("python" + version)
    if path and starts(path):
        return path
    if shutil.which("pyenv"):
        root = Path(subprocess.check_output(["pyenv", "root"]).decode().strip())
        for folder in sorted(root.glob("versions/{}.*".format(version)), reverse=True):
            if starts(str(folder / "bin" / "python")):
                return str(folder / "bin" / "python")
    raise RowError("there is no Python {} here".format(version))


def prepare_python(row: Row, folder: Path) -> str:
    """The Python to run a row with; a throw-away environment is made or changed in `folder`."""
    if row.python in MADE_BY_DFL:
        flavour = dfl.choose_flavour(tuple(int(number) for number in row.python.split(".")))
        if not flavour.python.exists():
            raise RowError("{} is not made: python{} dfl.py env".format(flavour.folder.name,
                                                                       row.python))
        return str(flavour.python)
    environment = folder / row.python
    python = str(environment / ("Scripts" if os.name == "nt" else "bin") / "python")
    packages = [OPENCV + row.opencv]
    if not environment.exists():
        for other in folder.iterdir():
            shutil.rmtree(str(other))
        subprocess.check_call([find_python(row.python), "-m", "venv", str(environment)])
        dfl.run_pip(python, "--upgrade", "pip")
        packages += PACKAGES
    dfl.run_pip(python, "--prefer-binary", *packages)
    return python


def run_smoke(python: str) -> Dict[str, Dict[str, str]]:
    """{"versions": ..., "steps": ...} of a smoke set in a process of its own."""
    environment = dict(os.environ, **dfl.TEST_ENVIRONMENT)
    environment.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        process = subprocess.Popen([python, str(SMOKE), "--json", str(result)], env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output = process.communicate(timeout=STEP_LIMIT_SEC)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            process.kill()
            raise RowError("the smoke set did not end within {} s".format(STEP_LIMIT_SEC)) from None
        if not result.exists():
            raise RowError("the smoke set ended without a result:\n" + output[-3000:])
        if process.returncode:
            print(output[-6000:])
        return json.loads(result.read_text(encoding="utf-8"))


def run_row(row: Row, folder: Path) -> Optional[Dict[str, Dict[str, str]]]:
    """The facts of a row, None (with the reason printed) when it could not be run."""
    print("== Python {} {}".format(row.python, row.opencv and OPENCV + row.opencv), flush=True)
    try:
        facts = run_smoke(prepare_python(row, folder))
    except (RowError, dfl.SetupError, subprocess.CalledProcessError) as error:
        print("NOT RUN: {}".format(error), flush=True)
        return None
    print(json.dumps(facts), flush=True)
    return facts


def make_table(results: List[Dict[str, Dict[str, str]]]) -> List[str]:
    """Markdown lines: one row a run."""
    versions = ["Python", "TensorFlow", "NumPy", "OpenCV"]
    lines = ["| {} |".format(" | ".join(versions + list(STEP_TITLES.values()))),
             "|" + "---|" * (len(versions) + len(STEP_TITLES))]
    for facts in results:
        cells = [facts["versions"][name] for name in versions]
        cells += [facts["steps"][step] for step in STEP_TITLES]
        lines.append("| {} |".format(" | ".join(cells)))
    return lines


def update_text(text: str, table: List[str]) -> str:
    """`text` with what stands between the markers replaced by the table."""
    if not MARKER.search(text):
        raise RowError("the document has no <!-- matrix --> ... <!-- end -->")
    return MARKER.sub(lambda match: match.group(1) + "\n".join(table) + "\n" + match.group(3), text)


def parse_arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", choices=sorted({row.python for row in ROWS}),
                        help="only the rows of this version")
    parser.add_argument("--write", action="store_true", help="write the table into the README")
    arguments = parser.parse_args(argv)
    if arguments.python and arguments.write:
        parser.error("--write needs all rows")
    return arguments


def main(argv=None) -> int:
    """0 when every row was run and every step of it passed."""
    arguments = parse_arguments(argv)
    rows = [row for row in ROWS if arguments.python in (None, row.python)]
    with tempfile.TemporaryDirectory(prefix="dfl_matrix_") as folder:
        results = [run_row(row, Path(folder)) for row in rows]
    complete = [facts for facts in results if facts is not None]
    table = make_table(complete)
    print("\n".join([""] + table))
    if len(complete) < len(rows):
        print("{} of {} rows could not be run, see above".format(len(rows) - len(complete),
                                                                len(rows)))
        return 1
    if arguments.write:
        text = README.read_text(encoding="utf-8")
        README.write_text(update_text(text, table), encoding="utf-8")
        print("{}: table written".format(README.name))
    return 0 if all(set(facts["steps"].values()) == {"ok"} for facts in complete) else 1


if __name__ == "__main__":
    sys.exit(main())
