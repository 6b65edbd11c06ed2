"""What the tests of the numbered scripts share: the reference table, a stub install, wine."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
BAT = REPOSITORY / "bat"
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(BAT))
import generate  # noqa: E402

# The released scripts; what ours must call (spec 70 section 4).
RELEASED = {entry["bat"]: entry for entry in json.loads(
    (HERE / "golden" / "cli" / "70_bat_commands.json").read_text(encoding="utf-8"))["scripts"]}
# Where ours differ on purpose (spec 70 section 13): the calls of these instead of the released.
FIXED = {
    "1) clear workspace.bat": [["clear-workspace", "--workspace", "{WORKSPACE}/."]],
    "10.misc) make CPU only.bat": [],
}
TABLE = generate.read_table()
ODD_FOLDER = "My & Жук"


def list_calls(entry):
    """[[verb, arguments ...], ...] of an entry of either table, placeholders left."""
    return [[*call["verb"]] + [part for argument in call["args"] for part in argument]
            for call in entry["calls"] if "verb" in call]


def expected_calls(bat):
    """By the released table where it has the script, FIXED where it is mended, else by ours."""
    if bat in FIXED:
        return FIXED[bat]
    if bat in RELEASED:
        return list_calls(RELEASED[bat])
    return list_calls(next(entry for entry in TABLE if entry.get("bat") == bat))


def make_stub_install(folder, python):
    """`folder` with the files that the scripts look for; `python` stands for the interpreter."""
    internal = folder / "_internal"
    for name in ("DeepFaceLab", "DeepFaceLab_SAEHDBW", "python-3.6.8", "XnViewMP", "EbSynth",
                 "_e/t", "CUDA", "CUDNN/Win10.0"):
        (internal / name).mkdir(parents=True)
    for name in ("DeepFaceLab", "DeepFaceLab_SAEHDBW"):
        (internal / name / "main.py").write_text("")
    shutil.copy(str(python), str(internal / "python-3.6.8" / "python.exe"))
    shutil.copy(str(REPOSITORY / "setenv.bat"), str(internal / "setenv.bat"))
    for path in BAT.glob("*.bat"):
        shutil.copy(str(path), str(folder / path.name))
    return folder


def read_records(path):
    """[{'ARG': [...], 'CWD': ..., 'ENV': {...}, 'CALL': ...}, ...] of the recorder's file."""
    records = []
    if not path.is_file():
        return records
    for line in path.read_bytes().decode("utf-8").splitlines():
        kind, _, value = line.partition("\t")
        if kind == "CALL":
            records.append({"CALL": value, "ARG": [], "ENV": {}})
        elif kind == "ARG":
            records[-1]["ARG"].append(value)
        elif kind == "ENV":
            name, _, content = value.partition("=")
            records[-1]["ENV"][name] = content
        elif kind == "CWD":
            records[-1]["CWD"] = value
    return records


def find_missing():
    """Why the scripts cannot run under wine here, None when they can."""
    for program in ("wine", "wineboot", "x86_64-w64-mingw32-gcc"):
        if shutil.which(program) is None:
            return ("NOT RUN: {} is missing (apt-get install --no-install-recommends wine wine64 "
                    "gcc-mingw-w64-x86-64-win32)".format(program))
    return None


class Wine:
    """Starts scripts as a double click does: `wine ./name.bat`, standard input at its end."""

    def __init__(self, folder):
        prefix = os.environ.get("DFL_WINE_PREFIX") or str(folder / "prefix")
        self.environment = dict(os.environ, WINEPREFIX=prefix, WINEDEBUG="-all",
                                WINEDLLOVERRIDES="mscoree=;mshtml=", LC_ALL="C.UTF-8")
        for name in ("DISPLAY", "PYTHONPATH", "WORKSPACE", "DFL_ROOT"):
            self.environment.pop(name, None)
        if not Path(prefix, "system.reg").is_file():
            subprocess.run(["wineboot", "-i"], env=self.environment, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        self.record = folder / "record.txt"
        self.recorder = folder / "python.exe"
        subprocess.run(["x86_64-w64-mingw32-gcc", "-municode", "-O1", "-s", "-o",
                        str(self.recorder), str(HERE / "recorder" / "recorder.c")], check=True)

    def run(self, script, *arguments, **variables):
        """(exit code, printed text, records) of one script."""
        if self.record.is_file():
            self.record.unlink()
        cwd = variables.pop("cwd", str(script.parent))
        program = "./" + script.name if cwd == str(script.parent) else to_windows(script)
        environment = dict(self.environment, RECORD_FILE=to_windows(self.record), **variables)
        done = subprocess.run(["wine", program] + list(arguments), cwd=cwd, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        return done.returncode, done.stdout.decode("utf-8", "replace"), read_records(self.record)

    def stop(self):
        subprocess.run(["wineserver", "-k"], env=self.environment)


def to_windows(path):
    return "Z:" + str(path).replace("/", "\\")


def fill_windows(calls, root):
    """Placeholders as setenv.bat fills them in the install `root`."""
    internal = to_windows(root) + "\\_internal"
    values = {"{WORKSPACE}": internal + "\\..\\workspace", "{INTERNAL}": internal}
    filled = []
    for call in calls:
        words = []
        for word in call:
            for name, value in values.items():
                if name in word:
                    word = word.replace(name, value).replace("/", "\\")
            words.append(word)
        filled.append(words)
    return filled
