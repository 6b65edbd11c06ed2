"""The allow-listed reader of pickles of model and face files.

Part of `core.persist`, which is the door that others use (spec 10 section 6.1, spec 20 section 5,
spec 30 section 2.5). The writer is in core/pickle_writer.py.
"""
import io
import pickle
from typing import Any, BinaryIO, Callable, Dict, Tuple

import numpy as np

from core.compat import numpy_pickle_module
from core.errors import CorruptFileError, UnsafePickleError, UserError
from core.pickle_parts import PartMaker, encode_text, make_empty_bytes, resolve
from core.pickle_scan import scan_pickle

__all__ = ["CorruptFileError", "UnsafePickleError", "find_allowed_global", "load_file", "loads",
           "register_class"]

_NUMPY_GLOBALS = {
    ("numpy.core.multiarray", "_reconstruct"), ("numpy.core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"), ("numpy", "ndarray"), ("numpy", "dtype"),
}
_registered: Dict[Tuple[str, str], Any] = {}


def register_class(module: str, name: str, obj: Any) -> None:
    """Admit one of the project's own classes or functions under the dotted name files carry."""
    _registered[(module, name)] = obj


def find_allowed_global(module: str, name: str) -> Any:
    """The object behind a global of a pickle, or KeyError when it is not on the list.

    Allowed: NumPy arrays, scalars and dtypes in both spellings of NumPy's private package, bytes as
    protocols 0 to 2 write them, and what `register_class` admitted.
    """
    if (module, name) in _registered:
        return _registered[(module, name)]
    if (module, name) == ("_codecs", "encode"):
        return encode_text
    if module in ("builtins", "__builtin__") and name == "bytes":
        return make_empty_bytes
    if (numpy_pickle_module(module), name) in _NUMPY_GLOBALS:
        return np    # whatever it is: the unpickler gets a stand-in for it
    raise KeyError((module, name))


class _AllowListUnpickler(pickle.Unpickler):
    """Resolves only the globals of `find_global`, to stand-ins; anything else is refused by
    name."""

    def __init__(self, file: Any, source: str, find_global: Callable[[str, str], Any]) -> None:
        super().__init__(file, encoding="latin1")
        self._source = source
        self._find_global = find_global
        self.parts = PartMaker()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.parts.make(module, name, self._find_global(module, name))
        except KeyError:
            raise UnsafePickleError(
                "{} was not loaded: it asks to run {}.{}, which no such file needs.".format(
                    self._source, module, name),
                ["Do not trust this file: it may have been crafted to run code on your computer.",
                 "Get it again from a source you know, or restore it from a backup."]) from None

    def persistent_load(self, pid: Any) -> Any:
        raise UnsafePickleError("{} was not loaded: it refers to an object outside itself.".format(
            self._source))


def load_file(file: BinaryIO, source: str = "<bytes>",
              find_global: Callable[[str, str], Any] = find_allowed_global) -> Any:
    """Object of the pickle (protocols 0 to 5) that the binary file holds, through the allow-list.

    Arguments:
        file: open for reading; read piece by piece.
        source: names the file in messages.
        find_global: (module, name) -> object, or KeyError; for files that need other classes than
            `find_allowed_global` admits.

    Raises UnsafePickleError (the refused name is in the message) or CorruptFileError.
    """
    try:
        scan_pickle(file)
        unpickler = _AllowListUnpickler(file, source, find_global)
        return resolve(unpickler.load())
    except UserError as error:
        if source in error.what:
            raise
        raise type(error)("{}: {}".format(source, error.what), error.remedies) from error
    except Exception as error:    # a damaged pickle can raise anything
        raise CorruptFileError(
            "{} is damaged and cannot be read ({}: {}).".format(
                source, type(error).__name__, error),
            ["Restore it from a backup (the model's _autobackups folder has copies)."]) from error


def loads(data: bytes, source: str = "<bytes>",
          find_global: Callable[[str, str], Any] = find_allowed_global) -> Any:
    """`load_file` of the bytes of a pickle."""
    return load_file(io.BytesIO(data), source, find_global)
