"""What a pickle may build, held back until the whole of it is read (see core/pickle_format.py).

NumPy's own unpickling trusts its input: a forged dtype can declare raw bytes to be pointers to
Python objects, and every class or function that an unpickler is given can be changed by the file.
So the unpickler works with the stand-ins of this module only. They check what they are given and
take their state once; `resolve` puts the real objects in their places afterwards. An array is never
larger than the bytes that the file holds for it.
"""
import enum
import re
import reprlib
import sys
from typing import Any, Callable, Dict

import numpy as np

from core.compat import numpy_pickle_module
from core.errors import CorruptFileError, UnsafePickleError
from core.pickle_result import PLAIN_TYPES, resolve_values

ARRAY_KINDS = "biuf"    # of NumPy dtypes: bool, int, unsigned, float; never Python objects
_DTYPE_NAME = re.compile(r"(b1|[iu][1248]|f2|f4|f8|f16)\Z")
_SIMPLE_DTYPE_NAME = re.compile(r"[A-Za-z][0-9]{0,4}\Z")

_MAX_AXES = 64    # of any NumPy

_SHORT = reprlib.Repr()
_SHORT.maxtuple = 9      # as the state of a dtype
_SHORT.maxlevel = 2      # a value of a stranger may name itself a billion times


def describe(value: Any) -> str:
    """A short text of whatever a file holds."""
    return _SHORT.repr(value)


class Part:
    """Stand-in for one object. It cannot be a key or a member of a set."""

    __slots__ = ()
    __hash__ = None    # type: ignore

    def __setstate__(self, state: Any) -> None:
        raise UnsafePickleError("A pickle changes an object that it did not make.")

    def get(self, resolve: Callable[[Any], Any]) -> Any:
        """The real object; `resolve` does the same for what lies inside."""
        raise NotImplementedError


class Held(Part):
    """A finished object of the program, an enum member for example."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def get(self, resolve: Callable[[Any], Any]) -> Any:
        return self._value


class Function(Part):
    """A function: it can be called and nothing else."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def get(self, resolve: Callable[[Any], Any]) -> Any:
        raise UnsafePickleError("A pickle holds a function as data.")


class DtypePart(Part):
    """`numpy.dtype` of plain numbers."""

    __slots__ = ("_dtype",)

    def __init__(self, name: Any, align: Any = False, copy: Any = False) -> None:
        if not isinstance(name, str) or not _DTYPE_NAME.match(name):
            raise UnsafePickleError("A pickle holds an array of {}; only numbers are allowed."
                                    .format(_describe_dtype(name)))
        # A copy as in the file: what is written again then names types as often as before.
        self._dtype = np.dtype(name, False, bool(copy))

    def __setstate__(self, state: Any) -> None:
        # (version, byte order, subarray, names, fields, item size, alignment, flags[, metadata])
        if (not isinstance(state, tuple) or len(state) not in (8, 9)
                or state[1] not in ("<", ">", "=", "|") or state[7] != 0
                or any(item is not None for item in state[2:5] + state[8:])):
            raise UnsafePickleError("A pickle declares a forged array type: {}.".format(
                describe(state)))
        if state[1] == (">" if sys.byteorder == "little" else "<"):
            self._dtype = self._dtype.newbyteorder(state[1])

    def get(self, resolve: Callable[[Any], Any] = None) -> np.dtype:
        return self._dtype


def _describe_dtype(name: Any) -> str:
    """`O8` becomes object; NumPy gets no longer text to read, whose grammar is large."""
    if isinstance(name, str) and _SIMPLE_DTYPE_NAME.match(name):
        try:
            return str(np.dtype(name))
        except (TypeError, ValueError):
            return name
    return describe(name)


class ArrayPart(Part):
    """`numpy.ndarray`: made empty, filled by its state."""

    __slots__ = ("_array",)

    def __init__(self, array: Any = None) -> None:
        self._array = array

    def __setstate__(self, state: Any) -> None:
        if self._array is not None:
            super().__setstate__(state)
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise CorruptFileError("An array in the file has no proper state.")
        shape, dtype, is_fortran, data = state[-4:]
        dtype, data = _get_dtype(dtype), _get_bytes(data)
        _check_size(shape, dtype, data)
        array = np.ndarray((0,), np.uint8)
        array.__setstate__((1, shape, dtype, bool(is_fortran), data))    # takes `data` over
        self._array = array

    def get(self, resolve: Callable[[Any], Any]) -> np.ndarray:
        if self._array is None:
            self._array = np.ndarray((0,), np.uint8)
        return self._array


class InstancePart(Part):
    """Object of one of the project's classes; a subclass for each class and file."""

    __slots__ = ("_args", "_is_called", "_state", "_object")
    target: Any = None

    def __new__(cls, *args: Any) -> "InstancePart":
        part = object.__new__(cls)
        part._args, part._is_called, part._state, part._object = args, False, None, None
        return part

    def __init__(self, *args: Any) -> None:
        self._is_called = True    # class(...), and not class.__new__(class, ...)

    def __setstate__(self, state: Any) -> None:
        if self._state is not None or not isinstance(state, dict):
            super().__setstate__(state)
        self._state = state

    def get(self, resolve: Callable[[Any], Any]) -> Any:
        if self._object is None:
            args = [resolve(arg) for arg in self._args]
            if self._is_called:
                self._object = self.target(*args)
            else:
                self._object = self.target.__new__(self.target, *args)
            if self._state is not None:
                self._set_state(resolve(self._state))
        return self._object

    def _set_state(self, state: Dict[str, Any]) -> None:
        if self._is_called or isinstance(self._object, enum.Enum):
            raise UnsafePickleError("A pickle changes an object that it did not make.")
        if hasattr(type(self._object), "__setstate__"):
            self._object.__setstate__(state)
        else:
            self._object.__dict__.update(state)


