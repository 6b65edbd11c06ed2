"""models/ModelBase.py: construction and life of a plug-in model (spec 20 section 2)."""
import pickle
import sys

import numpy as np
import pytest

import models
from core import options, persist
from core.errors import UserError
from core.leras import nn
from models import patch_layer
from tiny_support import PLUGINS, answer_with_defaults, make_model, train


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    return answer_with_defaults(monkeypatch)


def test_the_package_offers_class_and_module():
    from models.ModelBase import ModelBase, PreviewHistoryWriter, cv2_imread, cv2_imwrite
    assert models.ModelBase is ModelBase and isinstance(ModelBase, type)
    assert all(callable(name) for name in (PreviewHistoryWriter, cv2_imread, cv2_imwrite))


@pytest.mark.parametrize(
    'name', '''update_sample_for_preview load_or_def_option ask_override ask_autobackup_hour
    ask_write_preview_history ask_target_iter ask_random_flip ask_random_src_flip
    ask_random_dst_flip ask_batch_size get_pretraining_data_path get_target_iter
    is_reached_iter_goal get_previews get_history_previews get_preview_history_writer save
    create_backup debug_one_iter generate_next_samples train_one_iter pass_one_iter finalize
    is_first_run is_debug set_batch_size get_batch_size get_iter set_iter get_loss_history
    set_training_data_generators get_training_data_generators get_model_root_path
    get_strpath_storage_for_file get_summary_path get_summary_text get_loss_history_preview
    on_initialize_options on_initialize onSave onTrainOneIter onGetPreview get_model_name
    get_model_filename_list get_MergerConfig should_save_preview_history ask_session_name
    ask_maximum_n_backups ask_retraining_samples load_inter_dims'''.split())
def test_interface_name(name):
    assert callable(getattr(models.ModelBase, name))


def test_first_run_writes_default_options_with_the_typed_batch_size(tmp_path, asked):
    model = make_model(tmp_path)
    assert model.model_class_name == 'Tiny' and model.get_model_name() == 't_Tiny'
    assert model.is_first_run() and model.loss_history == [] and not model.is_reached_iter_goal()
    assert list(model.options) == [
        'dims', 'autobackup_hour', 'write_preview_history', 'target_iter', 'random_src_flip',
        'random_dst_flip', 'batch_size'
    ]
    assert model.options['random_dst_flip'] is True and model.options['batch_size'] == 2
    stored = pickle.loads((tmp_path / 'model' / 'Tiny_default_options.dat').read_bytes())
    assert stored == model.options
    # behind the model's own questions the offer of the patch layer
    assert len(asked) == 6 + patch_layer.has_patch('lean_updates')
    assert model.preview_history_path.name == 't_Tiny_history'
    assert not model.preview_history_path.exists()
    written = sorted(path.name for path in (tmp_path / 'model').iterdir())
    assert written == ['Tiny_default_options.dat']


def test_options_of_the_last_first_run_are_the_next_defaults(tmp_path, monkeypatch):
    make_model(tmp_path)
    (tmp_path / 'model' / 'Tiny_default_options.dat').write_bytes(pickle.dumps(
        dict(dims=np.int64(6), batch_size=np.int64(3), target_iter=7), 2))
    model = make_model(tmp_path, force_model_name='other')
    assert (model.options['dims'], model.options['batch_size'], model.target_iter) == (6, 3, 7)
    assert type(model.options['batch_size']) is int


