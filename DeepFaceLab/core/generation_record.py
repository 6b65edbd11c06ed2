"""The record of one generation of a model's files: which they are, their sizes and checksums.

Part of `core.persist`. `<model>_generation.json` lies beside the files it tells of, in the model's
folder, in an earlier generation that is kept, and in each backup. Older installs ignore it.
"""
import json
import zlib
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping

from core.durable_write import PathLike, write_text
from core.errors import CorruptFileError
from core.file_names import is_plain_file_name
from core.json_input import parse_json

MANIFEST_SUFFIX = "_generation.json"
_CHUNK = 1 << 22

FileRecord = Dict[str, int]     # {"size": bytes, "crc32": CRC-32}


def manifest_path(folder: PathLike, name: str) -> Path:
    """Where `commit_generation` keeps the record of model `name`."""
    return Path(folder) / (name + MANIFEST_SUFFIX)


def read_manifest(folder: PathLike, name: str) -> Dict[str, Any]:
    """The record of the newest generation, {} when there is none.

    {"state": "pending" | "committed", "generation": int, "files": {name: {"size", "crc32"}},
    "info": what the saver told, "absent": names that a pending generation takes away, "aside":
    number of the kept generation that takes the files which a pending one replaces}
    """
    path = manifest_path(folder, name)
    if not path.exists():
        return {}
    try:
        manifest = parse_json(path.read_text(encoding="utf-8"))
        if not _is_manifest(manifest):
            raise ValueError("unexpected content")
        return manifest
    except ValueError as error:
        raise CorruptFileError(
            "{} is damaged ({}).".format(path, error),
            ["Delete it: the model's own files do not need it.",
             "`main.py doctor --model` shows what else there is of this model."]) from error


def read_manifest_or_empty(folder: PathLike, name: str) -> Dict[str, Any]:
    """`read_manifest`, but a damaged record counts as none: saving must stay possible."""
    try:
        return read_manifest(folder, name)
    except CorruptFileError:
        return {}


def _is_manifest(manifest: Any) -> bool:
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        return False
    absent = manifest.get("absent", [])
    return (manifest.get("state") in ("pending", "committed")
            and isinstance(manifest.get("generation"), int)
            and isinstance(manifest.get("info", {}), dict)
            and isinstance(manifest.get("aside", 0), int)
            # plain names: models travel from user to user
            and isinstance(absent, list) and all(map(is_plain_file_name, absent))
            and all(is_plain_file_name(name) and isinstance(record, dict)
                    and all(isinstance(record.get(key), int) for key in ("size", "crc32"))
                    for name, record in manifest["files"].items()))


def write_manifest(folder: Path, name: str, manifest: Mapping[str, Any]) -> None:
    write_text(manifest_path(folder, name), json.dumps(manifest, indent=1))


def iterate_chunks(path: Path) -> Iterator[bytes]:
    """A file's bytes, 4 MiB at a time."""
    with open(str(path), "rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            if not chunk:
                return
            yield chunk


def measure_file(path: Path) -> FileRecord:
    """Size and CRC-32 of a file's present content; reads all of it."""
    size = crc32 = 0
    for chunk in iterate_chunks(path):
        size += len(chunk)
        crc32 = zlib.crc32(chunk, crc32)
    return {"size": size, "crc32": crc32}


def matches(path: Path, record: Mapping[str, int]) -> bool:
    """True if the file exists with the size and CRC-32 of its record."""
    return (path.is_file() and path.stat().st_size == record["size"]
            and measure_file(path)["crc32"] == record["crc32"])


def verify_generation(folder: PathLike, name: str) -> List[str]:
    """Names of the files that differ from the record: changed by another program or damaged."""
    files = read_manifest(folder, name).get("files", {})
    return [file for file, record in files.items() if not matches(Path(folder) / file, record)]
