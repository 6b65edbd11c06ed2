"""mainscripts/Trainer.py and training_loop.py: whole runs, in processes of their own and in this
one."""
import ast
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from core import persist
from core.errors import UserError
from core.leras import nn
from mainscripts import Trainer
from mainscripts.training_saves import TrainingSaves
from tree_setup import TREE
from tiny_support import add_plugins, answer_with_defaults, make_folders

CHILD = Path(__file__).resolve().parent / 'trainer_child.py'


def start_trainer(root, environment=(), stdout=subprocess.PIPE, **keywords):
    env = dict(os.environ, PYTHONUNBUFFERED='1', PYTHONIOENCODING='utf-8', DFL_INTERACT='headless')
    env.pop('TF_DETERMINISTIC_OPS')     # asks for a seed, which a trainer does not set
    env.update(environment)
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(root),
         json.dumps(keywords)], env=env, stdin=subprocess.DEVNULL, stdout=stdout,
        stderr=subprocess.STDOUT, start_new_session=True)


def finish(process):
    try:
        output = process.communicate(timeout=120)[0].decode('utf-8')
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, output


def saved_iter(root):
    return persist.load(root / 'model' / 't_Tiny_data.dat')['iter']


def test_headless_run_ends_at_its_target(tmp_path):
    code, output = finish(
        start_trainer(tmp_path, {'DFL_TARGET_ITER': '12', 'DFL_EXIT_AT_TARGET': '1',
                                 'DFL_PATCHES': 'deterministic'}))
    assert code == 0 and output.rstrip().endswith('Done.'), output
    assert saved_iter(tmp_path) == 12
    assert '[#000001][' in output and '[#000012][' in output
    assert 'Patches: deterministic (environment: DFL_PATCHES)' in output
    assert json.loads((tmp_path / 'model' / 't_Tiny_patches.json').read_text()) == {
        'patches': ['deterministic']}


def test_a_patch_that_is_not_there_ends_the_start_without_a_traceback(tmp_path):
    code, output = finish(start_trainer(tmp_path, {'DFL_PATCHES': 'no_such'}))
    assert code == 1 and "UserError: There is no patch 'no_such'" in output, output
    assert 'Traceback' not in output


@pytest.mark.skipif(sys.platform == 'win32', reason='signals to a process group are POSIX')
def test_ctrl_c_saves_and_ends_with_the_history_writer(tmp_path):
    process = start_trainer(tmp_path, {'DFL_WRITE_PREVIEW_HISTORY': '1'})
    wait_for(process, b'[#000025]')
    os.killpg(process.pid, signal.SIGINT)       # the whole group, as a terminal does
    code, output = finish(process)
    assert code == 0 and output.rstrip().endswith('Done.'), output
    assert 'Traceback' not in output and 'saved first' in output
    last = saved_iter(tmp_path)
    assert last >= 25
    pictures = sorted(path.name
                      for path in (tmp_path / 'model' / 't_Tiny_history' / 'Tiny').iterdir())
    assert pictures[:3] == ['0000000.jpg', '0000010.jpg', '0000020.jpg'
                            ] and pictures[-1] == '_last.jpg'


@pytest.mark.skipif(sys.platform == 'win32', reason='closed terminals of POSIX')
def test_a_terminal_that_is_closed_costs_no_iteration(tmp_path):
    """Its program hears SIGHUP, and cannot print any more."""
    import pty
    terminal, line = pty.openpty()
    process = start_trainer(tmp_path, stdout=line)
    os.close(line)
    seen = b''
    while b'[#000025]' not in seen:
        seen += os.read(terminal, 65536)
    os.close(terminal)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=120) == 0
    assert saved_iter(tmp_path) >= 25


def wait_for(process, text):
    """Read the child's output until `text` is in it; returns what was read."""
    seen = b''
    while text not in seen:
        block = os.read(process.stdout.fileno(), 65536)
        assert block, seen.decode('utf-8', 'replace')
        seen += block
    return seen.decode('utf-8', 'replace')


@pytest.mark.skipif(sys.platform == 'win32', reason='signals to a process group are POSIX')
@pytest.mark.parametrize('number, keywords', [
    ('SIGTERM', dict(slow_method='onTrainOneIter')),
    ('SIGINT', dict(slow_method='onTrainOneIter')),
    ('SIGTERM', dict(slow_method='get_previews', with_window=True, no_preview=False)),
    ('SIGHUP', dict(slow_method='get_previews', with_window=True, no_preview=False))])
