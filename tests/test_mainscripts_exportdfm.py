"""mainscripts/ExportDFM.py through the command line: what is written, what is asked, failures."""
import pytest
import saehd_support as support

import main as main_module
import models
from core import options as core_options
from core.interact import interact as io
from core.leras import nn
from models.common import dfm_check, gan_model


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A trained SAEHD `p` of the smallest size, made without training."""
    support.start_engine()
    monkeypatch.setattr(nn, 'initialize_main_env', lambda: None)
    monkeypatch.setattr(core_options, '_sources', core_options.OptionSources(environ={}))
    monkeypatch.setattr(gan_model, 'load_or_init_weights',
                        lambda model, *args, **kwargs: support.set_weights(model))
    support.write_model_folder(tmp_path, support.make_options(archi='df'))

    def refuse(*args, **kwargs):
        raise AssertionError('a question was asked')
    for kind in ('int', 'number', 'bool', 'str'):
        monkeypatch.setattr(io, 'input_' + kind, refuse)
    yield tmp_path
    support.start_engine()


def export(folder, *more):
    return main_module.main(['exportdfm', '--model-dir', str(folder), '--model', 'SAEHD',
                             '--force-model-name', 'p'] + list(more))


def test_every_question_has_its_answer(folder, capsys):
    pytest.importorskip('tf2onnx')
    before = set(folder.iterdir())
    assert export(folder, '--set', 'export_fp16=n') == 0
    assert {x.name for x in set(folder.iterdir()) - before} == {'p_SAEHD_model.dfm'}
    out = capsys.readouterr().out
    assert 'checked in onnxruntime, largest difference' in out and 'out_face_mask:0' in out
    assert nn.tf_sess is None       # the session is closed


def test_a_missing_package_is_a_user_error_and_leaves_nothing(folder, capsys, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'onnxruntime', None)
    before = set(folder.iterdir())
    assert export(folder, '--set', 'export_fp16=n') == 1
    assert set(folder.iterdir()) == before
    err = capsys.readouterr().err
    assert 'onnxruntime' in err and 'pip install' in err and 'Traceback' not in err


def test_a_difference_is_a_user_error_and_leaves_nothing(folder, capsys, monkeypatch):
    pytest.importorskip('tf2onnx')
    monkeypatch.setattr(dfm_check, 'get_tolerance', lambda half_precision: 1e-12)
    before = set(folder.iterdir())
    assert export(folder, '--set', 'export_fp16=n') == 1
    assert set(folder.iterdir()) == before
    assert 'differ from the model' in capsys.readouterr().err


def test_a_model_without_export_is_told(folder, capsys, monkeypatch):
    monkeypatch.setattr(models, 'import_model', lambda name: models.ModelBase)
    assert export(folder) == 1
    assert 'cannot be exported' in capsys.readouterr().err
