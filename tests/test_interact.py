"""The console, the progress bar and the choice of the backend of `io`."""
import builtins
import errno
import os
import subprocess
import sys

import pytest

from core.interact import interact as io
from core.interact.backends import InteractColab, InteractDesktop, InteractHeadless
from core.interact.base import InteractBase
from core.interact.console import make_prompt
from core.interact.interact import choose_backend, yn_str


@pytest.fixture
def answers(monkeypatch):
    """Lines that `input` returns, and the prompts it was given; EOFError when they are used up."""
    lines, prompts = [], []

    def fake_input(prompt=''):
        prompts.append(prompt)
        if not lines:
            raise EOFError()
        return lines.pop(0)
    monkeypatch.setattr(builtins, 'input', fake_input)
    lines_and_prompts = lines, prompts
    return lines_and_prompts


@pytest.fixture
def console():
    return InteractHeadless()


def test_package_exports_the_instance():
    assert isinstance(io, InteractBase)
    assert yn_str == {True: 'y', False: 'n'}


def test_prompt_form():
    assert make_prompt('Batch size', '4', ['1-8', None, '?:help']) == \
        '[4] Batch size ( 1-8 ?:help ) : '
    assert make_prompt('', '4', []) == '[4] : '
    assert make_prompt('Name', None, []) == 'Name : '


@pytest.mark.parametrize('text, expected', [
    ('5', 5), ('99', 8), ('-3', 1), ('', 20), ('2.7', 20), ('x', 20), (' 6 ', 6)])
def test_input_int_range(console, answers, capsys, text, expected):
    answers[0].append(text)
    # The default is not clipped.
    assert console.input_int('Workers', 20, [1, 8], add_info='info', help_message='h') == expected
    assert answers[1] == ['[20] Workers ( 1-8 info ?:help ) : ']
    assert capsys.readouterr().out == '%s\n' % expected


def test_input_int_list_and_third_positional_is_range(console, answers):
    answers[0].extend(['3', '4', '7'])
    assert console.input_int('n', 1, valid_list=[1, 3]) == 3
    assert console.input_int('n', 1, valid_list=[1, 3]) == 1
    assert console.input_int('', 0, [0, 1]) == 1
    assert answers[1][2] == '[0] ( 0-1 ) : '


@pytest.mark.parametrize('text, expected', [
    ('0.5', 0.5), ('1e3', 1000.0), ('', 2), ('abc', 2), ('nan', 2), ('inf', 2)])
def test_input_number(console, answers, text, expected):
    answers[0].append(text)
    assert console.input_number('Power', 2) == expected
    assert answers[1] == ['[2] Power : ']


def test_input_number_list_and_hidden_default(console, answers):
    answers[0].extend(['1', '2', ''])
    assert console.input_number('x', 0.0, valid_list=[0.0, 1.0]) == 1.0
    assert console.input_number('x', 0.0, valid_list=[0.0, 1.0], show_default_value=False) == 0.0
    assert console.input_number('x', None) is None
    assert answers[1] == ['[0.0] x : ', 'x : ', 'x : ']


@pytest.mark.parametrize('text, default, expected', [
    ('y', False, True), ('Y', False, True), ('1', False, True), ('n', True, False),
    ('N', True, False), ('0', True, False), ('', True, True), ('', False, False),
    ('maybe', True, True), ('y ', False, True)])
def test_input_bool(console, answers, text, default, expected):
    answers[0].append(text)
    assert console.input_bool('Flip', default) is expected
    assert answers[1] == ['[%s] Flip ( y/n ) : ' % yn_str[default]]


def test_input_bool_echoes_a_default(console, answers, capsys):
    answers[0].extend(['', 'y'])
    console.input_bool('Flip', True)
    assert capsys.readouterr().out == 'y\n'
    console.input_bool('Flip', False)
    assert capsys.readouterr().out == ''


def test_input_str(console, answers, capsys):
    answers[0].extend(['', 'My Model', ''])
    assert console.input_str('Name', 'new') == 'new'
    assert console.input_str('Name', 'new') == 'My Model'
    assert console.input_str('Name') is None
    assert capsys.readouterr().out == 'new\nMy Model\n\n'
    assert answers[1] == ['[new] Name : ', '[new] Name : ', 'Name : ']


