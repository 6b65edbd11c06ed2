"""Polygons to correct from a mask that a network computes for the shown face, which may be another
one by the time the mask comes."""
from pathlib import Path
from typing import NamedTuple, Optional

from core.errors import UserError

from .canvas_history import State, freeze_polys
from .mask_network import MaskNetwork
from .session import EditorSession

# What has become of a mask.
ADDED, EMPTY, GONE, CHANGED, FAILED = "added", "empty", "gone", "changed", "failed"

Outcome = NamedTuple("Outcome", [
    ("kind", str),
    ("path", Path),                     # of the face that the mask is of
    ("count", int),                     # of the polygons that were added
    ("error", Optional[UserError])])    # with FAILED


class MaskSuggester:
    """Asks for the mask of the shown face and adds its outlines when it comes.

    Only to the face it was asked for, and only while that has the polygons it had then: nobody
    finds polygons in a drawing under way, or on a face that he is not looking at. Otherwise the
    mask is dropped, and the outcome says so.
    """

    def __init__(self, session: EditorSession, network: MaskNetwork) -> None:
        self._session, self.network = session, network
        self._asked: Optional[Path] = None
        self._polys: State = ()

    def ask(self) -> None:
        """Have the mask of the shown face computed. UserError where there is no network."""
        opened = self._session.opened
        if opened is None:
            return
        self.network.ask(opened.path)
        self._session.model.finish_drawing()
        self._asked, self._polys = opened.path, freeze_polys(self._session.model.polys)

    def take(self) -> Optional[Outcome]:
        """What has become of the mask; None while there is nothing new."""
        answer = self.network.poll()
        if answer is None or answer.path != self._asked:
            return None     # or a mask that another was asked for in place of
        self._asked = None
        if answer.error is not None:
            return Outcome(FAILED, answer.path, 0, answer.error)
        opened = self._session.opened
        if opened is None or opened.path != answer.path:
            return Outcome(GONE, answer.path, 0, None)
        if freeze_polys(self._session.model.polys) != self._polys:
            return Outcome(CHANGED, answer.path, 0, None)
        if not answer.mask.any():
            return Outcome(EMPTY, answer.path, 0, None)
        count = self._session.add_outlines(answer.mask)
        return Outcome(ADDED if count else EMPTY, answer.path, count, None)
