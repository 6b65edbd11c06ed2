"""The engine of a merge with real worker processes: faults, resuming, lost workers, a session."""
import os
import signal
import threading
import time

import cv2
import faceset_support
import numpy as np
import pytest
from merge_run_support import (SIDE, GrayStandIn, StandInModel, make_config, make_engine,
                               read_files, write_frame, write_workspace)

from core.errors import UserError
from core.interact import interact as io
from DFLIMG import DFLJPG
from merger import session_file
from merger.prediction import PredictionServer


@pytest.fixture(scope='module')
def shared(tmp_path_factory):
    """A workspace whose folders of outputs nobody uses."""
    return write_workspace(tmp_path_factory.mktemp('merge') / 'w', 8)


@pytest.fixture
def workspace(shared, tmp_path):
    return shared._replace(merged=tmp_path / 'merged', masks=tmp_path / 'masks')


@pytest.fixture
def log(monkeypatch):
    """Lines that were logged."""
    lines = []
    for name in ('log_info', 'log_err'):
        monkeypatch.setattr(io, name, lambda text, *args, **kwargs: lines.append(str(text)))
    return lines


def test_two_workers_give_the_bytes_of_one(workspace, tmp_path):
    cfg = make_config(mode='seamless', color_transfer_mode=7)   # sot-m draws random numbers
    first = make_engine(workspace, cfg, workers=1, batch=4)
    assert first.run()['merged'] == 8
    assert set(first.predictor_func.predict_batch.__self__.batches) == {4}
    other = workspace._replace(merged=tmp_path / 'merged2', masks=tmp_path / 'masks2')
    assert make_engine(other, cfg, workers=2, batch=4).run()['merged'] == 8
    ones = [path.read_bytes() for folder in (workspace.merged, workspace.masks)
            for path in sorted(folder.glob('*.png'))]
    twos = [path.read_bytes() for folder in (other.merged, other.masks)
            for path in sorted(folder.glob('*.png'))]
    assert len(ones) == 16 and ones == twos
    frame = cv2.imread(str(workspace.frames / '00000.png'))
    assert (cv2.imread(str(workspace.merged / '00000.png')) != frame).mean() > 0.05


def spoil(workspace):
    """One frame of each kind that may not stop a merge."""
    def rename(number, change):
        path = workspace.frames / ('%05d.png' % number)
        cv2.imwrite(str(path), change(cv2.imread(str(path))))
    rename(0, lambda img: cv2.cvtColor(img, cv2.COLOR_BGR2GRAY))
    rename(1, lambda img: img.astype(np.uint16) * 257)
    rename(2, lambda img: np.dstack([img, np.full(img.shape[:2], 128, np.uint8)]))
    path = workspace.frames / '00003.png'
    path.write_bytes(path.read_bytes()[:400])
    aligned = workspace.aligned / '00004_0.jpg'
    aligned.write_bytes(aligned.read_bytes()[:200])
    face = faceset_support.render_frame('dst', 3)
    second = face._replace(landmarks=face.landmarks - 60)       # partly outside, and two in one
    faceset_support.write_face(workspace.aligned / '00005_1.jpg', second)
    broken = DFLJPG.load(str(workspace.aligned / '00006_0.jpg'))
    broken.set_source_landmarks(np.zeros((68, 2)).tolist())
    broken.save()


