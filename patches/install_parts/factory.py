"""Released scripts that an uninstall left in the backups, because the user had changed the one in
their place, or it was gone: back to factory (spec 70 section 11.8)."""
import json
import os
from typing import Any, Dict, List

from . import manifest as manifests
from . import names
from .guard import Guard
from .hashing import hash_file
from .transaction import Plan


def is_released(backup: Dict[str, Any], released: Dict[str, str]) -> bool:
    """Whether a backup of a manifest is a script as DeepFaceLab released it. released: {script:
    SHA-256} of the package, which an installed copy does not have; then the manifest tells."""
    name = backup["original_path"]
    return bool(backup.get("released")) or released.get(name) == backup["sha256"]


def read_backups(root: str) -> List[Dict[str, Any]]:
    """Backups of all manifests that uninstalling has put aside, the newest install last; manifests
    that somebody changed are left out."""
    state = os.path.join(root, *names.STATE.split("/"))
    found: List[Dict[str, Any]] = []
    for name in sorted(os.listdir(state) if os.path.isdir(state) else []):
        contents = [read_bytes(os.path.join(state, name, path.split("/")[-1]))
                    for path in (names.MANIFEST, names.MANIFEST_HASH)]
        if name.startswith("backup-") and contents[0] and (
                manifests.encode_hash(contents[0]) == contents[1]):
            found += json.loads(contents[0].decode("utf-8"))["backups"]
    return found


def read_bytes(path: str) -> bytes:
    """b"" for a file that is not there."""
    if not os.path.isfile(path):
        return b""
    with open(path, "rb") as file:
        return file.read()


class FactoryPlanner:
    """Plans it for an install that this program has been taken off; nothing is written."""

    def __init__(self, guard: Guard, released: Dict[str, str]) -> None:
        self.guard, self.root, self.released = guard, guard.root, released
        self.plan = Plan("restore", "replace")

    def build(self) -> Plan:
        newest = {backup["original_path"]: backup for backup in read_backups(self.root)
                  if is_released(backup, self.released) and self.is_whole(backup)}
        self.guard.scripts |= set(newest)
        for name, backup in sorted(newest.items()):
            self.plan_script(name, backup)
        return self.plan

    def is_whole(self, backup: Dict[str, Any]) -> bool:
        path = os.path.join(self.root, *backup["path"].split("/"))
        return os.path.isfile(path) and hash_file(path) == backup["sha256"]

    def plan_script(self, name: str, backup: Dict[str, Any]) -> None:
        path = os.path.join(self.root, name)
        before = hash_file(path) if os.path.isfile(path) else None
        if before == backup["sha256"]:
            return
        if before is not None:
            self.plan.moves.append([name, "{}/scripts/{}".format(self.plan.kept, name)])
        self.plan.moves.append([backup["path"], name])
        self.plan.note("rename", name, "the released script comes back, yours is kept"
                       if before else "the released script comes back", before, backup["sha256"])
