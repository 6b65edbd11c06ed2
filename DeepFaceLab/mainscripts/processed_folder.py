"""Results of a tool in a folder beside the faceset, and their way back over the originals
(spec 41 sections 9, 10)."""
from pathlib import Path
from typing import Any, Sequence

from core import pathex, persist
from core.errors import UserError
from core.interact import interact as io
from core.options import Option, ask
from mainscripts.file_moves import move_whole
from mainscripts.file_workers import FileFailure, check_written


def make_output_folder(folder: Path, end: str) -> Path:
    """`<folder><end>` beside a folder, without the pictures that an earlier run has left there."""
    folder = folder.absolute()
    output = folder.with_name(folder.name + end)
    persist.make_folder(output)
    old = pathex.get_image_paths(output, return_Path_class=True)
    if old:
        io.log_info("{} results of an earlier run in {} are replaced.".format(len(old), output))
    unfinished = [path for path in pathex.get_file_paths(output)
                  if path.name.endswith(persist.TEMP_SUFFIX)]
    for path in old + unfinished:
        persist.remove_file(path)
    return output


def merge_back(results: Sequence[Any], folder: Path, output_folder: Path, option: Option) -> None:
    """Ask, then put every result in the place of the original of its name, in one step each, also
    where the faceset's folder is a link to another drive.

    results: the file of each, or a FileFailure. The output folder is removed only when nothing is
    left in it. UserError if there are none, or one could not be written; and at the first file
    that cannot be replaced: the results that are left stay where they are.
    """
    outputs = [result for result in results if not isinstance(result, FileFailure)]
    # a faceset of which a part is changed would be nobody's wish
    check_written(results, "the faceset is as it was, what was written is in {}".format(
        output_folder))
    if not outputs:
        _remove_empty(output_folder)
        raise UserError("None of the files could be processed: see above.",
                        ["choose the folder of the aligned faces; nothing was changed"])
    if not ask(option, io):
        io.log_info("The results are in {}".format(output_folder))
        return
    for output in io.progress_bar_generator(outputs, "Merging"):
        move_whole(output, folder / output.name, persist.replace_file)
    persist.sync_folder(folder)
    if not _remove_empty(output_folder):
        io.log_info("{} holds other files and stays.".format(output_folder))


def _remove_empty(folder: Path) -> bool:
    """Whether nothing was in the folder, which is gone then."""
    if any(folder.iterdir()):
        return False
    folder.rmdir()
    return True
