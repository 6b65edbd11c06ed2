"""The verb `sort`: the faces of a folder renamed into an order (spec 41 section 7).

No file is ever deleted or replaced: what a method does not want goes to the folder
`<folder>_trash` beside, to what is there already. An interrupted run leaves every picture whole,
some under names between the old and the new one; the next run sorts them all.
"""
from pathlib import Path
from typing import Callable, Dict, NamedTuple, Optional, Sequence, Union

from core.errors import UserError
from core.interact import interact as io
from mainscripts.file_moves import move_into, rename_files
from mainscripts.faceset_files import list_pictures
from merger.merge_questions import TableOption, ask

from .sorting import by_value, histograms, pixel_distance, selection
from .sorting.common import Sorted

Picture = Union[Path, str, Sequence]


class SortMethod(NamedTuple):
    """A way to sort; `sort` takes the pictures of the folder by name."""

    text: str
    sort: Callable[[Sequence[Path]], Sorted]


# In the order of the menu.
sort_func_methods: Dict[str, SortMethod] = {
    "blur": SortMethod("sharpness", by_value.sort_by_blur),
    "motion-blur": SortMethod("motion blur", by_value.sort_by_motion_blur),
    "face-yaw": SortMethod("face yaw direction", by_value.sort_by_yaw),
    "face-pitch": SortMethod("face pitch direction", by_value.sort_by_pitch),
    "face-source-rect-size": SortMethod("face size in the source frame",
                                        by_value.sort_by_rect_size),
    "hist": SortMethod("histogram similarity", histograms.sort_by_hist),
    "hist-dissim": SortMethod("histogram dissimilarity", histograms.sort_by_hist_dissim),
    "brightness": SortMethod("brightness", by_value.sort_by_brightness),
    "hue": SortMethod("hue", by_value.sort_by_hue),
    "black": SortMethod("amount of black pixels", by_value.sort_by_black),
    "origname": SortMethod("original file name", by_value.sort_by_origname),
    "oneface": SortMethod("one face in a frame", selection.sort_by_oneface),
    "absdiff": SortMethod("absolute pixel difference", pixel_distance.sort_by_absdiff),
    "final": SortMethod("best faces", selection.sort_by_final),
    "final-fast": SortMethod("best faces, faster", selection.sort_by_final_fast),
}
ALIASES = {"final-by-blur": "final", "final-by-size": "final-fast"}

METHOD = TableOption("sort_method", 5, "Sort by",
                     dict(enumerate(sort_func_methods)), condition="without --by")
OPTIONS = (METHOD, pixel_distance.SIMILAR, selection.TARGET)


def main(input_path: Path, sort_by_method: Optional[str] = None) -> None:
    """Sort a folder by a method of `sort_func_methods`, asked when it is None.

    UserError for a folder that cannot be sorted, with nothing changed; and for a file that cannot
    be renamed, with no file lost.
    """
    input_path = Path(input_path)
    paths = list_pictures(input_path, "sort")
    method = sort_func_methods[choose_method(sort_by_method)]
    io.log_info("Sorting by {}.".format(method.text))
    kept, trash = method.sort(paths)
    final_process(input_path, kept, trash)


def choose_method(name: Optional[str]) -> str:
    """Key of `sort_func_methods` for a name of the command line, or the answer."""
    if name is None:
        return list(sort_func_methods)[ask(METHOD)]
    name = ALIASES.get(name, name)
    if name not in sort_func_methods:
        raise UserError("There is no way to sort by {!r}.".format(name),
                        ["there are: " + ", ".join(sort_func_methods)])
    return name


def final_process(input_path: Path, img_list: Sequence[Picture],
                  trash_img_list: Sequence[Picture]) -> None:
    """Move the trash and number the rest: 00000.jpg, 00001.jpg, ... in their order.

    Pictures are paths, or tuples that begin with one.
    """
    input_path = Path(input_path)
    trash = [_get_path(picture) for picture in trash_img_list]
    kept = [_get_path(picture) for picture in img_list]
    if trash:
        folder = find_trash_folder(input_path)
        move_into(trash, folder)
        io.log_info("{} files moved to {}".format(len(trash), folder))
    if kept:
        digits = max(5, len(str(len(kept) - 1)))    # names are sorted as texts
        rename_files([(path, "{:0{}d}{}".format(number, digits, path.suffix))
                      for number, path in enumerate(kept)])
        io.log_info("{} files sorted.".format(len(kept)))


def find_trash_folder(input_path: Path) -> Path:
    """`<folder>_trash` beside the folder."""
    input_path = input_path.absolute()
    return input_path.with_name(input_path.name + "_trash")


def _get_path(picture: Picture) -> Path:
    return Path(picture if isinstance(picture, (str, Path)) else picture[0])
