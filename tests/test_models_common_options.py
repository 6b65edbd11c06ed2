"""models/common_options.py: the questions that all models share (spec 20 section 7)."""
import pytest

from core import options
from core.interact import interact as io
from models import common_options as common


class Asker(common.CommonOptionQuestions):
    def __init__(self, saved=None, defaults=None, iteration=0, is_training=True):
        self.options, self.default_options = dict(saved or {}), dict(defaults or {})
        self.iter, self.is_training = iteration, is_training


@pytest.fixture
def answer(monkeypatch):
    """answer(*typed, given=..): texts typed in order, then defaults; returns the questions."""
    def prepare(*typed, **given):
        pending, asked = list(typed), []

        def ask(kind):
            def run(label, default, *args, **kwargs):
                asked.append((kind, default, kwargs.get('add_info')))
                return pending.pop(0) if pending else default
            return run
        for kind in ('int', 'bool', 'str'):
            monkeypatch.setattr(io, 'input_' + kind, ask(kind))
        monkeypatch.setattr(options, '_sources', options.OptionSources(flags=given, environ={}))
        return asked
    return prepare


# method, key, kind, default
HELPERS = [('ask_autobackup_hour', 'autobackup_hour', 'int', 0),
           ('ask_write_preview_history', 'write_preview_history', 'bool', False),
           ('ask_target_iter', 'target_iter', 'int', 0),
           ('ask_random_flip', 'random_flip', 'bool', True),
           ('ask_random_src_flip', 'random_src_flip', 'bool', False),
           ('ask_random_dst_flip', 'random_dst_flip', 'bool', True),
           ('ask_batch_size', 'batch_size', 'int', 1),
           ('ask_session_name', 'session_name', 'str', ''),
           ('ask_maximum_n_backups', 'maximum_n_backups', 'int', 24),
           ('ask_retraining_samples', 'retraining_samples', 'bool', False)]


@pytest.mark.parametrize('method, key, kind, default', HELPERS)
def test_helper_asks_and_stores(method, key, kind, default, answer):
    asked = answer()
    model = Asker()
    getattr(model, method)()
    assert asked == [(kind, default, None)] and model.options == {key: default}
    other = {'int': 7, 'bool': not default, 'str': 'x'}[kind]
    for source in (dict(saved={key: other}), dict(defaults={key: other})):
        asked = answer(other)
        model = Asker(**source)
        getattr(model, method)()
        assert asked[0][:2] == (kind, other) and model.options[key] == other
    asked = answer(**{key: str(other)})
    model = Asker()
    getattr(model, method)()
    assert not asked and model.options[key] == other


@pytest.mark.parametrize('method, default', [
    ('ask_autobackup_hour', 3), ('ask_write_preview_history', True), ('ask_target_iter', 100),
    ('ask_session_name', 'x'), ('ask_maximum_n_backups', 5), ('ask_retraining_samples', True)])
def test_a_model_gives_its_own_default(method, default, answer):
    asked = answer()
    model = Asker()
    getattr(model, method)(default)
    assert asked[0][1] == default and list(model.options.values()) == [default]


def test_saved_beats_default_options_and_none_counts_as_absent():
    model = Asker(saved=dict(a=0, b=None), defaults=dict(a=1, b=2, c=None))
    assert [model.load_or_def_option(name, 9) for name in 'abcd'] == [0, 2, 9, 9]


def test_the_follow_up_question_is_asked_after_a_yes_only(answer):
    asked = answer(True, True)
    model = Asker()
    model.ask_write_preview_history()
    assert [x[:2] for x in asked] == [('bool', False), ('bool', False)]
    assert model.choose_preview_history is True and list(model.options) == [
        'write_preview_history']
    asked = answer(write_preview_history='y')
    model = Asker()
    model.ask_write_preview_history()
    assert not asked and model.choose_preview_history is False
    answer(write_preview_history='y', choose_preview_history='y')
    model.ask_write_preview_history()
    assert model.choose_preview_history is True


def test_batch_size_suggestion_range_and_attribute(answer):
    asked = answer(40)
    model = Asker()
    model.ask_batch_size(8, range=(2, 16))
    assert asked == [('int', 8, '2..16')] and model.batch_size == model.options['batch_size'] == 16
    asked = answer(-5)
    model = Asker(saved=dict(batch_size=6))
    model.ask_batch_size(8)
    assert asked == [('int', 6, None)] and model.batch_size == 0


@pytest.mark.parametrize('is_training, iteration, colab, seconds', [
    (False, 5, False, None), (True, 0, False, None), (True, 5, False, 2), (True, 5, True, 5)])
def test_override_waits_for_enter_in_a_resumed_training(is_training, iteration, colab, seconds,
                                                        monkeypatch):
    waited = []
    monkeypatch.setattr(io, 'is_colab', lambda: colab)
    monkeypatch.setattr(io, 'input_in_time', lambda text, limit: waited.append(limit) or True)
    model = Asker(iteration=iteration, is_training=is_training)
    assert model.ask_override() is (seconds is not None)
    assert waited == ([] if seconds is None else [seconds])


@pytest.mark.parametrize('text, expected', [('y', True), ('n', False)])
def test_change_settings_answers_the_override_without_waiting(text, expected, answer, monkeypatch):
    answer(change_settings=text)
    monkeypatch.setattr(io, 'input_in_time', None)      # calling it fails
    assert Asker(iteration=5).ask_override() is expected
    assert Asker(iteration=0).ask_override() is False


def test_what_is_given_reaches_a_resumed_run(answer, capsys):
    answer(batch_size='4', target_iter='9', random_src_flip='y', random_flip='n')
    model = Asker(saved=dict(batch_size=8, random_src_flip=True))
    assert model.apply_given_options() == ['target_iter', 'random_src_flip', 'batch_size']
    assert model.options == dict(batch_size=4, random_src_flip=True, target_iter=9)
    assert model.batch_size == 4
    output = capsys.readouterr().out
    assert 'random_flip is given, but this model does not have it' in output
    assert 'Batch_size : 4' in output and 'Flip SRC' not in output     # as it was already


def test_declared_once_and_in_the_order_of_the_questions():
    declared = common.COMMON_OPTIONS + common.FORK_OPTIONS + common.TRAINER_OPTIONS
    keys = [option.key for option in declared]
    assert len(keys) == len(set(keys)) and all(option.prompt for option in declared)
    asked = [key for _, key, _, _ in HELPERS if key in keys[:len(common.COMMON_OPTIONS)]]
    assert [key for key in keys if key in asked] == asked
    assert set(common.BASE_FEATURES) < set(keys)


def test_preview_period(answer, monkeypatch):
    answer(preview_period='50', preview_period_colab='70')
    assert Asker().get_preview_period(10) == 50
    monkeypatch.setattr(io, 'is_colab', lambda: True)
    assert Asker().get_preview_period(10) == 70
    answer()
    assert Asker().get_preview_period(10) == 10
