"""models/patch_layer.py: the selection of a model, its record, and files that stay everybody's."""
import json
import sys

import numpy as np
import pytest

import dfl_patches
from core import options, persist
from core.errors import CorruptFileError, UserError
from core.interact import interact as io
from core.leras import nn
from models import effective_config, patch_layer
from models.common_options import LEAN_UPDATES
from models.plugin_errors import explain_plugin_error
from patch_support import FORCE, NAMES, UNUSABLE, USABLE
from tiny_support import answer_with_defaults, make_model, train


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    yield answer_with_defaults(monkeypatch)
    dfl_patches.remove_all(nn)


@pytest.fixture
def give(monkeypatch):
    def give(flags=None, **environ):
        monkeypatch.setattr(options, '_sources', options.OptionSources(flags=flags,
                                                                       environ=environ))
    give()
    return give


@pytest.fixture
def no_lean_updates(monkeypatch):
    monkeypatch.setattr(patch_layer, 'has_patch', lambda name: False)


@pytest.fixture
def lean_updates(monkeypatch):
    """A layer that has it, whatever ours has."""
    monkeypatch.setattr(patch_layer, 'has_patch', lambda name: True)
    select = patch_layer.select_patches
    monkeypatch.setattr(patch_layer, 'select_patches', lambda texts, source: (
        patch_layer.PatchChoice(tuple(texts), source) if texts == ['lean_updates']
        else select(texts, source)))
    monkeypatch.setattr(patch_layer, 'apply_patches', lambda choice: None)


def get_record(root):
    return json.loads((root / 'model' / 't_Tiny_patches.json').read_text(encoding='utf-8'))


def train_and_save(root, count=1, **keywords):
    """Files of a model after `count` steps, as the trainer writes them."""
    model = make_model(root, **keywords)
    train(model, count)
    model.save()
    patch_layer.write_record(model)
    model.finalize()
    return model


# ---------------------------------------------------------------- selection

def test_without_patches_nothing_is_imported_applied_or_written(tmp_path, give, monkeypatch):
    for name in [name for name in sys.modules if name.split('.')[0] == 'dfl_patches']:
        monkeypatch.delitem(sys.modules, name)
    model = train_and_save(tmp_path)
    assert nn.gradients.__name__ == 'tf_gradients' and model.patches == ((), 'built-in default')
    assert 'dfl_patches' not in sys.modules
    assert 'patches' not in model.get_summary_text()
    assert not list((tmp_path / 'model').glob('*patches*'))


def test_given_patches_are_applied_shown_and_kept(tmp_path, give, capsys):
    give({'patches': 'deterministic, fast_blur'})
    model = make_model(tmp_path)
    assert dfl_patches.list_applied() == ['fast_blur', 'deterministic'] == list(
        model.patches.names)
    summary = model.get_summary_text()
    assert '==               patches: fast_blur, deterministic ==' in summary
    assert summary in capsys.readouterr().out and 'patches' not in model.options
    effective_config.log_settings(model)
    assert 'Patches: fast_blur, deterministic (--set patches)' in capsys.readouterr().out
    assert effective_config.collect_configuration(model)['patches'] == {
        'value': ['fast_blur', 'deterministic'], 'source': '--set patches'}
    train(model, 1)
    model.save()
    patch_layer.write_record(model)
    model.finalize()
    assert dfl_patches.list_applied() == [] and nn.gradients.__name__ == 'tf_gradients'
    assert get_record(tmp_path) == {'patches': ['fast_blur', 'deterministic']}
    saved = [persist.load(path) for path in (tmp_path / 'model').glob('*.dat')]
    assert len(saved) == 2 and 'fast_blur' not in repr(saved)

    give()
    again = make_model(tmp_path)
    assert again.patches == (('fast_blur', 'deterministic'), 'saved with the model')
    again.finalize()
    give(DFL_PATCHES='none')
    again = train_and_save(tmp_path)
    assert again.patches == ((), 'environment: DFL_PATCHES')
    assert get_record(tmp_path) == {'patches': []}
    give()
    assert make_model(tmp_path).patches.names == ()