def test_bad_frames_are_named_and_the_others_merged(tmp_path, log):
    workspace = write_workspace(tmp_path / 'w', 9)
    spoil(workspace)
    engine = make_engine(workspace)
    (workspace.frames / '00007.png').unlink()       # after the list was made
    result = engine.run()
    assert set(result['failed']) == {'00003.png', '00006.png', '00007.png'}
    assert (result['merged'], result['copied']) == (5, 1)
    for name in result['failed']:
        assert any(line.startswith('  %s: ' % name) for line in log)
    assert any('00004_0.jpg' in line for line in log)
    for number in (0, 1, 2, 4, 5, 6, 8):
        name = '%05d.png' % number
        merged = cv2.imread(str(workspace.merged / name), cv2.IMREAD_UNCHANGED)
        mask = cv2.imread(str(workspace.masks / name), cv2.IMREAD_UNCHANGED)
        assert merged.dtype == np.uint8 and merged.shape == (160, 160, 3)
        assert mask.shape == (160, 160) and bool(mask.any()) == (number not in (4, 6))
    frame = cv2.imread(str(workspace.frames / '00006.png'))
    assert (cv2.imread(str(workspace.merged / '00006.png')) == frame).all()
    assert not (workspace.merged / '00003.png').exists()
    # the failed ones are tried again, the others stay
    again = make_engine(workspace, session=None).run()
    assert (again['merged'], again['kept']) == (0, 6) and len(again['failed']) == 2


def test_interrupted_merge_keeps_what_is_whole(workspace, log):
    make_engine(workspace).run()
    whole = read_files(workspace.merged, workspace.masks)
    (workspace.merged / '00002.png').unlink()
    path = workspace.masks / '00005.png'
    path.write_bytes(path.read_bytes()[:-1])
    (workspace.merged / '00001.png.tmp').write_bytes(b'half')
    (workspace.merged / 'stray.jpg').write_bytes(b'not of this merge')
    result = make_engine(workspace).run()
    assert (result['kept'], result['merged']) == (6, 2)
    assert read_files(workspace.merged, workspace.masks) == whole
    assert sorted(path.suffix for path in workspace.merged.iterdir()) == ['.json'] + ['.png'] * 8
    assert any('pictures of an earlier merge are deleted' in line for line in log)
    # other settings, other model: nothing stays
    result = make_engine(workspace, make_config(mask_mode=0)).run()
    assert (result['kept'], result['merged']) == (0, 8)
    assert make_engine(workspace, make_config(mask_mode=0), model_iter=101).run()['kept'] == 0


def test_killed_workers_are_replaced(workspace, log):
    model = StandInModel()

    def predict(face):
        time.sleep(0.3)     # the second one is killed before the last frame is merged
        return model.predictor_func(face)
    engine = make_engine(workspace, make_config(color_transfer_mode=7), predictor=predict)
    killed = []

    def kill():
        while len(killed) < 2:
            alive = [cli for cli in list(engine.clis) if cli.state == 2 and cli.p.pid not in killed]
            # not twice at the same frame: that one would be given up
            if alive and engine.report.counts['merged'] >= 3 * len(killed):
                killed.append(alive[0].p.pid)
                os.kill(alive[0].p.pid, signal.SIGKILL)
            time.sleep(0.1)
    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    result = engine.run()
    assert len(killed) == 2
    assert result['merged'] == 8 and not result['failed']


def test_predictor_that_never_works_ends_the_run(workspace, log):
    def fail(face):
        raise RuntimeError('no memory on the device')
    with pytest.raises(UserError, match='cannot predict a face .*no memory on the device'):
        make_engine(workspace, predictor=fail).run()


def test_network_that_is_missing_ends_the_run(workspace, log):
    from merger.networks import NetworkOnDemand

    def fail(*args, **kwargs):
        raise UserError('The weights of a network are missing.')
    network = NetworkOnDemand(fail, 'extract')
    with pytest.raises(UserError, match='weights of a network are missing'):
        make_engine(workspace, make_config(mask_mode=6), xseg=network).run()


def test_full_disk_ends_the_run_and_names_the_file(workspace, log):
    workspace.masks.mkdir()
    (workspace.masks / '00000.png.tmp').mkdir()     # as no process can write over
    with pytest.raises(UserError, match='00000.png cannot be written'):
        make_engine(workspace).run()


def test_batch_that_fails_is_predicted_singly(workspace, log):
    class Small(StandInModel):
        def predict_batch(self, faces):
            if len(faces) > 1:
                raise MemoryError('too large')
            return super(Small, self).predict_batch(faces)

        def predictor_func(self, face):
            return super(Small, self).predictor_func(face)
    assert make_engine(workspace, predictor=Small().predictor_func).run()['merged'] == 8
    assert any('cannot be predicted together (MemoryError: too large)' in line for line in log)


