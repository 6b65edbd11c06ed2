"""mainscripts/DoctorFit.py, and the same table where training ran out of memory."""
import pytest

from core import options
from core.errors import UserError
from core.interact import interact as io
from mainscripts import DoctorFit, Trainer
from models.memory_plan import report, step_plan

TINY = dict(resolution='64', archi='df-u', ae_dims='32', e_dims='16', d_dims='16',
            d_mask_dims='16', batch_size='2')


@pytest.fixture
def given():
    """The flags of a tiny model; other tests get theirs back."""
    before = options.current_sources()
    options.configure_sources(options.OptionSources(flags=TINY, environ={}))
    yield
    options.configure_sources(before)


@pytest.mark.parametrize('text, size', [
    ('2GB', 2 << 30), ('1.5 gb', 3 << 29), ('800MB', 800 << 20), ('2G', 2 << 30),
    ('1048576', 1 << 20)])
def test_sizes(text, size):
    assert DoctorFit.parse_size(text) == size


@pytest.mark.parametrize('text', ['', 'much', '-2GB', '2TB', '2 B', 'GB', '0', '0.0GB'])
def test_no_sizes(text):
    with pytest.raises(UserError):
        DoctorFit.parse_size(text)


def test_a_model_is_looked_at_without_a_word_and_without_a_file(given, capsys, tmp_path):
    found = []
    DoctorFit.inspect_model(found.append, None, None, cpu_only=True)
    assert found[0].options['d_dims'] == 16 and found[0].get_batch_size() == 2
    assert capsys.readouterr().out == ''


def test_a_misspelt_option_stops_it(given):
    options.current_sources().flags['resolutoin'] = '64'
    with pytest.raises(UserError, match='resolutoin'):
        DoctorFit.inspect_model(list, None, None, cpu_only=True)


def test_a_step_is_measured_and_its_factor_kept(given, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(DoctorFit.calibration, 'get_folder', lambda: tmp_path)
    # the tests give Eigen a cache of their own (numeric_environment.py), whatever this machine has
    monkeypatch.setattr(step_plan, 'CACHE_FILE', 'of no machine')
    assert DoctorFit.calibrate(None, None, True, None) == 0
    factors = DoctorFit.calibration.read_factors()
    assert len(factors) == 1 and 0.5 < list(factors.values())[0] < 2.0
    assert 'the step was planned to take' in capsys.readouterr().out


class OutOfMemory(Exception):
    pass


OutOfMemory.__name__ = 'ResourceExhaustedError'     # TensorFlow's, which is not imported here


class TellingModel(object):
    def plan_placement(self):
        return object()


def test_out_of_memory_is_answered_with_the_plan(monkeypatch):
    monkeypatch.setattr(io, 'log_info', lambda *args, **kwargs: None)
    monkeypatch.setattr(report, 'make_report', lambda model: model)
    monkeypatch.setattr(report, 'describe', lambda found: ['a table'])
    monkeypatch.setattr(report, 'list_remedies', lambda found: ['batch_size 4: less'])
    error = Trainer.describe_failure(OutOfMemory(), TellingModel())
    assert error.remedies[0] == 'batch_size 4: less'
    assert 'close other programs that use the GPU' in error.remedies


def test_advice_stays_where_there_is_no_plan(monkeypatch):
    errors = []
    monkeypatch.setattr(io, 'log_err', errors.append)
    monkeypatch.setattr(io, 'log_info', lambda *args, **kwargs: None)

    def fail(model):
        raise MemoryError('no more')
    monkeypatch.setattr(report, 'make_report', fail)
    assert Trainer.describe_failure(OutOfMemory(), None).remedies == Trainer.MEMORY_REMEDIES
    assert Trainer.describe_failure(OutOfMemory(),
                                    TellingModel()).remedies == Trainer.MEMORY_REMEDIES
    assert 'no more' in errors[0]