def _get_dtype(part: Any) -> np.dtype:
    if not isinstance(part, DtypePart):
        raise UnsafePickleError("A pickle holds an array of the type {}.".format(describe(part)))
    return part.get()


def _get_bytes(data: Any) -> bytes:
    if isinstance(data, str):    # Python 2
        return data.encode("latin1")
    if not isinstance(data, bytes):
        raise UnsafePickleError("A pickle holds an array of Python objects.")
    return data


def _check_size(shape: Any, dtype: np.dtype, data: Any) -> None:
    """CorruptFileError unless `data` has exactly the bytes of that array."""
    if (not isinstance(shape, tuple) or len(shape) > _MAX_AXES
            or not all(type(n) is int and n >= 0 for n in shape)):
        raise CorruptFileError("An array in the file has the shape {}.".format(describe(shape)))
    size = dtype.itemsize
    for n in shape:
        size *= n
    if size != len(data):
        raise CorruptFileError("An array in the file needs {} bytes and has {}.".format(
            size, len(data)))


def _reconstruct_array(array_type: Any, shape: Any, type_code: Any) -> ArrayPart:
    if array_type is not ARRAY_TYPE:
        raise UnsafePickleError("A pickle makes an array of a foreign class.")
    if shape != (0,):    # shape, type and bytes follow as its state
        raise UnsafePickleError("A pickle makes an array of the shape {} without bytes.".format(
            describe(shape)))
    return ArrayPart()


def _read_buffer(buffer: Any, dtype: Any, shape: Any, order: Any,
                 axis_order: Any = None) -> ArrayPart:
    dtype = _get_dtype(dtype)
    _check_size(shape, dtype, buffer)
    array = np.frombuffer(buffer if isinstance(buffer, bytearray) else bytearray(buffer), dtype)
    if order == "K" and axis_order is not None:
        return ArrayPart(array.reshape(shape).transpose(axis_order))
    return ArrayPart(array.reshape(shape, order=order))


def _read_scalar(dtype: Any, data: Any) -> Any:
    dtype, data = _get_dtype(dtype), _get_bytes(data)
    _check_size((), dtype, data)
    return np.frombuffer(data, dtype)[0]


def encode_text(text: str, encoding: str = "latin1") -> bytes:
    """`_codecs.encode` as protocol 2 writes bytes; other codecs may run code."""
    if encoding not in ("latin1", "latin-1"):
        raise UnsafePickleError("A pickle asks for the text codec {}.".format(describe(encoding)))
    return text.encode("latin1")


def make_empty_bytes(*args: Any) -> bytes:
    """`bytes()` as protocol 2 writes b""; with a number it would reserve memory."""
    if args:
        raise UnsafePickleError("A pickle makes bytes of {}.".format(describe(args)))
    return b""


ARRAY_TYPE = Held(None)    # named only to be handed to `_reconstruct`; cannot be called

NUMPY_PARTS = {
    ("numpy.core.multiarray", "_reconstruct"): Function(_reconstruct_array),
    ("numpy.core.multiarray", "scalar"): Function(_read_scalar),
    ("numpy.core.numeric", "_frombuffer"): Function(_read_buffer),
    ("numpy", "ndarray"): ARRAY_TYPE,
    ("numpy", "dtype"): Function(DtypePart),
}


class PartMaker:
    """The stand-ins of one pickle."""

    def __init__(self) -> None:
        self._classes: Dict[type, type] = {}

    def make(self, module: str, name: str, target: Any) -> Any:
        """What the unpickler gets for a global that the allow-list resolved to `target`."""
        numpy_part = NUMPY_PARTS.get((numpy_pickle_module(module), name))
        return numpy_part if numpy_part is not None else self._hold(target)

    def _hold(self, target: Any) -> Any:
        if isinstance(target, type):
            if target not in self._classes:
                self._classes[target] = type("Part of " + target.__name__, (InstancePart,),
                                             {"__slots__": (), "target": target})
            return self._classes[target]
        if callable(target):
            return Function(lambda *args: self._hold(target(*[self._release(a) for a in args])))
        return target if type(target) in PLAIN_TYPES else Held(target)

    def _release(self, argument: Any) -> Any:
        """An argument for a function of the program: classes and finished objects as they are."""
        if isinstance(argument, type) and issubclass(argument, InstancePart):
            return argument.target
        if isinstance(argument, Function) or argument is ARRAY_TYPE:
            return argument    # of no use to it, and named in its error
        return argument.get(resolve) if isinstance(argument, Part) else argument


def resolve(root: Any) -> Any:
    """`root` with every stand-in replaced, lists and dicts in place.

    UnsafePickleError for functions and classes among the data, CorruptFileError for what unfolds
    without end.
    """
    return resolve_values(root, _replace)


def _replace(value: Any, visit: Callable[[Any], Any]) -> Any:
    if isinstance(value, type) or value is ARRAY_TYPE:
        raise UnsafePickleError("A pickle holds a class as data.")
    return value.get(visit) if isinstance(value, Part) else value
