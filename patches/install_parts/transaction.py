"""One transaction as data: operations to show, files to stage, renames to make (spec 70 11.5)."""
import datetime
from typing import Any, Dict, List, Optional

from . import names


def make_id() -> str:
    """Of letters that a folder name may have; no two under one lock."""
    return datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")


class Plan:
    """One transaction.

    `operations`: [{'op', 'path', 'reason', 'size', 'before', 'after'}] for people;
    `staged`: [(source file, staged path, SHA-256)]; `contents`: {staged path: bytes};
    `moves`: [[from, to]]; `notes`: what the user should read.
    """

    def __init__(self, action: str, mode: str) -> None:
        self.action = action
        self.mode = mode
        self.id = make_id()
        self.staging = "{}/staging-{}".format(names.STATE, self.id)
        self.trash = "{}/trash-{}".format(names.STATE, self.id)
        self.backup = "{}/backup-{}".format(names.STATE, self.id)
        self.kept = "{}/kept-{}".format(names.STATE, self.id)
        self.operations: List[Dict[str, Any]] = []
        self.staged: List[Any] = []
        self.contents: Dict[str, bytes] = {}
        self.moves: List[List[str]] = []
        self.purged: List[str] = []     # backups that go when all is done
        self.notes: List[str] = []
        self.manifest: Dict[str, Any] = {}

    def note(self, op: str, path: str, reason: str, before: Optional[str] = None,
             after: Optional[str] = None, size: Optional[int] = None) -> None:
        self.operations.append({"op": op, "path": path, "reason": reason, "size": size,
                                "before": before, "after": after})

    def has_changes(self) -> bool:
        return bool(self.moves or self.purged)

    def make_header(self, scripts: List[str]) -> Dict[str, Any]:
        """The first line of the journal."""
        return {"action": self.action, "mode": self.mode, "id": self.id, "moves": self.moves,
                "scripts": scripts,
                "after_commit": [self.staging, self.trash] + self.purged,
                "after_undo": [self.staging, self.trash]}
