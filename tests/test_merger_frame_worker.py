"""merger/frame_worker.py: one frame's outcome, the gate and its random numbers."""
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from merge_run_support import StandInModel, make_config, write_workspace

from core.compat import spawn_context
from core.errors import UserError
from core.joblib.MPFunc import HostFunctionError
from merger import frame_worker
from merger.frame_worker import (CANNOT_WRITE, COPIED, FAILED, MEMORY_SHORT, MERGED, ORPHANED,
                                 FrameMerger, FramesUnderWay, Gate, make_seed, name_reason)


@pytest.fixture(scope='module')
def workspace(tmp_path_factory):
    return write_workspace(tmp_path_factory.mktemp('worker') / 'w', 2)


@pytest.fixture
def job(workspace, tmp_path):
    from mainscripts import merge_inputs
    faces = merge_inputs.list_faces(workspace.aligned, None, make_config().face_type)
    info = merge_inputs.make_frames(workspace.frames, faces)[0].frame_info
    return SimpleNamespace(idx=0, cfg=make_config(), frame_info=info, need_return_image=True,
                           output_filepath=tmp_path / 'a.png',
                           output_mask_filepath=tmp_path / 'm.png')


def make_merger(predictor=None, gate=None):
    model = StandInModel()
    networks = SimpleNamespace(predictor_func=predictor or model.predictor_func,
                               predictor_input_shape=model.get_shape(), face_enhancer_func=None,
                               xseg_256_extract_func=None, has_provenance=True)
    return FrameMerger(networks, gate or Gate(), lambda: None, lambda text: None,
                       time.perf_counter)


def fail_with(error):
    def predictor(face):
        raise error
    return predictor


def test_merged(job):
    outcome = make_merger().merge(job)
    assert outcome.kind == MERGED and outcome.picture.shape == (160, 160, 4)
    assert (cv2.imread(str(job.output_filepath)) == outcome.picture[..., :3]).all()
    assert set(outcome.seconds) == {'wait', 'compose', 'write'}
    job.need_return_image = False
    assert make_merger().merge(job).picture is None


@pytest.mark.parametrize('error', [EOFError('gone'), BrokenPipeError(32, 'broken'),
                                   ConnectionResetError(104, 'reset')], ids=repr)
def test_nothing_is_written_when_the_main_process_has_ended(job, error):
    """A frame copied through by an orphan would pass for a merged one in the next run."""
    gate = Gate()
    assert make_merger(fail_with(error), gate).merge(job).kind == ORPHANED
    assert not job.output_filepath.exists() and not job.output_mask_filepath.exists()
    assert not gate.is_wanted()


def test_failures(job, workspace):
    outcome = make_merger(fail_with(ValueError('a bad layer'))).merge(job)
    assert outcome.kind == FAILED and outcome.reason.startswith('ValueError: a bad layer')
    assert 'Traceback' in outcome.details
    outcome = make_merger(fail_with(UserError('no area', ['extract again']))).merge(job)
    assert outcome.reason.startswith('no area') and outcome.details == 'no area\n  - extract again'
    frame = cv2.imread(str(workspace.frames / '00000.png'))
    assert (cv2.imread(str(job.output_filepath)) == frame).all()
    assert not cv2.imread(str(job.output_mask_filepath)).any()
    assert make_merger(fail_with(MemoryError())).merge(job).kind == MEMORY_SHORT
    job.cfg.type = 7
    assert make_merger().merge(job).kind == FAILED
    job.cfg = make_config()
    job.output_filepath = job.output_filepath.parent / 'nowhere' / 'a.png'
    assert make_merger().merge(job).kind == CANNOT_WRITE
    assert make_merger(fail_with(ValueError())).merge(job).kind == CANNOT_WRITE


def test_no_face(job):
    job.frame_info.landmarks_list = []
    assert make_merger(fail_with(ValueError())).merge(job).kind == COPIED
    job.cfg.mode, job.cfg.super_resolution_power = 'raw-predict', 1
    assert make_merger().merge(job).picture.shape == (256, 256, 4)