class Keys:
    """Stands in for a user: presses the next key when the picture on the screen is finished."""

    def __init__(self, monkeypatch, keys):
        self.keys, self.shown = list(keys), []
        monkeypatch.setattr(io, 'show_image', lambda name, img: self.shown.append(img))
        monkeypatch.setattr(io, 'get_key_events', self.press)
        self.engine = None

    def press(self, window):
        head = self.engine.state.get_current()
        if self.keys and (head is None or head.is_shown or self.keys[0] == '\t'):
            key = self.keys.pop(0)
            return [(27 if key == 'ESC' else ord(key.lower()[0]), key.lower()[0], False, False,
                     key != key.lower())]
        return []


def run_interactive(workspace, monkeypatch, keys, **arguments):
    user = Keys(monkeypatch, keys)
    user.engine = engine = make_engine(workspace, is_interactive=True, **arguments)
    engine.run()
    return engine, user


@pytest.fixture
def answers(monkeypatch):
    asked = []

    def answer(text, default=None, **kwargs):
        asked.append(text)
        return default
    monkeypatch.setattr(io, 'input_bool', answer)
    monkeypatch.setattr(io, 'input_skip_pending', lambda: None)
    return asked


def test_session_is_saved_and_goes_on(workspace, tmp_path, monkeypatch, log, answers):
    """Two edits of the first frame, three steps, quit; then on from there, to the end."""
    session = tmp_path / 's.dat'
    engine, user = run_interactive(workspace, monkeypatch, ['\t', 'w', 'W', '.', '.', '.', 'ESC'],
                                   session=session)
    assert engine.state.frames_done_idxs == [0, 1, 2] and session.exists() and not answers
    assert [frame.cfg.erode_mask_modifier for frame in engine.frames[:4]] == [6, 6, 6, 6]
    assert user.shown[0].shape[1] > 768     # the help, then frames
    counts = engine.predictor_func.counts
    assert counts['cached'] >= 2, 'an edit of the mask predicts nothing anew'
    assert counts['faces'] <= 6
    before = read_files(workspace.merged)

    engine, user = run_interactive(workspace, monkeypatch, ['\t', 'ESC'], session=session)
    assert answers == ['Go on with the saved session?']
    assert engine.state.frames_done_idxs == [0, 1, 2]
    assert {name: data for name, data in read_files(workspace.merged).items()
            if name in before} == before
    # a session of another iteration is computed again from the first frame
    engine, user = run_interactive(workspace, monkeypatch, ['\t', 'ESC'], session=session,
                                   model_iter=101)
    assert engine.state.frames_done_idxs == []
    assert engine.frames[2].cfg.erode_mask_modifier == 6


def test_a_session_makes_the_record_of_an_automatic_merge_void(workspace, tmp_path, answers):
    """Its frames get settings of their own: the next automatic merge must not keep them."""
    from merger.output_record import RECORD_NAME
    engine = make_engine(workspace)     # writes the record before it runs
    record = workspace.merged / RECORD_NAME
    session = tmp_path / 's.dat'
    session_file.save_session(session, engine.Frame, engine.frames, list(range(8)), [], 100)
    for path in (session, tmp_path / 'none.dat'):
        make_engine(workspace)
        assert record.exists()
        make_engine(workspace, is_interactive=True, session=path)
        assert not record.exists()
    assert answers == ['Go on with the saved session?']


def is_gray(picture):
    return (picture[..., :1] == picture[..., :3]).all()


