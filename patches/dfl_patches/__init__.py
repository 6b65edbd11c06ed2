"""The patch layer: changes of the graph that somebody asked for, on any tree with leras.

A patch is one module of this package:

    NAME        its name, as it is selected
    SUMMARY     one line for help and tables
    CONFLICTS   names of patches that make no sense beside it
    apply(nn)   replaces functions of the initialised `nn` namespace and methods of its registered
                classes in place; called after every `nn.initialize`, so also when it is applied
    remove(nn)  puts back exactly what was there; does nothing when it is not applied
    ENVIRONMENT where it needs some, {name: value} that has to be in the environment when TensorFlow
                is imported; what is set there already stays

Nothing here imports TensorFlow or a module of a tree: everything comes through `nn`.
"""
import importlib
import importlib.util
import os
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .errors import PatchError
from .selection import check_conflicts, order_names, parse_names, read_environment

# In order of application: what makes values comes before what orders their use.
ORDER = ("fast_blur", "mixed", "fp16", "bf16", "recompute", "lean_updates", "deterministic")

_applied: List[str] = []


def list_names() -> List[str]:
    """Names of the patches that are there, in order of application."""
    return [name for name in ORDER
            if importlib.util.find_spec(__name__ + "." + name) is not None]


def get_patch(name: str) -> Any:
    """The module of a patch. PatchError if there is none of that name."""
    order_names([name], ORDER, list_names())
    return importlib.import_module(__name__ + "." + name)


def select(names: Sequence[str]) -> Tuple[str, ...]:
    """Checked names in order of application.

    PatchError for a name that is not there, or two that make no sense together.
    """
    ordered = order_names(names, ORDER, list_names())
    conflicts: Dict[str, Sequence[str]] = {name: get_patch(name).CONFLICTS for name in ordered}
    check_conflicts(ordered, conflicts)
    return ordered


def prepare_environment(names: Sequence[str]) -> None:
    """Set what these patches need in the environment before TensorFlow is imported."""
    for name in names:
        for key, value in getattr(get_patch(name), "ENVIRONMENT", {}).items():
            os.environ.setdefault(key, value)


def list_applied() -> List[str]:
    """Names of what is applied now, in order of application."""
    return list(_applied)


def apply_selected(nn: Any, names: Optional[Sequence[str]] = None) -> Tuple[str, ...]:
    """Apply exactly these patches to an initialised `nn`; None: those of `DFL_PATCHES`.

    Returns their names in order. Others that were applied are removed. PatchError when the
    selection makes no sense or a patch refuses; then none is applied.
    """
    ordered = select(read_environment() if names is None else names)
    if tuple(_applied) != ordered:
        remove_all(nn)
    try:
        for name in ordered:
            if name not in _applied:
                _applied.append(name)
            get_patch(name).apply(nn)
    except BaseException:
        remove_all(nn)
        raise
    return ordered


def remove_all(nn: Any) -> None:
    """Take off everything that `apply_selected` put on, the latest first."""
    while _applied:
        get_patch(_applied.pop()).remove(nn)