def test_round_trip_of_a_saved_model(tmp_path, asked):
    model = make_model(tmp_path)
    model.options['of_a_newer_version'] = 'kept'
    train(model, 3)
    history, options = model.get_loss_history(), dict(model.options)
    weights = [saveable.get_weights_np() for saveable, _ in model.get_model_filename_list()]
    sample = model.sample_for_preview
    model.save()
    assert sorted(path.name for path in (tmp_path / 'model').iterdir()) == [
        'Tiny_default_options.dat', 't_Tiny_data.dat', 't_Tiny_generation.json', 't_Tiny_net.npy',
        't_Tiny_opt.npy', 't_Tiny_summary.txt'
    ]
    assert (tmp_path / 'model'
            / 't_Tiny_summary.txt').read_text(encoding='utf-8') == model.get_summary_text()

    del asked[:]
    again = make_model(tmp_path)
    assert not asked, 'a resumed run asks nothing'
    assert again.get_iter() == 3 and again.get_loss_history(
    ) == history and again.options == options
    for a, b in zip(sample[0], again.sample_for_preview[0]):
        np.testing.assert_array_equal(a, b)
    for before, (saveable, _) in zip(weights, again.get_model_filename_list()):
        for a, b in zip(before, saveable.get_weights_np()):
            np.testing.assert_array_equal(a, b)
    train(again, 1)
    assert again.get_loss_history()[:3] == history and len(again.get_loss_history()) == 4


@pytest.mark.parametrize('name', ['a/b', '/models/me', 'me/'])
def test_a_name_that_is_a_path_is_refused_at_once(tmp_path, name):
    with pytest.raises(UserError, match='cannot be the name') as error:
        make_model(tmp_path, force_model_name=name)
    assert '--model-dir' in error.value.remedies[0]


def test_merging_needs_a_trained_model(tmp_path):
    with pytest.raises(UserError, match='no trained model') as error:
        make_model(tmp_path, is_training=False)
    assert error.value.remedies[0] == 'models of this kind there: none'
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    with pytest.raises(UserError, match='no trained model other_Tiny') as error:
        make_model(tmp_path, is_training=False, force_model_name='other')
    assert error.value.remedies[0] == 'models of this kind there: t'
    merging = make_model(tmp_path, is_training=False)
    predictor, shape, config = merging.get_MergerConfig()
    assert shape == (16, 16, 3) and config.get_config()['mode'] == 'overlay'
    with pytest.raises(NotImplementedError):
        models.ModelBase.get_MergerConfig(merging)


def test_set_iter_cuts_the_history(tmp_path):
    model = make_model(tmp_path)
    train(model, 4)
    model.set_iter(2)
    assert model.get_iter() == 2 and len(model.get_loss_history()) == 2


def test_generators_are_checked(tmp_path):
    tiny = models.import_model('Tiny')

    class Without(tiny):
        def set_training_data_generators(self, generators):
            pass

    class Wrong(tiny):
        def set_training_data_generators(self, generators):
            self.generator_list = [object()]
    Without.__module__ = Wrong.__module__ = tiny.__module__
    for model_class in (Without, Wrong):
        with pytest.raises(ValueError):
            make_model(tmp_path, model_class)


def test_a_model_can_be_made_after_finalize(tmp_path):
    model = make_model(tmp_path)
    train(model, 1)
    model.finalize()
    assert nn.tf_sess is None
    train(make_model(tmp_path), 1)


def test_one_channel_model(tmp_path):
    tiny = models.import_model('Tiny')
    gray = type('Gray', (tiny,), {'channels': 1, '__module__': tiny.__module__})
    model = make_model(tmp_path, gray)
    train(model, 2)
    (_, image), _ = model.get_previews()
    assert image.shape == (16, 32, 1)
    assert model.get_loss_history_preview(model.get_loss_history(), 2, 32, 1).shape == (100, 32, 1)
    model.save()
    model.create_backup()


def test_dry_run_writes_nothing(tmp_path):
    with pytest.raises(models.DryRunFinished):
        make_model(tmp_path, dry_run=True)
    assert list((tmp_path / 'model').iterdir()) == []


def test_finalize_ends_the_sample_workers(tmp_path):
    model = make_model(tmp_path)
    closed = []
    model.generator_list[0].close = lambda: closed.append(1)
    model.finalize()
    assert closed == [1]


