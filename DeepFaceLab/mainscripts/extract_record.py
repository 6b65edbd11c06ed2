"""Which frames of a folder are extracted already, so that an interrupted extraction goes on.

Beside the faces stands `extract_record.jsonl`: the settings in the first line, then one line for
each frame that is done, as it is done, and one for each run that goes on or comes to its end. A
line that a power cut has torn counts as not there.
"""
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Set

from core import pathex, persist
from core.errors import UserError
from core.interact import interact as io
from core.json_input import parse_json

from .extract_stages import TEMP_SUFFIX, FrameData

RECORD_NAME = "extract_record.jsonl"
VERSION = 1
JPEG_END = b"\xff\xd9"


def describe_frame(path: Path) -> List[int]:
    """What changes with a frame's content: its size and time."""
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def is_other_frame(path: Path, description: Any) -> bool:
    """Whether a file is not the frame that was described. Its time does not tell: a workspace
    that was copied has new ones, and faces that were worked on would be made anew."""
    return not isinstance(description, list) or description[:1] != describe_frame(path)[:1]


class ExtractRecord:
    """The record of one output folder; `settings` None: there is none, or none that can be used.

    frames: file name -> {'stat': ..., 'faces': number of faces}; is_complete: the extraction had
    come to its end, with all frames.
    """

    def __init__(self, output_path: Path) -> None:
        self.path = output_path / RECORD_NAME
        self.settings: Optional[Dict[str, Any]] = None
        self.frames: Dict[str, Dict[str, Any]] = {}
        self.is_complete = False
        self._settled: Set[str] = set()     # frames of a run that had come to its end
        self._file: Any = None
        self._read()

    def _read(self) -> None:
        if not self.path.is_file():
            return
        try:
            lines = self.path.read_bytes().decode("utf-8", "replace").splitlines()
        except OSError as error:
            io.log_err("%s cannot be read (%s): every frame counts as new." % (self.path, error))
            return
        entries = [entry for entry in map(_parse_line, lines) if entry is not None]
        if not entries or entries[0].get("version") != VERSION \
                or not isinstance(entries[0].get("settings"), dict):
            return
        self.settings = entries[0]["settings"]
        for entry in entries[1:]:
            if isinstance(entry.get("frame"), str) and isinstance(entry.get("faces"), int):
                self.frames[entry["frame"]] = entry
                self._settled.discard(entry["frame"])
            elif entry.get("continued") is True:
                self.is_complete = False
            elif entry.get("complete") is True or entry.get("ended") is True:
                self.is_complete = entry.get("complete") is True
                self._settled = set(self.frames)

    def is_interrupted(self) -> bool:
        return self.settings is not None and not self.is_complete

    def is_done(self, path: Path, output_path: Path, debug_path: Optional[Path]) -> bool:
        """Whether a frame has nothing left to do.

        When the extraction has come to its end, be it without some frames, the user has gone
        through the faces: deleted ones stay deleted, and the others as they are. After an
        interruption the files have to be whole.
        """
        entry = self.frames.get(path.name)
        if entry is None or is_other_frame(path, entry.get("stat")):
            return False
        if path.name in self._settled:
            return True
        files = [output_path / ("%s_%d.jpg" % (path.stem, i)) for i in range(entry["faces"])]
        if debug_path is not None:
            files.append(debug_path / (path.stem + ".jpg"))
        return all(is_whole(file) for file in files)

    def start(self, settings: Dict[str, Any], is_continued: bool) -> None:
        """Open for `add`. UserError if the folder may not be written."""
        try:
            if is_continued and self.settings is not None:
                # A torn last line must not swallow the next one.
                self._file = open(str(self.path), "a", encoding="utf-8", newline="\n")
                self._file.write("\n")
                self._write({"continued": True})
            else:
                self.frames, self.settings, self._settled = {}, settings, set()
                self._file = open(str(self.path), "w", encoding="utf-8", newline="\n")
                self._write({"version": VERSION, "settings": settings})
        except OSError as error:
            raise self._make_error(error) from error
        self.is_complete = False

    def add(self, frame: FrameData) -> None:
        """A frame is done; one that failed is tried again by the next extraction."""
        if self._file is None or frame.error:
            return
        entry = {"frame": frame.filepath.name, "stat": describe_frame(frame.filepath),
                 "faces": frame.faces_detected}
        self.frames[frame.filepath.name] = entry
        self._write(entry)

    def finish(self, is_complete: bool) -> None:
        """The end of a run, which closes the file; is_complete: all frames are done."""
        if self._file is None:
            return
        self._write({"complete": True} if is_complete else {"ended": True})
        self.is_complete = is_complete
        self._file.close()
        self._file = None

    def count_faces(self, names: Sequence[str]) -> int:
        """Faces of those frames, as far as they are done."""
        return sum(self.frames[name]["faces"] for name in names if name in self.frames)

    def is_without_face(self, path: Path) -> bool:
        """Whether a frame is done and nothing was found in it."""
        return self.frames.get(path.name, {}).get("faces") == 0

    def _write(self, entry: Dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(entry, sort_keys=True) + "\n")
            self._file.flush()
        except OSError as error:
            raise self._make_error(error) from error

    def _make_error(self, error: OSError) -> UserError:
        return UserError("%s cannot be written: %s." % (self.path, error.strerror or error), [
            "Check that the folder of the faces may be written to and the disk is not full.",
            "Or give another with --output-dir."])


def _parse_line(line: str) -> Optional[Dict[str, Any]]:
    try:
        entry = parse_json(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def is_whole(path: Path) -> bool:
    """Whether a file is there and ends as a JPEG does."""
    try:
        with open(str(path), "rb") as file:
            file.seek(-len(JPEG_END), 2)
            return file.read() == JPEG_END
    except OSError:     # not there, or shorter than that
        return False


def count_files(output_path: Path) -> Dict[str, int]:
    """{stem of a frame: files named after it}, for faces that no record tells of."""
    counts: Dict[str, int] = {}
    for path in pathex.get_image_paths(output_path, return_Path_class=True):
        stem, _, number = path.stem.rpartition("_")
        if number.isdigit():
            counts[stem] = counts.get(stem, 0) + 1
    return counts


def remove_faces_of(frames: Sequence[Path], output_path: Path) -> None:
    """Remove what an interrupted extraction has left of frames that are done anew: their faces may
    be fewer this time."""
    stems = {path.stem for path in frames}
    for path in pathex.get_file_paths(output_path):
        name = path.name[:-len(TEMP_SUFFIX)] if path.name.endswith(TEMP_SUFFIX) else path.name
        stem, _, number = Path(name).stem.rpartition("_")
        if Path(name).suffix == ".jpg" and stem in stems and number.isdigit():
            persist.remove_file(path)
