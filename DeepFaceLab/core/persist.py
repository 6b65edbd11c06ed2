"""The one door for bytes (architecture rule 3): every pickle read and every durable write.

Reading:  `load`, `loads` through an allow-list (core/pickle_format.py, core/pickle_parts.py).
Writing:  `dump`, `dumps`, `dump_list` in a form that NumPy 1.x reads (core/pickle_writer.py);
          `write_bytes`, `write_text`, `write_stream`: temp file -> flush -> fsync -> atomic
          replace -> folder sync, so that a crash leaves the old file or the new one, never a piece
          (core/durable_write.py).
Many files at once: `commit_generation` makes the files of one save a single event, and
          `recover_generation` finishes or discards what a crash interrupted (core/generation.py);
          the generation before it can be kept (core/previous_generations.py).
"""
from typing import Any, Callable

from core.durable_write import (TEMP_SUFFIX, PathLike, copy_from, make_folder, remove_file,
                                remove_tree, replace_file, sync_folder, write_bytes, write_stream,
                                write_text)
from core.generation import commit_generation, recover_generation
from core.generation_record import (MANIFEST_SUFFIX, manifest_path, matches, read_manifest,
                                    read_manifest_or_empty, verify_generation)
from core.pickle_format import (CorruptFileError, UnsafePickleError, find_allowed_global,
                                load_file, loads, register_class)
from core.pickle_writer import PROTOCOL, dump, dump_list, dumps, list_globals
from core.previous_generations import PREVIOUS_SUFFIX, list_previous

__all__ = ["PROTOCOL", "TEMP_SUFFIX", "MANIFEST_SUFFIX", "PREVIOUS_SUFFIX", "CorruptFileError",
           "UnsafePickleError", "commit_generation", "copy_from", "dump", "dump_list", "dumps",
           "find_allowed_global", "list_globals", "list_previous", "load", "load_file", "loads",
           "make_folder", "manifest_path", "matches", "read_manifest", "read_manifest_or_empty",
           "recover_generation", "register_class", "remove_file", "remove_tree", "replace_file",
           "sync_folder", "verify_generation", "write_bytes", "write_stream", "write_text"]


def load(path: PathLike, find_global: Callable[[str, str], Any] = find_allowed_global) -> Any:
    """Object of a pickle file. FileNotFoundError, UnsafePickleError or CorruptFileError.

    It is read piece by piece: a model's file is in memory once, as arrays. `find_global`: see
    `core.pickle_format.load_file`.
    """
    with open(str(path), "rb") as file:
        return load_file(file, str(path), find_global)