@pytest.mark.skipif(sys.platform == 'win32', reason='links need rights on Windows')
def test_the_class_name_is_that_of_the_folder_also_where_it_is_a_link(tmp_path, monkeypatch):
    (tmp_path / 'linked').mkdir()
    (tmp_path / 'linked' / 'Model_My_Linked').symlink_to(PLUGINS / 'Model_Tiny')
    monkeypatch.setattr(models, '__path__', list(models.__path__) + [str(tmp_path / 'linked')])
    model = make_model(tmp_path, models.import_model('My_Linked'))
    assert model.model_class_name == 'Linked' and model.get_model_name() == 't_Linked'


def test_a_first_run_over_old_weights_says_so(tmp_path, capsys):
    model = make_model(tmp_path)
    assert 'begins anew' not in capsys.readouterr().out
    train(model, 1)
    model.save()
    (tmp_path / 'model' / 't_Tiny_data.dat').unlink()
    assert make_model(tmp_path).is_first_run()
    output = capsys.readouterr().out
    assert 't_Tiny_data.dat is missing' in output and 't_Tiny_net.npy' in output
    make_model(tmp_path, force_model_name='other')
    assert 'begins anew' not in capsys.readouterr().out


def test_a_key_that_a_model_without_a_list_of_options_does_not_have_is_told(tmp_path, monkeypatch,
                                                                            asked):
    sources = options.OptionSources(flags={'batchsize': '3'}, environ={})
    monkeypatch.setattr(options, '_sources', sources)
    with pytest.raises(UserError, match="Tiny has no option 'batchsize'"):
        make_model(tmp_path)
    assert asked and list((tmp_path / 'model').iterdir()) == []


def test_a_damaged_save_and_the_last_good_one(tmp_path, capsys):
    """The whole way through a real model (tests/test_models_model_generations.py has the cases)."""
    model = make_model(tmp_path)
    for _ in range(2):
        train(model, 2)
        model.save()
    path = tmp_path / 'model' / 't_Tiny_opt.npy'
    path.write_bytes(bytes(path.stat().st_size))    # after a power cut
    model = make_model(tmp_path)
    assert model.get_iter() == 2 and 'Went back to the save before it' in capsys.readouterr().out
    train(model, 2)
    model.save()
    net = tmp_path / 'model' / 't_Tiny_net.npy'
    values = persist.load(net)
    persist.write_bytes(net, persist.dumps({key: value * np.nan for key, value in values.items()}))
    again = make_model(tmp_path, restore_last_good=True)
    assert again.get_iter() == 2 and 'Restored previous' in capsys.readouterr().out
    train(again, 1)
    again.save()
    assert make_model(tmp_path).get_iter() == 3


def test_a_reset_counts_anew_on_the_trained_weights(tmp_path, monkeypatch, capsys):
    def stored_iter():
        return persist.load(tmp_path / 'model' / 't_Tiny_data.dat')['iter']

    def read_weights(model):
        return nn.tf_sess.run(model.net.get_weights())
    model = make_model(tmp_path)
    train(model, 3)
    model.save()
    weights = read_weights(model)
    monkeypatch.setenv('DFL_RESET_TRAINING', 'y')
    model = make_model(tmp_path)
    assert model.get_iter() == 0 and model.get_loss_history() == [] and not model.is_first_run()
    assert all(np.array_equal(a, b) for a, b in zip(read_weights(model), weights))
    model.save()        # iteration 0 would read as "no weights" at the next start
    assert stored_iter() == 3
    assert 'nothing has been trained since the reset' in capsys.readouterr().out
    train(model, 1)
    model.save()
    assert stored_iter() == 1
    assert make_model(tmp_path, is_training=False).get_iter() == 1, 'merging resets nothing'
    fresh = make_model(tmp_path, force_model_name='fresh')
    assert fresh.is_first_run() and 'nothing to reset' in capsys.readouterr().out
