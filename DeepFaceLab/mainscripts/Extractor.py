"""The verb `extract`: from frames to aligned faces (spec 41 section 6)."""
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Union

from core.durable_write import make_folder
from core.errors import UserError
from core.interact import interact as io
from facelib import FaceType, mediapipe_place

from . import extract_options, extract_start
from .extract_host import TYPE_ALL, TYPE_FINAL, ExtractSubprocessor
from .extract_options import BATCH, DEBUG, FACE_TYPE, FACE_TYPES, MANUAL, MAX_FACES, WORKERS
from .extract_record import ExtractRecord, count_files
from .extract_stages import FrameData
from .extract_start import Folders

__all__ = ["DeletedFilesSearcherSubprocessor", "ExtractSubprocessor", "main"]

OPTIONS = tuple(extract_options.OPTIONS) + (mediapipe_place.PYTHON,)
WINDOW_SIZE = 1368
RULE = "-------------------------"


class Settings(NamedTuple):
    """What was asked: see Extractor.main."""

    detector: str
    face_type: FaceType
    max_faces: int
    image_size: int
    jpeg_quality: int
    has_debug: bool
    is_gray: bool
    devices: Any
    networks_class: Any
    window_size: int

    def describe(self) -> Dict[str, Any]:
        """What all faces of a folder have in common, as JSON has it. Not who has found them: the
        rest of an extraction may be marked by hand."""
        return dict(face_type=FaceType.toString(self.face_type), max_faces=self.max_faces,
                    image_size=self.image_size, jpeg_quality=self.jpeg_quality,
                    gray=self.is_gray)


class DeletedFilesSearcherSubprocessor:
    """Frames without a picture of the same stem in the debug folder; `run` returns their paths.

    The name is that of older versions, which searched in worker processes.
    """

    def __init__(self, input_paths: Sequence[Path], debug_paths: Sequence[Path]) -> None:
        self.input_paths = [Path(path) for path in input_paths]
        self.stems = {Path(path).stem for path in debug_paths}

    def run(self) -> List[Path]:
        return [path for path in self.input_paths if path.stem not in self.stems]


def main(detector: Optional[str] = None, input_path: Optional[Path] = None,
         output_path: Optional[Path] = None, output_debug: Optional[bool] = None,
         manual_fix: bool = False, manual_output_debug_fix: bool = False,
         manual_window_size: int = WINDOW_SIZE,
         face_type: Union[None, str, FaceType] = 'full_face',
         max_faces_from_image: Optional[int] = None, image_size: Optional[int] = None,
         jpeg_quality: Optional[int] = None, cpu_only: bool = False,
         force_gpu_idxs: Optional[Sequence[int]] = None) -> Dict[str, int]:
    """Extract the faces of a folder's frames.

    Arguments:
        detector: 's3fd', 'manual' or 'mediapipe'.
        input_path, output_path: folders of the frames and of the faces; the latter is made.
        output_debug: write the frames with their landmarks to `<output>_debug`.
        manual_fix: then mark the frames without a face by hand.
        manual_output_debug_fix: mark those whose debug picture was deleted, and nothing else.
        manual_window_size: width of the window in pixels.
        face_type: name or FaceType.
        max_faces_from_image: the largest ones of a frame, 0: all.
        image_size: side of a face in pixels.
        jpeg_quality: 1..100.
        cpu_only, force_gpu_idxs: devices; asked for without them.

    What is None is asked. Returns {'images', 'faces', 'failed'}: frames, faces found in them,
    frames that could not be processed. UserError for folders and files that cannot be used, and
    when there is no face at the end.
    """
    if not input_path.is_dir():
        raise UserError("The folder of the frames is not there: %s" % input_path,
                        ["Give the right one with --input-dir."])
    extract_start.check_detector(detector)
    make_folder(output_path)
    folders = Folders(input_path, output_path, output_path.parent / (output_path.name + "_debug"))
    folders.check()
    face_type = FaceType.fromString(face_type) if isinstance(face_type, str) else face_type
    if face_type is None and manual_output_debug_fix:
        face_type = extract_start.read_face_type(folders)
    frames = extract_start.list_frames(folders)
    record = ExtractRecord(output_path)
    is_continued = manual_output_debug_fix or extract_start.choose_continue(folders, record)
    settings = _choose_settings(
        MANUAL if manual_output_debug_fix and detector is None else detector, face_type,
        max_faces_from_image, image_size, jpeg_quality, output_debug, cpu_only, force_gpu_idxs,
        manual_window_size, record.settings if is_continued else None)
    if manual_output_debug_fix:
        settings = settings._replace(detector=MANUAL)
        chosen = extract_start.select_deleted(frames, folders)
    else:
        chosen = _prepare_folders(frames, folders, record, settings, is_continued)
    if settings.has_debug:
        make_folder(folders.debug)
    extraction = _Extraction(folders, settings, record)
    return extraction.run(frames, chosen, manual_fix, is_continued)


