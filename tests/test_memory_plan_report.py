"""models/memory_plan: the table's text, estimates and measured factors."""
from collections import OrderedDict

import pytest

from core.errors import CorruptFileError
from models.memory_plan import calibration, report
from models.memory_plan.calibration import CONTEXT_BYTES, choose_scale
from models.memory_plan.search import Lever
from models.memory_plan.step_plan import CPU, DevicePlan, StepPlan, get_main_device

MIB, GIB = 1 << 20, 1 << 30
GPU = '/GPU:0'


@pytest.fixture
def settings_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(calibration, 'get_folder', lambda: tmp_path / 'settings')
    return tmp_path / 'settings'


def make_plan(activations, batch_size=8, patches=()):
    return StepPlan(batch_size, 128, tuple(patches), OrderedDict([
        (GPU, DevicePlan(200 * MIB, 400 * MIB, activations)), (CPU, DevicePlan(0, 0, MIB))]))


def make_report(**changes):
    base = make_plan(1400 * MIB)
    found = report.Report(
        base, {GPU: choose_scale(GPU, None), CPU: choose_scale(CPU, None)},
        {GPU: 3 * GIB, CPU: 16 * GIB}, {GPU: 'GTX 1060'}, make_plan(1 * MIB, 10), None, [
            Lever('batch_size 4', make_plan(700 * MIB, 4), False),
            Lever('d_dims 48', make_plan(200 * MIB), True),
            Lever('--patch recompute', make_plan(1500 * MIB), False),
            Lever('--patch bf16: not on this GPU', None, False)])
    return found._replace(**changes)


def test_the_table_tells_what_goes_where_and_how_sure_it_is():
    text = '\n'.join(report.describe(make_report()))
    assert '128 px, batch 8' in text
    row = next(line for line in text.splitlines() if line.strip().startswith(GPU))
    assert row.split('  ')[-1].strip() == '3.00 GB' and '200 MB' in row and '1.37 GB' in row
    assert '2.54 GB to 3.03 GB' in row          # 2000 MB, 2500 MB and 600 MB for the context
    assert 'GTX 1060' in text and 'not calibrated' in text and '--calibrate' in text
    assert 'largest batch that fits at 128 px: 10' in text


def test_levers_show_what_they_leave_and_save_and_who_can_have_them():
    lines = report.describe(make_report())
    row = next(line for line in lines if 'batch_size 4' in line)
    assert row.split()[-2:] == ['875', 'MB']     # 700 MB at the upper end
    assert any('d_dims 48 (a new model)' in line for line in lines)
    assert next(line for line in lines if 'recompute' in line).split()[-1] == '-'
    assert lines[-1].strip() == '--patch bf16: not on this GPU'


def test_remedies_begin_with_the_largest_saving_and_leave_out_what_saves_nothing():
    remedies = report.list_remedies(make_report())
    assert len(remedies) == 2
    assert remedies[0].startswith('d_dims 48 in a new model: ')
    assert remedies[1].startswith('batch_size 4: ') and 'in place of' in remedies[1]


def test_without_a_known_size_nothing_is_said_about_what_fits():
    text = '\n'.join(report.describe(make_report(sizes={}, largest_batch=None)))
    assert 'largest' not in text and 'not known' in text


def test_a_gpu_is_a_range_until_it_was_measured():
    plan = make_plan(400 * MIB)
    assert choose_scale(GPU, None).estimate(plan, GPU) == (
        1000 * MIB + CONTEXT_BYTES, 1250 * MIB + CONTEXT_BYTES)
    assert choose_scale(GPU, 1.1).estimate(plan, GPU) == (
        int(1000 * MIB * 1.1) + CONTEXT_BYTES, ) * 2
    assert choose_scale(CPU, None).estimate(plan, CPU) == (MIB, MIB)


def test_the_device_in_question_is_the_fullest_gpu():
    assert get_main_device(make_plan(1)) == GPU
    only_cpu = make_plan(1)._replace(devices={CPU: DevicePlan(1, 1, 1)})
    assert get_main_device(only_cpu) == CPU


def test_a_measured_factor_comes_back_beside_others(settings_folder):
    assert calibration.read_factors() == {}
    calibration.write_factor('a card', 1.04)
    path = calibration.write_factor('another', 0.99)
    assert path.parent == settings_folder
    assert calibration.read_factors() == {'a card': 1.04, 'another': 0.99}
    assert calibration.find_scale(GPU, 'a card').highest == 1.04
    assert not calibration.find_scale(GPU, 'a third').is_measured


@pytest.mark.parametrize('text', ['', '[]', '{"a": "b"}', '{"a": -1.0}', '{"a": 1e9}', '{"a": 1'])
def test_a_damaged_file_of_factors_is_named(settings_folder, text):
    settings_folder.mkdir()
    (settings_folder / calibration.FILE_NAME).write_text(text)
    with pytest.raises(CorruptFileError) as info:
        calibration.read_factors()
    assert calibration.FILE_NAME in info.value.what and info.value.remedies