def test_input_str_list(console, answers):
    answers[0].extend(['bad', 'WF', 'MKL-m', 'worse', ''])
    assert console.input_str('Face', 'f', ['f', 'wf'], help_message='h') == 'wf'
    assert answers[1] == ['[f] Face ( f/wf ?:help ) : '] * 2
    # An exact match is returned as typed.
    assert console.input_str('Mode', 'x', ['MKL-m']) == 'MKL-m'
    assert console.input_str('Face', 'f', ['f', 'wf']) == 'f'


def test_help(console, answers, capsys):
    answers[0].extend(['?', '?', '7', '?'])
    assert console.input_int('n', 1, help_message='what n does') == 7
    assert capsys.readouterr().out == 'what n does\nwhat n does\n7\n'
    # Without a help message it is an answer like any other.
    assert console.input_int('n', 1) == 1
    answers[0].append('?')
    assert console.input_str('s', 'x', help_message='') == '?'
    assert answers[1][-2:] == ['[1] n : ', '[x] s : ']


def test_help_at_every_kind_of_question(console, answers, capsys):
    answers[0].extend(['?', '1.5', ' ? ', 'y', '?', 'abc', '?'])
    assert console.input_number('x', 0, help_message='h') == 1.5
    assert console.input_bool('b', False, help_message='h') is True
    assert console.input_str('s', None, help_message='h') == 'abc'
    # the end of input behind a question mark is the default
    assert console.input_bool('b', True, help_message='h') is True
    assert capsys.readouterr().out == 'h\n1.5\nh\nh\nabc\nh\ny\n'


def test_end_of_input_takes_every_default(console, answers):
    assert console.input('press Enter') == ''
    assert console.input_int('n', 3) == 3
    assert console.input_number('x', 1.5) == 1.5
    assert console.input_bool('b', True) is True
    assert console.input_str('s', 'f', ['f', 'wf']) == 'f'


def test_ctrl_c_is_no_answer(console, monkeypatch):
    def interrupted(prompt):
        raise KeyboardInterrupt()
    monkeypatch.setattr(builtins, 'input', interrupted)
    for ask in (console.input, console.input_int, console.input_number, console.input_bool,
                console.input_str):
        with pytest.raises(KeyboardInterrupt):
            ask('b', *([] if ask == console.input else [True]))


def test_methods_replaced_on_the_object_are_used_by_the_others(console):
    asked = []
    console.input = lambda prompt: asked.append(prompt) or '6'
    assert console.input_int('n', 1) == 6
    assert asked == ['[1] n : ']


def test_log_lines(console, capsys):
    console.log_info('started')
    console.log_info('no end', end='\r')
    console.log_err('broken')
    assert capsys.readouterr().out == 'started\nno end\r/!\\ broken\n'
    console.pg_bar = object()
    console.log_info('in a bar')
    assert capsys.readouterr().out == '\n\nin a bar\n'


def test_log_survives_a_narrow_console():
    code = ("from core.interact import interact as io\n"
            "io.log_info('face \\u044f \\U0001F600')")
    result = subprocess.run([sys.executable, '-c', code], stdout=subprocess.PIPE,
                            env=dict(os.environ, PYTHONIOENCODING='ascii'))
    assert result.returncode == 0
    assert result.stdout.strip() == b'face \\u044f \\U0001f600'


def test_progress_bar(console, capsys):
    console.progress_bar('Loading', 10, initial=2)
    bar = console.pg_bar
    console.progress_bar('second', 5)
    assert console.pg_bar is bar
    console.progress_bar_inc(5)
    console.progress_bar_inc(-2)
    assert bar.n == 5
    console.progress_bar_close()
    assert console.pg_bar is None
    captured = capsys.readouterr()
    assert 'Loading' in captured.err and '5/10' in captured.err
    assert captured.out == 'A progress bar is open already.\n'
    console.progress_bar_inc(1)


def test_progress_bar_generator(console):
    seen = []
    for item in console.progress_bar_generator(range(5), 'Items'):
        assert console.pg_bar is not None
        seen.append(item)
    assert seen == [0, 1, 2, 3, 4]
    assert console.pg_bar is None


