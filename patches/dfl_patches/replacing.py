"""Attributes replaced in place, and put back exactly as they were."""
from typing import Any, Callable, List, Tuple

from .errors import PatchError

_ABSENT = object()


class Replacements:
    """What one patch has replaced. Truthy while anything is."""

    def __init__(self) -> None:
        self._undo: List[Tuple[Any, str, Any]] = []

    def __bool__(self) -> bool:
        return bool(self._undo)

    def replace(self, owner: Any, name: str, make_new: Callable[[Any], Any]) -> None:
        """Set `owner.name` to `make_new(old)`; old is what `getattr` gives (of a class its plain
        function, also where it is inherited or a staticmethod).

        owner: the `nn` namespace, or a class registered in it. PatchError if it has no such name.
        """
        old = getattr(owner, name, _ABSENT)
        if old is _ABSENT:
            raise PatchError(
                "{} has no {!r}, which the patch replaces.".format(
                    getattr(owner, "__name__", owner), name),
                ["leave the patch away: this tree is built otherwise"])
        stored = vars(owner).get(name, _ABSENT)
        new = make_new(old)
        if isinstance(stored, staticmethod):
            new = staticmethod(new)
        setattr(owner, name, new)
        self._undo.append((owner, name, stored))

    def restore(self) -> None:
        """Put back everything, the latest first. Does nothing the second time."""
        while self._undo:
            owner, name, stored = self._undo.pop()
            if stored is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, stored)
