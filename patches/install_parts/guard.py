"""The one door to the disk: every write, move and deletion names its path here (spec 70 11.4)."""
import os
import re
import stat
import sys
import time
from typing import Iterable, List

from . import names
from .names import InstallError

REPARSE_POINT = 0x400           # Windows: junctions and links
ORIGINAL_NAME = re.compile(r"^(DeepFaceLab|DeepFaceLab_SAEHDBW|DeepFaceLab_TF1X|patches)"
                           r"\.orig-[0-9a-z-]+$")
SHORT_NAME = re.compile(r"~[0-9]")
RENAME_TRIES = 20               # of 0.1 s: virus scanners hold new files for a moment


class GuardError(InstallError):
    """A path that the installer has no business with: a defect of this program or a trap."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(names.UNSUPPORTED, "Refused to touch {!r}: {}.".format(path, why))


def is_link(path: str) -> bool:
    """Whether a path is a link, a junction or another reparse point."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(status.st_mode) or bool(
        getattr(status, "st_file_attributes", 0) & REPARSE_POINT)


class Guard:
    """Paths relative to `root`, with `/`.

    Arguments:
        root: the install.
        mode: 'replace' or 'side'.
        scripts: names of the .bat files of the package that belong into the root.
    """

    def __init__(self, root: str, mode: str, scripts: Iterable[str] = ()) -> None:
        self.root = os.path.realpath(root)
        self.trees = [target for _, target in names.TREES[mode]]
        self.scripts = set(scripts)

    def resolve(self, path: str) -> str:
        """Absolute path of an allowed relative one; GuardError for any other."""
        parts = path.split("/")
        for part in parts:
            if part in ("", ".", ".."):
                raise GuardError(path, "it is not a plain relative path")
            if re.search(r'[\\:*?"<>|\x00-\x1f]', part):
                raise GuardError(path, "it has characters that mean something to Windows")
            if part != part.rstrip(". "):
                raise GuardError(path, "Windows drops dots and blanks at the end of a name")
        if SHORT_NAME.search(parts[0]) or (len(parts) > 1 and SHORT_NAME.search(parts[1])):
            raise GuardError(path, "it may be the short form of another name")
        if not self.is_allowed(parts):
            raise GuardError(path, "it is not part of this installation")
        absolute = self.root
        for part in parts[:-1]:
            absolute = os.path.join(absolute, part)
            if is_link(absolute):
                raise GuardError(path, "{} is a link".format(absolute))
        return os.path.join(absolute, parts[-1])

    def is_allowed(self, parts: List[str]) -> bool:
        if len(parts) == 1:
            return parts[0] in self.scripts
        if parts[0] != names.INTERNAL:
            return False
        if len(parts) == 2 and ORIGINAL_NAME.match(parts[1]):
            return True
        place = "/".join(parts[:2])
        return (place in self.trees or place == names.STATE
                or "/".join(parts) in (names.SETENV, names.CPU_SWITCH))

    def move(self, source: str, target: str) -> None:
        """Rename within the volume: the folder or file is in one place or in the other."""
        before, after = self.resolve(source), self.resolve(target)
        if is_link(before):
            raise GuardError(source, "it is a link")
        os.makedirs(os.path.dirname(after), exist_ok=True)
        if os.path.lexists(after):
            raise InstallError(names.CONFLICT, "{} is there already.".format(after))
        for left in reversed(range(RENAME_TRIES if sys.platform == "win32" else 1)):
            try:
                os.rename(before, after)
                break
            except PermissionError:
                if left == 0:
                    raise
                time.sleep(0.1)
        for folder in {os.path.dirname(before), os.path.dirname(after)}:
            flush_folder(folder)

    def remove(self, path: str) -> None:
        """Delete a file or a folder of the state folder, also a half deleted one."""
        absolute = self.resolve(path)
        if not path.startswith(names.STATE + "/"):
            raise GuardError(path, "only what lies in {} is deleted".format(names.STATE))
        if os.path.lexists(absolute):
            remove_plain(absolute)


def remove_plain(path: str) -> None:
    """Delete a file or folder. A link or junction in it is removed, what it leads to is not
    (shutil.rmtree of Python 3.6 walks through junctions)."""
    is_folder = os.path.isdir(path)
    if is_folder and not is_link(path):
        for name in os.listdir(path):
            remove_plain(os.path.join(path, name))
        os.rmdir(path)
    elif is_folder and not os.path.islink(path):
        os.rmdir(path)          # a junction
    else:
        if sys.platform == "win32":
            os.chmod(path, stat.S_IWRITE | stat.S_IREAD)    # read-only files stay otherwise
        os.remove(path)


def flush_folder(folder: str) -> None:
    """Make renames in a folder durable, where the system can do that."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
