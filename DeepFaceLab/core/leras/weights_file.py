"""The weights file: names, reading, errors (spec 10 section 6.1). No TensorFlow.

A pickle (protocol 4) of one flat dict: variable name after the first `/`, with its `:0`, to a
NumPy array; 0-d variables are NumPy scalars.
"""
from pathlib import Path
from typing import Any, Dict, Sequence, Union

import numpy as np

from core import persist
from core.errors import UserError


class WeightsMismatchError(UserError):
    """A weights file that does not belong to the network it is loaded into.

    Attributes: `weight` (full variable name), `filename`, `expected` and `found` (shapes; `found`
    is None if the file has no such array).
    """

    def __init__(self, weight: str, filename: Union[str, Path], expected: Sequence[int],
                 found: Any, what: str) -> None:
        self.weight = weight
        self.filename = Path(filename)
        self.expected = tuple(expected)
        self.found = found
        super().__init__(what, (
            "set the options (archi, resolution, dimensions) that this file was trained with",
            "or restore the model's files from a backup; all files of a model belong together",
            "or move this one file away: the part then starts from scratch"))


def weight_key(variable_name: str, scope: str) -> str:
    """`scope/down1/weight:0` -> `down1/weight:0`; Exception if the name is of another scope."""
    first, _, rest = variable_name.partition("/")
    if first != scope or not rest:
        raise Exception("The weight %s is not in the scope %r: build the model outside any "
                        "variable scope and give it a name without '/' that is unique in the "
                        "graph." % (variable_name, scope))
    return rest


def read_weights_file(path: Union[str, Path]) -> Dict[str, Any]:
    """The dict of a weights file; FileNotFoundError, or a UserError for a damaged or unsafe
    file."""
    content = persist.load(path)
    if not isinstance(content, dict):
        raise UserError("%s is not a weights file: it holds a %s" % (path,
                                                                     type(content).__name__),
                        ("restore it from a backup, or move it away to start from scratch",))
    return content


def fit_value(value: Any, shape: Sequence[int], weight: str,
              path: Union[str, Path]) -> np.ndarray:
    """The value in the variable's shape; any shape with as many elements fits.

    WeightsMismatchError otherwise, or if the value is no numeric array.
    """
    if not isinstance(value, (np.ndarray, np.generic, int, float)) \
            or np.asarray(value).dtype.kind not in "fiub":    # an int may be too large
        raise WeightsMismatchError(weight, path, shape, None, "%s: the weight %s is a %s, not an "
                                   "array of numbers" % (path, weight, type(value).__name__))
    found = np.shape(value)
    if np.size(value) != int(np.prod(shape, dtype=np.int64)):
        raise WeightsMismatchError(
            weight, path, shape, found, "%s: the weight %s has the shape %s, but this model "
            "needs %s" % (path, weight, tuple(found), tuple(shape)))
    return np.reshape(value, shape)
