"""What stands in the install, read from its files; TensorFlow is not imported (spec 70 11.3)."""
import glob
import os
import re
import subprocess
from typing import Any, Dict, List, Optional

from . import names
from .find_root import find_interpreters
from .hashing import hash_file
from .package import Package
from .setenv_block import BEGIN, read_assignments

PYTHON_SECONDS = 10
PROBE_SECONDS = 180
VERSION_CODE = "import sys, struct; print(sys.version.split()[0], struct.calcsize('P') * 8)"
PROBE_CODE = ("import tensorflow as tf; from tensorflow.python.client import device_lib; "
              "print(tf.__version__, tf.test.is_built_with_cuda(), "
              "[d.name for d in device_lib.list_local_devices()])")


def read_text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def find_first(*parts: str) -> Optional[str]:
    found = sorted(glob.glob(os.path.join(glob.escape(parts[0]), *parts[1:])))
    return found[0] if found else None


def run_python(root: str, python: str, code: str, seconds: float) -> Optional[str]:
    """What the bundled interpreter prints, None when it cannot run or takes too long."""
    internal = os.path.join(root, names.INTERNAL)
    folder = os.path.dirname(python)
    parts = [folder, os.path.join(folder, "Scripts")] + [
        os.path.join(internal, *name) for name in (("CUDA",), ("CUDNN",), ("CUDNN", "Win10.0"))]
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("PYTHONHOME", "PYTHONPATH")}
    environment["PATH"] = os.pathsep.join(parts + [os.environ.get("PATH", "")])
    try:
        done = subprocess.run([python, "-B", "-c", code], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=seconds, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def detect_python(root: str) -> Dict[str, Any]:
    python = find_interpreters(root)[-1]
    folder = os.path.dirname(python)
    library = find_first(folder, "python[0-9]*.dll")
    named = re.search(r"python-([0-9.]+)", os.path.basename(folder))
    return {"folder": os.path.basename(folder),
            "named": named.group(1) if named else None,
            "library": os.path.basename(library) if library else None,
            "runs": run_python(root, python, VERSION_CODE, PYTHON_SECONDS)}


def detect_tensorflow(packages: str) -> Dict[str, Any]:
    """{'version', 'generation': '1.15' | '1' | '2' | None, 'directml': bool}"""
    version = None
    for place in ("tensorflow", "tensorflow_core"):
        header = read_text(os.path.join(packages, place, "include", "tensorflow", "core",
                                        "public", "version.h"))
        found = [re.search(r"#define TF_{}_VERSION (\d+)".format(part), header)
                 for part in ("MAJOR", "MINOR", "PATCH")]
        if all(found):
            version = ".".join(match.group(1) for match in found if match)
            suffix = re.search(r'#define TF_VERSION_SUFFIX "([^"]*)"', header)
            version += suffix.group(1) if suffix else ""
            break
    if version is None:
        metadata = find_first(packages, "tensorflow*.dist-info", "METADATA")
        found_version = re.search(r"^Version: (\S+)", read_text(metadata or ""), re.MULTILINE)
        version = found_version.group(1) if found_version else None
    generation = None
    if os.path.isdir(os.path.join(packages, "tensorflow_core")):
        generation = "1.15"
    elif os.path.isdir(os.path.join(packages, "tensorflow", "_api", "v2")):
        generation = "2"
    elif os.path.isdir(os.path.join(packages, "tensorflow", "_api", "v1")):
        generation = "1"
    directml = bool(find_first(packages, "tensorflow_directml*.dist-info")
                    or find_first(packages, "tensorflow*", "**", "DirectML*.dll"))
    return {"version": version, "generation": generation, "directml": directml}


def detect_libraries(internal: str) -> List[str]:
    found = []
    for folder in ("CUDA", "CUDNN", os.path.join("CUDNN", "Win10.0"),
                   os.path.join("CUDNN", "Win6.x")):
        for pattern in ("cudart64_*.dll", "cublas64_*.dll", "cudnn64_*.dll"):
            found += [os.path.basename(path) for path in
                      glob.glob(os.path.join(glob.escape(internal), folder, pattern))]
    return sorted(set(found))


def name_build(tensorflow: Dict[str, Any], libraries: List[str]) -> str:
    if tensorflow["directml"]:
        return "DirectX12"
    has_cuda = any(name.startswith("cudart64_") for name in libraries)
    if has_cuda and tensorflow["generation"] == "2":
        return "RTX3000"
    if has_cuda:
        return "RTX2080Ti"
    return "CPU"


def detect_forks(internal: str, assignments: Dict[str, str]) -> List[str]:
    tree = os.path.join(internal, "DeepFaceLab")
    forks = []
    if "DFL_ROOT_SAEHDBW" in assignments or os.path.isdir(
            os.path.join(internal, "DeepFaceLab_SAEHDBW")):
        forks.append("SAEHDBW")
    if os.path.isdir(os.path.join(internal, "python_common")) or os.path.isfile(
            os.path.join(internal, "setenv_old.bat")):
        forks.append("ME/SN")
    if os.path.isdir(os.path.join(tree, "flaskr")) or os.path.isfile(
            os.path.join(tree, "utils", "logo.py")):
        forks.append("MVE")
    return forks


def list_script_states(root: str, released: Dict[str, str]) -> Dict[str, str]:
    """{script in the root: 'pristine' | 'edited' | 'unknown'}"""
    states = {}
    for name in sorted(os.listdir(root)):
        if name.lower().endswith(".bat") and os.path.isfile(os.path.join(root, name)):
            if name not in released:
                states[name] = "unknown"
            else:
                is_same = hash_file(os.path.join(root, name)) == released[name]
                states[name] = "pristine" if is_same else "edited"
    return states


def detect(root: str, package: Package, is_probing: bool = False) -> Dict[str, Any]:
    """Everything of spec 70 11.3 as plain data."""
    internal = os.path.join(root, names.INTERNAL)
    python = find_interpreters(root)[-1]
    packages = os.path.join(os.path.dirname(python), "Lib", "site-packages")
    setenv = read_text(os.path.join(internal, "setenv.bat"))
    assignments = read_assignments(setenv.encode("utf-8"))
    tensorflow, libraries = detect_tensorflow(packages), detect_libraries(internal)
    modules = {}
    for name in ("numpy", "cv2", "scipy"):
        found = re.search(r"version\s*=\s*['\"]([^'\"]+)",
                          read_text(os.path.join(packages, name, "version.py")))
        modules[name] = found.group(1) if found else None
    build = name_build(tensorflow, libraries)
    notes = []
    if "TF_MIN_REQ_CAP" in assignments and build == "RTX3000":
        notes.append("setenv.bat is that of the RTX2080Ti build, the files are not.")
    result = {"python": detect_python(root), "tensorflow": tensorflow, "libraries": libraries,
              "build": build, "modules": modules, "forks": detect_forks(internal, assignments),
              "qt": [name for name in ("Qt", "Qt5")
                     if os.path.isdir(os.path.join(packages, "PyQt5", name))],
              "ffmpeg": os.path.isfile(os.path.join(internal, "ffmpeg", "ffmpeg.exe")),
              "scripts": list_script_states(root, package.read_released_hashes()),
              "setenv": {"names": sorted(assignments), "has_block": BEGIN.decode() in setenv},
              "notes": notes}
    if is_probing:
        result["probe"] = run_python(root, python, PROBE_CODE, PROBE_SECONDS) or "no answer"
    return result