def test_deleting_the_record_is_harmless_and_a_damaged_one_is_told(tmp_path, give):
    give({'patches': 'fast_blur'})
    train_and_save(tmp_path)
    give()
    path = tmp_path / 'model' / 't_Tiny_patches.json'
    for text in ('', '{"patches": "fast_blur"}', '[1]', '[' * 100000):
        path.write_text(text)
        with pytest.raises(CorruptFileError) as caught:
            make_model(tmp_path)
        assert 'delete the file' in str(caught.value)
    give({'patches': 'none'})
    train_and_save(tmp_path)
    assert get_record(tmp_path) == {'patches': []}
    give()
    path.unlink()
    assert train_and_save(tmp_path).patches.names == () and not path.exists()


def test_other_entries_of_the_record_stay(tmp_path, give):
    give({'patches': 'fast_blur'})
    train_and_save(tmp_path)
    path = tmp_path / 'model' / 't_Tiny_patches.json'
    path.write_text('{"patches": ["fast_blur"], "of_a_newer_version": 1}')
    give({'patches': 'deterministic'})
    train_and_save(tmp_path)
    assert get_record(tmp_path) == {'patches': ['deterministic'], 'of_a_newer_version': 1}


def test_a_record_without_a_saved_model_counts_for_nothing(tmp_path, give, no_lean_updates):
    (tmp_path / 'model').mkdir()
    (tmp_path / 'model' / 't_Tiny_patches.json').write_text('{"patches": ["fast_blur"]}')
    assert make_model(tmp_path).patches.names == ()


def test_merging_takes_given_patches_only(tmp_path, give):
    give({'patches': 'fast_blur'})
    train_and_save(tmp_path)
    give()
    merging = make_model(tmp_path, is_training=False)
    assert merging.patches.names == ()
    give({'patches': 'fast_blur'})
    merging = make_model(tmp_path, is_training=False)
    assert merging.patches.names == ('fast_blur',) == tuple(dfl_patches.list_applied())
    exporting = make_model(tmp_path, is_training=False, is_exporting=True)
    assert exporting.patches.names == ()


def test_dry_run_shows_them_and_applies_nothing(tmp_path, give, capsys):
    import models
    give({'patches': 'fast_blur'})
    with pytest.raises(models.DryRunFinished):
        make_model(tmp_path, dry_run=True)
    assert '\nPatches\n  fast_blur    --set patches\n' in capsys.readouterr().out
    assert dfl_patches.list_applied() == [] and not list((tmp_path / 'model').iterdir())


@pytest.mark.parametrize('text, what', [('no_such', "no patch 'no_such'"),
                                        ('none,fast_blur', '`none` and patches')])
def test_a_selection_that_makes_no_sense_is_a_user_error(tmp_path, give, text, what):
    give({'patches': text})
    with pytest.raises(dfl_patches.PatchError) as caught:
        make_model(tmp_path)
    error = explain_plugin_error(caught.value)
    assert isinstance(error, UserError) and what in error.what and error.remedies
    assert patch_layer.explain(ValueError()) is None


def test_a_missing_layer_is_told(tmp_path, give, monkeypatch):
    for name in [name for name in sys.modules if name.split('.')[0] == 'dfl_patches']:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(patch_layer, 'FOLDER', tmp_path)
    give({'patches': 'none'})
    make_model(tmp_path)
    give({'patches': 'fast_blur'})
    with pytest.raises(UserError) as caught:
        make_model(tmp_path)
    assert str(tmp_path) in caught.value.what and '--patch none' in str(caught.value)
    monkeypatch.undo()


