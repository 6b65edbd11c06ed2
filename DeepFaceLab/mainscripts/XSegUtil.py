"""The verbs `xseg apply`, `fetch`, `remove`, `remove_labels` (spec 41 section 11)."""
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from core import persist
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from core.options import Option, ask, wait_for_go
from DFLIMG import DFLJPG
from facelib import FaceType, XSegNet
from facelib.FaceType import from_option_dict
from mainscripts.faceset_files import list_pictures, open_face, open_face_header
from mainscripts.file_moves import copy_into
from mainscripts.file_workers import (FileFailure, call_for_file, check_written, map_files,
                                      report_failures)
from mainscripts.xseg_masks import (MODEL_NAME, Prepared, check_model_folder, finish_mask,
                                    prepare_face, read_face_type)
from models.device_choice import choose_device, is_device_told

BATCH = 8               # faces of one run of the network
FETCH_END = "_xseg"
SAME = "same"
_HEADER = 2048          # files worth a process

FACE_TYPE = Option(
    "xseg_face_type", "str", SAME, "XSeg model face type",
    choices=tuple(from_option_dict) + (SAME,), condition="the model does not tell it",
    help="How much of the head the model was trained with; same: as much as the faces show.")
DELETE_FETCHED = Option("fetch_delete_originals", "bool", True, "Delete original files?",
                        help="They are deleted when all copies are made.")
REMOVE = Option("xseg_remove", "bool", None, "Remove them from all faces?",
                condition="xseg remove, remove_labels",
                help="Given, the verb does not wait for Enter; n stops it.")
OPTIONS = (FACE_TYPE, DELETE_FETCHED, REMOVE)


def apply_xseg(input_path: Path, model_path: Path) -> None:
    """Compute and store the mask of every face of a folder with the XSeg model of another.

    Files that are no faces are named and stay as they are. UserError when no mask was made.
    """
    input_path, model_path = Path(input_path), Path(model_path)
    paths = list_pictures(input_path, "xseg apply")
    check_model_folder(model_path)    # before anybody is asked, and TensorFlow is started
    face_type = choose_face_type(model_path)
    nn.initialize(_choose_device())
    xseg = XSegNet(MODEL_NAME, load_weights=True, weights_file_root=model_path,
                   raise_on_no_model_files=True)
    results: List[Any] = []
    for batch in io.progress_bar_generator(_split(paths, BATCH), "Applying XSeg"):
        results += _apply_batch(batch, face_type, xseg)
    failures = report_failures(results)
    check_written(results)
    if failures == len(paths):
        raise UserError("None of the {} files got a mask: see above.".format(len(paths)),
                        ["choose the folder of the aligned faces"])
    io.log_info("{} masks are stored.".format(len(paths) - failures))


def _choose_device() -> Any:
    """One device: as `--set cpu_only=y` or `force_gpu_idxs` tell, else as the user says."""
    if is_device_told():
        return choose_device(False, None, False)
    return nn.DeviceConfig.GPUIndexes(nn.ask_choose_device_idxs(choose_only_one=True))


def choose_face_type(model_path: Path) -> Optional[FaceType]:
    """The face type of the model, from its data or asked; None: that of each face."""
    stored = read_face_type(model_path)
    if stored is not None:
        return from_option_dict.get(stored)
    return from_option_dict.get(ask(FACE_TYPE, io))


def _split(paths: Sequence[Path], size: int) -> List[Sequence[Path]]:
    return [paths[first:first + size] for first in range(0, len(paths), size)]


def _apply_batch(paths: Sequence[Path], face_type: Optional[FaceType], xseg: Any) -> List[Any]:
    """For every file None, or a FileFailure."""
    prepared = [call_for_file(prepare_face, path, face_type) for path in paths]
    good = [item for item in prepared if not isinstance(item, FileFailure)]
    masks: Iterator[np.ndarray] = iter(())
    if good:
        masks = iter(xseg.extract(np.stack([item.picture for item in good])))
    return [item if isinstance(item, FileFailure) else
            call_for_file(_store, item.path, (item, next(masks))) for item in prepared]


def _store(path: Path, argument: Tuple[Prepared, np.ndarray]) -> None:
    prepared, mask = argument
    prepared.face.set_xseg_mask(finish_mask(prepared, mask))
    prepared.face.save()


def fetch_xseg(input_path: Path) -> None:
    """Copy the faces with polygons to `<folder>_xseg` beside; asks whether to delete the originals.

    UserError when there are none.
    """
    input_path = Path(input_path).absolute()
    paths = list_pictures(input_path, "xseg fetch")
    has_polys = map_files("Looking for polygons", _has_polys, paths, files_per_process=_HEADER)
    found = [path for path, has in zip(paths, has_polys) if has is True]
    if not found:
        raise UserError("No face in {} has polygons.".format(input_path),
                        ["draw some: main.py xseg editor --input-dir ..."])
    folder = input_path.with_name(input_path.name + FETCH_END)
    persist.make_folder(folder)
    for path in io.progress_bar_generator(found, "Copying"):
        copy_into(path, folder)
    io.log_info("{} faces with polygons are in {}".format(len(found), folder))
    if ask(DELETE_FETCHED, io):
        for path in io.progress_bar_generator(found, "Deleting"):
            persist.remove_file(path)


def _has_polys(path: Path, _: Any) -> bool:
    return open_face_header(path, has_landmarks=False).has_seg_ie_polys()


def remove_xseg(input_path: Path) -> None:
    """Remove the applied masks of all faces of a folder."""
    _remove(input_path, "xseg remove", "Applied XSeg masks", "masks removed",
            DFLJPG.has_xseg_mask, lambda face: face.set_xseg_mask(None))


def remove_xseg_labels(input_path: Path) -> None:
    """Remove the drawn polygons of all faces of a folder."""
    _remove(input_path, "xseg remove_labels", "Drawn XSeg polygons", "labels removed",
            DFLJPG.has_seg_ie_polys, lambda face: face.set_seg_ie_polys(None))


def _remove(folder: Path, verb: str, what: str, done: str, has: Callable[[DFLJPG], bool],
            remove: Callable[[DFLJPG], None]) -> None:
    paths = list_pictures(Path(folder), verb)
    io.log_info("{} will be removed from the faces in".format(what))
    io.log_info(str(folder))
    io.log_info("This cannot be undone.")
    wait_for_go(REMOVE, io.input_str)
    results = []
    for path in io.progress_bar_generator(paths, "Removing"):
        results.append(call_for_file(_remove_from, path, (has, remove)))
    failures = report_failures(results)
    check_written(results)
    if failures == len(paths):
        raise UserError("None of the {} files is an aligned face.".format(len(paths)),
                        ["choose the folder of the aligned faces"])
    io.log_info("{} {}.".format(sum(1 for result in results if result is True), done))


def _remove_from(path: Path, argument: Tuple[Callable, Callable]) -> bool:
    has, remove = argument
    if not has(open_face_header(path, has_landmarks=False)):
        return False
    face = open_face(path, has_landmarks=False)
    remove(face)
    face.save()
    return True
