"""merger/session_file.py: sessions of the original, of forks, of strangers; what is written."""
import pathlib
import pickle
import sys

import numpy as np
import pytest
from data_support import GOLDEN

from core import persist
from core.errors import UserError
from DFLIMG import DFLJPG
from facelib import FaceType
from merger import FrameInfo, InteractiveMergerSubprocessor, MergerConfigMasked, session_file

SESSIONS = sorted((GOLDEN.parent / 'merger').glob('*.dat'))
Frame = InteractiveMergerSubprocessor.Frame
# What the original's files name (spec 50 section 10).
GLOBALS = {('builtins', 'getattr'), ('merger.InteractiveMergerSubprocessor',
                                     'InteractiveMergerSubprocessor'),
           ('merger.FrameInfo', 'FrameInfo'), ('merger.MergerConfig', 'MergerConfigMasked'),
           ('facelib.FaceType', 'FaceType'), ('pathlib', 'PosixPath'), ('pathlib', 'WindowsPath'),
           ('numpy.core.multiarray', '_reconstruct'), ('numpy.core.multiarray', 'scalar'),
           ('numpy', 'ndarray'), ('numpy', 'dtype')}


def make_frames(count=3):
    frames = []
    for idx in range(count):
        info = FrameInfo(pathlib.Path('/data/dst/%05d.png' % idx),
                         [np.arange(136, dtype=np.float32).reshape(68, 2) + idx])
        info.motion_power, info.motion_deg = np.float64(2.5), np.float32(-30)
        frame = Frame(frame_info=info)
        frame.idx = idx
        frame.cfg = MergerConfigMasked(face_type=FaceType.WHOLE_FACE, mask_mode=np.int64(idx),
                                       erode_mask_modifier=np.int64(-7), mode='seamless')
        frame.image, frame.output_filepath = np.zeros((2, 2, 4), np.uint8), pathlib.Path('x.png')
        frame.is_done = True
        frames.append(frame)
    return frames


def write(path, frames, frames_idxs=(2, ), done=(0, 1)):
    session_file.save_session(path, Frame, frames, list(frames_idxs), list(done), np.int64(77))


@pytest.mark.parametrize('path', SESSIONS, ids=lambda path: path.name)
def test_sessions_of_the_reference_are_read(path):
    session = session_file.load_session(path)
    assert len(session.frames) >= 2 and session.model_iter > 0
    first = session.frames[0]
    assert first.name.endswith('.png') and first.landmarks_list[0].shape == (68, 2)
    cfgs = [frame.cfg for frame in session.frames if frame.cfg is not None]
    assert cfgs or 'trained' in path.name
    for cfg in cfgs:
        assert type(cfg.erode_mask_modifier) is int and cfg.face_type in FaceType
    assert session.frames_done_idxs + session.frames_idxs == list(range(len(session.frames)))


def test_both_systems_write_the_same():
    posix, windows = [session_file.load_session(GOLDEN.parent / 'merger' / name) for name in (
        'session_posix_p3.dat', 'session_windows_p3.dat')]
    assert [frame.name for frame in posix.frames] == [frame.name for frame in windows.frames]
    assert posix.frames[0].cfg == windows.frames[0].cfg


def test_round_trip(tmp_path):
    path = tmp_path / 's.dat'
    frames = make_frames()
    write(path, frames)
    session = session_file.load_session(path)
    assert session[1:] == ([2], [0, 1], 77)
    for frame, saved in zip(frames, session.frames):
        assert saved.cfg == frame.cfg and saved.cfg.face_type is FaceType.WHOLE_FACE
        assert saved.name == frame.frame_info.filepath.name
        assert (saved.landmarks_list[0] == frame.frame_info.landmarks_list[0]).all()
        assert (saved.motion_power, saved.motion_deg) == (2.5, -30) and saved.is_done
    assert frames[0].image is not None, 'the frames at hand are left as they are'


def test_what_is_written_is_the_originals(tmp_path):
    """Protocol 3, no name that the original's files do not have, plain numbers, attributes alike;
    and Python's own reader makes the objects of it, as the original's does."""
    path = tmp_path / 's.dat'
    write(path, make_frames())
    data = path.read_bytes()
    assert data[:2] == b'\x80\x03' and set(persist.list_globals(data)) <= GLOBALS
    content = pickle.loads(data)
    assert set(content) == {'frames', 'frames_idxs', 'frames_done_idxs', 'model_iter'}
    frame = content['frames'][1]
    reference = pickle_reference_names()
    assert set(vars(frame)) == reference['frame'] and type(frame) is Frame
    assert set(vars(frame.frame_info)) == reference['info']
    assert set(vars(frame.cfg)) == reference['cfg']
    assert type(frame.cfg.mask_mode) is int and type(content['model_iter']) is int
    assert frame.image is None and frame.output_filepath is None
    assert frame.frame_info.filepath == pathlib.Path('/data/dst/00001.png')


def test_sessions_of_python_3_13_are_the_originals_too(tmp_path, monkeypatch):
    """There alone the classes of pathlib say that they are of another module."""
    path, other = tmp_path / 's.dat', tmp_path / 'other.dat'
    write(path, make_frames())
    monkeypatch.setattr(type(path), '__module__', 'pathlib._local')
    write(other, make_frames())
    assert other.read_bytes() == path.read_bytes()
    other.write_bytes(path.read_bytes().replace(b'cpathlib\n', b'cpathlib._local\n'))
    assert b'pathlib._local' in other.read_bytes()
    assert session_file.load_session(other).frames[1].name == '00001.png'


