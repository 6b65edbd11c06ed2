"""merger/output_record.py: which pictures stay, and kills at any moment of a merge."""
import json
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from merge_run_support import make_config, read_files, write_workspace
from tree_setup import REPOSITORY

from core.interact import interact as io
from merger import FrameInfo
from merger.frame_output import WriteError, is_complete, read_outputs, write_picture
from merger.output_record import RECORD_NAME, OutputRecord, describe_settings

KILLS = 5


@pytest.fixture
def log(monkeypatch):
    lines = []
    for name in ('log_info', 'log_err'):
        monkeypatch.setattr(io, name, lambda text, *args, **kwargs: lines.append(str(text)))
    return lines


@pytest.fixture
def frames(tmp_path):
    for name in ('in', 'out', 'mask'):
        (tmp_path / name).mkdir()
    result = []
    for idx in range(4):
        path = tmp_path / 'in' / ('%d.png' % idx)
        path.write_bytes(b'frame %d' % idx)
        result.append(SimpleNamespace(
            idx=idx, frame_info=FrameInfo(path, [np.full((68, 2), idx, np.float32)]),
            output_filepath=tmp_path / 'out' / path.name,
            output_mask_filepath=tmp_path / 'mask' / path.name))
    return result


def make_record(frames, iteration=5, predictor=None, files=(), marked=True, **settings):
    return OutputRecord(frames[0].output_filepath.parent, frames[0].output_mask_filepath.parent,
                        describe_settings('m_SAEHD', iteration, make_config(**settings),
                                          (64, 64, 3), predictor, files, marked))


def write_outputs(frames):
    for frame in frames:
        for path in (frame.output_filepath, frame.output_mask_filepath):
            write_picture(path, np.full((8, 8, 3), frame.idx, np.uint8))


def test_whole_files_of_the_same_merge_stay(frames, log):
    assert make_record(frames).prepare(frames) == []
    write_outputs(frames)
    assert make_record(frames).prepare(frames) == [0, 1, 2, 3]
    assert not any('deleted' in line for line in log)
    for edit, kept in ((lambda: frames[1].output_mask_filepath.unlink(), [0, 2, 3]),
                       (lambda: frames[2].output_filepath.write_bytes(b'\x89PNG'), [0, 3]),
                       (lambda: frames[3].frame_info.landmarks_list[0].fill(9), [0]),
                       (lambda: frames[0].frame_info.filepath.write_bytes(b'another'), [])):
        edit()
        assert make_record(frames).prepare(frames) == kept
    assert any('pictures of an earlier merge are deleted' in line for line in log)
    assert not list(frames[0].output_filepath.parent.glob('*.png'))


@pytest.mark.parametrize('changes', [dict(iteration=6), dict(mask_mode=0), dict(mode='raw-rgb')],
                         ids=str)
def test_nothing_of_other_settings_stays(frames, log, changes):
    make_record(frames).prepare(frames)
    write_outputs(frames)
    assert make_record(frames, **changes).prepare(frames) == []
    assert sum('4 pictures of an earlier merge are deleted' in line for line in log) == 2
    assert not frames[0].output_filepath.exists()


def predict(face, morph_value):
    return face * morph_value


def bind_in_closure(morph_factor):
    """As AMP models of others do."""
    model = object()
    return lambda face: (model, predict(face, morph_factor))


@pytest.mark.parametrize('bind', [lambda value: partial(predict, morph_value=value),
                                  bind_in_closure])
def test_the_morph_factor_is_a_setting(frames, log, bind):
    """AMP asks for it and binds the predictor to it: no setting of the merger."""
    make_record(frames, predictor=bind(np.float64(0.5))).prepare(frames)
    write_outputs(frames)
    assert make_record(frames, predictor=bind(0.5)).prepare(frames) == [0, 1, 2, 3]
    assert make_record(frames, predictor=bind(0.8)).prepare(frames) == []


def test_a_network_that_was_trained_further_merges_anew(frames, log, tmp_path):
    weights = tmp_path / 'XSeg_256.npy'
    for content, kept in ((None, 0), (b'first', 0), (b'first', 4), (b'other', 0)):
        if content is not None:
            weights.write_bytes(content)
        assert len(make_record(frames, files=[weights]).prepare(frames)) == kept
        write_outputs(frames)


def test_frames_without_the_mark_do_not_stay_where_they_need_it(frames, log):
    make_record(frames, marked=False).prepare(frames)
    write_outputs(frames)
    assert make_record(frames, marked=False).prepare(frames) == [0, 1, 2, 3]
    assert make_record(frames).prepare(frames) == []