def test_gray_model(workspace, tmp_path, monkeypatch, log, answers):
    """A model of one channel in the interactive merger: what is shown and written is gray, the
    keys change its frames, and the session goes on."""
    session = tmp_path / 's.dat'
    keys = ['\t', 'E', '2', '.', 'c', '5', '.', '3', '.', 'ESC']
    engine, user = run_interactive(workspace, monkeypatch, keys, session=session,
                                   model=GrayStandIn(), workers=1)
    assert engine.state.frames_done_idxs == [0, 1, 2] and not engine.report.failed
    assert [frame.cfg.mode for frame in engine.frames[:3]] == [
        'hist-match', 'raw-rgb', 'seamless']
    assert [frame.cfg.blur_mask_modifier for frame in engine.frames[:3]] == [5, 5, 5]
    frames = [img[64:] for img in user.shown[1:] if img[64:].any()]     # below the hourglass
    assert len(frames) >= 6 and all(is_gray(img) for img in frames)
    for number in range(3):
        name = '%05d.png' % number
        source = cv2.imread(str(workspace.frames / name))
        merged = cv2.imread(str(workspace.merged / name))
        mask = cv2.imread(str(workspace.masks / name), cv2.IMREAD_UNCHANGED)
        assert not is_gray(source) and is_gray(merged) and merged.shape == source.shape
        assert mask.shape == source.shape[:2] and 0 < (mask > 127).mean() < 0.6
        light = cv2.cvtColor(source, cv2.COLOR_BGR2GRAY).astype(int)
        change = abs(merged[..., 0].astype(int) - light)
        assert change[mask > 200].mean() > 5
        if number != 1:     # raw-rgb shows the predicted square, wherever the mask is
            assert change[mask == 0].mean() < 1
    before = read_files(workspace.merged, workspace.masks)
    engine, user = run_interactive(workspace, monkeypatch, ['\t', ',', 'ESC'], session=session,
                                   model=GrayStandIn(), workers=1)
    assert answers == ['Go on with the saved session?']
    assert engine.state.frames_done_idxs == [0, 1]
    assert engine.state.get_current().cfg.mode == 'seamless'
    after = read_files(workspace.merged, workspace.masks)
    assert {name: after[name] for name in before} == before


def test_session_that_does_not_fit_is_kept_aside(workspace, tmp_path, monkeypatch, log, answers):
    session = tmp_path / 's.dat'
    session.write_bytes(b'\x80\x03cos\nsystem\nX\x04\x00\x00\x00trueq\x00\x85R.')
    workspace.merged.mkdir()
    (workspace.merged / 'mine.png').write_bytes(b'1')
    monkeypatch.setattr(io, 'input_bool', lambda text, default, **kwargs: answers.append(text)
                        or not text.startswith('Delete'))
    run_interactive(workspace, monkeypatch, ['\t', 'ESC'], session=session)
    assert (tmp_path / 's.dat.old').read_bytes().startswith(b'\x80\x03cos')
    assert answers == ['Go on with the saved session?', 'Delete them?']
    assert (workspace.merged / 'mine.png').exists() and session.exists()
    assert any('os.system' in line and 's.dat.old' in line for line in log)


def test_cached_predictions_are_of_the_same_input():
    server = PredictionServer(StandInModel().predictor_func, has_cache=True)
    assert server.batch_size == 1
    face = np.random.RandomState(0).rand(SIDE, SIDE, 3).astype(np.float32)
    assert (server(face)[0] == face[..., ::-1] * np.float32(0.9) + np.float32(0.05)).all()


def test_frames_without_a_face_stay_as_they_are(tmp_path, log):
    workspace = write_workspace(tmp_path / 'w', 3)
    write_frame(workspace, '00009', faceset_support.render_frame('dst', 5))
    result = make_engine(workspace, make_config(mode='raw-predict')).run()
    assert result['copied'] == 1
    assert cv2.imread(str(workspace.merged / '00009.png')).shape == (SIDE, SIDE, 3)
    result = make_engine(workspace).run()
    frame = cv2.imread(str(workspace.frames / '00009.png'))
    assert (cv2.imread(str(workspace.merged / '00009.png')) == frame).all()
    assert not cv2.imread(str(workspace.masks / '00009.png')).any()
