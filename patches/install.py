#!/usr/bin/env python3
"""Puts this program onto a DeepFaceLab install, verifies it, and takes it off again.

    python install.py --root INSTALL --dry-run     show what would change
    python install.py --root INSTALL               install or upgrade
    python install.py --root INSTALL --verify      look, change nothing
    python install.py --root INSTALL --uninstall   bring back what was there
    python install.py --root INSTALL --factory     and released scripts in place of changed ones

Standard library only, Python 3.6 and newer, started with the interpreter of the install. Nothing
is downloaded; workspace, models, Python and CUDA folders are never touched. Exit codes: 0 done,
1 usage or not agreed, 2 not an install, 3 unsupported, 4 conflict, 5 failed and undone, 6 failed
and not undone (--repair), 7 another installer works, 10 dry run with changes.
"""
import argparse
import io
import json
import os
import sys
from typing import Any, Dict, Optional, Sequence

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from install_parts import apply, detect, find_root, manifest, names, processes  # noqa: E402
from install_parts.factory import FactoryPlanner  # noqa: E402
from install_parts.guard import Guard  # noqa: E402
from install_parts.lock import Lock  # noqa: E402
from install_parts.names import InstallError  # noqa: E402
from install_parts.package import Package, read_released_hashes  # noqa: E402
from install_parts.plan import InstallPlanner, check_mode  # noqa: E402
from install_parts.remove import UninstallPlanner, plan_purge  # noqa: E402
from install_parts.transaction import Plan  # noqa: E402


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.print_usage(sys.stderr)
        self.exit(names.USAGE, "{}: {}\n".format(self.prog, message))


def parse_arguments(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = Parser(prog="install.py", description="Put this program onto a DeepFaceLab install.")
    parser.add_argument("place", nargs="?", default="", help="folder of the install")
    parser.add_argument("--root", default="", help="the same")
    parser.add_argument("--mode", choices=sorted(names.TREES), default=None,
                        help="replace (default): the original tree is renamed and comes back with "
                             "--uninstall; side: ours goes beside it as " + names.PRODUCT)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--uninstall", action="store_true", help="take this program off")
    action.add_argument("--verify", action="store_true", help="compare with what was installed")
    action.add_argument("--repair", action="store_true",
                        help="undo an interrupted install, complete an interrupted uninstall")
    parser.add_argument("--factory", action="store_true",
                        help="uninstall, and bring back released scripts also where you changed or "
                             "deleted the one in their place; yours are kept aside. Later, too: "
                             "as long as the backups are there")
    parser.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="print plan and result as JSON")
    parser.add_argument("--with-scripts", dest="with_scripts", action="store_true", default=True,
                        help="install the numbered scripts (default)")
    parser.add_argument("--no-scripts", dest="with_scripts", action="store_false",
                        help="leave the scripts of the install alone")
    parser.add_argument("--with-plugins", action="store_true",
                        help="copy community models of the original into the new tree")
    parser.add_argument("--overwrite-modified", action="store_true",
                        help="replace files that you changed; they are kept aside")
    parser.add_argument("--own-setenv", action="store_true",
                        help="replace setenv.bat by ours, which works with & and quotes in PATH "
                             "and folder names; the one before comes back with --uninstall")
    parser.add_argument("--purge", action="store_true",
                        help="with --uninstall: delete the backups too")
    parser.add_argument("--probe", action="store_true",
                        help="start TensorFlow of the install once and list its devices")
    parser.add_argument("--pause", action="store_true", help="wait for Enter at the end")
    arguments = parser.parse_args(argv)
    if arguments.factory and (arguments.verify or arguments.repair):
        parser.error("--factory goes with --uninstall only")
    return arguments


def is_installing(arguments: argparse.Namespace) -> bool:
    return not (arguments.uninstall or arguments.factory or arguments.verify or arguments.repair)


