"""The one place that knows about versions of Python, NumPy, OpenCV and TensorFlow (rule 9)."""
import io
import multiprocessing
import os
import re
import sys
from typing import Tuple


def version_tuple(version: str) -> Tuple[int, ...]:
    """The leading numbers of a version text: `v2.6.2-rc1` -> (2, 6, 2)."""
    return tuple(int(number) for number in re.findall(r"\d+", version.split("-")[0])[:3])


def numpy_pickle_module(module: str) -> str:
    """The module name under which NumPy 1.x knows `module` (`numpy._core.x` -> `numpy.core.x`).

    NumPy 2 renamed its private package; a pickle that names the new one cannot be read by the
    NumPy 1.x of existing installs (spec 10 section 6.1). One string object a name: a pickle then
    names it once and refers to it, as the files of NumPy 1.x do.
    """
    if module == "numpy._core" or module.startswith("numpy._core."):
        return sys.intern("numpy.core" + module[len("numpy._core"):])
    return module


def old_pickle_module(module: str) -> str:
    """The module name of a class or function that other versions know: NumPy's as in
    `numpy_pickle_module`, and pathlib's, which Python 3.13 alone names `pathlib._local`."""
    return "pathlib" if module == "pathlib._local" else numpy_pickle_module(module)


def is_windows() -> bool:
    """True on Windows."""
    return sys.platform.startswith("win")


def print_any_name() -> None:
    """Have `print` write what the console's encoding lacks as escapes: names of files hold any
    letter, a console or a log file on Windows only those of its code page."""
    stream = sys.stdout
    if getattr(stream, "errors", None) != "strict":     # None: there is no console
        return
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    elif hasattr(stream, "detach"):                     # Python 3.6
        encoding, is_line_buffered = stream.encoding, stream.line_buffering
        sys.stdout = io.TextIOWrapper(stream.detach(), encoding=encoding,
                                      errors="backslashreplace", line_buffering=is_line_buffered)


def spawn_context():
    """The multiprocessing context of every worker: `spawn`, on all systems.

    A forked child would share TensorFlow's threads and locks, and random state.
    """
    return multiprocessing.get_context("spawn")


def ensure_resource_tracker() -> None:
    """Start multiprocessing's own helper process (POSIX), which spawning needs.

    Its start changes the signal mask of the calling thread.
    """
    try:
        from multiprocessing import resource_tracker as tracker
    except ImportError:  # Python 3.6 and 3.7
        from multiprocessing import semaphore_tracker as tracker
    tracker.ensure_running()


def is_onednn_on(tensorflow_version: str) -> bool:
    """Whether TensorFlow's CPU kernels are oneDNN's: the environment says so, else the default of
    that version."""
    given = os.environ.get("TF_ENABLE_ONEDNN_OPTS")
    if given is not None:
        return given.strip().lower() in ("1", "true")
    return version_tuple(tensorflow_version) >= (2, 9)


def has_stepped_positions() -> bool:
    """Whether `cv2.remap` and `cv2.warpAffine` round the positions of samples to 1/32 pixel.

    The same positions said in another way (maps in fixed point, a matrix to a padded picture) give
    the same values then. With OpenCV 5, which rounds nothing, they are up to 0.02 apart.
    """
    import cv2
    return version_tuple(cv2.__version__) < (5,)


def has_fast_planes() -> bool:
    """Whether cubic sampling of a single float32 plane costs clearly less than a third of that of
    three channels. Measured: 4.14 a half, 4.5.5 and 5.0 more than a third (spec 30 section 8.4).
    """
    import cv2
    return (4, 14) <= version_tuple(cv2.__version__) < (5,)
