"""Questions to real pipes and terminals."""
import os
import subprocess
import sys

import pytest

START = "from core.interact import interact as io\n"


def run_script(code, stdin):
    """Output of a program with this text on a pipe as stdin; None closes stdin."""
    kwargs = {'input': stdin} if stdin is not None else {'stdin': None}
    if stdin is None:
        kwargs['preexec_fn'] = lambda: os.close(0)
    result = subprocess.run([sys.executable, '-c', START + code], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=60, **kwargs)
    assert result.returncode == 0, result.stdout.decode()
    return result.stdout.decode()


ASK_ALL = ("print('=', io.input_in_time('Enter', 30), io.input_int('a', 1), "
           "io.input_bool('b', True), io.input_str('c', 'f', ['f', 'wf']), "
           "io.input_number('d', 0.5), repr(io.input('e')))")


def get_results(output):
    return [line for line in output.splitlines() if '= ' in line][-1].split('= ')[1]


def test_piped_answers_in_order():
    output = run_script(ASK_ALL, b"\n7\r\nn\nWF \n1.5\nlast\n")
    assert get_results(output) in ("True 7 False wf 1.5 'last'",)


def test_end_of_stdin_answers_everything():
    assert get_results(run_script(ASK_ALL, b"")) == "False 1 True f 0.5 ''"


def test_input_runs_dry_after_a_wrong_answer():
    assert get_results(run_script(ASK_ALL, b"\n7\nn\nnonsense\n")) == "True 7 False f 0.5 ''"


@pytest.mark.skipif(os.name == 'nt', reason="needs POSIX descriptors")
def test_without_a_stdin():
    assert get_results(run_script(ASK_ALL, None)) == "False 1 True f 0.5 ''"


def test_input_in_time_times_out_and_keeps_the_late_line():
    code = ("import sys, time\n"
            "first = io.input_in_time('Press Enter', 0.2)\n"
            "print('ready', flush=True)\n"
            "print('=', first, io.input_int('n', 1), io.input_int('m', 1))")
    process = subprocess.Popen([sys.executable, '-c', START + code], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    lines = []
    while not lines or 'ready' not in lines[-1]:
        lines.append(process.stdout.readline().decode())
        assert lines[-1], lines
    output, _ = process.communicate(b"5\n6\n", timeout=60)
    assert get_results(output.decode()) == "False 5 6"


def test_input_skip_pending_keeps_piped_answers():
    assert get_results(run_script(
        "io.input_skip_pending(); print('=', io.input_int('n', 1))", b"9\n")) == "9"


def run_in_terminal(code, typed):
    """Output of a program on a pseudo terminal; `typed` is sent whenever it prints 'ready'."""
    pty = pytest.importorskip('pty', reason="needs a pseudo terminal")
    master, slave = pty.openpty()
    process = subprocess.Popen([sys.executable, '-u', '-c', START + code], stdin=slave,
                               stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    output, answers = b'', list(typed)
    while True:
        try:
            chunk = os.read(master, 4096)
        except OSError:  # Linux: the other side is closed
            break
        if not chunk:
            break
        output += chunk
        if b'ready' in chunk and answers:
            os.write(master, answers.pop(0))
    assert process.wait(60) == 0, output
    os.close(master)
    return output.decode()


def test_terminal_line_in_time():
    output = run_in_terminal("print('=', io.input_in_time('ready', 30))", [b'\n'])
    assert get_results(output) == 'True'


def test_terminal_times_out():
    output = run_in_terminal("print('=', io.input_in_time('Enter', 0.1))", [])
    assert get_results(output) == 'False'


def test_terminal_typed_ahead_is_dropped():
    code = ("import time, select, sys\n"
            "print('ready', flush=True)\n"
            "select.select([0], [], [], 30)\n"
            "io.input_skip_pending()\n"
            "print('ready', flush=True)\n"
            "print('=', io.input_int('n', 1))")
    assert get_results(run_in_terminal(code, [b'5\n', b'8\n'])) == '8'


def test_unattended_never_reads_what_may_come():
    """A supervisor's pipe stays open and silent: every question takes its default at once."""
    script = START + ASK_ALL
    process = subprocess.Popen([sys.executable, '-c', script], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env=dict(os.environ, DFL_UNATTENDED='1'))
    try:
        process.wait(timeout=60)    # without the option it would wait for ever
        output = process.stdout.read().decode()
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
    assert get_results(output) == "False 1 True f 0.5 ''"
