"""What an install or upgrade would do (spec 70 section 11.5)."""
import datetime
import os
from typing import Any, Dict, List, Optional

from . import manifest as manifests
from . import adopt, names, setenv_block
from .guard import Guard
from .hashing import hash_bytes, hash_file
from .names import InstallError
from .package import Package
from .transaction import Plan


class InstallPlanner:
    """Plans an install or upgrade; nothing is written.

    Arguments:
        old: manifest of what is there, None on the first install.
        overwrite: whether files that the user changed are replaced (and kept aside).
        with_scripts: whether the numbered scripts are installed.
        with_plugins: whether unknown models/Model_* of the original come into the new tree.
        own_setenv: whether setenv.bat becomes ours, instead of getting a few lines.
    """

    def __init__(self, guard: Guard, package: Package, mode: str, old: Optional[Dict[str, Any]],
                 overwrite: bool = False, with_scripts: bool = True,
                 with_plugins: bool = False, own_setenv: bool = False) -> None:
        self.guard, self.root, self.package, self.old = guard, guard.root, package, old
        self.overwrite, self.with_scripts = overwrite, with_scripts
        self.with_plugins, self.own_setenv = with_plugins, own_setenv
        self.plan = Plan("install", mode)
        self.files: List[Dict[str, Any]] = []
        self.trees = list(old["trees"]) if old else []
        self.renames = list(old["renames"]) if old else []
        self.backups = list(old["backups"]) if old else []
        self.edits = list(old["edits"]) if old else []

    def locate(self, path: str) -> str:
        return os.path.join(self.root, *path.split("/"))

    def build(self, detected: Dict[str, Any]) -> Plan:
        for name, target in names.TREES[self.plan.mode]:
            if name in self.package.trees:
                self.plan_tree(name, target)
        self.plan_scripts()
        self.plan_setenv()
        if self.plan.has_changes():
            self.plan_manifest(detected)
        if self.old and is_older(self.package.version, self.old["version"]):
            self.plan.notes.append("This goes back from version {} to {}.".format(
                self.old["version"], self.package.version))
        return self.plan

    def stage(self, source: str, staged: str, target: str, role: str, origin: str,
              recorded: Optional[str] = None) -> None:
        """One file to copy. recorded: checksum for the manifest where it is not the file's own."""
        digest = hash_file(source)
        self.plan.staged.append((source, staged, digest))
        self.files.append({"path": target, "size": os.path.getsize(source), "role": role,
                           "sha256": recorded or digest, "origin": origin})

    def list_wanted(self, name: str) -> Dict[str, str]:
        return {path[len(name) + 1:]: digest for path, digest in self.package.files.items()
                if path.startswith(name + "/")}

    def plan_tree(self, name: str, target: str) -> None:
        wanted = self.list_wanted(name)
        staging = "{}/{}".format(self.plan.staging, name)
        is_ours = self.old is not None and target in self.old["trees"]
        state = manifests.classify_tree(self.root, self.old, target) if is_ours else None
        plugins = self.list_new_plugins(target) if (
            state is not None and self.with_plugins and name == "DeepFaceLab") else []
        if state is not None and not plugins and self.is_current(target, wanted, state):
            known = manifests.list_tree(self.old, target)
            self.files += list(known.values())
            self.plan.note("skip-same", target, "{} files are as they should be".format(len(known)))
            for path in state["modified"]:
                self.plan.note("keep-modified", target + "/" + path, "changed by the user")
            return
        for path in sorted(wanted):
            is_users = (state is not None and path in state["modified"] and not self.overwrite)
            source = (os.path.join(self.locate(target), *path.split("/")) if is_users
                      else self.package.locate(name + "/" + path))
            self.stage(source, "{}/{}".format(staging, path), "{}/{}".format(target, path),
                       "code" if path.endswith(".py") else "data", "package",
                       wanted[path] if is_users else None)
            if is_users:
                self.plan.note("keep-modified", target + "/" + path, "changed by the user")
        if state is not None:
            self.carry_over(target, staging, wanted, state)
            self.adopt(adopt.list_files_of(self.find_original(target), plugins), "plugin", target,
                       staging)
        else:
            self.plan_first(name, target, staging)
        self.plan.moves.append([staging, target])
        if target not in self.trees:
            self.trees.append(target)
        size = sum(entry["size"] for entry in self.files if entry["path"].startswith(target + "/"))
        self.plan.note("replace-own" if state is not None else "create", target,
                       "{} files of version {}".format(len(wanted), self.package.version),
                       size=size)

    def is_current(self, target: str, wanted: Dict[str, str], state: Dict[str, List[str]]) -> bool:
        known = manifests.list_tree(self.old, target)
        recorded = {path: entry["sha256"] for path, entry in known.items()
                    if entry["origin"] == "package"}
        return (recorded == wanted and not state["missing"]
                and not (self.overwrite and state["modified"]))

    def carry_over(self, target: str, staging: str, wanted: Dict[str, str],
                   state: Dict[str, List[str]]) -> None:
        """What is in our old tree and not of the package: weights, plug-ins, the user's files."""
        known = manifests.list_tree(self.old, target)
        folder = self.locate(target)
        for path in state["ok"] + state["extra"] + state["modified"]:
            source = os.path.join(folder, *path.split("/"))
            if path in wanted:
                if path in state["extra"] or (path in state["modified"] and self.overwrite):
                    self.plan.moves.append([target + "/" + path,
                                            "{}/{}/{}".format(self.plan.kept, target, path)])
                    self.plan.note("keep-aside", target + "/" + path, "the package has its own")
                continue
            entry = known.get(path)
            if entry is not None and entry["origin"] == "package" and path in state["ok"]:
                self.plan.note("remove-own", target + "/" + path, "not part of this version")
                continue
            self.plan.staged.append((source, "{}/{}".format(staging, path), hash_file(source)))
            if entry is not None and entry["origin"] != "package":
                self.files.append(entry)
            else:
                self.plan.note("keep-modified", target + "/" + path, "of the user")
        self.plan.moves.append([target, "{}/{}".format(self.plan.trash, target.split("/")[-1])])

    def plan_first(self, name: str, target: str, staging: str) -> None:
        if name == "DeepFaceLab":
            original = self.find_original(target)
            self.adopt(adopt.list_weights(original), "weight", target, staging)
            self.plan.notes += adopt.list_complaints(original)
            plugins = self.list_new_plugins(target)
            if self.with_plugins:
                self.adopt(adopt.list_files_of(original, plugins), "plugin", target, staging)
            elif plugins:
                self.plan.notes.append("Community models of the original stay there: {}. "
                                       "--with-plugins copies them.".format(", ".join(plugins)))
        if os.path.isdir(self.locate(target)):
            aside = "{}.orig-{}".format(target, self.plan.id)
            self.plan.moves.append([target, aside])
            self.renames.append({"from": target, "to": aside})
            self.plan.note("rename", target, "the original becomes {}; uninstalling brings it back"
                           .format(aside))

    def find_original(self, target: str) -> str:
        """The tree that ours replaces or stands beside."""
        moved = [rename["to"] for rename in self.renames
                 if rename["from"] == target == names.ORIGINAL]
        return self.locate(moved[0] if moved else names.ORIGINAL)

    def list_new_plugins(self, target: str) -> List[str]:
        """Community models of the original that neither the package nor our tree has."""
        ours = os.path.join(self.locate(target), "models") if self.old is not None else ""
        known = set(os.listdir(ours)) if os.path.isdir(ours) else set()
        known |= {path.split("/")[1] for path in self.list_wanted("DeepFaceLab")
                  if path.startswith("models/Model_")}
        return adopt.list_plugins(self.find_original(target), known)

    def adopt(self, paths: List[str], kind: str, target: str, staging: str) -> None:
        """Files of the original tree come into ours. kind: 'weight' or 'plugin'."""
        original = self.find_original(target)
        for path in paths:
            self.stage(os.path.join(original, *path.split("/")), "{}/{}".format(staging, path),
                       "{}/{}".format(target, path), kind + "-adopted", names.ORIGINAL)
            self.plan.note("adopt-" + kind, target + "/" + path, "copied from the original tree")

    def plan_scripts(self) -> None:
        released = self.package.read_released_hashes()
        old = {entry["path"]: entry for entry in manifests.list_scripts(self.old)} \
            if self.old else {}
        wanted = self.package.scripts if self.with_scripts else []
        for name in wanted:
            self.plan_script(name, old.get(name), released.get(name))
        for name, entry in old.items():
            if name in wanted:
                continue
            state = manifests.classify_script(self.root, entry)
            if state == "modified":
                self.plan.note("keep-modified", name, "changed by the user")
                self.files.append(entry)    # uninstalling has to know of the one before it
                continue
            if state == "ok":
                self.plan.moves.append([name, "{}/scripts/{}".format(self.plan.trash, name)])
                self.plan.note("remove-own", name, "not part of this version")
            for backup in [b for b in self.backups if b["original_path"] == name]:
                self.plan.moves.append([backup["path"], name])
                self.backups.remove(backup)

    def plan_script(self, name: str, entry: Optional[Dict[str, Any]],
                    released: Optional[str]) -> None:
        after = self.package.files["bat/" + name]
        path = self.locate(name)
        before = hash_file(path) if os.path.isfile(path) else None
        if before == after:
            self.plan.note("skip-same", name, "as it should be", before, after)
            if entry is not None:
                self.files.append(dict(entry, sha256=after))
            return
        is_free = before is None or (entry is not None and before == entry["sha256"]) or (
            entry is None and before == released)
        if not is_free and not self.overwrite:
            self.plan.note("keep-modified", name, "changed by the user, or a script of theirs",
                           before, after)
            if entry is not None:
                self.files.append(entry)
            return
        if before is not None and entry is None:
            place = "{}/scripts/{}".format(self.plan.backup, name)
            self.plan.moves.append([name, place])
            self.backups.append({"path": place, "sha256": before, "original_path": name,
                                 "released": before == released})
        elif before is not None:
            folder = self.plan.trash if is_free else self.plan.kept
            self.plan.moves.append([name, "{}/scripts/{}".format(folder, name)])
        staged = "{}/scripts/{}".format(self.plan.staging, name)
        self.stage(self.package.locate("bat/" + name), staged, name, "script", "package")
        self.plan.moves.append([staged, name])
        self.plan.note("create" if before is None else "replace-own" if entry else "replace",
                       name, "a released script is kept as a backup" if before and not entry
                       else "a script of this program", before, after)

    def plan_setenv(self) -> None:
        with open(self.locate(names.SETENV), "rb") as file:
            content = file.read()
        own = self.package.locate("setenv.bat")
        if self.own_setenv:
            if not os.path.isfile(own):
                raise InstallError(names.USAGE, "{} is missing, which --own-setenv puts in place."
                                   .format(own), ["start install.bat of the unpacked package"])
            with open(own, "rb") as file:
                wanted = file.read()
        elif not setenv_block.needs_block(content, self.plan.mode):
            self.plan.note("skip-same", names.SETENV, "it knows our folders already")
            return
        else:
            wanted = setenv_block.insert_block(content, self.plan.mode)
        before, after = hash_bytes(content), hash_bytes(wanted)
        if content == wanted:
            self.plan.note("skip-same", names.SETENV, "our lines are there", before, after)
            return
        original = hash_bytes(setenv_block.remove_block(content))
        if self.edits:
            is_users = self.own_setenv and original != self.edits[0]["file_sha256_before"] and not (
                self.edits[0]["is_ours"] and before == self.edits[0]["file_sha256_after"])
            folder = self.plan.kept if is_users else self.plan.trash
            self.plan.moves.append([names.SETENV, folder + "/setenv.bat"])
        else:
            backup = self.plan.backup + "/setenv.bat"
            self.plan.moves.append([names.SETENV, backup])
            self.edits.append({"path": names.SETENV, "backup": backup,
                               "file_sha256_before": original})
        block = setenv_block.make_block(self.plan.mode, setenv_block.find_line_end(content), False)
        self.edits[0].update(block_sha256=hash_bytes(block), file_sha256_after=after,
                             is_ours=self.own_setenv)
        self.plan.contents[self.plan.staging + "/setenv.bat"] = wanted
        self.plan.moves.append([self.plan.staging + "/setenv.bat", names.SETENV])
        self.plan.note("replace" if self.own_setenv else "edit-block", names.SETENV,
                       "ours, for any folder name and PATH" if self.own_setenv
                       else "a few marked lines at its end", before, after)

    def plan_manifest(self, detected: Dict[str, Any]) -> None:
        plan = self.plan
        plan.manifest = {
            "schema": manifests.SCHEMA, "product": names.PRODUCT, "version": self.package.version,
            "install_id": plan.id, "mode": plan.mode, "root_hint": os.path.basename(self.root),
            "created_utc": datetime.datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "detected": detected, "files": sorted(self.files, key=lambda entry: entry["path"]),
            "trees": self.trees, "renames": self.renames, "edits": self.edits,
            "backups": self.backups, "previous": self.old["install_id"] if self.old else None}
        content = manifests.encode(plan.manifest)
        for path, data in ((names.MANIFEST, content),
                           (names.MANIFEST_HASH, manifests.encode_hash(content))):
            name = path.split("/")[-1]
            plan.contents["{}/{}".format(plan.staging, name)] = data
            if self.old:
                plan.moves.append([path, "{}/{}".format(plan.trash, name)])
            plan.moves.append(["{}/{}".format(plan.staging, name), path])


def is_older(version: str, than: str) -> bool:
    """By the numbers between the dots."""
    first, second = [[int(part) if part.isdigit() else 0 for part in text.split(".")]
                     for text in (version, than)]
    return first < second


def check_mode(old: Optional[Dict[str, Any]], mode: str) -> None:
    if old is not None and old["mode"] != mode:
        raise InstallError(names.CONFLICT, "This program is installed with --mode {}.".format(
            old["mode"]), ["uninstall it first, then install it with --mode " + mode])