def test_the_layer_beside_the_tree_is_found(monkeypatch):
    for name in [name for name in sys.modules if name.split('.')[0] == 'dfl_patches']:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, 'path', [x for x in sys.path if not x.endswith('patches')])
    layer = patch_layer.load_layer()
    assert layer.select(['fast_blur']) == ('fast_blur',) and patch_layer.load_layer() is layer
    assert not any(x.endswith('patches') for x in sys.path)


# ---------------------------------------------------------------- the offer

def test_a_new_model_is_asked_behind_its_own_questions(tmp_path, give, asked, lean_updates,
                                                       monkeypatch):
    model = make_model(tmp_path)
    assert asked[-1] == (LEAN_UPDATES.prompt, False) and model.patches.names == ()
    assert [text for text, _ in asked].count(LEAN_UPDATES.prompt) == 1

    monkeypatch.setattr(io, 'input_bool', lambda text, default, **keywords: (
        text == LEAN_UPDATES.prompt or default))
    model = make_model(tmp_path)
    assert model.patches == (('lean_updates',), 'typed')
    assert 'lean_updates' not in model.options
    give(DFL_LEAN_UPDATES='y')
    assert make_model(tmp_path).patches.source == 'environment: DFL_LEAN_UPDATES'


def test_nobody_else_is_asked(tmp_path, give, asked, lean_updates, monkeypatch):
    give({'patches': 'none'})
    train_and_save(tmp_path)
    give({'lean_updates': 'y'})     # old ones keep what they had
    assert make_model(tmp_path).patches.names == ()
    assert make_model(tmp_path, is_training=False).patches.names == ()
    monkeypatch.setattr(patch_layer, 'has_patch', lambda name: False)
    give()
    (tmp_path / 'other').mkdir()
    make_model(tmp_path / 'other')
    assert LEAN_UPDATES.prompt not in [text for text, _ in asked]


def test_the_offer_follows_the_files_of_the_layer():
    assert patch_layer.has_patch('fast_blur') and not patch_layer.has_patch('no_such')
    assert patch_layer.has_patch('lean_updates') == ('lean_updates' in NAMES)


# ---------------------------------------------------------------- files

def read_arrays(root):
    return {path.name: persist.load(path) for path in sorted((root / 'model').glob('*.npy'))}


def describe_arrays(files):
    return {name: [(key, np.asarray(value).dtype, np.shape(value))
                   for key, value in arrays.items()] for name, arrays in files.items()}


def test_what_this_tensorflow_cannot_compute_is_refused(tmp_path, give):
    for name in UNUSABLE:
        give({'patches': name})
        with pytest.raises(dfl_patches.PatchError) as caught:
            make_model(tmp_path)
        assert name in caught.value.what and caught.value.remedies


@pytest.mark.parametrize('name', USABLE)
def test_patched_and_unpatched_read_each_others_files(name, tmp_path, give, monkeypatch):
    """Equal weights, and the schema of a model that never had a patch."""
    monkeypatch.setenv(FORCE, '1')
    for folder in ('patched', 'plain'):
        (tmp_path / folder).mkdir()
    give({'patches': name})
    train_and_save(tmp_path / 'patched', 2)
    give({'patches': 'none'})
    train_and_save(tmp_path / 'plain', 2)
    patched, plain = (read_arrays(tmp_path / folder) for folder in ('patched', 'plain'))
    assert describe_arrays(patched) == describe_arrays(plain)
    options_of = [persist.load(tmp_path / folder / 'model' / 't_Tiny_data.dat')['options']
                  for folder in ('patched', 'plain')]
    assert options_of[0] == options_of[1]

    for folder, files, choice in (('patched', patched, 'none'), ('plain', plain, name)):
        give({'patches': choice})
        model = make_model(tmp_path / folder)
        assert list(model.patches.names) == ([] if choice == 'none' else [name])
        for part, filename in model.get_model_filename_list():
            values = nn.tf_sess.run(part.get_weights())
            for value, stored in zip(values, files['t_Tiny_' + filename].values()):
                np.testing.assert_array_equal(value, stored)
        train(model, 1)
        model.finalize()