class Session:
    """One run on one install."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.report: Dict[str, Any] = {}
        package = os.path.dirname(HERE)
        self.root = find_root.find_root(arguments.place or arguments.root, package)
        find_root.check_path(self.root)
        # While a transaction is cut short, its journal counts: the manifest may be half there.
        header = apply.read_pending_header(Guard(self.root, "replace"))
        self.look_again(header)

    def look_again(self, header: Optional[Dict[str, Any]] = None) -> None:
        """Take manifest, mode and scripts from the disk. header: of a pending transaction."""
        self.manifest = None if header else manifest.read(self.root)
        scripts = set(header["scripts"]) if header else set()
        if self.manifest:
            scripts = {entry["path"] for entry in manifest.list_scripts(self.manifest)}
        found = header or self.manifest
        given = self.arguments.mode if is_installing(self.arguments) else None
        self.mode = given or (found["mode"] if found else "replace")
        self.guard = Guard(self.root, header["mode"] if header else self.mode, scripts)

    def tell(self, text: str) -> None:
        if not self.arguments.json:
            print(text)

    def agree(self, question: str) -> bool:
        """At the end of input nobody agrees."""
        if self.arguments.yes:
            return True
        print(question + " [y/N] ", end="", flush=True,
              file=sys.stderr if self.arguments.json else sys.stdout)
        return sys.stdin.readline().strip().lower() in ("y", "yes", "1")

    def show(self, plan: Plan) -> None:
        self.report.update(operations=plan.operations, notes=plan.notes, moves=plan.moves)
        for operation in plan.operations:
            if operation["op"] != "skip-same":
                self.tell("  {op:<14} {path}  ({reason})".format(**operation))
        same = sum(operation["op"] == "skip-same" for operation in plan.operations)
        self.tell("  {} unchanged".format(same))
        for note in plan.notes:
            self.tell("Note: " + note)

    def run(self) -> int:
        arguments = self.arguments
        if arguments.verify:
            return self.verify()
        if arguments.dry_run:
            return self.dry_run()
        with Lock(self.guard, self.tell):
            pending = apply.find_pending(self.guard)
            if pending or arguments.repair:
                code = self.repair(pending)
                if code != names.DONE or arguments.repair:
                    return code
            self.look_again()       # another installer may have worked until now
            plan = self.make_plan()
            if plan is None or not plan.has_changes():
                self.tell("Nothing to do.")
                return names.DONE
            self.show(plan)
            if not self.agree("Go on?"):
                self.tell("Nothing was changed.")
                return names.USAGE
            apply.apply_plan(self.guard, plan)
            self.tell_done(plan)
        return names.DONE

    def tell_done(self, plan: Plan) -> None:
        if plan.action == "install":
            self.tell("Installed. uninstall.bat (or --uninstall) brings back what was there.")
        else:
            self.tell("Uninstalled." if plan.action == "uninstall" else "Restored.")
            kept = self.guard.resolve(plan.kept)
            if os.path.isdir(kept):
                self.tell("Files of yours are in {}".format(kept))

    def dry_run(self) -> int:
        pending = apply.find_pending(self.guard)
        if pending:
            self.tell("Found: {}. It would be repaired first.".format(pending))
            return names.WOULD_CHANGE
        plan = self.make_plan()
        if plan is None:
            return names.DONE
        self.show(plan)
        return names.WOULD_CHANGE if plan.has_changes() else names.DONE

    def make_plan(self) -> Optional[Plan]:
        self.check_running()
        if self.arguments.uninstall or self.arguments.factory:
            return self.plan_uninstall()
        package = Package(os.path.dirname(HERE))
        if os.path.basename(package.folder) == names.INTERNAL:
            raise InstallError(names.USAGE, "This is the installed copy: it can verify and "
                               "uninstall.", ["start install.bat of the unpacked package"])
        check_mode(self.manifest, self.mode)
        missing = package.list_not_built()
        if missing and self.mode == "replace":
            raise InstallError(names.UNSUPPORTED, "This package would not replace everything: it "
                               "lacks {}.".format(", ".join(missing)),
                               ["--mode side puts it beside the original"])
        self.guard.scripts |= set(package.scripts)
        # Files stand in the staging folder before they come to their place.
        longest = max(len(path) for path in package.files) + len(
            Plan("install", self.mode).staging + "/") - len(names.INTERNAL + "/")
        find_root.check_room(self.root, package.get_size(), longest, sys.platform == "win32")
        for warning in find_root.list_warnings(self.root):
            self.tell("Warning: " + warning)
        detected = detect.detect(self.root, package, self.arguments.probe)
        self.report.update(detected=detected, root=self.root, mode=self.mode)
        self.tell("Install {}: {} build, Python {}, TensorFlow {}".format(
            self.root, detected["build"], detected["python"]["named"] or "?",
            detected["tensorflow"]["version"] or "?"))
        for note in detected["notes"]:
            self.tell("Note: " + note)
        planner = InstallPlanner(self.guard, package, self.mode, self.manifest,
                                 self.arguments.overwrite_modified, self.arguments.with_scripts,
                                 self.arguments.with_plugins, self.arguments.own_setenv)
        return planner.build(detected)

    def plan_uninstall(self) -> Optional[Plan]:
        released = None
        if self.arguments.factory:
            released = read_released_hashes(os.path.dirname(HERE))
            if self.manifest is None:
                return FactoryPlanner(self.guard, released).build()
        if self.manifest is None:       # uninstalled already: --purge still takes the backups
            return plan_purge(self.root) if self.arguments.purge else None
        return UninstallPlanner(self.guard, self.manifest, self.arguments.purge, released).build()

    def check_running(self) -> None:
        """Workers of a running training import modules again: replacing them breaks it."""
        for interpreter in find_root.find_interpreters(self.root):
            running = processes.find_running(interpreter)
            if running:
                raise InstallError(names.CONFLICT, "Programs of this install are running: process "
                                   "{}.".format(", ".join(map(str, running))),
                                   ["save and close training, merging and the editor"])

    def repair(self, pending: Optional[str]) -> int:
        if pending is None:
            self.tell("Nothing to repair.")
            return names.DONE
        self.tell("Found: {}.".format(pending))
        if not self.agree("Repair it?"):
            return names.USAGE
        self.tell("Repair: {}.".format(apply.repair(self.guard)))
        self.look_again()
        return names.DONE

    def verify(self) -> int:
        result = apply.verify(self.guard, self.manifest)
        self.report.update(result)
        self.tell("{}: {}".format(self.root, result["state"]))
        for key in ("modified", "missing", "extra"):
            for path in result[key]:
                self.tell("  {:<9} {}".format(key, path))
        if result["code"] == names.INCOMPLETE:
            self.tell("install.bat --repair undoes an install and completes an uninstall.")
        return result["code"]


def main(argv: Optional[Sequence[str]] = None) -> int:
    arguments = parse_arguments(argv)
    session = None
    try:
        session = Session(arguments)
        code = session.run()
    except InstallError as error:
        print(error, file=sys.stderr)
        code = error.code
    except OSError as error:        # while planning: nothing was changed
        print(error, file=sys.stderr)
        code = names.UNSUPPORTED
    except KeyboardInterrupt:       # likewise; later ones are undone by apply_plan
        print("Interrupted.", file=sys.stderr)
        code = names.USAGE
    if arguments.json:
        report = session.report if session else {}
        print(json.dumps(dict(report, code=code), indent=1, sort_keys=True))
    if arguments.pause and sys.stdin.isatty() and not os.environ.get("DFL_NO_PAUSE"):
        input("Press Enter to continue . . . ")
    return code


def print_any_name() -> None:
    """Names that the console's code page lacks are written as escapes, not as an error."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        encoding = stream.encoding
        setattr(sys, name, io.TextIOWrapper(stream.detach(), encoding=encoding,
                                            errors="backslashreplace", line_buffering=True))


if __name__ == "__main__":
    print_any_name()
    sys.exit(main())
