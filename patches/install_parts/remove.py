"""What an uninstall would do (spec 70 section 11.8)."""
import os
from typing import Any, Dict, List, Optional

from . import manifest as manifests
from . import names, setenv_block
from .factory import is_released
from .guard import Guard
from .hashing import hash_bytes, hash_file
from .names import InstallError
from .transaction import Plan


class UninstallPlanner:
    """Plans the way back; nothing is written.

    Arguments:
        purge: whether the backups go too.
        released: {script: SHA-256 as released}: released scripts come back also where the user
            has changed the one in their place (it is kept aside); None leaves those alone.
    """

    def __init__(self, guard: Guard, manifest: Dict[str, Any], purge: bool = False,
                 released: Optional[Dict[str, str]] = None) -> None:
        self.guard, self.root, self.manifest, self.purge = guard, guard.root, manifest, purge
        self.released = released
        self.plan = Plan("uninstall", manifest["mode"])

    def locate(self, path: str) -> str:
        return os.path.join(self.root, *path.split("/"))

    def build(self) -> Plan:
        for target in self.manifest["trees"]:
            self.plan_tree(target)
        for entry in manifests.list_scripts(self.manifest):
            self.plan_script(entry)
        for edit in self.manifest["edits"]:
            self.plan_setenv(edit)
        self.plan_switch()
        for path in (names.MANIFEST, names.MANIFEST_HASH):
            self.plan.moves.append([path, "{}/{}".format(self.plan.backup, path.split("/")[-1])])
        if self.purge:
            self.plan.purged = sorted(set(list_backups(self.root)) | {self.plan.backup})
        return self.plan

    def plan_tree(self, target: str) -> None:
        state = manifests.classify_tree(self.root, self.manifest, target)
        folder = self.locate(target)
        if os.path.isdir(folder):
            if not state["ok"]:
                raise InstallError(names.CONFLICT, "{} is no longer the folder that was installed."
                                   .format(folder), ["move it away, then uninstall again"])
            for path in state["modified"] + state["extra"]:
                kept = "{}/{}/{}".format(self.plan.kept, target, path)
                self.plan.moves.append([target + "/" + path, kept])
                self.plan.note("keep-modified", target + "/" + path, "the user's: goes to " + kept)
            self.plan.moves.append([target, "{}/{}".format(self.plan.trash, target.split("/")[-1])])
            self.plan.note("remove-own", target, "{} files".format(len(state["ok"])))
        for rename in self.manifest["renames"]:
            if rename["from"] != target:
                continue
            if not os.path.isdir(self.locate(rename["to"])):
                what = "The original {} is gone.".format(rename["to"])
                raise InstallError(names.CONFLICT, what, [
                    "put it back under that name",
                    "or delete the folder {} by hand, with what was installed".format(
                        names.STATE)])
            self.plan.moves.append([rename["to"], target])
            self.plan.note("rename", target, "the original comes back")

    def plan_script(self, entry: Dict[str, Any]) -> None:
        name = entry["path"]
        state = manifests.classify_script(self.root, entry)
        backups = [b for b in self.manifest["backups"] if b["original_path"] == name]
        is_factory = self.released is not None and any(
            is_released(backup, self.released) for backup in backups)
        if state == "modified" and is_factory:
            self.plan.moves.append([name, "{}/scripts/{}".format(self.plan.kept, name)])
            self.plan.note("keep-modified", name, "changed by the user: goes to " + self.plan.kept)
        elif state == "modified":
            self.plan.note("keep-modified", name, "changed by the user")
            self.plan.notes += ["{} was changed and stays; the one before {}".format(
                name, self.tell_backup(backup["path"])) for backup in backups]
            return
        if state == "ok":
            self.plan.moves.append([name, "{}/scripts/{}".format(self.plan.trash, name)])
            self.plan.note("remove-own", name, "a script of this program")
        for backup in backups:
            self.plan.moves.append([backup["path"], name])
            self.plan.note("rename", name, "the released script comes back")

    def plan_setenv(self, edit: Dict[str, Any]) -> None:
        path = self.locate(names.SETENV)
        has_backup = os.path.isfile(self.locate(edit["backup"]))
        if not os.path.isfile(path):
            if has_backup:
                self.plan.moves.append([edit["backup"], names.SETENV])
            return
        with open(path, "rb") as file:
            content = file.read()
        original = setenv_block.remove_block(content)
        is_untouched = (hash_bytes(original) == edit["file_sha256_before"]
                        or edit["is_ours"] and hash_bytes(content) == edit["file_sha256_after"])
        if is_untouched and has_backup and (
                hash_file(self.locate(edit["backup"])) == edit["file_sha256_before"]):
            self.plan.moves.append([names.SETENV, self.plan.trash + "/setenv.bat"])
            self.plan.moves.append([edit["backup"], names.SETENV])
            self.plan.note("edit-block", names.SETENV, "the file comes back as it was")
        elif original != content:
            staged = self.plan.staging + "/setenv.bat"
            self.plan.contents[staged] = original
            self.plan.moves.append([names.SETENV, self.plan.trash + "/setenv.bat"])
            self.plan.moves.append([staged, names.SETENV])
            self.plan.note("edit-block", names.SETENV, "our lines go, your changes stay")
        else:
            self.plan.notes.append("{} was changed and stays; the one before {}".format(
                names.SETENV, self.tell_backup(edit["backup"])))

    def plan_switch(self) -> None:
        """The file that our script "make CPU only" has written; released scripts know none."""
        path = self.locate(names.CPU_SWITCH)
        if not os.path.isfile(path):
            return
        with open(path, "rb") as file:
            is_ours = file.read(len(names.CPU_SWITCH_TEXT)) == names.CPU_SWITCH_TEXT
        if is_ours:
            self.plan.moves.append([names.CPU_SWITCH, self.plan.trash + "/cpu_only.txt"])
            self.plan.note("remove-own", names.CPU_SWITCH, "the switch of a script of this program")

    def tell_backup(self, path: str) -> str:
        """The end of a sentence about a backup that is not brought back."""
        return "is deleted with the backups (--purge)" if self.purge else "is " + path


def list_backups(root: str) -> List[str]:
    """Folders with what installs have put aside."""
    state = os.path.join(root, *names.STATE.split("/"))
    return sorted("{}/{}".format(names.STATE, name)
                  for name in (os.listdir(state) if os.path.isdir(state) else [])
                  if name.startswith("backup-"))


def plan_purge(root: str) -> Plan:
    """Of an install that this program has been taken off: the backups go."""
    plan = Plan("uninstall", "replace")
    plan.purged = list_backups(root)
    for path in plan.purged:
        plan.note("remove-own", path, "a backup")
    return plan
