"""mainscripts/status_file.py: whole lines, bounded, never an obstacle."""
import json
import os
import sys
import threading

import pytest

from core.interact import interact as io
from mainscripts import status_file
from mainscripts.status_file import StatusFile

NAN = float('nan')


def read(path):
    text = path.read_bytes()
    assert text.endswith(b'\n')
    return [json.loads(line) for line in text.decode('utf-8').splitlines()]


@pytest.fixture
def clock(monkeypatch):
    class Clock(object):
        now = 100.0

        def __getattr__(self, name):
            import time
            return getattr(time, name)

        def monotonic(self):
            return self.now
    clock = Clock()
    monkeypatch.setattr(status_file, 'time', clock)
    return clock


def test_lines_have_time_and_event_and_are_appended(tmp_path):
    path = tmp_path / 'status'
    StatusFile(path, 1, 1).write('start', model='Gesicht ü', target_iter=0)
    StatusFile(path, 1, 1).write('save', seconds=0.5)
    first, second = read(path)
    assert list(first) == ['time', 'event', 'model', 'target_iter']
    assert first['time'][10] == 'T' and first['time'].endswith('Z') and len(first['time']) == 20
    assert first['model'] == 'Gesicht ü' and second['event'] == 'save' and second['seconds'] == 0.5


def test_iterations_are_limited_by_time_and_rates_count_all_of_it(tmp_path, clock):
    status = StatusFile(tmp_path / 'status', 1.0, 1)
    status.begin_iterations(10)
    for iteration in range(11, 31):
        clock.now += 0.25
        status.write_iteration(iteration, 0.1, ['src_loss'], [iteration / 10.0], 8, device='CPU')
    lines = read(tmp_path / 'status')
    assert [line['iteration'] for line in lines] == [14, 18, 22, 26, 30]
    assert lines[0]['losses'] == {'src_loss': 1.4} and lines[0]['device'] == 'CPU'
    assert all(line['samples_per_sec'] == 32.0 for line in lines)   # four times eight a second
    assert all(line['seconds_per_iteration'] == 0.1 and line['non_finite'] == [] for line in lines)


def test_without_an_interval_every_iteration_is_written(tmp_path):
    status = StatusFile(tmp_path / 'status', 0, 1)
    status.begin_iterations(0)
    for iteration in (1, 2, 3):
        status.write_iteration(iteration, 0.0, ['a'], [1.0], 1)
    assert [line['iteration'] for line in read(tmp_path / 'status')] == [1, 2, 3]


def test_numbers_that_are_not_finite_are_null_and_named(tmp_path):
    status = StatusFile(tmp_path / 'status', 0, 1)
    status.begin_iterations(0)
    status.write_iteration(1, 0.5, ['src_loss', 'dst_loss'], [NAN, 0.5], 4)
    line, = read(tmp_path / 'status')
    assert line['losses'] == {'src_loss': None, 'dst_loss': 0.5}
    assert line['non_finite'] == ['src_loss']
    assert 'NaN' not in (tmp_path / 'status').read_text()


def test_a_large_file_is_begun_anew_and_one_old_one_stays(tmp_path):
    path = tmp_path / 'status'
    limit = 3 * status_file.PAGE
    status = StatusFile(path, 0, limit / 1024.0 ** 2)
    for number in range(200):
        status.write('warning', message='x' * 100, number=number)
        assert path.stat().st_size <= limit
    assert sorted(os.listdir(str(tmp_path))) == ['status', 'status.1']
    numbers = [line['number'] for name in ('status.1', 'status') for line in read(tmp_path / name)]
    assert numbers == list(range(numbers[0], 200)) and len(numbers) > 40


def test_long_texts_are_cut_to_a_line_of_one_page(tmp_path):
    status = StatusFile(tmp_path / 'status', 0, 1)
    status.write('warning', message='ü' * 5000)
    status.write('error', message='x', remedies=['y' * 1000] * 50)
    warning, error = read(tmp_path / 'status')
    assert warning['message'] == 'ü' * status_file.MAX_TEXT
    assert error['event'] == 'error' and error['is_cut']


def test_half_a_line_of_a_killed_program_is_ended(tmp_path):
    path = tmp_path / 'status'
    path.write_bytes(b'{"event": "iter')
    StatusFile(path, 0, 1).write('start')
    lines = path.read_bytes().split(b'\n')
    assert lines[0] == b'{"event": "iter' and json.loads(lines[1].decode())['event'] == 'start'


def test_no_object_crosses_a_page_so_that_a_reader_never_sees_half_of_one(tmp_path):
    path = tmp_path / 'status'
    status, done, seen = StatusFile(path, 0, 100), threading.Event(), []

    def follow():
        with open(str(path), 'rb', buffering=0) as file:
            while not done.is_set():
                seen.append(file.read(1 << 20))
    path.touch()
    reader = threading.Thread(target=follow)
    reader.start()
    for number in range(500):
        status.write('warning', message='x' * (number % 400), number=number)
    done.set()
    reader.join()
    for part in filter(None, seen):
        assert part.endswith(b'\n') or part.rsplit(b'\n', 1)[-1].strip() == b''
    assert [line['number'] for line in read(path)] == list(range(500))
    position = 0
    for line in path.read_bytes().splitlines(True):
        first = position + len(line) - len(line.lstrip())
        position += len(line)
        assert first // status_file.PAGE == (position - 1) // status_file.PAGE


def make_folder(path):
    path.mkdir()


def make_pipe(path):
    os.mkfifo(str(path))


@pytest.mark.parametrize('obstacle', [make_folder, pytest.param(make_pipe, marks=pytest.mark.skipif(
    sys.platform == 'win32', reason='no named pipes in the file system'))])
def test_what_cannot_be_written_is_told_once_and_raises_nothing(obstacle, tmp_path, capsys):
    obstacle(tmp_path / 'status')
    status = StatusFile(tmp_path / 'status', 0, 1)
    io.error_listeners.append(status.write_warning)
    try:
        status.write('start')
        status.write('end')
    finally:
        io.error_listeners.remove(status.write_warning)
    output = capsys.readouterr().out
    assert output.count('is not written any more, training goes on: it is not a file') == 1
    assert not status.is_on


def test_a_full_disk_leaves_no_half_line(tmp_path, monkeypatch, capsys):
    path = tmp_path / 'status'
    status = StatusFile(path, 0, 1)
    status.write('start')
    write = os.write
    monkeypatch.setattr(os, 'write', lambda handle, data: write(handle, data[:5]))
    status.write('save')
    monkeypatch.undo()
    assert [line['event'] for line in read(path)] == ['start']
    assert 'the disk is full' in capsys.readouterr().out


def test_without_a_path_nothing_happens(tmp_path, monkeypatch):
    monkeypatch.chdir(str(tmp_path))
    for path in (None, ''):
        status = StatusFile(path, 0, 1)
        status.write('start')
        status.write_iteration(1, 0.1, [], [], 1)
    assert os.listdir(str(tmp_path)) == []
