"""The verb `merge` on the command line, with a saved SAEHD: automatic runs, kills, refusals."""
import signal

import cv2
import merge_cli_support as support
import numpy as np
import pytest
from merge_run_support import make_workspace, read_files, write_workspace

from core import options
from core.errors import UserError
from core.interact import interact as io
from mainscripts import Merger

COUNT = 6


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp('merge_model')
    support.write_model(folder, resolution=64)
    return folder


@pytest.fixture(scope='module')
def frames(tmp_path_factory):
    return write_workspace(tmp_path_factory.mktemp('merge_cli') / 'w', COUNT)


@pytest.fixture
def workspace(frames, tmp_path):
    return frames._replace(merged=tmp_path / 'merged', masks=tmp_path / 'masks')


@pytest.fixture(scope='module')
def whole(frames, model, tmp_path_factory):
    """The bytes of a run that nobody kills."""
    root = tmp_path_factory.mktemp('whole')
    workspace = frames._replace(merged=root / 'merged', masks=root / 'masks')
    code, output = support.run_merge(workspace, model, **support.KILLED_MERGE)
    assert code == 0 and '%d frames merged' % COUNT in output, output
    files = read_files(workspace.merged, workspace.masks)
    assert len(files) == 2 * COUNT
    assert cv2.imread(str(workspace.masks / '00000.png'), cv2.IMREAD_UNCHANGED).max() > 10
    return files


def test_merge_that_is_killed_goes_on(workspace, model, whole):
    """As often as the bench kill_merge.py does, in more places: test_merger_output_record.py."""
    support.kill_and_go_on(workspace, model, 0.05, whole)


def main(workspace, model_folder, **changes):
    arguments = dict(model_class_name='SAEHD', saved_models_path=model_folder,
                     force_model_name='p', input_path=workspace.frames,
                     output_path=workspace.merged, output_mask_path=workspace.masks,
                     aligned_path=workspace.aligned, cpu_only=True)
    arguments.update(changes)
    return Merger.main(**arguments)


@pytest.mark.parametrize('changes, text', [
    (dict(aligned_path=None), 'aligned faces is not given'),
    (dict(input_path=None), 'The folder of the frames is not there'),
    (dict(saved_models_path=None), 'The folder of the models is not there'),
    (dict(output_path='frames'), 'folders of their own'),
    (dict(output_mask_path='aligned'), 'folders of their own'),
    (dict(output_mask_path='merged'), 'folders of their own')])
def test_wrong_folders_are_refused_before_anything(tmp_path, changes, text):
    workspace = make_workspace(tmp_path)
    for folder in workspace[:2]:
        folder.mkdir()
    (workspace.frames / '1.png').write_bytes(b'1')
    for name, value in changes.items():
        if name != 'aligned_path':
            changes = {name: tmp_path / (value or 'nowhere')}
    with pytest.raises(UserError, match=text):
        main(workspace, changes.pop('saved_models_path', tmp_path), **changes)
    assert (workspace.frames / '1.png').exists() and not workspace.merged.exists()


def test_an_output_folder_that_cannot_be_made_is_named(tmp_path):
    workspace = write_workspace(tmp_path / 'w', 1)
    workspace.masks.write_bytes(b'a file')
    with pytest.raises(UserError, match='masks'):
        main(workspace, tmp_path)


def test_model_that_is_missing_is_named(tmp_path):
    workspace = write_workspace(tmp_path / 'w', 1)
    (tmp_path / 'none').mkdir()
    code, output = support.run_merge(workspace, tmp_path / 'none')
    assert code == 1 and 'p_SAEHD' in output and 'Traceback' not in output


def test_a_model_that_swaps_no_faces_is_refused_before_it_asks(tmp_path):
    workspace = write_workspace(tmp_path / 'w', 1)
    with pytest.raises(UserError, match='XSeg merges no frames'):
        main(workspace, tmp_path, model_class_name='XSeg')


def give(monkeypatch, **flags):
    monkeypatch.setattr(options, '_sources', options.OptionSources(flags=flags, environ={}))


