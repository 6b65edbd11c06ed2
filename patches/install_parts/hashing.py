"""Files and their checksums."""
import hashlib
import os
import shutil
import stat
from typing import Any, Dict, List

from .guard import is_link

SKIPPED_FOLDERS = ("__pycache__",)


def hash_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def hash_file(path: str) -> str:
    """SHA-256 in hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def is_byte_code(path: str) -> bool:
    """What Python writes by itself while a program is used. Byte code elsewhere is a module: that
    is how some community models come."""
    return any(part in SKIPPED_FOLDERS for part in path.replace(os.sep, "/").split("/")[:-1])


def list_files(folder: str) -> List[str]:
    """Sorted relative paths with `/`, byte code included. Folders that cannot be read are left
    out, and so are links and junctions."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not is_link(os.path.join(place, name))]
        found += [os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/")
                  for name in files]
    return sorted(found)


def copy_checked(source: str, target: str, expected: str) -> None:
    """Copy with times, flush, and compare the copy's checksum; OSError when it differs."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(source, "rb") as read, open(target, "wb") as written:
        shutil.copyfileobj(read, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())
    shutil.copystat(source, target)
    os.chmod(target, os.stat(target).st_mode | stat.S_IWUSR)    # a package may be read-only
    if hash_file(target) != expected:
        raise OSError("the copy of {} differs from it".format(source))


def describe(path: str, target: str, role: str, origin: str) -> Dict[str, Any]:
    """An entry of the manifest's `files` for the file at `path`."""
    return {"path": target, "size": os.path.getsize(path), "sha256": hash_file(path),
            "role": role, "origin": origin}