def _choose_settings(detector: Optional[str], face_type: Optional[FaceType],
                     max_faces: Optional[int], image_size: Optional[int],
                     jpeg_quality: Optional[int], output_debug: Optional[bool], cpu_only: bool,
                     force_gpu_idxs: Optional[Sequence[int]], window_size: int,
                     before: Optional[Dict[str, Any]]) -> Settings:
    """Asks what is not given, in DFL's order; before: settings that are continued."""
    before = before or {}
    devices = extract_start.choose_devices(cpu_only, force_gpu_idxs, detector)
    if face_type is None:
        names = {FaceType.toString(value): key for key, value in FACE_TYPES.items()}
        face_type = FACE_TYPES[extract_options.choose(FACE_TYPE, None,
                                                      names.get(before.get("face_type")))]
    max_faces = extract_options.choose(MAX_FACES, max_faces, before.get("max_faces"))
    image_size = extract_options.choose_size(image_size, face_type, before.get("image_size"))
    jpeg_quality = extract_options.choose_quality(jpeg_quality, before.get("jpeg_quality"))
    detector = extract_options.choose_detector(detector)
    has_debug = extract_options.choose(DEBUG, output_debug)
    return Settings(detector, face_type, max_faces, image_size, jpeg_quality, has_debug,
                    extract_options.choose_gray(), devices,
                    extract_start.choose_networks(detector, face_type), window_size)


def _prepare_folders(frames: Sequence[Path], folders: Folders, record: ExtractRecord,
                     settings: Settings, is_continued: bool) -> List[Path]:
    """The frames to extract; what is not continued is deleted."""
    if is_continued:
        extract_start.check_settings(record, settings.describe())
        return extract_start.select_frames(frames, folders, record, settings.has_debug)
    if not folders.are_same():
        extract_start.delete_pictures(folders.faces)
    extract_start.delete_pictures(folders.debug)
    return list(frames)


