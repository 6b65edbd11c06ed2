"""What the sort methods share."""
from pathlib import Path
from typing import Any, List, NamedTuple, Sequence, Tuple

from core.errors import UserError
from mainscripts.file_workers import FileFailure


class Sorted(NamedTuple):
    """Result of a method; both empty: nothing is to be done."""

    kept: List[Path]
    trash: List[Path]


def split_failures(paths: Sequence[Path],
                   results: Sequence[Any]) -> Tuple[List[Tuple[Path, Any]], List[Path]]:
    """([(path, result) of the files that could be used], the other files).

    UserError when none could: a folder of other pictures is not swept into the trash.
    """
    used = [(path, result) for path, result in zip(paths, results)
            if not isinstance(result, FileFailure)]
    if not used:
        raise UserError("None of the {} files can be sorted this way: see above.".format(
            len(paths)), ["choose the folder of the aligned faces; nothing was changed"])
    return used, [path for path, result in zip(paths, results) if isinstance(result, FileFailure)]
