#!/usr/bin/env python3
"""Start from a fresh checkout with nothing but Python: `demo`, `test`, `doctor`, `env`, `extras`.

Standard library only, valid from Python 3.6 on. Each verb makes the virtual environment it needs
beside this file (or finds it complete and reuses it) and hands over to DeepFaceLab/main.py or to
pytest.
"""
from __future__ import print_function  # Python 2 has to read this file to say so

import sys

if sys.version_info[0] < 3:
    sys.exit("Python 3.6 or newer is needed, this is {}.{}: start it as `python3 dfl.py`".format(
        *sys.version_info[:2]))

import argparse  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

ROOT = Path(__file__).resolve().parent
MAIN = ROOT / "DeepFaceLab" / "main.py"
STAMP = "dfl_env.json"
PIP_TRIES = 3
MODERN = [(3, 13), (3, 12), (3, 11), (3, 10)]  # newest first: the order they are looked for
OLDER = [(3, 8), (3, 9)]  # run the smoke set, not the compared numbers
# Requirements with the OpenCV that draws windows; the others name the headless build.
WINDOWED = ("requirements.txt", "requirements-older.txt")

# What has an environment of its own because its packages do not go with the others:
# {name: (requirements, packages installed without theirs, interpreters, newest first)}
EXTRAS = {"mediapipe": ("requirements-mediapipe.txt", ["mediapipe==0.10.21"],
                        [(3, 12), (3, 11), (3, 10), (3, 9)])}

# Every compared number is made under these; TensorFlow reads them while it is imported.
TEST_ENVIRONMENT = {
    "TF_NUM_INTRAOP_THREADS": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_DETERMINISTIC_OPS": "1",
}


class SetupError(Exception):
    """Something the user has to change; printed without a traceback, exit code 1."""


class Flavour:
    """One supported line of interpreters: where its environment lives and what goes into it."""

    def __init__(self, folder, runtime, development, tools, smoke=None):
        self.folder = ROOT / folder
        self.runtime = runtime
        self.development = development
        self.tools = tools  # what has to be there first, where venv brings too old a pip
        self.smoke = smoke  # arguments of tests/smoke.py where `test` runs nothing else

    @property
    def python(self):
        if os.name == "nt":
            return self.folder / "Scripts" / "python.exe"
        return self.folder / "bin" / "python"


def choose_flavour(version):
    """Flavour for an interpreter version (major, minor), None when there is none."""
    if version == (3, 6):
        return Flavour(".venv36", "requirements-legacy.txt", "requirements-legacy-dev.txt",
                       ["pip==21.3.1", "wheel==0.37.1"])
    if version == (3, 7):
        return Flavour(".venv37", "requirements-tf1.txt", "requirements-tf1.txt",
                       ["pip==24.0", "wheel==0.42.0"], smoke=["--tensorflow", "1.15."])
    if version in OLDER:
        return Flavour(".venv{}{}".format(*version), "requirements-older.txt",
                       "requirements-older.txt", ["pip==25.0.1"], smoke=[])
    if version in MODERN:
        return Flavour(".venv", "requirements.txt", "requirements-dev.txt", [])
    return None


def find_interpreter():
    """(path, flavour) of the interpreter to build with: this one, else a supported one on PATH."""
    version = sys.version_info[:2]
    flavour = choose_flavour(version)
    if flavour:
        return sys.executable, flavour
    for major, minor in MODERN:
        path = shutil.which("python{}.{}".format(major, minor))
        # A launcher can exist without the version behind it (pyenv): try it.
        if path and subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL) == 0:
            print("Python {}.{} is not supported, using {}".format(version[0], version[1], path))
            return path, choose_flavour((major, minor))
    raise SetupError(
        "Python {}.{} is not supported and no other one was found.\n"
        "  * install Python 3.10, 3.11, 3.12 or 3.13 and start this script with it\n"
        "  * Python 3.6 (TensorFlow 2.6), 3.7 (1.15), 3.8 (2.13) and 3.9 (2.20) work too".format(
            version[0], version[1]))


def list_requirements(name):
    """[name, the files it includes with -r, ...]"""
    names = [name]
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            names += list_requirements(line[3:].strip())
    return names


def hash_requirements(name):
    """{file name: SHA-256 of its text} for a requirements file and what it includes."""
    return {n: hashlib.sha256((ROOT / n).read_bytes()).hexdigest() for n in list_requirements(name)}


def read_stamp(flavour):
    """What was installed completely into the environment: {requirements file: hash}, or {}."""
    path = flavour.folder / STAMP
    if not path.exists():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        print("{} is damaged: installing again".format(path))
        return {}


def is_complete(flavour, wanted):
    stamp = read_stamp(flavour)
    if not all(stamp.get(name) == digest for name, digest in wanted.items()):
        return False
    return flavour.python.exists() and subprocess.call([str(flavour.python), "-c", ""]) == 0


