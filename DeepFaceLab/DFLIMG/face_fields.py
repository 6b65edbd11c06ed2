"""Values of a face image's metadata, each checked when it is asked for (spec 30 section 2.7).

The dict comes from a file of somebody else: its values may be anything that the allow-list lets
through. Every function takes the value, the key and the name of the file, and raises
persist.CorruptFileError naming both for a value that this key never has.
"""
import math
import re
from typing import Any, Optional

import numpy as np

from core import persist
from core.compat import is_windows
from core.file_names import is_plain_file_name
from core.imagelib import SegIEPolys

_ERRORS = (ValueError, TypeError, KeyError, AttributeError, OverflowError, IndexError)


def refuse(key: str, source: str) -> persist.CorruptFileError:
    """The error for a value of another kind."""
    return persist.CorruptFileError("%s: its %s cannot be used." % (source, key), [
        "Extract that face again, or delete the file."])


def read_numbers(value: Any, key: str, source: str) -> np.ndarray:
    """Array of finite numbers of any shape, a copy."""
    try:
        array = np.array(value)
    except _ERRORS as e:
        raise refuse(key, source) from e
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise refuse(key, source)
    return array


def read_number(value: Any, key: str, source: str) -> Any:
    """A finite number as it is."""
    if not isinstance(value, (int, float, np.number)):
        raise refuse(key, source)
    try:
        is_finite = math.isfinite(value)
    except OverflowError as e:
        raise refuse(key, source) from e
    if not is_finite:
        raise refuse(key, source)
    return value


def read_text(value: Any, key: str, source: str) -> str:
    if not isinstance(value, str):
        raise refuse(key, source)
    return value


def read_file_name(value: Any, key: str, source: str) -> Optional[str]:
    """A file name without its folder, or None: tools rename files after it."""
    if value is None:
        return None
    separators = r"[/\\:]" if is_windows() else r"[/\\]"
    name = re.split(separators, read_text(value, key, source))[-1]
    if not is_plain_file_name(name):
        raise refuse(key, source)
    return name


def read_polys(value: Any, key: str, source: str) -> SegIEPolys:
    try:
        return SegIEPolys.load(value)
    except _ERRORS as e:
        raise refuse(key, source) from e


def read_encoded_mask(value: Any, key: str, source: str) -> Optional[np.ndarray]:
    """A picture file in a uint8 array (N,) or (N, 1), or None."""
    if value is not None and (not isinstance(value, np.ndarray) or value.dtype != np.uint8
                              or value.ndim not in (1, 2) or value.size != len(value)):
        raise refuse(key, source)
    return value
