"""File names that come out of files of somebody else."""
import re
from typing import Any

_LONGEST = 250    # bytes; file systems take 255, `.tmp` may follow
_FORBIDDEN = re.compile(r'[\x00-\x1f/\\:*?"<>|\ud800-\udfff]')
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)


def is_plain_file_name(name: Any) -> bool:
    """Whether it is a text that every system takes as the name of a file in the folder at hand."""
    return (isinstance(name, str) and name.strip(". ") != "" and not _FORBIDDEN.search(name)
            and not _WINDOWS_DEVICE.match(name) and len(name.encode("utf-8")) <= _LONGEST)