def test_a_signal_in_the_first_iteration_or_in_a_preview_saves_and_ends(number, keywords, tmp_path):
    process = start_trainer(tmp_path, **keywords)
    wait_for(process, b'SLOW')
    process.send_signal(getattr(signal, number))
    code, output = finish(process)
    assert code == 0 and output.rstrip().endswith('Done.'), output
    assert 'saved first' in output and 'Traceback' not in output
    assert saved_iter(tmp_path) >= 1


@pytest.mark.skipif(sys.platform == 'win32', reason='signals to a process group are POSIX')
def test_sigterm_on_a_collapsed_model_is_no_success_and_spoils_no_file(tmp_path):
    status = tmp_path / 'status.jsonl'
    process = start_trainer(
        tmp_path, {'DFL_NON_FINITE_LIMIT': '1000000000', 'DFL_STATUS_INTERVAL_SEC': '0',
                   'DFL_STATUS_FILE': str(status)}, nan_from=5)
    output = wait_for(process, b'[#000030][')
    os.killpg(process.pid, signal.SIGTERM)
    code, rest = finish(process)
    output += rest
    assert code == 1, output
    assert 'Iteration 6: loss (nan) is not a finite number' in output
    assert 'NOT saved: loss is not finite' in output
    assert 'UserError: The model is not finite and was not saved at the end.' in output
    assert 'start again with --restore-last-good' in output
    assert saved_iter(tmp_path) == 1

    lines = [json.loads(line) for line in status.read_text(encoding='utf-8').splitlines()]
    events = [line['event'] for line in lines]
    assert events[:3] == ['start', 'iteration', 'save'] and events[-2:] == ['error', 'end']
    start, first = lines[:2]
    assert start['model'] == 't_Tiny' and start['batch_size'] == 2 and start['device'] == 'CPU'
    assert first['iteration'] == 1 and set(first['losses']) == {'loss', 'half_loss'}
    assert first['seconds_per_iteration'] >= 0 and first['samples_per_sec'] > 0
    assert 0 < first['next_save_sec'] <= 25 * 60
    sixth = [line for line in lines if line.get('iteration') == 6][0]
    assert sixth['losses']['loss'] is None and sixth['non_finite'] == ['loss']
    warnings = [line['message'] for line in lines if line['event'] == 'warning']
    assert warnings[0].startswith('Iteration 6') and warnings[-1].startswith('NOT saved')
    assert '--restore-last-good' in lines[-2]['remedies'][0] and lines[-1]['reason'] == 'error'


def test_without_anybody_to_answer_the_defaults_are_taken(tmp_path):
    """No name, no device, no option given, and nothing on standard input: a new run, then a
    resumed one."""
    for target in ('3', '5'):
        code, output = finish(start_trainer(
            tmp_path, {'DFL_TARGET_ITER': target, 'DFL_EXIT_AT_TARGET': '1'},
            force_model_name=None, cpu_only=False))
        assert code == 0 and output.rstrip().endswith('Done.'), output
    assert persist.load(tmp_path / 'model' / 'new_Tiny_data.dat')['iter'] == 5


def test_dry_run_of_the_program_with_invented_gpus(tmp_path):
    """The whole command line: no device, no answer on standard input, nothing written."""
    env = dict(os.environ, force_gpu_data='1', forced_gpu_id='A;A', max_gpu_memory='8589934592',
               DFL_STATUS_FILE=str(tmp_path / 'status'))
    env.pop('NN_DEVICES_INITIALIZED')
    output = subprocess.run(
        [sys.executable, str(TREE / 'main.py'), 'train', '--model', 'SAEHD', '--dry-run',
         '--model-dir', str(tmp_path / 'model'), '--training-data-src-dir', str(tmp_path / 'src'),
         '--training-data-dst-dir', str(tmp_path / 'dst'), '--set', 'batch_size=5', '--set',
         'gan_power=0.1', '--set', 'allow_tf32=n', '--set', 'plan_memory=n'], env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, timeout=120, check=True).stdout.decode('utf-8')
    assert output.rstrip().endswith('Done.') and list(tmp_path.iterdir()) == []
    lines = [' '.join(line.split()) for line in output.splitlines()]
    for line in ('Model new_SAEHD: begins at iteration 0', 'batch_size 5 --set batch_size',
                 'archi liae-ud built-in default', 'tower 1, samples 2 to 3: forward and backward '
                 'pass /GPU:1', 'weights of encoder, inter_AB, inter_B, decoder, D_src /GPU:0',
                 'force_devices : True (environment: force_gpu_data)',
                 '/GPU:1 A number 1, 8.00 GB', 'allow_tf32 : False (--set allow_tf32)'):
        assert line in lines, (line, output)
    assert 'batch_size 5 cannot be shared equally: 1 left out' in output