def pickle_reference_names():
    """Attribute names in the file of the reference."""
    content = persist.load(GOLDEN.parent / 'merger' / 'session_posix_p3.dat',
                           session_file.find_global)
    frame = content['frames'][0]
    return dict(frame=set(vars(frame)), info=set(vars(frame.frame_info)), cfg=set(vars(frame.cfg)))


def test_write_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / 's.dat'
    write(path, make_frames())
    before = path.read_bytes()
    monkeypatch.setattr('core.durable_write.os.replace',
                        lambda *args: (_ for _ in ()).throw(OSError(28, 'full')))
    with pytest.raises(UserError):
        write(path, make_frames(2), (1, ), (0, ))
    assert path.read_bytes() == before


def test_sessions_of_the_fork_count_mask_modes_their_own_way(tmp_path):
    path = tmp_path / 's.dat'
    frames = make_frames()
    frames[0].cfg = MergerConfigMasked(mask_mode=9, two_pass_mode=1)
    write(path, frames)
    stored = persist.load(path, session_file.find_global)['frames'][0].cfg
    assert stored.mask_mode == 10 and stored.two_pass_mode == 1
    assert session_file.load_session(path).frames[0].cfg.mask_mode == 9
    # its 9, which the reference does not have
    change(path, set_cfg(mask_mode=9))
    cfg = session_file.load_session(path).frames[0].cfg
    assert cfg.mask_mode == 10 and 'mask_mode: XSeg-prd+XSeg-dst' in cfg.to_string('1.png')
    cfg.toggle_mask_mode()
    assert cfg.mask_mode == 0


def test_sessions_of_mve_bring_whole_faces_that_nobody_needs(tmp_path):
    """Its frame records hold the object of every aligned file (spec 50 section 13.1)."""
    path = tmp_path / 's.dat'
    frames = make_frames()
    frames[0].cfg = MergerConfigMasked(mask_mode=9, two_pass_mode=1)
    write(path, frames)
    face = DFLJPG.__new__(DFLJPG)
    face.__dict__.update(filename='a.jpg', data=b'\xff\xd8', length=2, shape=(2, 2, 3), dfl_dict={
        'landmarks': np.zeros((68, 2), np.float32)}, chunks=[{'name': 'SOI', 'data': None}])

    def edit(content):
        for frame in content['frames']:
            frame.frame_info.dfl_images_list = [face]
            frame.frame_info.filepath = pathlib.Path('/elsewhere') / frame.frame_info.filepath.name
    change(path, edit)
    assert ('DFLIMG.DFLJPG', 'DFLJPG') in persist.list_globals(path.read_bytes())
    assert [frame.name for frame in session_file.load_session(path).frames] == [
        frame.frame_info.filepath.name for frame in frames]


def change(path, edit):
    """The session file after `edit(content)`."""
    content = pickle.loads(path.read_bytes())
    edit(content)
    path.write_bytes(pickle.dumps(content, 3))


def set_cfg(**values):
    return lambda content: vars(content['frames'][0].cfg).update(values)


def set_info(**values):
    return lambda content: vars(content['frames'][0].frame_info).update(values)


@pytest.mark.parametrize('edit', [
    lambda c: c.pop('frames'), lambda c: c.update(frames_idxs=[2, 2]),
    lambda c: c.update(frames_idxs=[7]), lambda c: c.update(frames_idxs=['2']),
    lambda c: c.update(frames_done_idxs=[1, 0]), lambda c: c.update(model_iter='many'),
    lambda c: c.update(frames=5), lambda c: c['frames'].append(3),
    set_cfg(mode=['raw']), set_cfg(mask_mode=77), set_cfg(erode_mask_modifier=10 ** 9),
    set_cfg(color_transfer_mode=float('nan')), set_cfg(face_type=55), set_cfg(sharpen_mode=8),
    set_cfg(mask_mode='4'), set_info(landmarks_list=[np.zeros((3, 2), np.float32)]),
    set_info(landmarks_list=[np.full((68, 2), np.inf)]), set_info(filepath=4),
    set_info(motion_power='fast'),
    lambda c: vars(c['frames'][0]).pop('frame_info')])
def test_damaged_sessions_are_refused_by_name(tmp_path, edit):
    path = tmp_path / 's.dat'
    write(path, make_frames())
    change(path, edit)
    with pytest.raises(UserError) as refusal:
        session_file.load_session(path)
    assert str(path) in refusal.value.what


class Evil:
    def __init__(self, call):
        self.call = call

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('value', [
    Evil((exec, ("raise SystemExit",))), Evil((getattr, (InteractiveMergerSubprocessor, 'run'))),
    Evil((getattr, (FaceType, 'mro'))), Evil((sys.exit, (3,))), InteractiveMergerSubprocessor.Frame,
    Evil((MergerConfigMasked, (77,))), Evil((pathlib.Path.cwd, ()))], ids=str)
def test_nothing_in_a_session_runs(tmp_path, value):
    path = tmp_path / 's.dat'
    path.write_bytes(pickle.dumps({'frames': [value], 'frames_idxs': [0], 'frames_done_idxs': [],
                                   'model_iter': 1}, 3))
    with pytest.raises(UserError) as refusal:
        session_file.load_session(path)
    assert str(path) in refusal.value.what


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match='none.dat cannot be read'):
        session_file.load_session(tmp_path / 'none.dat')
