"""What stands in for the editor's network process, or prepares it. Its functions run in a process
of their own, which imports this file anew."""
import sys
import time
from pathlib import Path

import numpy as np

from core.errors import UserError
from XSegEditor import mask_server


def draw_square(path):
    """A square, a hole in it; nothing for the face 00003, an error for 00002."""
    if path.stem.startswith("00002"):
        raise UserError("%s is damaged." % path, ["extract it again"])
    mask = np.zeros((256, 256), np.float32)
    if not path.stem.startswith("00003"):
        mask[50:200, 60:210] = 1
        mask[100:140, 100:150] = 0
    return mask


def serve(conn, load):
    kept, mask_server.load_network = mask_server.load_network, lambda model_path: load()
    try:
        mask_server.serve_masks(conn, Path(), {"cpu_only": "y", "misspelt": "1"}, {})
    finally:
        mask_server.load_network = kept


def serve_squares(conn, model_path, flags, answers):
    serve(conn, lambda: draw_square)


def serve_slowly(conn, model_path, flags, answers):
    """Answers when a file `go` lies in the model's folder."""
    def wait(path):
        while not (model_path / "go").exists():
            time.sleep(0.02)
        return draw_square(path)
    serve(conn, lambda: wait)


def serve_out_of_memory(conn, model_path, flags, answers):
    class ResourceExhaustedError(Exception):
        """Named as TensorFlow's."""

    def fail(path):
        raise ResourceExhaustedError("OOM when allocating tensor")
    serve(conn, lambda: fail)


def serve_killed(conn, model_path, flags, answers):
    """As the system's out-of-memory killer ends it."""
    import os
    import signal

    serve(conn, lambda: lambda path: os.kill(os.getpid(), signal.SIGKILL))


def serve_without_tensorflow(conn, model_path, flags, answers):
    sys.modules["tensorflow"] = None
    mask_server.serve_masks(conn, model_path, flags, answers)


def serve_narrow(conn, model_path, flags, answers):
    """The real network with few channels."""
    import facelib  # noqa: F401
    from xseg_support import CHANNELS

    sys.modules["facelib.XSegNet"].BASE_CHANNELS = CHANNELS
    mask_server.serve_masks(conn, model_path, flags, answers)
