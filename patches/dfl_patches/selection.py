"""Which patches are wanted: texts as users write them, names as the registry orders them."""
import os
from typing import Iterable, List, Mapping, Optional, Sequence, Tuple

from .errors import PatchError

ENVIRONMENT_NAME = "DFL_PATCHES"
NONE = "none"


def parse_names(texts: Iterable[str]) -> List[str]:
    """["a,b", "c"] -> ["a", "b", "c"], each once. `none` alone switches off; beside others it is
    a PatchError."""
    names: List[str] = []
    for text in texts:
        for name in text.replace(";", ",").split(","):
            name = name.strip().lower()
            if name and name not in names:
                names.append(name)
    if NONE not in names:
        return names
    if len(names) > 1:
        raise PatchError("`none` and patches are selected together: {}.".format(", ".join(names)),
                         ["name the patches, or none alone"])
    return []


def read_environment(environ: Optional[Mapping[str, str]] = None) -> List[str]:
    """Names in `DFL_PATCHES`."""
    return parse_names([(os.environ if environ is None else environ).get(ENVIRONMENT_NAME, "")])


def order_names(names: Sequence[str], order: Sequence[str],
                available: Sequence[str]) -> Tuple[str, ...]:
    """The names in order of application. PatchError for one that is not there."""
    for name in names:
        if name not in available:
            raise PatchError(
                "There is no patch {!r}{}.".format(
                    name, " in this copy of the layer" if name in order else ""),
                ["there are: " + (", ".join(available) or "none at all"),
                 "`--patch none` goes without"])
    return tuple(name for name in order if name in names)


def check_conflicts(names: Sequence[str], conflicts: Mapping[str, Sequence[str]]) -> None:
    """PatchError naming the first two of `names` that exclude each other.

    conflicts: name -> names that make no sense beside it; one direction is enough.
    """
    for index, first in enumerate(names):
        for second in names[index + 1:]:
            if second in conflicts[first] or first in conflicts[second]:
                raise PatchError(
                    "The patches {} and {} exclude each other.".format(first, second),
                    ["select one of the two"])
