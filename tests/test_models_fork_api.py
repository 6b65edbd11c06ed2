"""models/fork_api.py: what MVE's constructor keywords become."""
from types import SimpleNamespace

import pytest

from core.errors import UserError
from models.fork_api import take_fork_keywords


def take(is_training=True, members=(), **keywords):
    model = SimpleNamespace(is_training=is_training, **dict(members))
    take_fork_keywords(model, keywords)
    return model


def test_pak_names_and_the_two_flags_of_the_yaml_file():
    model = take(src_pak_name='one', reduce_clutter=True, anything='else')
    assert (model.src_pak_name, model.dst_pak_name) == ('one', None)
    assert (model.read_from_conf, model.config_file_exists) == (False, False)


@pytest.mark.parametrize('keywords', [dict(config_training_file='conf.yaml'),
                                      dict(auto_gen_config=True)])
def test_a_yaml_file_of_options_is_refused(keywords):
    with pytest.raises(UserError, match='no yaml files') as error:
        take(**keywords)
    assert '--answers' in str(error.value)
    take(**dict.fromkeys(keywords))


def test_a_model_with_a_schema_is_told_of_the_answers_file(capsys):
    hook = dict(get_config_schema_path=lambda: 'config_schema.json')
    take(members=hook, is_training=False)
    take()
    assert capsys.readouterr().out == ''
    take(members=hook)
    assert '--answers FILE.json' in capsys.readouterr().out
