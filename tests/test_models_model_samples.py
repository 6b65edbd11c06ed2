"""models/model_samples.py and preview_choice.py: batches, previews, the sample of the history (spec
20 section 8)."""
import numpy as np
import pytest

from core.interact import interact as io
from tiny_support import answer_with_defaults, make_model, train


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    return answer_with_defaults(monkeypatch)


def test_generator_without_data_and_generator_with_file_names(tmp_path):
    model = make_model(tmp_path)
    generator = model.generator_list[0]
    empty = type('Empty', (type(generator),), {'is_initialized': lambda self: False})(2)
    named = type('Named', (type(generator),), {'__next__': lambda self: ([1, 2], ['a.jpg'])})(2)
    model.set_training_data_generators([generator, empty, named])
    sample = model.generate_next_samples()
    assert sample[1:] == [[], [1, 2]] and sample[0][0].shape == (2, 16, 16, 3)
    assert model.last_sample is sample and model.last_sample_filenames == [[], [], ['a.jpg']]


def test_previews_history_is_written_every_ten_iterations(tmp_path, monkeypatch):
    monkeypatch.setenv('DFL_WRITE_PREVIEW_HISTORY', 'y')
    model = make_model(tmp_path)
    train(model, 12)
    model.finalize()
    root = tmp_path / 'model' / 't_Tiny_history'
    assert sorted(str(path.relative_to(root)) for path in root.glob('*/*')) == [
        'Tiny large/0000000.jpg', 'Tiny large/0000010.jpg', 'Tiny large/_last.jpg',
        'Tiny/0000000.jpg', 'Tiny/0000010.jpg', 'Tiny/_last.jpg']


def test_debug_tiles_first_items(tmp_path):
    model = make_model(tmp_path, debug=True)
    assert model.is_debug() and model.debug_one_iter().shape == (16, 32, 3)
    nchw = [np.zeros((2, 3, 16, 16), np.float32)]
    model.generator_list[0].__class__ = type('Nchw', (type(model.generator_list[0]), ),
                                             {'__next__': lambda self: nchw})
    assert model.debug_one_iter().shape == (16, 16, 3)


def test_choosing_the_preview_sample_in_a_window(tmp_path, monkeypatch):
    keys = iter(['p', 'x', ' ', '\r'])
    shown = []
    monkeypatch.setattr(io, 'is_support_windows', lambda: True)
    for name in ('named_window', 'capture_keys', 'destroy_window'):
        monkeypatch.setattr(io, name, lambda window: None)
    monkeypatch.setattr(io, 'show_image', lambda window, image: shown.append(image))
    monkeypatch.setattr(io, 'process_messages', lambda seconds: None)
    monkeypatch.setattr(io, 'get_key_events', lambda window: [(0, next(keys), False, False, False)])
    monkeypatch.setenv('DFL_CHOOSE_PREVIEW_HISTORY', 'y')
    monkeypatch.setenv('DFL_WRITE_PREVIEW_HISTORY', 'y')
    model = make_model(tmp_path)
    assert [image.shape for image in shown] == [(16, 32, 3), (16, 32, 3), (32, 32, 3)]
    assert model.generator_list[0].drawn == 3 and shown[0].dtype == np.uint8


def test_a_stored_sample_of_another_size_is_replaced_and_told(tmp_path, capsys):
    model = make_model(tmp_path)
    fixed = model.sample_for_preview
    assert model.last_sample is fixed
    model.update_sample_for_preview()
    assert model.sample_for_preview is fixed and 'a new one is taken' not in capsys.readouterr().out
    model.sample_for_preview = [[fixed[0][0][:, :8], fixed[0][1]]]
    model.update_sample_for_preview()
    assert model.sample_for_preview[0][0].shape == fixed[0][0].shape
    assert model.last_sample is model.sample_for_preview
    assert 'a new one is taken' in capsys.readouterr().out
    model.update_sample_for_preview(force_new=True)
    assert (model.sample_for_preview[0][0] != fixed[0][0]).any()


def test_a_new_sample_after_every_picture_when_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv('DFL_WRITE_PREVIEW_HISTORY', 'y')
    monkeypatch.setenv('user_force_new_preview', '1')
    model = make_model(tmp_path)
    posted = []
    monkeypatch.setattr(model, 'get_preview_history_writer', lambda: type(
        'Writer', (), {'post': lambda self, *post: posted.append(post), 'close': lambda self: 0})())
    first = model.sample_for_preview
    train(model, 1)
    assert len(posted) == 1 and posted[0][2] == 0 and len(posted[0][1]) == 1
    assert model.sample_for_preview is not first


def test_colab_writes_its_previews_into_the_model_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(io, 'is_colab', lambda: True)
    model = make_model(tmp_path)
    posted = []
    monkeypatch.setattr(model, 'get_preview_history_writer', lambda: type(
        'Writer', (), {'post': lambda self, *post: posted.append(post)})())
    train(model, 1)
    assert [path for _, path in posted[0][0]] == [
        str(tmp_path / 'model' / name)
        for name in ('t_Tiny_preview_Tiny.jpg', 't_Tiny_preview_Tiny large.jpg')]
    assert model.preview_history_path.is_dir()


def test_debug_leaves_out_a_generator_without_data(tmp_path):
    model = make_model(tmp_path, debug=True)
    generator = model.generator_list[0]
    empty = type('Empty', (type(generator),), {
        'is_initialized': lambda self: False, '__next__': lambda self: 1 / 0})(2)
    model.set_training_data_generators([generator, empty])
    assert model.debug_one_iter().shape == (16, 32, 3)


def test_ctrl_c_accepts_the_sample_that_is_shown(monkeypatch):
    from models.preview_choice import wait_for_key

    def interrupt(seconds):
        raise KeyboardInterrupt()
    monkeypatch.setattr(io, 'process_messages', interrupt)
    assert wait_for_key('window') == 'accept'
    monkeypatch.setattr(io, 'process_messages', lambda seconds: None)
    monkeypatch.setattr(io, 'is_window_closed', lambda name: name == 'window')
    assert wait_for_key('window') == 'accept'       # nobody could press a key any more
