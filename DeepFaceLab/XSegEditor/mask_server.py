"""The process beside the editor in which the XSeg network computes masks; only there TensorFlow is
imported."""
import traceback
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from core import options
from core.errors import UserError
from core.interact import interact as io

READY, MASK, REFUSED, FAILED = "ready", "mask", "refused", "failed"

APPLY_REMEDY = "or compute all masks with `xseg apply` and press M here"


def serve_masks(conn: Any, model_path: Path, flags: Dict[str, Any],
                answers: Dict[str, Any]) -> None:
    """Main function: one path in, one mask out, until the editor closes the connection.

    flags, answers: what the editor was started with. Sends (READY, keys of them that were looked
    for), then for each path (MASK, (256, 256) bool), or (REFUSED, what, remedies) for a face that
    cannot be used. (FAILED, what, remedies) is the last message: the network cannot be used.
    """
    try:
        sources = options.OptionSources(flags, answers)
        options.configure_sources(sources)
        compute = load_network(model_path)
        given = set(flags) | set(answers)
        conn.send((READY, sorted(given - set(sources.unused_keys()))))
        while True:
            answer_one(conn, compute)
    except EOFError:
        return      # the editor is gone, or has closed this process
    except Exception as error:  # noqa: BLE001 everything is the editor's to show
        failure = explain_failure(error)
        if failure is not error:
            io.log_err(traceback.format_exc())
        conn.send((FAILED, failure.what, failure.remedies))


def answer_one(conn: Any, compute: Any) -> None:
    path = conn.recv()
    try:
        mask = compute(path)
    except UserError as error:
        conn.send((REFUSED, error.what, error.remedies))
    else:
        conn.send((MASK, np.asarray(mask) > 0))


def load_network(model_path: Path) -> Any:
    """A function: path of a face -> its mask as `xseg apply` would store it. UserError.

    Nothing is asked: what is not given is the best GPU, and the face type of the faces where the
    model does not tell its own.
    """
    from core.leras import nn
    from facelib import XSegNet
    from facelib.FaceType import from_option_dict
    from mainscripts import XSegUtil, xseg_masks
    from models.device_choice import choose_device

    xseg_masks.check_model_folder(model_path)
    face_type = from_option_dict.get(xseg_masks.read_face_type(model_path)
                                     or options.find_given(XSegUtil.FACE_TYPE))
    nn.initialize(choose_device(False, None, True))
    xseg = XSegNet(xseg_masks.MODEL_NAME, load_weights=True, weights_file_root=model_path,
                   raise_on_no_model_files=True)
    return lambda path: xseg_masks.compute_mask(path, face_type, xseg)


def explain_failure(error: BaseException) -> UserError:
    """What to tell the user of an exception, and what to do."""
    if isinstance(error, UserError):
        return error
    text = "{}: {}".format(type(error).__name__, error)
    what, remedies = find_cause(error)
    return UserError("{} ({})".format(what, text.splitlines()[0][:200]), remedies + [APPLY_REMEDY])


def find_cause(error: BaseException) -> Tuple[str, List[str]]:
    if isinstance(error, ImportError):
        return "TensorFlow cannot be loaded", [
            "install the requirements of this Python: python3 dfl.py env"]
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "There is not enough memory for the XSeg network", [
            "end other programs that use the GPU, a training for example",
            "start the editor with --set cpu_only=y"]
    return "The XSeg network has failed", ["look at the console",
                                           "start the editor with --set cpu_only=y"]