def test_default_of_the_interactive_question(monkeypatch):
    give(monkeypatch)
    asked, lines = [], []
    monkeypatch.setattr(io, 'input_bool',
                        lambda text, default, **kwargs: asked.append(default) or default)
    monkeypatch.setattr(io, 'log_info', lines.append)
    monkeypatch.setattr(io, 'is_support_windows', lambda: False)
    assert Merger.choose_interactive() is False
    monkeypatch.setattr(io, 'is_support_windows', lambda: True)
    assert Merger.choose_interactive() is True
    give(monkeypatch, unattended='y')
    assert Merger.choose_interactive() is False
    assert asked == [False, True, False] and len(lines) == 1 and 'no screen' in lines[0]
    monkeypatch.setattr(io, 'is_colab', lambda: True)
    assert Merger.choose_interactive() is False and len(asked) == 3


def test_interactive_without_a_screen_is_refused(monkeypatch):
    give(monkeypatch, merge_interactive='y')
    monkeypatch.setattr(io, 'is_support_windows', lambda: False)
    with pytest.raises(UserError, match='needs a screen'):
        Merger.choose_interactive()


def test_workers_count_is_never_more_than_cores(monkeypatch):
    give(monkeypatch)
    monkeypatch.setattr(Merger.multiprocessing, 'cpu_count', lambda: 2)
    seen = []

    def answer(text, default, valid_range=None, **kwargs):
        seen.append((default, valid_range))
        return default
    monkeypatch.setattr(io, 'input_int', answer)
    assert Merger.choose_workers_count() == 2 and seen == [(2, [1, 2])]
    monkeypatch.setattr(Merger.multiprocessing, 'cpu_count', lambda: 16)
    assert Merger.choose_workers_count() == 16
    give(monkeypatch, merge_workers='3')
    assert Merger.choose_workers_count() == 3 and len(seen) == 2
    give(monkeypatch, merge_workers='99')       # spec 60 section 6.5
    assert Merger.choose_workers_count() == 16


def test_masks_of_xseg_depend_on_its_weights(tmp_path):
    assert [mode for mode in range(11) if Merger.list_network_files(tmp_path, mode)] == [
        6, 7, 8, 9, 10]
    assert Merger.list_network_files(str(tmp_path), 6) == [tmp_path / 'XSeg_256.npy']


def test_gray_plugins_of_the_fork_get_two_dimensions(monkeypatch):
    """They add the other axes themselves, and tell three channels all the same (spec 82 part B)."""
    def predict(face):
        assert face.shape == (8, 8) and face.dtype == np.float32
        return face[..., None], face, face
    face = np.random.RandomState(0).rand(8, 8, 1).astype(np.float32)
    for shape in ((8, 8, 3), (8, 8, 1)):
        assert Merger.fit_predictor(object(), predict, shape) == (predict, shape)
        monkeypatch.setenv('use_bw_input', '1')
        fitted, told = Merger.fit_predictor(object(), predict, shape)
        assert told == (8, 8, 1) and (fitted(face)[0] == face).all()
        own = Merger.FaceModel.__new__(Merger.FaceModel)    # knows its channels
        assert Merger.fit_predictor(own, predict, shape) == (predict, shape)
        monkeypatch.delenv('use_bw_input')


def test_predictions_of_a_batch_are_those_of_single_faces(model, monkeypatch):
    import saehd_support
    from core.leras import nn
    module = saehd_support.get_model_module()
    saehd_support.start_engine()
    saehd_support.quiet_prompts(monkeypatch)
    saehd = module.Model(is_training=False, saved_models_path=model, force_model_name='p',
                         cpu_only=True)
    faces = np.random.RandomState(2).rand(5, 64, 64, 3).astype(np.float32)
    together = saehd.predict_batch(faces)
    assert [x.shape for x in together] == [(5, 64, 64, 3), (5, 64, 64), (5, 64, 64)]
    for i, face in enumerate(faces):
        for one, many in zip(saehd.predictor_func(face), together):
            np.testing.assert_allclose(one, many[i], atol=1e-5)
    nn.close_session()


@pytest.mark.slow
def test_interrupted_run_ends_with_130(workspace, model):
    process = support.start_merge(workspace, model, **support.KILLED_MERGE)
    process.send_signal(signal.SIGINT)
    output = process.communicate()[0].decode('utf-8', 'replace')
    assert process.returncode in (130, 0), output
    assert 'Traceback' not in output
