"""models/loss_guard.py: losses that are not finite, and jumps, each told once."""
import pytest

from core import options
from models.loss_guard import MIN_WINDOW, LossGuard

NAN = float('nan')


def feed(guard, values, first=1, name='src_loss'):
    """[(iteration, text), ...] of one loss with these values."""
    return [(iteration, text) for iteration, value in enumerate(values, first)
            for text in guard.check(iteration, [name], [value])]


@pytest.fixture
def set_options(monkeypatch):
    def set_options(**flags):
        monkeypatch.setattr(options, '_sources', options.OptionSources(flags=flags, environ={}))
    return set_options


def test_a_loss_that_is_not_finite_is_told_with_name_iteration_and_value():
    guard = LossGuard()
    notices = guard.check(7, ['src_loss', 'dst_loss', 'gan_loss'], [0.5, NAN, float('inf')])
    assert len(notices) == 1
    assert notices[0].startswith('Iteration 7: dst_loss (nan), gan_loss (inf)')
    assert not guard.is_finite and guard.bad_names == ['dst_loss', 'gan_loss']
    assert guard.check(8, ['src_loss', 'dst_loss', 'gan_loss'], [0.5, NAN, 0.1]) == []
    again, = guard.check(9, ['src_loss', 'dst_loss', 'gan_loss'], [0.5, 0.1, 0.1])
    assert 'Iteration 9' in again and 'after 2 iterations' in again and guard.is_finite


def test_the_run_ends_after_so_many_in_a_row(set_options):
    set_options(non_finite_limit='3')
    guard = LossGuard()
    for value in (NAN, NAN, 1.0, NAN, NAN):
        guard.check(1, ['loss'], [value])
        assert guard.get_error('m_SAEHD') is None
    guard.check(6, ['loss'], [NAN])
    error = guard.get_error('m_SAEHD')
    assert 'loss was not a finite number for 3 iterations' in error.what
    assert error.remedies[0] == 'start again with --restore-last-good'
    assert any('clipgrad' in x for x in error.remedies)
    assert any('m_SAEHD_autobackups' in x for x in error.remedies)


def test_a_jump_is_told_once_and_not_before_there_is_a_level():
    assert feed(LossGuard(), [0.01, 18.0]) == [], 'the first losses of a model are all over'
    guard = LossGuard()
    notices = feed(guard, [0.29] * 50 + [18.0] * 300)
    assert [iteration for iteration, _ in notices] == [51]
    assert 'src_loss jumped to 18.0000' in notices[0][1] and '0.2900' in notices[0][1]
    assert '--restore-last-good' in notices[0][1] and 'clipgrad' in notices[0][1]


def test_the_next_jump_is_another_event_only_after_a_calm_stretch():
    flutter = feed(LossGuard(), [0.3] * 50 + [9.0, 0.3] * 30)
    assert len(flutter) == 1
    again = feed(LossGuard(), [0.3] * 50 + [9.0] * 5 + [0.3] * MIN_WINDOW + [9.0])
    assert [iteration for iteration, _ in again] == [51, 50 + 5 + MIN_WINDOW + 1]


@pytest.mark.parametrize('level, value, is_jump', [
    (0.3, 2.9, False), (0.3, 3.1, True), (0.0, 5.0, False), (-1.0, 5.0, False)])
def test_a_jump_is_ten_times_the_median(level, value, is_jump):
    assert bool(feed(LossGuard(), [level] * 30 + [value])) is is_jump


def test_losses_are_watched_each_for_itself_and_nan_is_no_jump():
    guard = LossGuard()
    for iteration in range(40):
        assert guard.check(iteration, ['a', 'b'], [0.2, 5.0]) == []
    notices = guard.check(41, ['a', 'b'], [5.0, NAN])
    assert len(notices) == 2 and 'b (nan)' in notices[0] and 'a jumped' in notices[1]


def test_the_factor_can_be_changed_and_switched_off(set_options):
    set_options(loss_jump_factor='3')
    assert feed(LossGuard(), [0.3] * 30 + [1.0])
    set_options(loss_jump_factor='0')
    assert not feed(LossGuard(), [0.3] * 30 + [1e9])