def test_a_failing_trainer_thread_ends_the_process_with_an_error(tmp_path):
    code, output = finish(start_trainer(tmp_path, fail_at=3))
    assert code == 1, output
    assert 'RuntimeError: the graph broke' in output
    assert 'UserError: Training stopped by an error' in output
    assert saved_iter(tmp_path) == 1, 'an exception saves nothing'


def test_a_file_that_cannot_be_read_ends_the_process_without_a_traceback(tmp_path):
    folders = make_folders(tmp_path)
    (folders['model'] / 't_Tiny_data.dat').write_bytes(b'\x00' * 500)
    code, output = finish(start_trainer(tmp_path))
    assert code == 1 and 'Traceback' not in output, output
    assert 't_Tiny_data.dat is damaged' in output, output


# ---------------------------------------------------------------- in this process

@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a trainer thread on messages that are there from the start; returns (messages sent,
    close message)."""
    answer_with_defaults(monkeypatch)
    add_plugins()

    def run(ops, **keywords):
        folders = make_folders(tmp_path)
        nn.initialize(nn.DeviceConfig.CPU())
        nn.reset_session()
        nn.tf.set_random_seed(1)
        s2c, c2s, e = queue.Queue(), queue.Queue(), threading.Event()
        for op in ops:
            s2c.put({'op': op})
        arguments = dict(model_class_name='Tiny', saved_models_path=folders['model'],
                         training_data_src_path=tmp_path / 'new' / 'src',
                         training_data_dst_path=folders['dst'], no_preview=False,
                         force_model_name='t', cpu_only=True)
        arguments.update(keywords)
        Trainer.trainerThread(s2c, c2s, e, **arguments)
        assert e.is_set()
        messages = list(c2s.queue)
        return messages[:-1], messages[-1]
    return run


def test_messages_of_the_window(run, tmp_path):
    shown, closing = run(['save', 'backup', 'preview', 'close'])
    assert closing == {'op': 'close', 'error': None}
    assert (tmp_path / 'new' / 'src').is_dir() and saved_iter(tmp_path) == 1
    assert (tmp_path / 'model' / 't_Tiny_autobackups' / '01' / 't_Tiny_net.npy').exists()
    assert [message['op'] for message in shown] == ['show', 'show']
    assert shown[0]['iter'] == 1 and len(shown[0]['loss_history']) == 1
    assert [name for name, _ in shown[0]['previews']] == ['Tiny', 'Tiny large']


@pytest.mark.parametrize('name', ['saved_models_path', 'training_data_src_path'])
def test_a_folder_that_cannot_be_made_is_named_without_a_traceback(run, tmp_path, capsys, name):
    (tmp_path / 'file').write_bytes(b'')
    closing = run(['close'], **{name: tmp_path / 'file' / 'inside'})[1]
    assert 'inside cannot be made' in closing['error'].what and closing['error'].remedies
    assert 'Traceback' not in ''.join(capsys.readouterr())


def test_no_preview_computes_none(run):
    assert run(['preview', 'close'], no_preview=True)[0] == []


def test_a_reached_target_serves_previews_and_saves_nothing(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('DFL_TARGET_ITER', '1')
    run(['close'])
    assert saved_iter(tmp_path) == 1
    before = (tmp_path / 'model' / 't_Tiny_data.dat').stat().st_mtime_ns
    capsys.readouterr()
    shown, closing = run(['preview', 'save', 'backup', 'close'])
    assert len(shown) == 2 and closing['error'] is None and 'already' in capsys.readouterr().out
    assert (tmp_path / 'model' / 't_Tiny_data.dat').stat().st_mtime_ns == before
    assert not (tmp_path / 'model' / 't_Tiny_autobackups').exists()


def test_debug_mode_trains_and_saves_nothing(run, tmp_path):
    shown, closing = run(['preview', 'save', 'close'], debug=True)
    assert closing['error'] is None and len(shown) == 2 and 'iter' not in shown[0]
    assert len(shown[0]['previews']) == 1
    assert not (tmp_path / 'model' / 't_Tiny_data.dat').exists()


@pytest.mark.parametrize('error, text', [(UserError('the disk is full'), 'the disk is full'),
                                         (MemoryError(), 'out of memory')])
def test_a_save_that_fails_during_training_is_reported_and_training_goes_on(error, text, run,
                                                                            monkeypatch, capsys):
    import models
    tiny = models.import_model('Tiny')
    calls = []

    def save(self):
        calls.append(self.get_iter())
        if len(calls) == 2:
            raise error
    monkeypatch.setattr(tiny, 'save', save)
    closing = run(['save', 'close'])[1]
    assert closing['error'] is None and len(calls) == 3
    assert 'NOT saved, training goes on: ' + text in capsys.readouterr().out


def test_a_full_disk_at_the_end_is_an_error(run, monkeypatch):
    import models

    def save(self):
        raise UserError('the disk is full')
    monkeypatch.setattr(models.import_model('Tiny'), 'save', save)
    assert run(['close'])[1]['error'].what == 'the disk is full'


def test_previews_that_cannot_be_made_do_not_lose_the_training(run, tmp_path, monkeypatch, capsys):
    import models
    from mainscripts.preview_state import PreviewState
    get_previews, calls = models.import_model('Tiny').get_previews, []

    def break_after_the_first(self):
        calls.append(self.get_iter())
        if len(calls) == 2:
            raise ValueError('an odd picture')
        return get_previews(self)
    spoil(monkeypatch, get_previews=break_after_the_first)
    state = PreviewState()
    state.press('p')
    shown, closing = run(['preview'], preview_state=state, execute_programs=[
        [-1e-9, 'if model.get_iter() == 5: s2c.put({"op": "close"})']])
    assert closing['error'] is None and saved_iter(tmp_path) >= 5
    assert len(shown) == 1 and calls == [1, 1] and not state.snapshot.is_waiting
    output = capsys.readouterr().out
    assert 'The previews cannot be made, training goes on (ValueError: an odd' in output
    assert 'in break_after_the_first' in output


def test_first_previews_that_cannot_be_made_are_an_error(run, monkeypatch):
    def get_previews(self):
        raise ValueError('an odd picture')
    spoil(monkeypatch, get_previews=get_previews)
    assert 'ValueError' in run([])[1]['error'].what


class SavesByTime(TrainingSaves):
    """Counts its saves."""

    save_interval_min, is_reached_goal, saves = 25, False, 0

    def __init__(self):
        self.step_names = {}

    def model_save(self):
        self.saves += 1

    def send_preview(self):
        pass


def test_a_clock_that_is_set_back_delays_a_save_by_one_interval_at_most(monkeypatch):
    from mainscripts import training_saves
    clock, year, minute = [1.9e9], 365 * 86400, 60
    monkeypatch.setattr(training_saves, 'time', SimpleNamespace(time=lambda: clock[0]))
    loop = SavesByTime()
    loop.last_save_time = clock[0]
    saves = []
    for step in (24 * minute, -year, 24 * minute, minute, 25 * minute, year, minute):
        clock[0] += step
        loop.save_by_time()
        saves.append(loop.saves)
    assert saves == [0, 0, 0, 1, 2, 3, 3]


def test_programs_see_the_promised_names(run, tmp_path, capsys):
    names = (
        'c2s s2c e model model_save model_backup send_preview shared_state execute_programs '
        'start_time save_interval_min save_iter last_save_time is_reached_goal loss_string i '
        'cur_time x prog_time prog last_time exec_prog iter iter_time loss_history time_str '
        'loss_value mean_loss need_save kwargs model_class_name saved_models_path debug os sys '
        'traceback queue threading time np itertools Path pathex imagelib cv2 models io').split()
    code = '\n'.join([
        'if model.get_iter() < 3: missing = None',
        'else:',
        '    missing = [name for name in %r if name not in globals()]' % names,
        '    Path(%r).write_text(repr((missing, shared_state)))' % str(tmp_path / 'seen'),
        '    s2c.put({"op": "close"})'])
    closing = run([], execute_programs=[[-1e-9, code], [-1e-9, '1/0'], [0,
                                                                        'io.log_info("never")']])[1]
    assert closing['error'] is None
    assert (tmp_path / 'seen').read_text() == "([], {'after_save': False})"
    output = capsys.readouterr().out
    assert 'ZeroDivisionError' in output and 'never' not in output


def test_a_program_runs_once_or_again_and_again(run):
    class Counts(list):
        pass
    counts = Counts()
    Trainer.test_counts = counts
    try:
        run([], execute_programs=[[1e-9, 'test_counts.append("once")'],
                                  [-1e-9, 'test_counts.append("again")'],
                                  [-1e-9, 'if len(test_counts) > 5: s2c.put({"op": "close"})']])
    finally:
        del Trainer.test_counts
    assert counts.count('once') == 1 and counts.count('again') > 3


def test_dry_run_ends_quietly(run, tmp_path, capsys):
    shown, closing = run([], dry_run=True)
    assert shown == [] and closing['error'] is None and 'Dry run' in capsys.readouterr().out
    assert list((tmp_path / 'model').iterdir()) == []


def test_dry_run_makes_no_folder_and_no_status_file(run, tmp_path):
    closing = run([], dry_run=True, status_file=tmp_path / 'status')[1]
    assert closing['error'] is None
    assert not (tmp_path / 'new').exists() and not (tmp_path / 'status').exists()


def test_status_of_a_run_with_saves_backups_and_previews(run, tmp_path, monkeypatch):
    monkeypatch.setenv('DFL_TARGET_ITER', '2')
    monkeypatch.setenv('DFL_EXIT_AT_TARGET', '1')
    status = tmp_path / 'status'
    closing = run(['backup', 'preview'], status_file=status)[1]
    assert closing['error'] is None
    lines = [json.loads(line) for line in status.read_text(encoding='utf-8').splitlines()]
    assert [line['event'] for line in lines] == [
        'start', 'save', 'preview', 'backup', 'preview', 'save', 'end'], 'within a second'
    assert lines[-1] == dict(lines[-1], reason='target', iteration=2)
    assert all(line['iteration'] == 1 for line in lines[1:5])
    assert not Trainer.io.error_listeners


def test_state_that_window_and_page_show(run, monkeypatch):
    from mainscripts.preview_state import PreviewState
    state = PreviewState()
    state.receive({'previews': []})
    shown = run(['save', 'close'], preview_state=state)[0]
    snapshot = state.snapshot
    assert (snapshot.model_name, snapshot.iteration, snapshot.saved_iter) == ('t_Tiny', 1, 1)
    assert '[#000001]' in snapshot.status_line and snapshot.warning == '' and snapshot.is_closing
    assert snapshot.previews == (), 'the main thread puts messages into it'
    state.receive(shown[0])
    assert [name for name, _ in state.snapshot.previews] == ['Tiny large', 'Tiny']

    spoil(monkeypatch, save=lambda self: (_ for _ in ()).throw(OSError('the disk is full')))
    run(['save'], preview_state=state, execute_programs=[[-1e-9, 's2c.put({"op": "close"})']])
    assert state.snapshot.warning == 'NOT saved, training goes on: the disk is full'
    assert state.snapshot.saved_iter == 1 and not Trainer.io.error_listeners


def test_the_effective_configuration_is_written_when_training_begins(run, tmp_path):
    run(['close'])
    config = json.loads((tmp_path / 'model' / 't_Tiny_options.json').read_text(encoding='utf-8'))
    assert config['options']['batch_size']['value'] == 2


def spoil(monkeypatch, **attributes):
    import models
    for name, value in attributes.items():
        monkeypatch.setattr(models.import_model('Tiny'), name, value)


def test_a_collapsed_model_ends_the_run_with_remedies(run, tmp_path, monkeypatch):
    run(['close'])
    good = {path.name: path.read_bytes() for path in (tmp_path / 'model').glob('*.npy')}
    spoil(monkeypatch, loss_scale=float('inf'))
    monkeypatch.setenv('DFL_NON_FINITE_LIMIT', '3')
    monkeypatch.setenv('DFL_SAVE_INTERVAL_MIN', '1')
    error = run([], status_file=tmp_path / 'status')[1]['error']
    assert 'loss was not a finite number for 3 iterations' in error.what
    assert '--restore-last-good' in str(error) and 'clipgrad' in str(error)
    assert {path.name: path.read_bytes() for path in (tmp_path / 'model').glob('*.npy')} == good
    lines = [json.loads(line) for line in (tmp_path / 'status').read_text().splitlines()]
    assert [line['event'] for line in lines[-2:]] == ['error', 'end']


# Functions that ask without `options.ask`, and the option that answers for each.
ASKING = {'ask_choose_device_idxs': 'force_gpu_idxs', 'ask_new_name': 'force_model_name',
          'ask_saved_model': 'force_model_name', 'ask_override': 'change_settings',
          'run_folder_command': 'force_model_name (nothing is renamed or deleted then)'}


def test_every_question_of_training_has_an_option():
    found = set()
    files = list((TREE / 'models').rglob('*.py')) + list((TREE / 'core' / 'leras').rglob('*.py'))
    for path in files + [TREE / 'mainscripts' / 'training_loop.py', TREE / 'mainscripts'
                         / 'Trainer.py']:
        for function in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and node.attr in (
                        'input', 'input_str', 'input_int', 'input_number', 'input_bool',
                        'input_in_time') and getattr(node.value, 'id', '') == 'io':
                    found.add(function.name)
    assert found == set(ASKING), 'declare an Option and ask with core.options.ask'


def test_a_collapse_at_the_target_or_at_the_end_is_an_error(run, tmp_path, monkeypatch):
    run(['close'])
    spoil(monkeypatch, loss_scale=float('nan'))
    error = run(['close'])[1]['error']
    assert 'not saved at the end' in error.what and '--restore-last-good' in error.remedies[0]
    monkeypatch.setenv('DFL_TARGET_ITER', '2')
    error = run([])[1]['error']
    assert 'not saved at the end' in error.what
    assert saved_iter(tmp_path) == 1


def test_a_stop_before_anything_is_trained_saves_nothing(run, tmp_path, monkeypatch):
    from core.joblib.worker_error import WorkerError

    def onTrainOneIter(self):
        raise WorkerError('loader #1', 'loader #1 has died: killed by signal SIGTERM.')
    spoil(monkeypatch, onTrainOneIter=onTrainOneIter)
    assert run(['close'])[1]['error'] is None
    assert not (tmp_path / 'model' / 't_Tiny_data.dat').exists()


@pytest.mark.parametrize('is_stopped', [True, False])
def test_workers_that_a_stop_has_ended_too_do_not_lose_the_training(is_stopped, run, tmp_path,
                                                                    monkeypatch):
    import models
    from core.joblib.worker_error import WorkerError
    train = models.import_model('Tiny').onTrainOneIter

    def onTrainOneIter(self):
        if self.get_iter() == 5:
            if is_stopped:
                self.queue.put({'op': 'close'})
            raise WorkerError('loader #1', 'loader #1 has died: killed by signal SIGTERM.')
        return train(self)
    spoil(monkeypatch, onTrainOneIter=onTrainOneIter)
    error = run([], execute_programs=[[-1e-9, 'model.queue = s2c']])[1]['error']
    if is_stopped:
        assert error is None and saved_iter(tmp_path) == 5
    else:
        assert isinstance(error, WorkerError) and saved_iter(tmp_path) == 1


def test_out_of_memory_of_tensorflow_lists_what_to_change(run, monkeypatch, capsys):
    """A real one: TensorFlow is asked for more memory than an address can name."""
    def train(self):
        tf = nn.tf
        size = tf.placeholder(tf.int64, [1])
        return (('loss', nn.tf_sess.run(tf.reduce_sum(tf.fill(size, 1.0)), {size: [1 << 45]})), )
    spoil(monkeypatch, onTrainOneIter=train)
    error = run(['close'])[1]['error']
    assert 'out of memory' in error.what and error.remedies == Trainer.MEMORY_REMEDIES
    assert 'ResourceExhaustedError' in capsys.readouterr().err


def test_out_of_memory_lists_what_to_change():
    error = Trainer.describe_failure(
        type('ResourceExhaustedError', (Exception, ), {})('OOM when allocating'))
    assert 'out of memory' in error.what and error.remedies[0] == 'lower the batch size'


def test_any_other_error_names_the_doctor():
    """A GPU newer than TensorFlow fails in the first step, in words that only doctor knows."""
    error = Trainer.describe_failure(RuntimeError('CUDA_ERROR_INVALID_PTX'))
    assert any('doctor' in remedy for remedy in error.remedies)


def test_a_gpu_that_was_only_stated_is_doubted_first(monkeypatch):
    """Without it TensorFlow has no kernels for the data format of a GPU, says a page of text."""
    monkeypatch.setenv('force_gpu_data', '1')
    error = Trainer.describe_failure(RuntimeError('Could not find device for node'))
    assert 'force_gpu_data' in error.remedies[0]
    monkeypatch.delenv('force_gpu_data')
    assert 'force_gpu_data' not in str(Trainer.describe_failure(RuntimeError('x')))


def test_stop_request_asks_warns_and_gives_up(capsys):
    s2c, started = queue.Queue(), threading.Event()
    started.set()
    stop = Trainer.StopRequest(s2c, started)
    stop.poll()
    assert s2c.empty()
    stop.interrupt(2, None)
    stop.poll()
    stop.poll()
    assert list(s2c.queue) == [{'op': 'close'}]
    stop.interrupt(2, None)
    stop.poll()
    assert s2c.qsize() == 1 and 'once more' in capsys.readouterr().out
    stop.interrupt(2, None)
    with pytest.raises(KeyboardInterrupt):
        stop.poll()


@pytest.mark.skipif(not hasattr(signal, 'SIGHUP'), reason='Windows has none')
def test_a_terminal_that_is_closed_does_not_insist():
    """Its shell and the system tell it, each once."""
    s2c, started = queue.Queue(), threading.Event()
    started.set()
    stop = Trainer.StopRequest(s2c, started)
    for _ in range(5):
        stop.interrupt(signal.SIGHUP, None)
        stop.poll()
    assert list(s2c.queue) == [{'op': 'close'}]
    stop.interrupt(signal.SIGINT, None)
    stop.poll()
    stop.interrupt(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt):
        stop.poll()


def test_signals_that_the_caller_ignores_stay_ignored():
    assert {signal.SIGINT, signal.SIGTERM} <= set(Trainer.list_stop_signals())
    if not hasattr(signal, 'SIGHUP'):
        return
    assert signal.SIGHUP in Trainer.list_stop_signals()
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)     # as nohup does
    try:
        assert signal.SIGHUP not in Trainer.list_stop_signals()
    finally:
        signal.signal(signal.SIGHUP, previous)


def test_ctrl_break_of_windows_is_a_stop_signal(monkeypatch):
    monkeypatch.setattr(signal, 'SIGBREAK', 21, raising=False)
    assert 21 in Trainer.list_stop_signals()


def test_before_the_start_the_second_ctrl_c_ends():
    stop = Trainer.StopRequest(queue.Queue(), threading.Event())
    stop.interrupt(2, None)
    stop.poll()
    stop.interrupt(2, None)
    with pytest.raises(KeyboardInterrupt):
        stop.poll()


def test_headless_loop_puts_messages_into_the_state():
    from mainscripts.preview_state import PreviewState
    import numpy as np
    s2c, c2s, state = queue.Queue(), queue.Queue(), PreviewState()
    stop = Trainer.StopRequest(s2c, threading.Event())
    show = {'op': 'show', 'previews': [('a', np.zeros((40, 60, 3)))], 'iter': 1,
            'loss_history': [[1.0]]}
    for given in (None, state):
        for message in (show, {'op': 'close', 'error': None}):
            c2s.put(message)
        assert Trainer.run_headless_loop(c2s, stop, given)['op'] == 'close' and s2c.empty()
    assert state.snapshot.shown == 1 and state.snapshot.iter == 1


def test_window_loop_hands_keys_on_and_shows(monkeypatch):
    import numpy as np
    from core.interact import interact as io
    s2c, c2s = queue.Queue(), queue.Queue()
    keys = [['s'], ['p', 'b'], [], ['\r']]
    shown = []
    for name in ('resizable_window', 'capture_keys', 'capture_mouse'):
        monkeypatch.setattr(io, name, lambda window: None)
    monkeypatch.setattr(io, 'destroy_all_windows', lambda: shown.append('closed'))
    monkeypatch.setattr(io, 'show_image', lambda window, image: shown.append(image.shape))
    monkeypatch.setattr(io, 'get_key_events',
                        lambda window: [(0, key, False, False, False) for key in keys.pop(0)])
    monkeypatch.setattr(io, 'get_mouse_events', lambda window: [])
    turns = []

    def process_messages(seconds):
        turns.append(1)
        if len(turns) == 3:
            c2s.put({'op': 'close', 'error': None})
    monkeypatch.setattr(io, 'process_messages', process_messages)
    c2s.put({
        'op': 'show', 'previews': [('a', np.zeros((40, 60, 3)))], 'iter': 1, 'loss_history': [[1.0]]
    })
    started = threading.Event()
    closing = Trainer.run_window_loop(s2c, c2s, Trainer.StopRequest(s2c, started))
    assert closing['op'] == 'close' and shown == [(45 + 100 + 40, 60, 3), 'closed']
    assert [message['op'] for message in s2c.queue] == ['save', 'backup']


@pytest.mark.parametrize('failing', ['draw', 'previews'])
def test_a_window_that_fails_does_not_end_the_training(failing, monkeypatch, capsys):
    """A preview of a plug-in that nobody can draw, a window system that gives up."""
    import numpy as np
    from core.interact import interact as io
    s2c, c2s = queue.Queue(), queue.Queue()
    for name in ('resizable_window', 'capture_keys', 'capture_mouse'):
        monkeypatch.setattr(io, name, lambda window: None)
    monkeypatch.setattr(io, 'destroy_all_windows', lambda: None)
    monkeypatch.setattr(io, 'get_key_events', lambda window: [])
    monkeypatch.setattr(io, 'get_mouse_events', lambda window: [])
    monkeypatch.setattr(io, 'process_messages', lambda seconds: None)
    if failing == 'draw':
        monkeypatch.setattr(io, 'show_image', lambda window, image: 1 / 0)
    shape = (40, 60, 3) if failing == 'draw' else (900, 1, 3)
    for message in ({'op': 'show', 'previews': [('a', np.zeros(shape))], 'iter': 1},
                    {'op': 'show', 'previews': [('b', np.zeros((40, 60, 3)))], 'iter': 2},
                    {'op': 'close', 'error': None}):
        c2s.put(message)
    state = Trainer.PreviewState()
    state.press('p')
    if failing == 'previews':
        monkeypatch.setattr(io, 'show_image', lambda window, image: None)
    closing = Trainer.run_window_loop(s2c, c2s, Trainer.StopRequest(s2c, threading.Event()), state)
    assert closing['op'] == 'close' and state.snapshot.iter == 2
    assert not state.snapshot.is_waiting
    text = capsys.readouterr().out
    assert ('ZeroDivisionError' if failing == 'draw' else 'cannot be shown') in text


def test_main_draws_what_the_trainer_s_thread_asks_for_before_training(monkeypatch):
    """The choice of the preview's sample: its window is asked for in the trainer's thread, and only
    the main thread may draw."""
    from core.interact import interact as io
    drawn = threading.Event()
    monkeypatch.setattr(io, 'process_messages', lambda seconds=0: drawn.set() if
                        threading.current_thread() is threading.main_thread() else None)

    def trainer_thread(s2c, c2s, e, **keywords):
        c2s.put({'op': 'close', 'error': None if drawn.wait(60) else UserError('nobody drew')})
        e.set()
    monkeypatch.setattr(Trainer, 'trainerThread', trainer_thread)
    Trainer.main(no_preview=True)


def test_title_of_the_window():
    assert Trainer.name_window(dict(model_class_name='SAEHDBW', saved_models_path='/m/x')) == (
        'Training preview: SAEHDBW: /m/x')
    assert Trainer.name_window({}) == 'Training preview'