def test_a_frame_without_a_face_that_lost_its_end_is_named(job, tmp_path):
    job.frame_info.landmarks_list = []
    picture = cv2.imread(str(job.frame_info.filepath))
    job.frame_info.filepath = tmp_path / 'f.jpg'
    assert cv2.imwrite(str(tmp_path / 'f.jpg'), picture)
    assert make_merger().merge(job).kind == COPIED
    data = (tmp_path / 'f.jpg').read_bytes()
    (tmp_path / 'f.jpg').write_bytes(data[:len(data) * 3 // 4])
    outcome = make_merger().merge(job)
    assert outcome.kind == FAILED and 'cannot be read' in outcome.reason


def test_reasons_are_one_line():
    assert name_reason(UserError('what', ['remedy'])) == 'what'
    text = 'The main process failed:\nTraceback (most recent call):\n  File\nKeyError: 5\n  - x'
    assert name_reason(HostFunctionError(text)) == 'KeyError: 5'
    assert name_reason(ValueError('a\nb')) == 'ValueError: a'
    assert name_reason(ValueError()) == 'ValueError: no further text'


def test_gate_keeps_the_random_numbers_of_each(monkeypatch):
    gate = Gate()
    gate.enter(make_seed('1.png'))
    assert gate.is_wanted()
    first = np.random.rand()
    state = gate.leave()
    gate.enter(make_seed('2.png'))
    np.random.rand(7)
    gate.leave()
    gate.enter(state)
    second = np.random.rand()
    gate.leave()
    wanted = np.random.RandomState(make_seed('1.png'))
    assert [first, second] == [wanted.rand(), wanted.rand()] and not gate.is_wanted()


def test_given_seed_is_taken_from_the_environment(monkeypatch, job):
    monkeypatch.setenv('DFL_MERGE_COLOR_SEED', '5')
    merger = make_merger()
    assert merger.color_seed == 5 and frame_worker.take_color_seed() is None


def test_frames_under_way_come_in_the_order_asked():
    seen = []

    def merge(frame):
        seen.append(frame.idx)
        time.sleep(0.01)
        return frame.idx * 10
    under_way = FramesUnderWay(merge, 2)
    frames = [SimpleNamespace(idx=idx) for idx in range(4)]
    under_way.add(frames)
    under_way.add(frames[1:])
    assert [under_way.take(frame) for frame in frames[::-1]] == [30, 20, 10, 0]
    assert sorted(seen) == [0, 1, 2, 3]
    under_way.add(frames[:1])
    assert under_way.take(frames[0]) == 0 and len(seen) == 5


def blur_for_ever(frame):
    picture = np.zeros((400, 400, 3), np.float32)
    while True:
        cv2.GaussianBlur(picture, (0, 0), 5)


def run_worker_that_is_stopped():
    """A worker that is told to end while its threads are in OpenCV."""
    under_way = FramesUnderWay(blur_for_ever, 2)
    under_way.leave_at_exit()
    under_way.add([SimpleNamespace(idx=0), SimpleNamespace(idx=1)])
    time.sleep(0.3)


def test_a_worker_that_is_stopped_ends_without_the_report_of_a_crash(capfd):
    process = spawn_context().Process(target=run_worker_that_is_stopped)
    process.start()
    process.join(30)
    assert process.exitcode == 0
    err = capfd.readouterr().err
    assert 'terminate called' not in err and 'Fatal' not in err


def test_nothing_is_registered_in_the_main_process(monkeypatch):
    """Leaving there would end a program that imports the merger."""
    registered = []
    monkeypatch.setattr(frame_worker.util, 'Finalize', lambda *args, **kw: registered.append(args))
    FramesUnderWay(blur_for_ever, 0).leave_at_exit()
    assert registered == []