def test_progress_bar_generator_left_early_gives_the_outer_bar_back(console):
    console.progress_bar('outer', 3)
    outer = console.pg_bar
    inner = console.progress_bar_generator(range(5), 'inner')
    next(inner)
    assert console.pg_bar is not outer
    inner.close()
    assert console.pg_bar is outer
    console.progress_bar_close()


def test_callbacks_belong_to_their_thread(console):
    import threading
    calls = []
    console.add_process_messages_callback(lambda: calls.append('main'))
    thread = threading.Thread(target=console.process_messages)
    thread.start()
    thread.join()
    assert calls == []
    console.process_messages()
    assert calls == ['main']


@pytest.mark.parametrize('environ, expected', [
    ({}, InteractHeadless), ({'DISPLAY': ':0'}, InteractDesktop),
    ({'WAYLAND_DISPLAY': 'wayland-0'}, InteractDesktop),
    ({'DFL_INTERACT': 'colab'}, InteractColab),
    ({'DISPLAY': ':0', 'DFL_INTERACT': 'headless'}, InteractHeadless),
    ({'DFL_INTERACT': 'nonsense'}, InteractHeadless)])
@pytest.mark.skipif(sys.platform in ('win32', 'darwin'), reason="has a screen of its own")
def test_backend_choice(monkeypatch, environ, expected):
    for name in ('DISPLAY', 'WAYLAND_DISPLAY', 'DFL_INTERACT'):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert choose_backend() is expected


def test_ipython_is_not_colab(monkeypatch):
    monkeypatch.delenv('DFL_INTERACT', raising=False)
    for name in ('IPython', 'IPython.display', 'PIL', 'matplotlib', 'matplotlib.pyplot'):
        monkeypatch.setitem(sys.modules, name, sys)
    assert choose_backend() is not InteractColab
    monkeypatch.setitem(sys.modules, 'google.colab', sys)
    assert choose_backend() is InteractColab
    assert InteractColab().is_colab() and not InteractColab().is_support_windows()


def test_import_is_light_and_needs_no_display():
    code = ("import sys\nfrom core.interact import interact as io\n"
            "print(type(io).__name__, [m for m in ('cv2', 'tqdm', 'tensorflow') "
            "if m in sys.modules])")
    environ = {k: v for k, v in os.environ.items() if k not in ('DISPLAY', 'WAYLAND_DISPLAY')}
    output = subprocess.check_output([sys.executable, '-c', code], env=environ).decode()
    assert output.strip().endswith('[]')


def test_listeners_hear_every_error_line(capsys):
    io, heard = InteractHeadless(), []
    io.error_listeners.append(heard.append)
    io.log_info('fine')
    io.log_err('NOT fine')
    io.error_listeners.remove(heard.append)
    io.log_err('unheard')
    assert heard == ['NOT fine'] and 'unheard' in capsys.readouterr().out


class FullDisk:
    """A log file on it."""

    encoding = 'utf-8'

    def write(self, text):
        raise OSError(errno.ENOSPC, 'no space')

    def flush(self):
        raise OSError(errno.ENOSPC, 'no space')


def test_a_line_that_nobody_can_read_stops_nothing(console, monkeypatch):
    monkeypatch.setattr(sys, 'stdout', FullDisk())
    console.log_info('a line')
    console.log_err('another')


@pytest.mark.skipif(sys.platform == 'win32', reason='closed pipes of POSIX')
@pytest.mark.parametrize('error_output', ['the same', 'another'])
def test_a_reader_that_is_gone_costs_no_exit_code(error_output):
    code = ("import sys\nfrom core.interact import interact as io\n"
            "sys.stdin.readline()\n"
            "io.log_info('nobody reads this')\n"
            "print('nor this', flush=True)\n"
            "print('error', file=sys.stderr, flush=True)")
    process = subprocess.Popen(
        [sys.executable, '-c', code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if error_output == 'the same' else subprocess.PIPE)
    process.stdout.close()
    process.stdin.write(b'\n')
    process.stdin.close()
    if process.stderr is not None:
        assert process.stderr.read() == b'error\n'
        process.stderr.close()
    assert process.wait() == 0
