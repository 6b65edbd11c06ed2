"""Attributes replaced in place, and put back exactly as they were."""
from typing import Any, Callable, Dict, List, Tuple

from .errors import PatchError

_ABSENT = object()


class _Layer:
    """One replacement of an attribute, over the original or another replacement."""

    def __init__(self, owner: Any, name: str, make_new: Callable[[Any], Any]) -> None:
        self.owner, self.name, self.make_new = owner, name, make_new
        self.stored: Any = _ABSENT

    def put_on(self) -> None:
        old = getattr(self.owner, self.name)
        self.stored = vars(self.owner).get(self.name, _ABSENT)
        new = self.make_new(old)
        setattr(self.owner, self.name,
                staticmethod(new) if isinstance(self.stored, staticmethod) else new)

    def take_off(self) -> None:
        if self.stored is _ABSENT:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.stored)


# What lies on each attribute, the latest last. Patches may be taken off in another order than they
# came to an attribute: to the class of a plug-in that was defined when they were applied.
_stacks: Dict[Tuple[Any, str], List[_Layer]] = {}


class Replacements:
    """What one patch has replaced. Truthy while anything is."""

    def __init__(self) -> None:
        self._layers: List[_Layer] = []

    def __bool__(self) -> bool:
        return bool(self._layers)

    def replace(self, owner: Any, name: str, make_new: Callable[[Any], Any]) -> None:
        """Set `owner.name` to `make_new(old)`; old is what `getattr` gives (of a class its plain
        function, also where it is inherited or a staticmethod). `make_new` is called again when a
        replacement below this one is put back.

        owner: the `nn` namespace, or a class registered in it. PatchError if it has no such name.
        """
        if not hasattr(owner, name):
            raise PatchError(
                "{} has no {!r}, which the patch replaces.".format(
                    getattr(owner, "__name__", owner), name),
                ["leave the patch away: this tree is built otherwise"])
        layer = _Layer(owner, name, make_new)
        layer.put_on()
        self._layers.append(layer)
        _stacks.setdefault((owner, name), []).append(layer)

    def restore(self) -> None:
        """Put back everything, the latest first. Does nothing the second time."""
        while self._layers:
            layer = self._layers.pop()
            stack = _stacks[layer.owner, layer.name]
            above = stack[stack.index(layer) + 1:]
            for upper in reversed(above):
                upper.take_off()
            layer.take_off()
            for upper in above:
                upper.put_on()
            stack.remove(layer)
            if not stack:
                del _stacks[layer.owner, layer.name]
