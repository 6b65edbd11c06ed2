"""models/plugin_errors.py: broken plug-ins end with a sentence that names file, line and remedy."""
import argparse
import importlib
import itertools
import re
import sys
import textwrap

import pytest

import main as main_module
import models
from core.errors import UserError
from models.plugin_errors import explain_plugin_error
from tiny_support import answer_with_defaults, make_folders, make_model

_numbers = itertools.count()


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Write a plug-in with this text of Model.py; returns its name. A name is used only once."""
    def write(text, init='from .Model import Model\n'):
        name = 'Broken%d' % next(_numbers)
        folder = tmp_path / 'plugins' / ('Model_' + name)
        folder.mkdir(parents=True)
        (folder / 'Model.py').write_text(textwrap.dedent(text))
        if init is not None:
            (folder / '__init__.py').write_text(init)
        return name
    monkeypatch.setattr(models, '__path__', list(models.__path__) + [str(tmp_path / 'plugins')])
    return write


def fail_import(name):
    with pytest.raises(UserError) as error:
        models.import_model(name)
    return str(error.value)


IMPORTS = '''\
from core.leras import nn
from facelib import FaceType
from models import ModelBase
from samplelib import *
'''


@pytest.mark.parametrize('line, name, remedy', [
    ('from core import imagelib; imagelib.no_such_filter', 'imagelib.no_such_filter', 'ask its'),
    ('SampleProcessor.ChannelType.LAB_RAND', 'SampleProcessor.ChannelType.LAB_RAND',
     'SampleProcessor.ChannelType.LAB_RAND_TRANSFORM'),
    ('SampleProcessor.FaceMaskType.HAIR', 'SampleProcessor.FaceMaskType.HAIR', 'MVE'),
    ('FaceType.WHOLE_FACES', 'FaceType.WHOLE_FACES', 'FaceType.WHOLE_FACE'),
    ('ModelBase.ask_sessions_name', 'ModelBase.ask_sessions_name', 'ModelBase.ask_session_name'),
    ('SampleGeneratorFaceHair', 'the name SampleGeneratorFaceHair', 'MVE'),
    ('from core.imagelib import no_such_filter', 'core.imagelib.no_such_filter', 'MVE'),
    ('from core.leras.nn_extra import x', 'imports core.leras.nn_extra', 'MVE'),
    ('from nnlib import nnlib', 'imports nnlib', 'DeepFaceLab 1'),
    ('import samplelib.SampleGeneratorHair', 'imports samplelib.SampleGeneratorHair', 'MVE'),
])
def test_a_missing_name_is_told_with_file_line_and_remedy(plugin, line, name, remedy):
    broken = plugin(IMPORTS + line + '\n')
    text = fail_import(broken)
    assert re.search(r'Model %s: .*Model_%s.Model\.py, line 5 ' % (broken, broken), text), text
    assert name in text and remedy in text and text.count('\n  - ') >= 1, text


def test_a_missing_package_is_asked_for_by_name(plugin):
    text = fail_import(plugin('import os\nimport no_such_package\n'))
    assert 'line 2 needs the Python package no_such_package' in text
    assert '-m pip install no_such_package' in text


def test_a_package_with_another_name_for_pip(plugin, monkeypatch):
    monkeypatch.setitem(sys.modules, 'yaml', None)    # whether it is there or not
    text = fail_import(plugin('import yaml\n'))
    assert '-m pip install PyYAML' in text and '--answers' in text


def test_text_that_python_cannot_read(plugin):
    text = fail_import(plugin('x = 1\ndef f(:\n    pass\n'))
    assert re.search(r'Model_\w+.Model\.py, line 2: .*def f\(:', text) and 'this is Python' in text


@pytest.mark.parametrize('init, remedy', [
    ('', 'from .Model import Model'), (None, 'copy the whole folder'),
    ('from . import Model\n', 'Model = ')])
def test_a_folder_without_a_model(plugin, init, remedy):
    text = fail_import(plugin('class Thing: pass\n', init))
    assert 'is no model' in text and remedy in text and 'Model_Broken' in text


def test_no_such_folder():
    assert 'There is no model Nowhere' in fail_import('Nowhere')


@pytest.mark.parametrize('line, kind', [
    ('None.foo', AttributeError), ('class A: pass\nA().foo', AttributeError),
    ('1 / 0', ZeroDivisionError), ('import os; os.no_such', AttributeError)])
def test_a_defect_of_the_plugin_itself_keeps_its_traceback(plugin, line, kind):
    with pytest.raises(kind):
        models.import_model(plugin(line + '\n'))


# ---------------------------------------------------------------- while it works

USES = IMPORTS + '''\
class Mine(ModelBase):
    def on_initialize_options(self):
        self.ask_batch_size(2)

    def on_initialize(self):
        net = (
            %s
        )
Model = Mine
'''


@pytest.mark.parametrize('expression, told', [
    ('nn.DeepFakeArchiBW_SMALL(64)', 'uses nn.DeepFakeArchiBW_SMALL.*\n.*SAEHDBW.*NOPRINT'),
    ('self.ask_something(1)', 'uses self.ask_something'),
    ('SampleProcessor.Options(random_flips=True)', 'keyword random_flips'),
    ('nn.gaussian_blur(None, radius=1, sigma=2)', 'keyword sigma to gaussian_blur'),
    ('nn.tf.no_such_op(1)', r'uses nn.tf.no_such_op, which TensorFlow \d.*\n.*dfl.py env')])
def test_a_name_missing_while_the_model_is_made(plugin, tmp_path, monkeypatch, expression, told):
    answer_with_defaults(monkeypatch)
    broken = models.import_model(plugin(USES % expression))
    with pytest.raises((AttributeError, TypeError)) as error:
        make_model(tmp_path, broken)
    text = str(explain_plugin_error(error.value))
    assert re.search(told, text) and 'Model.py, line 1' in text, text


def test_the_trainer_ends_with_the_explanation_alone(plugin, tmp_path, monkeypatch, capsys):
    from mainscripts import Trainer
    answer_with_defaults(monkeypatch)
    folders = make_folders(tmp_path)
    with pytest.raises(UserError, match='uses nn.MsSsimm'):
        Trainer.main(model_class_name=plugin(USES % 'nn.MsSsimm'),
                     saved_models_path=folders['model'], training_data_src_path=folders['src'],
                     training_data_dst_path=folders['dst'], no_preview=True, force_model_name='t',
                     cpu_only=True)
    captured = capsys.readouterr()
    assert 'Traceback' not in captured.out + captured.err


def test_other_verbs_end_with_the_explanation_too(plugin, monkeypatch, capsys):
    from mainscripts import cli
    name = plugin(IMPORTS + 'def predict():\n    return nn.no_such_op\n',
                  'from .Model import predict\nModel = dict\n')
    predict = importlib.import_module('models.Model_' + name).predict
    monkeypatch.setattr(cli, 'parse_arguments',
                        lambda argv: argparse.Namespace(func=lambda arguments: predict()))
    assert main_module.main([]) == 1
    assert 'uses nn.no_such_op' in capsys.readouterr().err
