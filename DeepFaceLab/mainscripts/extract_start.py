"""Before an extraction: folders, what is there already, devices, detectors (spec 41 section
6.1)."""
import os
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from core import pathex
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from DFLIMG import DFLIMG
from facelib import FaceType
from models.device_choice import choose_device, is_device_told

from . import extract_manual_window, extract_networks, extract_options
from .extract_options import CONTINUE, MANUAL, MEDIAPIPE, OVERWRITE
from .extract_record import ExtractRecord, remove_faces_of
from .faceset_files import open_face_header

MANY_OUTPUTS = 128      # pictures in the output folder from which on it is asked


class Folders(NamedTuple):
    """Where an extraction reads and writes."""

    frames: Path
    faces: Path
    debug: Path

    def are_same(self) -> bool:
        """Whether the faces are written beside their frames."""
        return _is_same_folder(self.frames, self.faces)

    def check(self) -> None:
        """UserError where the debug pictures, which an extraction replaces, are the frames."""
        if _is_same_folder(self.frames, self.debug):
            raise UserError("%s holds the frames, and would be the folder of the debug pictures."
                            % self.frames, ["Give another folder with --output-dir."])


def _is_same_folder(a: Path, b: Path) -> bool:
    """However they are spelt."""
    try:
        return os.path.samefile(str(a), str(b))
    except OSError:     # one of them is not there
        return False


def list_frames(folders: Folders) -> List[Path]:
    """The frames, one a stem, in the order of their names. UserError without any."""
    frames = [Path(path) for path in pathex.get_image_unique_filestem_paths(folders.frames,
                                                                            io.log_err)]
    if folders.are_same():
        frames = _leave_faces_out(frames)
    if not frames:
        raise UserError("There are no pictures in %s." % folders.frames, [
            "Extract the frames of the video there first.",
            "Pictures are " + ", ".join(pathex.image_extensions) + "."])
    return frames


def _leave_faces_out(frames: List[Path]) -> List[Path]:
    """The frames of a folder that gets their faces as well. UserError for a frame that has the
    name of another one's face, which would take its place."""
    by_stem = {path.stem: path for path in frames}
    faces: Dict[Path, Path] = {}
    for path in frames:
        stem, _, number = path.stem.rpartition("_")
        if path.suffix.lower() == ".jpg" and stem in by_stem and number.isdigit():
            faces[path] = by_stem[stem]
    for path, frame in faces.items():
        if _read_source_name(path) != frame.name:
            raise UserError("A face of %s would take the place of %s, which is no face of it." % (
                frame, path.name), ["Give another folder with --output-dir."])
    return [path for path in frames if path not in faces]


def _read_source_name(path: Path) -> Optional[str]:
    """The frame that a file tells to be a face of, None if it is no face."""
    try:
        return open_face_header(path, has_landmarks=False).get_source_filename()
    except UserError:
        return None


def choose_continue(folders: Folders, record: ExtractRecord) -> bool:
    """Whether faces that are there stay; for an extraction that was interrupted, or that left
    many. UserError if the user wants neither that nor their end."""
    if folders.are_same():
        return record.is_interrupted()
    count = len(pathex.get_image_paths(folders.faces))
    if record.is_interrupted() or count > MANY_OUTPUTS:
        if record.is_interrupted():
            io.log_info("An extraction into %s was interrupted: %d frames are done." % (
                folders.faces, len(record.frames)))
        if extract_options.choose(CONTINUE, None):
            return True
    if count:
        io.log_info("%s holds %d pictures of an earlier extraction." % (folders.faces, count))
        if not extract_options.choose(OVERWRITE, None):
            raise UserError("The pictures of %s stay: nothing is extracted." % folders.faces,
                            ["Give another folder with --output-dir."])
    return False


def select_frames(frames: Sequence[Path], folders: Folders, record: ExtractRecord,
                  has_debug: bool) -> List[Path]:
    """The frames of a continued extraction that are not done."""
    if record.settings is None:
        return _select_by_names(frames, folders)
    debug = folders.debug if has_debug else None
    rest = [path for path in frames if not record.is_done(path, folders.faces, debug)]
    if not record.is_complete:
        remove_faces_of(rest, folders.faces)
    io.log_info("%d of %d frames are done already." % (len(frames) - len(rest), len(frames)))
    return rest


