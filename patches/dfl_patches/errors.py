"""The one error of the layer. It knows no tree, so it cannot be the tree's own class."""
from typing import Sequence


class PatchError(Exception):
    """A patch that cannot be applied, or a selection that makes no sense.

    Arguments:
        what: one sentence: which patch, and why not.
        remedies: what the user can do about it, most promising first.
    """

    def __init__(self, what: str, remedies: Sequence[str] = ()) -> None:
        super().__init__(what, tuple(remedies))
        self.what = what
        self.remedies = [remedies] if isinstance(remedies, str) else list(remedies)

    def __str__(self) -> str:
        return "\n".join([self.what] + ["  - " + remedy for remedy in self.remedies])
