"""Carries a plan out, and comes back from wherever it was cut short (spec 70 section 11.6)."""
import os
import subprocess
from typing import Any, Callable, Dict, List, Optional

from . import manifest as manifests
from . import names
from .find_root import find_interpreters
from .guard import Guard
from .hashing import copy_checked
from .journal import Journal, prune_state, write_durably
from .names import InstallError
from .transaction import Plan

HELP_SECONDS = 120      # a cold start from a slow disk with a virus scanner


def observe_nothing(name: str) -> None:
    """Tests look at every step here."""


def stage(guard: Guard, plan: Plan) -> None:
    """Copy everything beside the install, on the same volume, with checksums."""
    for source, staged, digest in plan.staged:
        copy_checked(source, guard.resolve(staged), digest)
    for staged, content in plan.contents.items():
        write_durably(guard.resolve(staged), content)


def check_staged(guard: Guard, plan: Plan) -> None:
    """Every module compiles, and the new main.py answers --help in the bundled interpreter."""
    for _, staged, _ in plan.staged:
        if staged.endswith(".py"):
            with open(guard.resolve(staged), "rb") as file:
                try:
                    compile(file.read(), staged, "exec", dont_inherit=True)
                except (SyntaxError, ValueError) as error:
                    raise InstallError(names.ROLLED_BACK, "{} is not valid here: {}".format(
                        staged, error)) from error
    main = guard.resolve(plan.staging + "/DeepFaceLab/main.py")
    interpreters = find_interpreters(guard.root)
    if not os.path.isfile(main) or not interpreters:
        return
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("PYTHONHOME", "PYTHONPATH")}
    try:
        done = subprocess.run([interpreters[-1], "-B", main, "--help"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment,
                              timeout=HELP_SECONDS)
    except OSError as error:        # an install looked at from another system
        plan.notes.append("The new main.py was not started: {} cannot run here ({}).".format(
            interpreters[-1], error.strerror))
        return
    except subprocess.TimeoutExpired as error:
        raise InstallError(names.ROLLED_BACK, "The new main.py gave no answer.") from error
    if done.returncode != 0:
        raise InstallError(names.ROLLED_BACK, "The new main.py does not start: {}".format(
            done.stderr.decode("utf-8", "replace").strip()[-500:]))


def apply_plan(guard: Guard, plan: Plan,
               observe: Callable[[str], None] = observe_nothing) -> None:
    """All of it or nothing. InstallError with code 5 (all undone) or 6 (see the journal)."""
    journal = Journal(guard)
    journal.begin(plan.make_header(sorted(guard.scripts)))
    observe("begin")
    try:
        stage(guard, plan)
        observe("staged")
        if plan.action == "install":
            check_staged(guard, plan)
        journal.run(observe)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 whatever it is, it is undone
        roll_back(journal, error)
    try:
        journal.clean("after_commit")
    except (OSError, InstallError, KeyboardInterrupt) as error:
        raise make_incomplete("The {} is done, but its temporary files are left".format(
            plan.action), error, journal) from error


def roll_back(journal: Journal, error: BaseException) -> None:
    """Undo, then InstallError with what went wrong."""
    what = describe_error(error)
    try:
        journal.cut_torn_line()
        journal.undo()
        journal.clean("after_undo")
    except (OSError, InstallError, KeyboardInterrupt) as second:
        raise make_incomplete(what + "\nUndoing it failed too", second, journal) from error
    remedies = ["close every program and window that uses the install, then try again"] \
        if isinstance(error, PermissionError) else []
    raise InstallError(names.ROLLED_BACK, what + "\nEverything is as it was before.",
                       remedies) from error


def describe_error(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted."
    return str(error) or type(error).__name__


def make_incomplete(what: str, error: BaseException, journal: Journal) -> InstallError:
    """What --repair has to end."""
    return InstallError(names.INCOMPLETE, "{}: {}".format(what, describe_error(error)), [
        "close what uses the folder, make room where the disk is full, then start the installer "
        "with --repair", "the journal is " + journal.path])


def find_pending(guard: Guard) -> Optional[str]:
    """What a transaction that was cut short left, in words; None when nothing is pending."""
    journal = Journal(guard)
    found = journal.read()
    if found is None:
        state = guard.resolve(names.STATE)
        stray = [name for name in (os.listdir(state) if os.path.isdir(state) else [])
                 if name.startswith(("staging-", "trash-")) or name.endswith(".new")]
        return "files of an interrupted start: " + ", ".join(sorted(stray)) if stray else None
    header = found[0]
    if journal.is_committed():
        return "a finished {}: temporary files are left".format(header["action"])
    return "an interrupted {}: {} of {} steps stand".format(
        header["action"], journal.count_done(), len(header["moves"]))


def repair(guard: Guard) -> str:
    """Undoes an interrupted install, completes an interrupted uninstall. What was done."""
    journal = Journal(guard)
    try:
        return end_pending(guard, journal)
    except (OSError, KeyboardInterrupt) as error:
        raise make_incomplete("The repair stopped", error, journal) from error


def end_pending(guard: Guard, journal: Journal) -> str:
    found = journal.read()
    if found is None:
        state = guard.resolve(names.STATE)
        for name in os.listdir(state) if os.path.isdir(state) else []:
            if name.startswith(("staging-", "trash-")) or name.endswith(".new"):
                guard.remove("{}/{}".format(names.STATE, name))
        prune_state(guard)
        return "removed the files of an interrupted start"
    header = found[0]
    guard.scripts |= set(header["scripts"])
    journal.cut_torn_line()
    if journal.is_committed():
        journal.clean("after_commit")
        return "finished the {}".format(header["action"])
    if header["action"] == "uninstall" and is_staged(guard, header, journal.count_done()):
        journal.run()
        journal.clean("after_commit")
        return "completed the uninstall"
    journal.undo()
    journal.clean("after_undo")
    return "undid the {}".format(header["action"])


def is_staged(guard: Guard, header: Dict[str, Any], done: int) -> bool:
    """Whether what the remaining steps take from the staging folder is there."""
    prefix = "{}/staging-".format(names.STATE)
    return all(os.path.lexists(guard.resolve(source)) for source, _ in header["moves"][done:]
               if source.startswith(prefix))


def read_pending_header(guard: Guard) -> Optional[Dict[str, Any]]:
    found = Journal(guard).read()
    return found[0] if found else None


def verify(guard: Guard, manifest: Optional[Dict[str, Any]]) -> Dict[str, Any]:
    """{'state': words, 'code', 'modified', 'missing', 'extra', 'ok': number}; writes nothing."""
    result: Dict[str, Any] = {"modified": [], "missing": [], "extra": [], "ok": 0}
    pending = find_pending(guard)
    if pending:
        result.update(state=pending, code=names.INCOMPLETE)
        return result
    if manifest is None:
        state = os.path.join(guard.root, *names.STATE.split("/"))
        kept = [name for name in (os.listdir(state) if os.path.isdir(state) else [])
                if name.startswith(("backup-", "kept-"))]
        left = " ({} is kept in {})".format(", ".join(kept), names.STATE) if kept else ""
        result.update(state="not installed" + left, code=names.DONE)
        return result
    for target in manifest["trees"]:
        found = manifests.classify_tree(guard.root, manifest, target)
        result["ok"] += len(found["ok"])
        for key in ("modified", "missing", "extra"):
            result[key] += ["{}/{}".format(target, path) for path in found[key]]
    for entry in manifests.list_scripts(manifest):
        script = manifests.classify_script(guard.root, entry)
        if script == "ok":
            result["ok"] += 1
        else:
            result[script].append(entry["path"])
    result["missing"] += list_missing_originals(guard.root, manifest)
    is_whole = not result["modified"] and not result["missing"]
    result.update(state="installed: version {}, mode {}, {}".format(
        manifest["version"], manifest["mode"], "whole" if is_whole else "changed"),
        code=names.DONE if is_whole else names.CONFLICT)
    return result


def list_missing_originals(root: str, manifest: Dict[str, Any]) -> List[str]:
    """What an uninstall would want to bring back."""
    paths = [rename["to"] for rename in manifest["renames"]]
    paths += [backup["path"] for backup in manifest["backups"]]
    paths += [edit["backup"] for edit in manifest["edits"]]
    return [path for path in paths if not os.path.exists(os.path.join(root, *path.split("/")))]
