"""Weight files of the networks that are used as they are, never trained here (spec 40 section 8).

They are not part of this program: an existing install has them in its facelib folder.
"""
import contextlib
from pathlib import Path
from typing import Iterator

from core.errors import UserError
from core.leras import nn
from core.leras.weights_file import (WeightsMismatchError, fit_value, read_weights_file,
                                     weight_key)

FOLDER = Path(__file__).resolve().parent


INSTALL_FOLDER = "_internal/DeepFaceLab/facelib/"
OTHER_DETECTOR = ("or take the detector that needs no such file: --detector mediapipe "
                  "(`python dfl.py extras mediapipe` makes its environment)")
NOT_NEEDED = "or go without this step: nothing else needs the file"


@contextlib.contextmanager
def nhwc_graph() -> Iterator[None]:
    """Starts TensorFlow if it is not yet; what is built inside is NHWC and float32.

    Afterwards the data format and type that others build their graphs in are as before.
    """
    previous, previous_floatx = nn.data_format, nn.floatx
    nn.initialize(data_format="NHWC")
    try:
        yield
    finally:
        if previous is not None:
            nn.set_data_format(previous)
            nn.set_floatx(previous_floatx)


def check_weights_file(path: Path, instead: str = NOT_NEEDED) -> None:
    """UserError if the file is missing. instead: what to do without it."""
    if not path.is_file():
        raise UserError("The weights {} are missing.".format(path), [
            "copy {} there from an existing install: {}".format(path.name, INSTALL_FOLDER),
            instead])


def load_pretrained(model, path: Path, instead: str = NOT_NEEDED) -> None:
    """Set every weight of a leras model from a file; numbers of any precision are cast.

    Keys that the model does not know are left. UserError for a file that is missing, damaged or
    unsafe; WeightsMismatchError if it lacks a weight or has one of another size: nothing of such
    a network is left to chance.
    """
    check_weights_file(path, instead)
    content = read_weights_file(path)
    values = []
    for weight in model.get_weights():
        key, shape = weight_key(weight.name, model.name), weight.shape.as_list()
        if key not in content:
            raise WeightsMismatchError(weight.name, path, shape, None,
                                       "{} lacks the weight {}: it is no file of {}.".format(
                                           path, key, model.name))
        values.append(fit_value(content[key], shape, weight.name, path))
    model.set_weights(values)