def run_pip(python, *arguments):
    """pip with a few tries (registries time out), its messages shown as they are."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    command += ([] if sys.stdout.isatty() else ["-q"]) + list(arguments)
    for attempt in range(1, PIP_TRIES + 1):
        if subprocess.call(command, cwd=str(ROOT)) == 0:
            return
        print("pip failed (try {} of {}), its message is above".format(attempt, PIP_TRIES))
        if attempt < PIP_TRIES:
            time.sleep(3 * attempt)
    raise SetupError("The packages could not be installed: {}\n"
                     "  * check the network and the free disk space (4 GB), then run this again\n"
                     "  * `python3 dfl.py doctor` shows what is there".format(" ".join(command)))


def create_venv(interpreter, flavour):
    print("Making {} with {}".format(flavour.folder.name, interpreter), flush=True)
    command = [interpreter, "-m", "venv", "--clear", str(flavour.folder)]
    if subprocess.call(command) != 0:
        raise SetupError("The virtual environment could not be made, the message is above.\n"
                         "  * Debian and Ubuntu: sudo apt install python3-venv\n"
                         "  * or pass --here to use this interpreter's own packages")


def replace_opencv(python, requirements):
    """Where the windowed OpenCV cannot be loaded (Linux without libGL), take the headless build."""
    probe = subprocess.Popen([str(python), "-c", "import cv2"], stderr=subprocess.PIPE)
    message = probe.communicate()[1].decode("utf-8", "replace").strip()
    if probe.returncode == 0:
        return
    print("opencv-python does not load here: {}".format(
        message.splitlines()[-1] if message else "code {}".format(probe.returncode)))
    lines = (ROOT / requirements).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.startswith("opencv-python==")]
    if not sys.platform.startswith("linux") or not pins:
        raise SetupError("OpenCV is installed but cannot be imported, see above.")
    print("Taking opencv-python-headless instead: everything works, without preview windows.\n"
          "For windows install libGL (Debian, Ubuntu: apt install libgl1) and delete that folder.")
    subprocess.check_call([str(python), "-m", "pip", "uninstall", "-q", "-y", "opencv-python"])
    run_pip(python, pins[0].replace("opencv-python==", "opencv-python-headless=="))
    subprocess.check_call([str(python), "-c", "import cv2"])


def make_environment(development):
    """Path of a Python that has the packages; makes or completes the environment when needed."""
    interpreter, flavour = find_interpreter()
    name = flavour.development if development else flavour.runtime
    wanted = hash_requirements(name)
    if is_complete(flavour, wanted):
        return str(flavour.python)
    began = time.time()
    stamp = read_stamp(flavour)
    if not flavour.python.exists() or subprocess.call([str(flavour.python), "-c", ""]) != 0:
        create_venv(interpreter, flavour)
        stamp = {}
    print("Installing {} into {} (2.5 GB, minutes the first time)".format(
        name, flavour.folder.name), flush=True)
    if flavour.tools:
        run_pip(flavour.python, "--upgrade", *flavour.tools)
    run_pip(flavour.python, "-r", name)
    if flavour.runtime in WINDOWED:
        replace_opencv(flavour.python, flavour.runtime)
    stamp.update(wanted)
    (flavour.folder / STAMP).write_text(json.dumps(stamp, indent=1, sort_keys=True),
                                        encoding="utf-8")
    print("Environment ready after {:.0f} s".format(time.time() - began), flush=True)
    return str(flavour.python)


def find_extra_interpreter(name, versions):
    """Path of an interpreter of one of the versions: this one, else one on PATH."""
    if sys.version_info[:2] in versions:
        return sys.executable
    for version in versions:
        path = shutil.which("python{}.{}".format(*version))
        if path and subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL) == 0:
            return path
    raise SetupError("{} needs Python {} and none was found.\n"
                     "  * install one of them; it has to be found under that name (python3.11)"
                     .format(name, " or ".join("{}.{}".format(*v) for v in versions)))


def make_extra(name):
    """Path of the Python of an extra's environment; makes or completes it when needed."""
    requirements, bare, versions = EXTRAS[name]
    flavour = Flavour(".venv_" + name, requirements, requirements, [])
    wanted = dict(hash_requirements(requirements), bare=" ".join(bare))
    if not is_complete(flavour, wanted):
        create_venv(find_extra_interpreter(name, versions), flavour)
        print("Installing {} into {} (400 MB)".format(name, flavour.folder.name), flush=True)
        run_pip(flavour.python, "-r", requirements)
        run_pip(flavour.python, "--no-deps", *bare)
        (flavour.folder / STAMP).write_text(json.dumps(wanted, indent=1, sort_keys=True),
                                            encoding="utf-8")
    return str(flavour.python)


def choose_python(arguments, development=False):
    return sys.executable if arguments.here else make_environment(development)


def run_main(python, *arguments):
    return subprocess.call([python, str(MAIN)] + [str(a) for a in arguments])


