"""What the pictures in the output folder belong to, so that an interrupted merge goes on.

Beside the merged frames an automatic merge keeps `merge_record.json`: its settings, one digest for
each frame (its file and its faces), and the frames that failed. The next merge keeps those whole
files that its own settings and faces would give again, and says what it replaces.
"""
import functools
import hashlib
import inspect
import json
from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import numpy as np

from core import pathex, persist
from core.errors import UserError
from core.interact import interact as io
from core.json_input import parse_json
from core.process_options import get_setting

from .frame_output import TEMP_SUFFIX, is_complete
from .merge_options import MERGE_OPTIONS

RECORD_NAME = 'merge_record.json'
VERSION = 1


def digest_frame(frame_info: Any) -> str:
    """16 hexadecimal digits of everything about a frame that its merged picture depends on."""
    stat = frame_info.filepath.stat() if frame_info.filepath.exists() else None
    digest = hashlib.sha1()
    digest.update(repr((frame_info.filepath.name, stat and (stat.st_size, stat.st_mtime_ns),
                        float(frame_info.motion_deg), float(frame_info.motion_power))).encode())
    for landmarks, aligned in frame_info.get_faces():
        digest.update(np.asarray(landmarks, np.float64).tobytes())
        if aligned is not None:
            digest.update(np.asarray(aligned.matrix, np.float64).tobytes())
    return digest.hexdigest()[:16]


def describe_settings(model_name: str, model_iter: int, cfg: Any,
                      predictor_input_shape: Tuple[int, ...], predictor_func: Any = None,
                      network_files: Iterable[Path] = (),
                      has_provenance: bool = True) -> Dict[str, Any]:
    """What a merge was made with, as JSON has it.

    predictor_func: the model's, with what the user answered to the model itself. network_files:
    weights of networks beside the model that `cfg` makes use of.
    """
    settings = {name: value for name, value in cfg.get_config().items() if name != 'sharpen_dict'}
    plain = {name: int(value) if isinstance(value, (int, np.integer))
             and not isinstance(value, bool) else value for name, value in settings.items()}
    for option in MERGE_OPTIONS:
        plain[option.key] = get_setting(option)
    return dict(model=model_name, iteration=int(model_iter), settings=plain,
                face=[int(n) for n in predictor_input_shape],
                predictor=describe_predictor(predictor_func),
                networks={path.name: digest_file(path) for path in network_files},
                marked=has_provenance)


def describe_predictor(predictor_func: Any) -> Dict[str, Any]:
    """Numbers and texts that a predictor was bound to, by name: AMP asks how far to morph and
    hands out a predictor of that, as a `partial` here and as a closure in models of others."""
    bound: Dict[str, Any] = {}
    if isinstance(predictor_func, functools.partial):
        bound = predictor_func.keywords
    elif inspect.isfunction(predictor_func):
        bound = {name: cell.cell_contents for name, cell in zip(
            predictor_func.__code__.co_freevars, predictor_func.__closure__ or ())}
    return {name: value.item() if isinstance(value, np.number) else value
            for name, value in bound.items()
            if isinstance(value, (bool, int, float, str, np.number))}


def digest_file(path: Path) -> str:
    """16 hexadecimal digits of a file's content, '' without a file."""
    if not path.is_file():
        return ''
    digest = hashlib.sha1()
    with open(str(path), 'rb') as file:
        for part in iter(lambda: file.read(1 << 20), b''):
            digest.update(part)
    return digest.hexdigest()[:16]


class OutputRecord:
    """The record of one pair of output folders.

    Arguments: settings of `describe_settings`.
    """

    def __init__(self, output_path: Path, output_mask_path: Path,
                 settings: Dict[str, Any]) -> None:
        self.path = output_path / RECORD_NAME
        self.folders = (output_path, output_mask_path)
        self.settings = settings
        self.digests: Dict[str, str] = {}
        self.failed: Dict[str, str] = {}

    def prepare(self, frames: List[Any]) -> List[int]:
        """Numbers of frames whose outputs stay; what belongs to another merge is removed, and it
        is said. frames: with idx, frame_info and the paths of their outputs."""
        before = self._load()
        self.digests = {frame.frame_info.filepath.name: digest_frame(frame.frame_info)
                        for frame in frames}
        kept = []
        if before.get('settings') == self.settings:
            for frame in frames:
                name = frame.frame_info.filepath.name
                if (before['frames'].get(name) == self.digests[name]
                        and name not in before['failed']
                        and is_complete(frame.output_filepath)
                        and is_complete(frame.output_mask_filepath)):
                    kept.append(frame.idx)
        if kept:
            io.log_info('%d of %d frames are merged already, with the same model, settings and '
                        'faces: they stay.' % (len(kept), len(frames)))
        keep = set(kept)
        self._remove_others({path for frame in frames if frame.idx in keep for path in (
            frame.output_filepath, frame.output_mask_filepath)},
            {path.name + TEMP_SUFFIX for frame in frames for path in (
                frame.output_filepath, frame.output_mask_filepath)})
        # Last: until then the old record tells what the files belong to.
        self._save()
        return kept

    def add_failed(self, name: str, reason: str) -> None:
        """A frame that the next merge has to try again."""
        self.failed[name] = reason
        self._save()

    def remove(self) -> None:
        """The files will have settings of their own."""
        if self.path.exists():
            remove_files([self.path])

    def _remove_others(self, keep: set, half_written: set) -> None:
        for folder in self.folders:
            paths = [path for path in pathex.get_image_paths(folder, return_Path_class=True)
                     if path not in keep]
            if paths:
                io.log_info('%s: %d pictures of an earlier merge are deleted, they are of other '
                            'settings, faces or frames.' % (folder, len(paths)))
            remove_files(paths)
            remove_files([path for path in pathex.get_file_paths(folder)
                          if path.name in half_written])

    def _load(self) -> Dict[str, Any]:
        """The record of the merge before, {} without one or with one that cannot be used."""
        if not self.path.exists():
            return {}
        try:
            record = parse_json(self.path.read_text(encoding='utf-8'))
            if record['version'] == VERSION and all(
                    isinstance(record[key], dict) for key in ('settings', 'frames', 'failed')):
                return record
        except (OSError, ValueError, KeyError, TypeError) as error:
            io.log_err('%s cannot be read (%s): every frame is merged again.' % (self.path, error))
        return {}

    def _save(self) -> None:
        persist.write_text(self.path, json.dumps(dict(
            version=VERSION, settings=self.settings, frames=self.digests, failed=self.failed),
            indent=1, sort_keys=True))


def remove_files(paths: List[Path]) -> None:
    """UserError naming the first that cannot be removed."""
    for path in paths:
        try:
            path.unlink()
        except OSError as error:
            raise UserError('%s cannot be removed: %s.' % (path, error.strerror or error),
                            ['Close the program that has it open.']) from error
