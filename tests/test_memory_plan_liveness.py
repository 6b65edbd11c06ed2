"""models/memory_plan/liveness.py: buffers of small steps whose peak can be counted by hand."""
import pytest

from models.memory_plan import liveness
from models.memory_plan.graph_reading import Op

CPU, GPU = '/CPU:0', '/GPU:0'
KB = 1024


def make_op(name, type, inputs, size, device=CPU, **changes):
    """An op of one output; inputs: numbers of ops."""
    row = Op(name, type, device, [(number, 0) for number in inputs], [], [size], [size // 4],
             ['float'], 0, 1.0, False, type in ('Identity', 'Reshape'))
    return row._replace(**changes)


def find_peak(ops, fetched, device=CPU, threads=1):
    return liveness.find_peaks(ops, fetched, threads)[device]


def test_an_input_lives_until_its_reader_has_ended():
    ops = [make_op('a', 'MatMul', [], 100 * KB), make_op('b', 'MatMul', [0], 10 * KB),
           make_op('c', 'MatMul', [1], 1 * KB), make_op('d', 'MatMul', [2], 1 * KB)]
    assert find_peak(ops, ['d']) == 110 * KB


def test_what_is_fetched_stays():
    ops = [make_op('a', 'MatMul', [], 100 * KB), make_op('b', 'MatMul', [0], 10 * KB),
           make_op('c', 'MatMul', [1], 50 * KB)]
    assert find_peak(ops, ['c']) == 110 * KB
    assert find_peak(ops, ['a', 'c']) == 160 * KB


def test_an_output_takes_over_an_input_that_nobody_else_reads():
    first, second = make_op('a', 'MatMul', [], 100 * KB), make_op('b', 'Sqrt', [0], 100 * KB)
    assert find_peak([first, second], ['b']) == 100 * KB
    assert find_peak([first, second, make_op('c', 'Sub', [0, 1], 100 * KB)], ['c']) == 200 * KB
    other_type = second._replace(types=['bool'])
    assert find_peak([first, other_type], ['b']) == 200 * KB


def test_a_view_takes_nothing_and_holds_what_it_shows():
    ops = [make_op('a', 'MatMul', [], 100 * KB), make_op('b', 'Reshape', [0], 100 * KB),
           make_op('c', 'MatMul', [], 30 * KB), make_op('d', 'MatMul', [1, 2], 1 * KB)]
    assert find_peak(ops, ['d']) == 131 * KB


@pytest.mark.parametrize('switch', ['Switch', 'RefSwitch'])
def test_a_condition_hands_buffers_on(switch):
    """tf.cond: two branches through switches and Merge, as clipping has them; a variable goes
    through RefSwitch."""
    size = 100 * KB
    ops = [make_op('g', 'MatMul', [], size), make_op('clipped', 'MatMul', [0], size)]
    for source in (0, 1):
        ops.append(make_op('s%d' % source, switch, [source], size, sizes=[size, size],
                           elements=[size // 4] * 2, types=['float'] * 2))
    merge = make_op('m', 'Merge', [2, 3], size, sizes=[size, 4], elements=[size // 4, 1],
                    types=['float', 'int32'])
    assert find_peak(ops + [merge], ['m']) <= 2 * size + 8


def test_what_is_kept_is_not_counted_and_never_written_over():
    ops = [make_op('w', 'VariableV2', [], 100 * KB, is_kept=True),
           make_op('b', 'Sqrt', [0], 100 * KB)]
    assert find_peak(ops, ['b']) == 100 * KB


def test_a_workspace_lives_while_its_op_runs():
    ops = [make_op('a', 'MatMul', [], 10 * KB, workspace=500 * KB),
           make_op('b', 'MatMul', [0], 100 * KB)]
    assert find_peak(ops, ['b']) == 510 * KB


def test_a_tensor_is_copied_once_to_another_device():
    ops = [make_op('w', 'VariableV2', [], 100 * KB, is_kept=True),
           make_op('a', 'MatMul', [0], 10 * KB, device=GPU),
           make_op('b', 'MatMul', [0, 1], 10 * KB, device=GPU)]
    peaks = liveness.find_peaks(ops, ['b'], 1)
    assert peaks[GPU] == 120 * KB and CPU not in peaks


def test_two_threads_hold_two_workspaces():
    ops = [make_op('root', 'MatMul', [], 1 * KB)]
    ops += [make_op(name, 'MatMul', [0], 1 * KB, workspace=500 * KB, work=100.0) for name in 'ab']
    assert find_peak(ops, ['a', 'b'], threads=1) < 600 * KB
    assert find_peak(ops, ['a', 'b'], threads=2) > 1000 * KB


def test_a_wait_orders_what_no_tensor_does():
    """Without the control input the second branch would be alive together with the first."""
    ops = [make_op('a', 'MatMul', [], 100 * KB), make_op('b', 'Sum', [0], 4),
           make_op('c', 'MatMul', [], 100 * KB, waits=[1]), make_op('d', 'Sum', [2], 4),
           make_op('e', 'Pack', [1, 3], 8)]
    assert find_peak(ops, ['e'], threads=2) < 101 * KB
    free = [op._replace(waits=[]) for op in ops]
    assert find_peak(free, ['e'], threads=2) >= 200 * KB