def run_demo(arguments):
    python = choose_python(arguments)
    workspace = Path(arguments.workspace).expanduser().resolve()
    code = run_main(python, "demo-workspace", "--output-dir", workspace)
    if code:
        return code
    options = ["--workspace", workspace]
    options += ["--quick"] if arguments.quick else []
    options += ["--resolution", arguments.resolution] if arguments.resolution else []
    options += ["--minutes", arguments.minutes] if arguments.minutes else []
    code = run_main(python, "demo-train", *options)
    if code not in (0, 1):
        return code
    # 1: the goal was missed; what was learned is merged and shown all the same
    return run_main(python, "demo-merge", "--workspace", workspace) or code


def run_test(arguments):
    """The whole suite less the tests marked slow; --all everything, --rest only the slow ones."""
    python = choose_python(arguments, development=True)
    environment = dict(os.environ, **TEST_ENVIRONMENT)
    version = subprocess.check_output(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).decode().strip()
    flavour = choose_flavour(tuple(int(number) for number in version.split(".")))
    if flavour and flavour.smoke is not None:
        return subprocess.call([python, str(ROOT / "tests" / "smoke.py")] + flavour.smoke,
                               env=environment)
    command = [python, "-m", "pytest", "--durations=10"]
    if arguments.rest:
        command += ["-m", "slow"]
    elif not arguments.all:
        command += ["-m", "not slow"]
    code = subprocess.call(command + arguments.pytest, cwd=str(ROOT), env=environment)
    if code == 5 and arguments.rest:  # pytest's "no test collected"
        print("No test is marked slow: `dfl.py test` is the whole suite.")
        return 0
    return code


def run_doctor(arguments):
    """The environment's state here, everything else from DeepFaceLab/main.py in the best Python."""
    flavour = choose_flavour(sys.version_info[:2])
    python = sys.executable
    if flavour is None:
        print("Python {}.{} here is not supported: 3.10 to 3.13, or 3.6 to 3.9".format(
            *sys.version_info[:2]))
    elif not arguments.here:
        complete = is_complete(flavour, hash_requirements(flavour.runtime))
        state = "complete" if complete else "not made yet: `python3 dfl.py env` makes it"
        print("Environment {}: {}".format(flavour.folder.name, state), flush=True)
        python = str(flavour.python) if complete else sys.executable
    return run_main(python, "doctor")


def run_env(arguments):
    print(make_environment(arguments.dev))
    return 0


def run_extras(arguments):
    print(make_extra(arguments.name))
    return 0


def build_parser():
    parser = argparse.ArgumentParser(
        prog="dfl.py", description="Make the environment, then run the demo, the tests or a check.")
    verbs = parser.add_subparsers(dest="verb", metavar="demo | test | doctor | env | extras")
    here = argparse.ArgumentParser(add_help=False)
    here.add_argument("--here", action="store_true",
                      help="use this interpreter and its packages, make no environment")

    demo = verbs.add_parser("demo", parents=[here],
                            help="render two characters, train a small model, show the swap")
    demo.add_argument("--quick", action="store_true", help="300 iterations instead of 1,200")
    demo.add_argument("--resolution", type=int, help="face size of the model in pixels (64)")
    demo.add_argument("--minutes", type=float, help="train this long instead of a step count")
    demo.add_argument("--workspace", default=str(ROOT / "workspace_demo"),
                      help="folder for everything the demo writes (workspace_demo)")
    demo.set_defaults(run=run_demo)

    test = verbs.add_parser("test", parents=[here],
                            help="run the tests; unknown arguments go to pytest")
    scope = test.add_mutually_exclusive_group()
    scope.add_argument("--all", action="store_true", help="the slow ones too")
    scope.add_argument("--rest", action="store_true",
                       help="only the slow ones: what a run without --all left out")
    test.set_defaults(run=run_test)

    doctor = verbs.add_parser("doctor", parents=[here],
                              help="show versions, devices, limits and known remedies")
    doctor.set_defaults(run=run_doctor)

    env = verbs.add_parser("env", help="only make the environment and print its Python")
    env.add_argument("--dev", action="store_true", help="with the test tools")
    env.set_defaults(run=run_env)

    extras = verbs.add_parser("extras", help="make the environment of something optional and "
                                             "print its Python")
    extras.add_argument("name", choices=sorted(EXTRAS),
                        help="mediapipe: a face detector that needs no weights of an install")
    extras.set_defaults(run=run_extras)
    return parser


def parse_arguments(argv):
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if arguments.verb is None:
        parser.print_help()
        parser.exit(0)
    if unknown and arguments.verb != "test":
        parser.error("unrecognized arguments: " + " ".join(unknown))
    arguments.pytest = unknown
    return arguments


def main(argv=None):
    arguments = parse_arguments(argv)
    try:
        return arguments.run(arguments)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
