"""Where the environment with MediaPipe is, if there is one.

MediaPipe 0.10.21 is the last version that carries its models in the package; it needs NumPy below
2 and protobuf below 5, so it has an environment of its own, which `python dfl.py extras mediapipe`
makes beside the program.
"""
import os
from pathlib import Path
from typing import Optional

from core.errors import UserError
from core.options import Option
from core.process_options import get_setting

FOLDER = Path(__file__).resolve().parent.parent.parent / ".venv_mediapipe"
STAMP = "dfl_env.json"      # written when the environment is complete

PYTHON = Option(
    "mediapipe_python", "str", None, "Python that has MediaPipe",
    help="Interpreter of an environment with mediapipe 0.10.21; without it the one that `dfl.py "
         "extras mediapipe` has made.")


def find_python() -> Optional[Path]:
    """The interpreter that has MediaPipe, None if there is none."""
    given = get_setting(PYTHON)
    if given is not None:
        path = Path(given)
        if not path.is_file():
            raise UserError("mediapipe_python: there is no file %s." % path)
        return path
    path = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return path if path.exists() and (FOLDER / STAMP).is_file() else None


def is_available() -> bool:
    return find_python() is not None


def check() -> Path:
    """The interpreter. UserError without one."""
    path = find_python()
    if path is None:
        raise UserError("MediaPipe is not installed: %s is not there or not complete." % FOLDER, [
            "python dfl.py extras mediapipe  (400 MB; needs Python 3.9 to 3.12)",
            "or copy S3FD.npy, 2DFAN.npy and 3DFAN.npy from an existing install and take "
            "--detector s3fd"])
    return path
