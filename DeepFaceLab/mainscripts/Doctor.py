"""What is on this machine, and what to change: versions, devices, limits, known remedies.

Works with nothing but Python: everything that might be missing, crash or hang while it is imported
(TensorFlow, OpenCV) is asked in a child process with a timeout.
"""
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from core.osex import get_memory_info
from core.package_errors import list_remedies
from core.tree_files import list_leftovers

TREE = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 90  # a cold TensorFlow import from a slow disk takes most of a minute
GIB = 1024 ** 3
SHOWN_LEFTOVERS = 8

# Import name -> (package to install, whether training needs it).
PACKAGES = {
    "numpy": ("numpy", True),
    "cv2": ("opencv-python", True),
    "tensorflow": ("tensorflow", True),
    "tqdm": ("tqdm", True),
    "PIL": ("Pillow", True),
    "imageio_ffmpeg": ("imageio-ffmpeg", False),
    "PyQt5.QtCore": ("PyQt5", False),
    "bottle": ("bottle", False),
}

IMPORT_PROBE = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1])
version = getattr(module, '__version__', None) or getattr(module, 'PYQT_VERSION_STR', 'unknown')
facts = {'version': str(version)}
if sys.argv[1] == 'cv2':
    line = [l for l in module.getBuildInformation().splitlines() if l.strip().startswith('GUI:')]
    facts['gui'] = line[0].split(':', 1)[1].strip() if line else 'unknown'
if sys.argv[1] == 'tensorflow' and hasattr(module, 'sysconfig'):
    info = getattr(module.sysconfig, 'get_build_info', dict)()
    facts['build'] = {key: str(info[key]) for key in info
                      if key in ('cuda_version', 'cudnn_version', 'cuda_compute_capabilities')}