class _Extraction:
    """One run of the passes."""

    def __init__(self, folders: Folders, settings: Settings, record: ExtractRecord) -> None:
        self.folders = folders
        self.settings = settings
        self.record = record
        self.is_stopped = False     # the user has not gone through all frames

    def run(self, frames: Sequence[Path], chosen: Sequence[Path], manual_fix: bool,
            is_continued: bool) -> Dict[str, int]:
        """frames: all; chosen: those to extract now."""
        is_known = self.record.settings is not None
        self.record.start(self.settings.describe(), is_continued)
        if is_continued and not is_known:
            self._record_known(sorted(set(frames) - set(chosen)))
        data = [FrameData(path) for path in chosen]
        if self.settings.detector == MANUAL:
            data = self._mark(data)
        else:
            data = self._run_pass(TYPE_ALL, data)
            if manual_fix:
                data = self._fix(data, sorted(set(frames) - set(chosen)))
        failed = [frame for frame in data if frame.error]
        self.record.finish(not failed and not self.is_stopped)
        before = {path.name for path in frames} - {frame.filepath.name for frame in data}
        faces = sum(frame.faces_detected for frame in data)
        faces += self.record.count_faces(sorted(before))
        _report(len(data), faces, failed)
        has_faces = faces or (is_continued and extract_start.has_pictures(self.folders))
        if not has_faces or len(failed) == len(frames):
            self._stop_without_faces(len(frames), len(failed))
        return dict(images=len(frames), faces=faces, failed=len(failed))

    def _record_known(self, paths: Sequence[Path]) -> None:
        """Frames of an older version, which kept no record."""
        counts = count_files(self.folders.faces)
        for path in paths:
            frame = FrameData(path)
            frame.faces_detected = counts.get(path.stem, 0)
            self.record.add(frame)

    def _run_pass(self, name: str, data: List[FrameData]) -> List[FrameData]:
        settings = self.settings
        return ExtractSubprocessor(
            data, name, image_size=settings.image_size, jpeg_quality=settings.jpeg_quality,
            face_type=settings.face_type,
            output_debug_path=self.folders.debug if settings.has_debug else None,
            max_faces_from_image=settings.max_faces, final_output_path=self.folders.faces,
            device_config=settings.devices, is_gray=settings.is_gray,
            networks_class=settings.networks_class,
            batch_size=extract_options.get_setting(BATCH),
            workers_count=extract_options.get_setting(WORKERS), on_done=self._add).run()

    def _add(self, frame: FrameData) -> None:
        # A frame that was marked with no face, or not at all, may be marked later.
        if not frame.manual or frame.faces_detected:
            self.record.add(frame)

    def _mark(self, data: List[FrameData]) -> List[FrameData]:
        """By hand, then the final stage."""
        if not data:
            return data
        from .extract_manual_host import ManualPass

        settings = self.settings
        marking = ManualPass(data, face_type=settings.face_type,
                             window_size=settings.window_size,
                             device_config=extract_start.choose_best(settings.devices),
                             networks_class=settings.networks_class)
        try:
            marked = marking.run()
        except BaseException:
            # Hours of marking must not be lost with the worker, or by Ctrl+C.
            self._run_pass(TYPE_FINAL, marking.take_marked())
            raise
        self.is_stopped = self.is_stopped or marking.is_stopped()
        return self._run_pass(TYPE_FINAL, marked)

    def _fix(self, data: List[FrameData], done: Sequence[Path]) -> List[FrameData]:
        """By hand where no face was found, now or before an interruption (`done`), or where the
        networks failed; a frame that cannot be read is of no use here either."""
        data = data + [FrameData(path) for path in done if self.record.is_without_face(path)]
        missing = [frame for frame in data
                   if frame.faces_detected == 0 and (frame.is_given_up or not frame.error)]
        if not missing:
            io.log_info("All frames have faces: nothing is marked by hand.")
            return data
        io.log_info("%d frames without a face are marked by hand." % len(missing))
        fixed = {frame.filepath: frame
                 for frame in self._mark([FrameData(frame.filepath) for frame in missing])}
        return [fixed.get(frame.filepath, frame) for frame in data]

    def _stop_without_faces(self, images: int, failed: int) -> None:
        if failed == images:
            raise UserError("None of the %d frames of %s could be processed." % (
                images, self.folders.frames), ["The list above tells why, frame by frame."])
        raise UserError("There is no face in the %d frames of %s." % (
            images, self.folders.frames), [
                "Mark them by hand: --detector manual",
                "Faces smaller than 40 pixels are not found: take larger frames.",
                "Check that the frames are upright or turned by a quarter."])


def _report(images: int, faces: int, failed: Sequence[FrameData]) -> None:
    if failed:
        io.log_err("%d frames could not be processed:" % len(failed))
        for frame in failed:
            io.log_info("  %s: %s" % (frame.filepath.name, frame.error))
    io.log_info(RULE)
    io.log_info("Images found:        %d" % images)
    io.log_info("Faces detected:      %d" % faces)
    io.log_info(RULE)