def _select_by_names(frames: Sequence[Path], folders: Folders) -> List[Path]:
    """Without a record: from the frame of the 128th last face on."""
    faces = pathex.get_image_paths(folders.faces, return_Path_class=True)
    stem = faces[-min(MANY_OUTPUTS, len(faces))].stem.rpartition("_")[0]
    stems = [path.stem for path in frames]
    if stem not in stems:
        raise UserError("The extraction cannot be continued: %s is of a frame %s that is not in "
                        "%s." % (faces[-min(MANY_OUTPUTS, len(faces))].name, stem,
                                 folders.frames), [
            "Faces that were sorted get their names back with: util "
            "--recover-original-aligned-filename",
            "Or begin anew: --set extract_continue=n"])
    return list(frames[stems.index(stem):])


def check_settings(record: ExtractRecord, settings: dict) -> None:
    """UserError if an extraction would be continued with other settings."""
    before = record.settings or settings
    other = sorted(key for key in settings if before.get(key) != settings[key])
    if other:
        raise UserError("The extraction was begun with other settings: %s." % ", ".join(
            "%s %s instead of %s" % (key, before.get(key), settings[key]) for key in other), [
                "Give the same ones.", "Or begin anew: --set extract_continue=n"])


def delete_pictures(folder: Path) -> None:
    """Delete the pictures directly in a folder. UserError naming one that cannot be."""
    for path in pathex.get_image_paths(folder, return_Path_class=True):
        try:
            path.unlink()
        except OSError as error:
            raise UserError("%s cannot be deleted: %s." % (path, error.strerror or error),
                            ["Close the program that has it open."]) from error


def has_pictures(folders: Folders) -> bool:
    """Whether the folder of the faces holds any."""
    return not folders.are_same() and bool(pathex.get_image_paths(folders.faces))


def read_face_type(folders: Folders) -> Optional[FaceType]:
    """That of the first face of the output folder, None if it tells none."""
    for path in pathex.get_image_paths(folders.faces, return_Path_class=True)[:1]:
        image = DFLIMG.load(path)
        if image is not None and image.has_data():
            return FaceType.fromString(image.get_face_type())
    return None


def select_deleted(frames: Sequence[Path], folders: Folders) -> List[Path]:
    """Frames whose debug picture the user has deleted. UserError without the folder, or if none
    was."""
    if not folders.debug.is_dir():
        raise UserError("%s is not there: it tells which frames to mark again." % folders.debug, [
            "Extract with --output-debug first, then delete the pictures there that show a wrong "
            "or no face."])
    kept = {Path(path).stem for path in pathex.get_image_paths(folders.debug)}
    deleted = sorted(path for path in frames if path.stem not in kept)
    if not deleted:
        raise UserError("No picture of %s was deleted: there is nothing to mark." % folders.debug,
                        ["Delete the pictures there that show a wrong or no face."])
    io.log_info("%d debug pictures were deleted: these frames are marked by hand." % len(deleted))
    return deleted


def choose_devices(cpu_only: bool, force_gpu_idxs: Optional[Sequence[int]],
                   detector: Optional[str]) -> Any:
    """An nn.DeviceConfig. UserError for a GPU that is not there."""
    if detector == MEDIAPIPE:
        return nn.DeviceConfig.CPU()
    if is_device_told(cpu_only, force_gpu_idxs):
        return choose_device(cpu_only, force_gpu_idxs, silent_start=False)
    return nn.DeviceConfig.GPUIndexes(nn.ask_choose_device_idxs(
        choose_only_one=detector == MANUAL, suggest_all_gpu=True))


def choose_best(config: Any) -> Any:
    """The one device that marking by hand uses."""
    best = config.devices.get_best_device()
    return nn.DeviceConfig.CPU() if best is None else nn.DeviceConfig([best])


def check_detector(detector: Optional[str]) -> None:
    """UserError if a detector that is given beforehand cannot work, before anything is asked."""
    if detector is not None:
        _name_networks(detector, FaceType.FULL)


def choose_networks(detector: str, face_type: FaceType) -> Any:
    """The class of the networks (extract_networks.py). UserError if what it needs is missing and
    there is no other: nothing of an earlier extraction is deleted yet."""
    name, reason = _name_networks(detector, face_type)
    if reason:
        io.log_info("%s MediaPipe finds the faces instead." % reason)
    return extract_networks.choose_class(name)


def _name_networks(detector: str, face_type: FaceType) -> Tuple[str, str]:
    """(name, why it is not the one that was asked for)"""
    from facelib import mediapipe_place

    if detector == MEDIAPIPE:
        mediapipe_place.check()
        return extract_networks.MEDIAPIPE, ""
    name, reason = extract_networks.S3FD, ""
    try:
        extract_networks.check_files(face_type)
    except UserError as error:
        if not mediapipe_place.is_available():
            raise
        name, reason = extract_networks.MEDIAPIPE, error.what
    if detector == MANUAL:
        extract_manual_window.check_screen()
    return name, reason