print('FACTS ' + json.dumps(facts))
"""

# The listing that training itself does, with its own time limit and overrides.
DEVICE_PROBE = """
import json, multiprocessing, os
from core.interact import interact as io
from core.leras import nn
io.log_info = lambda *args, **kwargs: None  # a slow start is no complaint
multiprocessing.set_start_method('spawn')
nn.initialize_main_env()
print('FACTS ' + json.dumps({k: v for k, v in os.environ.items() if k.startswith('NN_DEVICE')}))
"""


class Problem(NamedTuple):
    """`fatal`: training cannot start."""

    what: str
    remedies: List[str]
    fatal: bool


def run_child(command: List[str], timeout: float = TIMEOUT_SECONDS) -> dict:
    """{'facts': {...}, 'log': [other lines]} from the child's line `FACTS {json}`, or
    {'error': one line}."""
    environment = dict(os.environ, PYTHONPATH=str(TREE), TF_CPP_MIN_LOG_LEVEL="3")
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout, env=environment, cwd=str(TREE))
    except subprocess.TimeoutExpired:
        return {"error": "no answer within {:.0f} s".format(timeout)}
    except OSError as error:
        return {"error": str(error)}
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    facts = [line[len("FACTS "):] for line in lines if line.startswith("FACTS ")]
    if done.returncode == 0 and facts:
        log = [line for line in lines if line.strip() and not line.startswith("FACTS ")]
        return {"facts": json.loads(facts[-1]), "log": log}
    message = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return {"error": message[-1] if message else "ended with code {}".format(done.returncode)}


def probe_packages() -> Dict[str, dict]:
    """{import name: run_child's answer}, one child each: a crash of one says nothing of others."""
    return {name: run_child([sys.executable, "-c", IMPORT_PROBE, name]) for name in PACKAGES}


def probe_devices() -> dict:
    return run_child([sys.executable, "-c", DEVICE_PROBE])


def probe_nvidia() -> List[dict]:
    """[{'name', 'driver', 'capability', 'memory'}] as the NVIDIA driver tells, [] without one."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    keys = ["name", "driver", "capability", "memory"]
    query = "--query-gpu=name,driver_version,compute_cap,memory.total"
    try:
        out = subprocess.run([tool, query, "--format=csv,noheader"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=20).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        return [dict.fromkeys(keys, "nvidia-smi: {}".format(error))]
    rows = [[cell.strip() for cell in line.split(",")] for line in out.splitlines()]
    return [dict(zip(keys, row)) for row in rows if len(row) == len(keys)]


def find_ffmpeg(packages: dict) -> Optional[str]:
    found = shutil.which("ffmpeg")
    if found is None and "facts" in packages["imageio_ffmpeg"]:
        return "the one of imageio-ffmpeg"
    return found


def has_display() -> bool:
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def collect_facts() -> dict:
    packages = probe_packages()
    devices = {"error": "TensorFlow is not there"}
    if "facts" in packages["tensorflow"]:
        devices = probe_devices()
    shm = Path("/dev/shm")
    return {
        "python": sys.version_info[:3],
        "packages": packages,
        "devices": devices,
        "nvidia": probe_nvidia(),
        "memory": get_memory_info(),
        "disk_free": shutil.disk_usage(str(Path.cwd())).free,
        "shm_free": shutil.disk_usage(str(shm)).free if shm.exists() else None,
        "ffmpeg": find_ffmpeg(packages),
        "display": has_display(),
        "leftovers": list_leftovers(),
    }


def list_devices(facts: dict) -> List[str]:
    """One line a device that TensorFlow offers."""
    listed = facts["devices"].get("facts", {})
    lines = []
    for index in range(int(listed.get("NN_DEVICES_COUNT", 0))):
        prefix = "NN_DEVICE_{}_".format(index)
        lines.append("[{}] {} {} {:.1f} GB".format(
            index, listed[prefix + "TF_DEV_TYPE"], listed[prefix + "NAME"],
            int(listed[prefix + "TOTAL_MEM"]) / GIB))
    return lines


def find_package_problems(facts: dict) -> List[Problem]:
    problems = []
    if tuple(facts["python"][:2]) < (3, 6):
        problems.append(Problem("Python {}.{} is too old".format(*facts["python"][:2]),
                                ["use 3.10 to 3.13, or 3.6 with TensorFlow 2.6"], True))
    for name, (package, needed) in PACKAGES.items():
        error = facts["packages"][name].get("error")
        if error is None or (not needed and "No module named" in error):
            continue
        problems.append(Problem("{} cannot be imported: {}".format(package, error),
                                list_remedies(package, error), needed))
    return problems


def find_device_problems(facts: dict) -> List[Problem]:
    problems = []
    if "facts" in facts["packages"]["tensorflow"]:
        devices = facts["devices"]
        complaints = [devices["error"]] if "error" in devices else devices["log"]
        if complaints:
            problems.append(Problem(
                "the devices could not be listed: {}".format(complaints[0]),
                ["update the graphics driver",
                 "tell the device instead: set force_gpu_data=1 (forced_gpu_id names it, "
                 "max_gpu_memory is its memory in bytes)",
                 "train on the processor: --cpu-only"], False))
    if facts["nvidia"] and "facts" in facts["devices"] and not list_devices(facts):
        problems.append(Problem(
            "the driver sees {}, TensorFlow does not".format(facts["nvidia"][0]["name"]),
            ["Linux: pip install tensorflow[and-cuda]==<the version above>",
             "Windows: TensorFlow has had no GPU support of its own since 2.11; use the bundled "
             "Python 3.6, or WSL2"], False))
    version = facts["packages"]["tensorflow"].get("facts", {}).get("version", "")
    new_gpu = [gpu["name"] for gpu in facts["nvidia"] if gpu["capability"].startswith("12.")]
    if new_gpu and any(version.startswith("2.{}.".format(minor)) for minor in range(16, 21)):
        problems.append(Problem(
            "TensorFlow {} has no working kernels for {} (INVALID_PTX)".format(version, new_gpu[0]),
            ["TensorFlow 2.21 or newer", "NVIDIA's TensorFlow container"], False))
    return problems


def find_resource_problems(facts: dict) -> List[Problem]:
    problems = []
    if facts["memory"] and facts["memory"][1] < 4 * GIB:
        problems.append(Problem(
            "only {:.1f} GB of memory are free".format(facts["memory"][1] / GIB),
            ["close other programs", "pack the faceset: util --pack-faceset",
             "Windows: let the system manage the size of the page file (WinError 1455)"], False))
    if facts["disk_free"] < 5 * GIB:
        problems.append(Problem("only {:.1f} GB are free on this disk".format(
            facts["disk_free"] / GIB), ["a model with its backups needs several GB"], False))
    if facts["shm_free"] is not None and facts["shm_free"] < GIB // 4:
        problems.append(Problem("/dev/shm, where batches travel, has only {:.0f} MB".format(
            facts["shm_free"] / 1024 ** 2), ["container: start it with --shm-size=2g"], False))
    if facts["ffmpeg"] is None:
        problems.append(Problem("no ffmpeg: videos cannot be read or written",
                                ["pip install imageio-ffmpeg, or install ffmpeg"], False))
    return problems


def find_leftover_problems(facts: dict) -> List[Problem]:
    """An older tree below this one: not used, and confusing to look at."""
    found = facts.get("leftovers") or {}
    paths = found.get("files", []) + found.get("byte_code", [])
    if not paths:
        return []
    return [Problem(
        "{} files of another version lie in {}: {}{}".format(
            len(paths), TREE, ", ".join(paths[:SHOWN_LEFTOVERS]),
            ", ..." if len(paths) > SHOWN_LEFTOVERS else ""),
        ["this program does not use them: delete them, unless a community model needs them",
         "install with bat/install.bat instead of copying: it keeps the older tree aside"], False)]


def find_problems(facts: dict) -> List[Problem]:
    """Known problems with their remedies, those that stop training first."""
    problems = (find_package_problems(facts) + find_device_problems(facts)
                + find_resource_problems(facts) + find_leftover_problems(facts))
    return sorted(problems, key=lambda problem: not problem.fatal)


def describe(facts: dict) -> List[str]:
    lines = ["Python      {} ({})".format(".".join(map(str, facts["python"])), sys.executable),
             "System      {}, {} cores".format(platform.platform(), os.cpu_count())]
    if facts["memory"]:
        lines.append("Memory      {:.1f} GB, {:.1f} GB free".format(
            *[size / GIB for size in facts["memory"]]))
    lines.append("Disk        {:.1f} GB free in {}".format(facts["disk_free"] / GIB, Path.cwd()))
    for name, (package, needed) in PACKAGES.items():
        answer = facts["packages"][name]
        text = answer["facts"]["version"] if "facts" in answer else answer["error"]
        lines.append("{:<15} {}{}".format(package, text, "" if needed else "  (optional)"))
    build = facts["packages"]["tensorflow"].get("facts", {}).get("build")
    if build is not None:
        lines.append("TensorFlow's build: {}".format(
            ", ".join("{} {}".format(*item) for item in sorted(build.items())) or "without CUDA"))
    for gpu in facts["nvidia"]:
        lines.append("Driver      {name}, {memory}, compute capability {capability}, "
                     "driver {driver}".format(**gpu))
    lines.append("Devices     {}".format(
        "; ".join(list_devices(facts)) or facts["devices"].get("error", "no GPU: the CPU trains")))
    models = (facts.get("leftovers") or {}).get("models")
    if models:
        lines.append("Models      of the community: {}".format(", ".join(models)))
    lines.append("ffmpeg      {}".format(facts["ffmpeg"] or "none"))
    gui = facts["packages"]["cv2"].get("facts", {}).get("gui", "unknown")
    lines.append("Windows     display: {}, OpenCV draws with: {}".format(
        "yes" if facts["display"] else "no (`train --web` shows previews)", gui))
    return lines


def main() -> int:
    """Prints the report; 0 when training can start, else 1."""
    facts = collect_facts()
    print("\n".join(describe(facts)))
    problems = find_problems(facts)
    for number, problem in enumerate(problems, 1):
        print("\n{}. {}".format(number, problem.what))
        print("\n".join("   * " + remedy for remedy in problem.remedies))
    if any(problem.fatal for problem in problems):
        print("\nTraining cannot start here.")
        return 1
    print("\nTraining can start here.")
    return 0
