"""What was installed (spec 70 section 11.7), and what of it still is as it was."""
import json
import os
from typing import Any, Dict, List, Optional

from . import names
from .hashing import hash_bytes, hash_file, is_byte_code, list_files
from .names import InstallError

SCHEMA = 1


def encode(manifest: Dict[str, Any]) -> bytes:
    # In escapes: names that the system's encoding could not decode come back as they were.
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode("ascii")


def encode_hash(content: bytes) -> bytes:
    """The side file."""
    return (hash_bytes(content) + "\n").encode("ascii")


def read(root: str) -> Optional[Dict[str, Any]]:
    """The manifest of an install, None without one. CONFLICT for one that is not whole or ours."""
    path = os.path.join(root, *names.MANIFEST.split("/"))
    side = os.path.join(root, *names.MANIFEST_HASH.split("/"))
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        content = file.read()
    expected = b""
    if os.path.isfile(side):
        with open(side, "rb") as file:
            expected = file.read()
    if encode_hash(content) != expected:
        raise InstallError(names.CONFLICT, "The manifest {} was changed.".format(path),
                           ["put back the file that was there, or take the trees away by hand"])
    manifest = json.loads(content.decode("utf-8"))
    if manifest.get("schema") != SCHEMA or manifest.get("product") != names.PRODUCT:
        raise InstallError(names.CONFLICT, "The manifest {} is that of another program or version."
                           .format(path), ["use the installer that wrote it"])
    return manifest


def list_scripts(manifest: Dict[str, Any]) -> List[Dict[str, Any]]:
    return [entry for entry in manifest["files"] if entry["role"] == "script"]


def list_tree(manifest: Dict[str, Any], target: str) -> Dict[str, Dict[str, Any]]:
    """{path below the tree: entry}"""
    return {entry["path"][len(target) + 1:]: entry for entry in manifest["files"]
            if entry["path"].startswith(target + "/")}


def classify_tree(root: str, manifest: Dict[str, Any], target: str) -> Dict[str, List[str]]:
    """{'ok' | 'modified' | 'missing' | 'extra': paths below the tree}, byte code left out."""
    known = list_tree(manifest, target)
    folder = os.path.join(root, *target.split("/"))
    state: Dict[str, List[str]] = {"ok": [], "modified": [], "missing": [], "extra": []}
    present = [path for path in list_files(folder) if not is_byte_code(path)]
    for path in present:
        if path not in known:
            state["extra"].append(path)
        else:
            is_same = hash_file(os.path.join(folder, *path.split("/"))) == known[path]["sha256"]
            state["ok" if is_same else "modified"].append(path)
    state["missing"] = sorted(set(known) - set(present))
    return state


def classify_script(root: str, entry: Dict[str, Any]) -> str:
    path = os.path.join(root, entry["path"])
    if not os.path.isfile(path):
        return "missing"
    return "ok" if hash_file(path) == entry["sha256"] else "modified"