def test_half_written_pictures_are_removed_from_both_folders(frames, log):
    for frame in frames:
        frame.output_filepath = frame.output_filepath.with_suffix('.jpg')
    others = frames[0].output_filepath.with_name('mine.jpg.tmp')
    half = [path.with_name(path.name + '.tmp') for path in (
        frames[1].output_filepath, frames[2].output_mask_filepath)]
    for path in half + [others]:
        path.write_bytes(b'half')
    make_record(frames).prepare(frames)
    assert [path.exists() for path in half + [others]] == [False, False, True]


def test_failed_frames_are_tried_again(frames, log):
    record = make_record(frames)
    record.prepare(frames)
    write_outputs(frames)
    record.add_failed('2.png', 'why')
    assert make_record(frames).prepare(frames) == [0, 1, 3]


@pytest.mark.parametrize('text', ['', '[]', '{"version": 1}', '{"version": 2, "settings": {}}',
                                  '{"version": 1, "settings": 3, "frames": {}, "failed": {}}',
                                  '[' * 100000, '\udcff'], ids=range(7))
def test_damaged_record_keeps_nothing(frames, log, text):
    make_record(frames).prepare(frames)
    write_outputs(frames)
    frames[0].output_filepath.with_name(RECORD_NAME).write_bytes(
        text.encode('utf-8', 'surrogatepass'))
    assert make_record(frames).prepare(frames) == []
    assert json.loads(frames[0].output_filepath.with_name(RECORD_NAME).read_text())['version'] == 1


def test_completeness_and_reading(tmp_path):
    path, mask = tmp_path / 'a.png', tmp_path / 'b.png'
    assert not is_complete(path) and read_outputs(path, mask) is None
    write_picture(path, np.full((5, 6, 3), 7, np.uint8))
    write_picture(mask, np.full((5, 6, 1), 9, np.uint8))
    assert is_complete(path) and is_complete(mask)
    joined = read_outputs(path, mask)
    assert joined.shape == (5, 6, 4) and (joined[..., 3] == 9).all() and (joined[..., 0] == 7).all()
    write_picture(mask, np.full((5, 7, 1), 9, np.uint8))
    assert read_outputs(path, mask) is None
    data = path.read_bytes()
    for bad in (data[:-1], b'', b'x' + data[1:], data[:30]):
        path.write_bytes(bad)
        assert not is_complete(path)
    with pytest.raises(WriteError, match='nowhere'):
        write_picture(tmp_path / 'nowhere' / 'a.png', np.zeros((2, 2, 3), np.uint8))


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
import tree_setup
import merge_run_support as support
if __name__ == '__main__':
    workspace = support.make_workspace({root!r})._replace(merged=support.Path(sys.argv[1]),
                                                          masks=support.Path(sys.argv[2]))
    engine = support.make_engine(workspace, support.make_config(color_transfer_mode=7))
    print('BEGIN', flush=True)
    print(engine.run()['kept'])
"""


@pytest.mark.skipif(os.name == 'nt', reason='SIGKILL')
def test_kills_at_random_moments(tmp_path):
    write_workspace(tmp_path / 'w', 6)
    script = tmp_path / 'merge_run.py'
    script.write_text(SCRIPT.format(tests=str(REPOSITORY / 'tests'), root=str(tmp_path / 'w')))

    def start(target):
        return subprocess.Popen([sys.executable, str(script), str(target[0]), str(target[1])],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def name(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        return folder / 'merged', folder / 'masks'
    target = name('whole')
    begin = time.time()
    assert start(target).wait() == 0
    duration = time.time() - begin
    whole = read_files(*target)
    assert len(whole) == 12
    random.seed(3)
    target = name('killed')
    for _ in range(KILLS):      # one after the other on the same folder
        process = start(target)
        process.stdout.readline()
        time.sleep(random.uniform(0.2, 0.6) * duration)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = read_files(*target)
        assert all(is_complete(path) for folder in target for path in folder.glob('*.png'))
        assert all(whole[key] == data for key, data in before.items())
    time.sleep(0.5)
    assert start(target).wait() == 0
    assert read_files(*target) == whole
    assert sorted(p.suffix for p in Path(str(target[0])).iterdir()) == ['.json'] + ['.png'] * 6


def test_a_merge_of_jpeg_frames_is_kept_and_marked(tmp_path, monkeypatch):
    """merge_file_extension and merge_file_jpg_quality (spec 60 section 6.3)."""
    from core.provenance import is_marked
    picture = np.random.RandomState(0).randint(0, 256, (40, 40, 3)).astype(np.uint8)
    path, sizes = tmp_path / 'a.jpg', []
    for quality in ('90', '30'):
        monkeypatch.setenv('merge_file_jpg_quality', quality)
        write_picture(path, picture)
        assert is_complete(path) and is_marked(path.read_bytes())
        sizes.append(path.stat().st_size)
    assert sizes[1] < sizes[0]
    path.write_bytes(path.read_bytes()[:-9])
    assert not is_complete(path)
