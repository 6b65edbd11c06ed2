#!/usr/bin/env python3
"""Writes the numbered scripts of this folder and their twins in linux/ from scripts.json.

    python3 bat/generate.py           write them
    python3 bat/generate.py --check   say which differ; exit code 1 when one does
    python3 bat/generate.py --table   print what each does, as a Markdown table

Also DeepFaceLab/tree_files.txt, the list of what belongs to the tree (core/tree_files.py): a new
or renamed source file is in it after this ran. Standard library only, Python 3.6 and newer.
"""
import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, List

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import batch_text  # noqa: E402  beside this file, wherever it is started from
import shell_text  # noqa: E402

TREE = FOLDER.parent / "DeepFaceLab"
LIST = TREE / "tree_files.txt"
SKIPPED_FOLDERS = ("__pycache__",)
SKIPPED_SUFFIXES = (".pyc", ".pyo", ".npy")


def read_table() -> List[Dict[str, Any]]:
    return json.loads((FOLDER / "scripts.json").read_text(encoding="utf-8"))["scripts"]


def list_tree_files(tree: Path) -> List[str]:
    """Sorted relative paths with `/` of the tree's own files."""
    found = []
    for folder, folders, names in os.walk(str(tree)):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        found += [Path(folder, name).relative_to(tree).as_posix() for name in names
                  if not name.endswith(SKIPPED_SUFFIXES) and not name.startswith(".")]
    return sorted(set(found) | {LIST.name})


def make_scripts() -> Dict[Path, bytes]:
    """{path: bytes} of every script."""
    files = {}
    for entry in read_table():
        if "bat" in entry:
            lines = batch_text.write_batch(entry)
            files[FOLDER / entry["bat"]] = ("\r\n".join(lines) + "\r\n").encode("ascii")
        lines = shell_text.write_shell(entry)
        files[FOLDER / "linux" / entry["sh"]] = ("\n".join(lines) + "\n").encode("ascii")
    return files


def make_all() -> Dict[Path, bytes]:
    files = make_scripts()
    files[LIST] = ("\n".join(list_tree_files(TREE)) + "\n").encode("ascii")
    return files


def list_differing() -> List[Path]:
    """Files that are not what generation gives, and scripts that no entry gives."""
    files = make_all()
    differing = [path for path, content in files.items()
                 if not path.is_file() or path.read_bytes() != content]
    present = list(FOLDER.glob("*.bat")) + list((FOLDER / "linux").glob("*.sh"))
    return sorted(differing + [path for path in present
                               if path not in files and path.name != "env.sh"])


def write_all() -> None:
    for path in list_differing():
        files = make_all()
        if path not in files:
            path.unlink()
            print("removed " + path.name)
            continue
        path.write_bytes(files[path])
        if path.suffix == ".sh":
            path.chmod(0o755)
        print("wrote " + path.name)


def make_markdown() -> str:
    """What each script does: two columns of names, one sentence."""
    lines = ["| Windows, in the install's folder | Linux, in `bat/linux/` | what it does |",
             "|---|---|---|"]
    for entry in read_table():
        about = entry["about"]
        if "differs" in entry:
            about += " Unlike the released script it {}.".format(entry["differs"])
        bat = "`{}`".format(entry["bat"]) if "bat" in entry else ""
        lines.append("| {} | `{}` | {} |".format(bat, entry["sh"], about))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the numbered scripts from scripts.json.")
    parser.add_argument("--check", action="store_true", help="only say which files differ")
    parser.add_argument("--table", action="store_true", help="only print what each script does")
    arguments = parser.parse_args()
    if arguments.table:
        print(make_markdown())
        return 0
    if not arguments.check:
        write_all()
        return 0
    differing = list_differing()
    for path in differing:
        print("differs: {}".format(path))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
