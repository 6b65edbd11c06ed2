"""mainscripts/merge_inputs.py: frames, their faces, what is left out."""
import faceset_support
import numpy as np
import pytest
from merge_run_support import write_frame, write_workspace

from core.errors import UserError
from core.interact import interact as io
from DFLIMG import DFLJPG
from facelib import FaceType
from mainscripts import merge_inputs
from samplelib import PackedFaceset


@pytest.fixture
def workspace(tmp_path):
    return write_workspace(tmp_path / 'w', 3)


@pytest.fixture
def log(monkeypatch):
    lines = []
    for name in ('log_info', 'log_err'):
        monkeypatch.setattr(io, name, lambda text, *args, **kwargs: lines.append(str(text)))
    return lines


def list_faces(workspace, face_type=FaceType.WHOLE_FACE, pak=None):
    return merge_inputs.list_faces(workspace.aligned, pak, face_type)


def change_face(path, **values):
    face = DFLJPG.load(str(path))
    face.get_dict().update(values)
    face.save()


def test_faces_by_the_stem_of_their_frame(workspace, log):
    change_face(workspace.aligned / '00001_0.jpg', source_filename='00001.bmp')
    faces = list_faces(workspace)
    assert sorted(faces) == ['00000', '00001', '00002']
    frames = merge_inputs.make_frames(workspace.frames, faces)
    assert [frame.frame_info.filepath.name for frame in frames] == ['00000.png', '00001.png',
                                                                   '00002.png']
    rendered = faceset_support.render_frame('dst', 1)
    np.testing.assert_allclose(frames[1].frame_info.landmarks_list[0], rendered.landmarks)
    assert frames[1].frame_info.motion_power > 0
    assert not hasattr(frames[1].frame_info, 'dfl_images_list')


def test_what_cannot_be_used_is_named_and_left_out(workspace, log):
    (workspace.aligned / 'x.jpg').write_bytes(b'no picture')
    (workspace.aligned / 'y.png').write_bytes(b'')
    change_face(workspace.aligned / '00000_0.jpg', source_landmarks=None)
    change_face(workspace.aligned / '00001_0.jpg', source_landmarks=[[1, 2]] * 5)
    change_face(workspace.aligned / '00002_0.jpg', source_filename=None)
    with pytest.raises(UserError, match='No aligned face belongs to one of the 3 frames'):
        merge_inputs.make_frames(workspace.frames, list_faces(workspace))
    for name in ('x.jpg', 'y.png', '00000_0.jpg', '00001_0.jpg'):
        assert any(name in line for line in log), name


def test_pack_gives_the_same(workspace, log, monkeypatch):
    loose = list_faces(workspace)
    monkeypatch.setattr(io, 'input_bool', lambda text, default, **kwargs: True)
    PackedFaceset.pack(workspace.aligned)
    packed = list_faces(workspace)
    assert sorted(packed) == sorted(loose) and not list(workspace.aligned.glob('*.jpg'))
    for stem in loose:
        assert (packed[stem][0].landmarks == loose[stem][0].landmarks).all()
    with pytest.raises(UserError, match='other.pak'):
        list_faces(workspace, pak='other')


def test_several_faces_are_reported_and_have_no_motion(workspace, log):
    faceset_support.write_face(workspace.aligned / '00001_1.jpg',
                               faceset_support.render_frame('src', 1))
    frames = merge_inputs.make_frames(workspace.frames, list_faces(workspace))
    assert [len(frame.frame_info.landmarks_list) for frame in frames] == [1, 2, 1]
    assert all(frame.frame_info.motion_power == 0 for frame in frames)
    assert '00001_1.jpg is of 00001.png' in log and any('motion blur' in x for x in log)


def test_custom_faces_bring_their_matrix(workspace, log):
    frames = merge_inputs.make_frames(workspace.frames, list_faces(workspace, FaceType.CUSTOM))
    (_, aligned), = frames[0].frame_info.get_faces()
    assert aligned.matrix.shape == (2, 3) and aligned.size == faceset_support.FACE_SIZE


def test_no_frames_and_two_of_one_name(workspace, log, tmp_path):
    empty = tmp_path / 'empty'
    empty.mkdir()
    with pytest.raises(UserError, match='no pictures'):
        merge_inputs.make_frames(empty, list_faces(workspace))
    write_frame(workspace, '00001', faceset_support.render_frame('dst', 1))
    (workspace.frames / '00001.jpg').write_bytes(b'1')
    frames = merge_inputs.make_frames(workspace.frames, list_faces(workspace))
    assert [frame.frame_info.filepath.name for frame in frames] == ['00000.png', '00001.jpg',
                                                                   '00002.png']
    assert any('00001.png is left out' in line for line in log)
