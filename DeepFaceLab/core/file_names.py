"""File names that come out of files of somebody else."""
import re
from typing import Any

from core.compat import is_windows

_LONGEST = 250    # bytes; file systems take 255, `.tmp` may follow
_FORBIDDEN = re.compile(r"[\x00-\x1f/\\\ud800-\udfff]")
# drives, streams, patterns; and devices, with any suffix
_FORBIDDEN_ON_WINDOWS = re.compile(r'.*[:*?"<>|]|(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)',
                                   re.IGNORECASE)


def is_plain_file_name(name: Any) -> bool:
    """Whether it is a text that this system takes as the name of a file in the folder at hand."""
    if not isinstance(name, str) or name.strip(". ") == "" or _FORBIDDEN.search(name):
        return False
    if is_windows() and _FORBIDDEN_ON_WINDOWS.match(name):
        return False
    return len(name.encode("utf-8")) <= _LONGEST
