"""The file of an interactive session, `<model>_merger_session.dat` (spec 50 section 10).

It is a pickle of whole objects, and may come from anybody. What is read never becomes one of the
program's objects: records without methods take the objects' attributes, and every attribute that is
used is checked. What is written is read by the original.
"""
import pathlib
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from core import persist
from core.errors import CorruptFileError, UserError
from DFLIMG import face_fields
from facelib import FaceType

from .FrameInfo import FrameInfo
from .merge_tables import all_mask_modes, ctm_dict, mode_str_dict, translate_mask_mode
from .MergerConfig import MergerConfigMasked

PROTOCOL = 3        # of the Pythons that read it
LANDMARKS = (68, 2)
FRAMES_MODULE = 'merger.InteractiveMergerSubprocessor'
FRAMES_OWNER = 'InteractiveMergerSubprocessor'
FRAME = 'Frame'

# Settings that have this attribute are MVE's, with its numbers of mask modes (section 13.3).
FORK_FIELD = 'two_pass_mode'

REMEDIES = ['Answer no to the question for the saved session: the merge begins anew.']


class _Record:
    """Takes the attributes of an object of the file; has nothing that could be called."""


class _FrameRecord(_Record):
    pass


class _InfoRecord(_Record):
    pass


class _ConfigRecord(_Record):
    pass


class _FaceRecord(_Record):
    """Of MVE, in which every frame brings its whole aligned files; nobody asks it anything."""


class _Owner:
    """Stands for the class in which `Frame` lies."""


def _get_frame_class(owner: Any, name: Any) -> type:
    """What `getattr` may do in a session: protocol 3 writes a nested class so, and some Pythons
    write enum members so."""
    if owner is _Owner and name == FRAME:
        return _FrameRecord
    if owner is FaceType and isinstance(name, str) and name in FaceType.__members__:
        return FaceType[name]
    raise persist.UnsafePickleError('A pickle asks for the attribute %.99r.' % (name,))


_GLOBALS = {
    ('merger.FrameInfo', 'FrameInfo'): _InfoRecord,
    ('merger.MergerConfig', 'MergerConfigMasked'): _ConfigRecord,
    (FRAMES_MODULE, FRAMES_OWNER): _Owner,
    (FRAMES_MODULE, FRAMES_OWNER + '.' + FRAME): _FrameRecord,
    ('builtins', 'getattr'): _get_frame_class,
    ('__builtin__', 'getattr'): _get_frame_class,
    ('facelib.FaceType', 'FaceType'): FaceType,
    ('DFLIMG.DFLJPG', 'DFLJPG'): _FaceRecord,
}
for _module in ('pathlib', 'pathlib._local'):   # the second of Python 3.13
    # pure: a path of the other system cannot be made here, and only its name is used
    _GLOBALS[_module, 'WindowsPath'] = pathlib.PureWindowsPath
    _GLOBALS[_module, 'PosixPath'] = pathlib.PurePosixPath
_NUMPY = ('numpy', 'numpy.core.multiarray', 'numpy._core.multiarray', 'numpy.core.numeric',
          'numpy._core.numeric')


def find_global(module: str, name: str) -> Any:
    """The list of what a session may name; KeyError for anything else."""
    if (module, name) in _GLOBALS:
        return _GLOBALS[module, name]
    if module in _NUMPY or (module, name) == ('_codecs', 'encode'):
        return persist.find_allowed_global(module, name)
    raise KeyError((module, name))


SavedFrame = NamedTuple('SavedFrame', [
    ('name', str),                                  # of the frame's file
    ('landmarks_list', List[np.ndarray]),           # (68, 2) each
    ('motion_deg', float), ('motion_power', float),
    ('cfg', Optional[MergerConfigMasked]),
    ('is_done', bool), ('is_shown', bool),
])
Session = NamedTuple('Session', [
    ('frames', List[SavedFrame]), ('frames_idxs', List[int]), ('frames_done_idxs', List[int]),
    ('model_iter', int),
])


def load_session(path: Path) -> Session:
    """The session of a file. UserError (UnsafePickleError, CorruptFileError) naming the file."""
    try:
        content = persist.load(path, find_global)
    except OSError as error:
        raise UserError('%s cannot be read: %s.' % (path, error.strerror or error),
                        REMEDIES) from error
    try:
        return _read_session(content, str(path))
    except UserError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise CorruptFileError('%s is no session of a merge (%s: %s).' % (
            path, type(error).__name__, error), REMEDIES) from error


def _read_session(content: Any, source: str) -> Session:
    frames = [_read_frame(frame, source) for frame in _check(content['frames'], list)]
    idxs = [_check(idx, int) for idx in _check(content['frames_idxs'], list)]
    done_idxs = [_check(idx, int) for idx in _check(content['frames_done_idxs'], list)]
    if done_idxs + idxs != list(range(len(frames))):
        raise ValueError('its lists do not name every frame once')
    return Session(frames, idxs, done_idxs, int(face_fields.read_number(
        content['model_iter'], 'model_iter', source)))


