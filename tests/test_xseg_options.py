"""models/Model_XSeg/options.py: the order of the questions, restarting, limits."""
import pytest
import saehd_support as support
from core.errors import UserError
from core.interact import interact as io
from core.options import OptionSources, configure_sources
from models import ModelBase
from models.common_options import CommonOptionQuestions
from models.Model_XSeg import options


class Model(CommonOptionQuestions):
    """The questions without a graph."""

    batch_size_range = options.BATCH_SIZE_RANGE
    model_class_name = 'XSeg'
    is_training = True
    batch_size = 1

    def __init__(self, iteration=0, pretraining_path='faces', **saved):
        self.iter, self.options, self.default_options = iteration, dict(saved), {}
        self.pretraining_path = pretraining_path

    is_first_run = ModelBase.is_first_run

    def set_iter(self, iteration):
        self.iter = iteration

    def get_pretraining_data_path(self):
        return self.pretraining_path


@pytest.fixture
def asked(monkeypatch):
    yield support.quiet_prompts(monkeypatch)
    configure_sources(OptionSources())


def press_enter(monkeypatch, **answers):
    """The override is wanted; answers by kind of question."""
    monkeypatch.setattr(io, 'input_in_time', lambda *args, **kwargs: True)
    for kind, answer in answers.items():
        monkeypatch.setattr(io, 'input_' + kind, lambda *args, answer=answer, **kwargs: answer)


def test_a_first_run_asks_face_type_batch_size_pretrain(asked):
    model = Model()
    options.ask_options(model)
    assert asked == [('str', 'wf'), ('int', 4), ('bool', False)]
    assert list(model.options.items()) == [('face_type', 'wf'), ('pretrain', False),
                                           ('batch_size', 4)]


def test_a_resumed_run_asks_nothing(asked):
    model = Model(5, face_type='f', pretrain=False, batch_size=8)
    options.ask_options(model)
    assert asked == [] and model.iter == 5
    assert model.options == dict(face_type='f', pretrain=False, batch_size=8)


def test_an_override_asks_for_a_restart_first(asked, monkeypatch):
    press_enter(monkeypatch)
    model = Model(5, face_type='f', pretrain=False, batch_size=8)
    options.ask_options(model)
    assert asked == [('bool', False), ('int', 8), ('bool', False)] and model.iter == 5


def test_a_restart_is_a_first_run(asked, monkeypatch):
    press_enter(monkeypatch, bool=True)
    model = Model(5, face_type='f', pretrain=True, batch_size=8)
    options.ask_options(model)
    assert model.is_first_run() and ('str', 'f') in asked
    assert 'restart_training' not in model.options


@pytest.mark.parametrize('iteration, given, left', [(5, 'y', 0), (5, 'n', 5), (0, 'y', 0)])
def test_a_restart_from_outside(asked, iteration, given, left):
    configure_sources(OptionSources(flags={'restart_training': given}))
    model = Model(iteration, face_type='f', pretrain=False, batch_size=8)
    options.ask_options(model)
    assert model.iter == left


def test_a_restart_begins_anew_also_where_the_iterations_are_reset(asked):
    """reset_training keeps the weights, a restart does not."""
    configure_sources(OptionSources(flags={'restart_training': 'y'}))
    model = Model(0, face_type='f', pretrain=False, batch_size=8)
    model.is_reset = True
    options.ask_options(model)
    assert model.is_first_run() and ('str', 'f') in asked


@pytest.mark.parametrize('given, used', [(1, 2), (9, 9), (40, 16)])
def test_the_batch_size_is_limited(asked, given, used):
    configure_sources(OptionSources(flags={'batch_size': str(given)}))
    first, resumed = Model(), Model(5, face_type='f', pretrain=False, batch_size=4)
    for model in (first, resumed):
        options.ask_options(model)
        model.apply_given_options()
        assert model.options['batch_size'] == model.batch_size == used


def test_the_face_type_of_a_trained_network_stays(asked):
    configure_sources(OptionSources(flags={'face_type': 'head'}))
    with pytest.raises(UserError, match='face_type'):
        options.ask_options(Model(5, face_type='f', pretrain=False, batch_size=4))


def test_the_end_of_pretraining_is_noticed(asked):
    configure_sources(OptionSources(flags={'pretrain': 'n'}))
    model = Model(5, face_type='f', pretrain=True, batch_size=4)
    options.ask_options(model)
    assert model.pretrain_just_disabled
    configure_sources(OptionSources())
    model = Model(5, pretraining_path=None, face_type='f', pretrain=True, batch_size=4)
    with pytest.raises(UserError, match='pretraining'):
        options.ask_options(model)
    model.is_training = False
    options.ask_options(model)
    assert not model.pretrain_just_disabled
