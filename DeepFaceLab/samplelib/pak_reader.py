"""Header, configurations and offsets of a faceset.pak (spec 30 section 5.1)."""
import struct
from pathlib import Path
from typing import Any, BinaryIO, Dict, List, Tuple

import numpy as np

from core import persist

VERSION = 1
HEADER = struct.Struct("<QQ")  # version, size of the configurations

PAK_REMEDIES = ["Copy the pak again from where it came from.",
                "Remove it to use the loose images of its folder."]


class CorruptPakError(persist.CorruptFileError):
    """A pak that is cut off or contradicts itself; names the file."""


class UnknownPakVersionError(CorruptPakError, NotImplementedError):
    """A pak of another version of the format, as far as its header can be believed."""


def read_index(pak_path: Path) -> Tuple[List[Dict[str, Any]], List[int], int, int]:
    """(configurations, offsets relative to the data, position of the data, file size)."""
    file_size = pak_path.stat().st_size
    with open(str(pak_path), "rb") as f:
        header = f.read(HEADER.size)
        if len(header) < HEADER.size:
            raise CorruptPakError("%s: it is cut off." % (pak_path,), PAK_REMEDIES)
        version, config_size = HEADER.unpack(header)
        if version != VERSION:
            raise UnknownPakVersionError("%s: version %d of the format is not known."
                                         % (pak_path, version), PAK_REMEDIES)
        if config_size > file_size:
            raise CorruptPakError("%s: it is cut off." % (pak_path,), PAK_REMEDIES)
        configs = _read_configs(f, pak_path)
        f.seek(HEADER.size + config_size)
        table = f.read(8 * (len(configs) + 1))
        if len(table) < 8 * (len(configs) + 1):
            raise CorruptPakError("%s: it is cut off." % (pak_path,), PAK_REMEDIES)
        offsets = np.frombuffer(table, dtype="<u8").tolist()
        if offsets[-1] > file_size:
            # The last end is at most the size that the writer's file had.
            raise CorruptPakError("%s: it is cut off, %d of %d bytes are there."
                                  % (pak_path, file_size, offsets[-1]), PAK_REMEDIES)
        return configs, offsets, f.tell(), file_size


def _read_configs(f: BinaryIO, pak_path: Path) -> List[Dict[str, Any]]:
    try:
        configs = persist.load_file(f, source=str(pak_path))
    except persist.CorruptFileError as e:
        raise CorruptPakError(e.what, PAK_REMEDIES) from e
    if not isinstance(configs, list) or not all(isinstance(c, dict) for c in configs):
        raise CorruptPakError("%s: its list of members is damaged." % (pak_path,), PAK_REMEDIES)
    return configs