def _check(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError('%s in place of %s' % (type(value).__name__, kind.__name__))
    return value


def _read_frame(frame: Any, source: str) -> SavedFrame:
    fields = vars(_check(frame, _FrameRecord))
    info = vars(_check(fields['frame_info'], _InfoRecord))
    path = info['filepath']
    if not isinstance(path, pathlib.PurePath):
        path = pathlib.PureWindowsPath(_check(path, str))
    landmarks = []
    for points in _check(info.get('landmarks_list', []), list):
        points = face_fields.read_numbers(points, 'landmarks_list', source)
        if points.shape != LANDMARKS or points.dtype.kind != 'f':
            raise ValueError('landmarks of shape %s' % (points.shape,))
        landmarks.append(points)
    motion = [float(face_fields.read_number(info.get(name, 0), name, source))
              for name in ('motion_deg', 'motion_power')]
    cfg = fields.get('cfg')
    return SavedFrame(path.name, landmarks, motion[0], motion[1],
                      None if cfg is None else _read_config(_check(cfg, _ConfigRecord), source),
                      fields.get('is_done') is True, fields.get('is_shown') is True)


def _read_config(record: _ConfigRecord, source: str) -> MergerConfigMasked:
    """A new config with the file's values, each checked; missing ones are the defaults."""
    fields = vars(record)
    default = MergerConfigMasked()
    known = set(vars(default)) | set(MergerConfigMasked.FORK_FIELDS)
    values: Dict[str, Any] = {}
    for name in known & set(fields) - {'type', 'sharpen_dict'}:
        value = fields[name]
        if name in ('mode', 'default_mode'):
            values[name] = _check(value, str)
        elif isinstance(value, (bool, np.bool_)):
            values[name] = bool(value)
        elif name == 'face_type':
            values[name] = FaceType(int(value))
        else:
            values[name] = int(face_fields.read_number(value, name, source))
    if FORK_FIELD in values:
        values['mask_mode'] = translate_mask_mode(values.get('mask_mode', default.mask_mode))
    cfg = MergerConfigMasked(**values)
    for value, table in ((cfg.mask_mode, all_mask_modes), (cfg.color_transfer_mode, ctm_dict),
                         (cfg.sharpen_mode, cfg.sharpen_dict), (cfg.default_mode, mode_str_dict)):
        if value not in table:
            raise ValueError('a setting has the value %r' % (value,))
    for name in list_added_settings():
        value = getattr(cfg, name)
        getattr(cfg, 'add_' + name)(0)      # brings it into its range
        if getattr(cfg, name) != value:
            raise ValueError('%s is %d' % (name, value))
    return cfg


def list_added_settings() -> List[str]:
    """Settings that have a range, in which `add_<name>` keeps them."""
    return [name for name in vars(MergerConfigMasked()) if hasattr(MergerConfigMasked,
                                                                   'add_' + name)]


def save_session(path: Path, frame_class: type, frames: List[Any], frames_idxs: List[int],
                 frames_done_idxs: List[int], model_iter: int) -> None:
    """Write the session, whole or not at all. UserError when it cannot.

    frame_class: InteractiveMergerSubprocessor.Frame, under whose name frames are stored.
    """
    content = {'frames': [_make_frame(frame_class, frame) for frame in frames],
               'frames_idxs': [int(idx) for idx in frames_idxs],
               'frames_done_idxs': [int(idx) for idx in frames_done_idxs],
               'model_iter': int(model_iter)}
    persist.write_bytes(path, persist.dumps(content, protocol=PROTOCOL))


def _make_frame(frame_class: type, frame: Any) -> Any:
    """A copy of a frame as older trees know it: no paths of outputs, no pictures, plain numbers."""
    result = frame_class()
    result.__dict__.update(vars(frame), output_filepath=None, output_mask_filepath=None,
                           image=None, is_processing=False)
    info = FrameInfo(Path(frame.frame_info.filepath), list(frame.frame_info.landmarks_list))
    info.motion_deg = float(frame.frame_info.motion_deg)
    info.motion_power = float(frame.frame_info.motion_power)
    result.frame_info = info
    if frame.cfg is not None:
        result.cfg = _make_config(frame.cfg)
    return result


def _make_config(cfg: MergerConfigMasked) -> MergerConfigMasked:
    result = cfg.copy()
    for name, value in vars(cfg).items():
        if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, FaceType)):
            setattr(result, name, int(value))
    if hasattr(cfg, FORK_FIELD):
        result.mask_mode = translate_mask_mode(cfg.mask_mode)
    return result

