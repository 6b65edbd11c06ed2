"""mainscripts/ModelStats.py: `util --model-stats` on saved models: table, JSON, plot, files left
alone, what it refuses."""
import json
import shutil

import cv2
import numpy as np
import pytest

import gated_support
import main as main_module
import model_stats_support as support
import saehd_support
import tiny_support
import xseg_support
from core import persist
from core.errors import UserError
from core.leras import nn
from mainscripts import ModelStats, cli
from models.model_stats import HeadStats, LayerStats, ModelStats as Stats, Summary

# What a training would make a folder for.
OPTIONS = dict(write_preview_history=True, autobackup_hour=1, batch_size=2)


@pytest.fixture(scope='module')
def trained(tmp_path_factory, facesets):
    """Folder with a small SAEHD `p`, trained two steps on rendered faces and saved."""
    folder = tmp_path_factory.mktemp('trained')
    with pytest.MonkeyPatch.context() as monkeypatch:
        options = saehd_support.make_options(**dict(OPTIONS, autobackup_hour=0,
                                                    write_preview_history=False))
        model, _ = support.open_saehd(folder, monkeypatch, options, cpu_only=True)
        for _ in range(2):
            model.train_one_iter()
        model.options.update(OPTIONS)
        model.save()
        model.finalize()
    for name in ('src', 'dst', 'pretrain'):
        (folder / name).rmdir()
    return folder


def run(*arguments):
    """Exit code of main.py in this process, on a fresh session."""
    nn.close_session()
    nn.setCurrentDeviceConfig(nn.DeviceConfig.CPU())
    return main_module.main(['util', '--cpu-only'] + [str(argument) for argument in arguments])


@pytest.mark.parametrize('name', ['s', 's.xyz'])
def test_a_plot_of_no_kind_is_told_before_anything_is_measured(name, tmp_path):
    with pytest.raises(UserError, match='{} is no kind of picture'.format(name)):
        ModelStats.main('p', tmp_path / 'none', tmp_path, tmp_path, plot_path=tmp_path / name)


def test_a_real_run(trained, facesets, tmp_path, capsys):
    before = support.sum_up(trained), support.sum_up(facesets.src), support.sum_up(facesets.dst)
    code = run('--model-stats', 'p', '--model-dir', trained, '--batches', 1,
               '--training-data-src-dir', facesets.src, '--training-data-dst-dir', facesets.dst,
               '--json', tmp_path / 's.json', '--plot', tmp_path / 's.png')
    output = capsys.readouterr().out
    assert code == 0 and output.endswith('Done.\n')
    assert before == (support.sum_up(trained), support.sum_up(facesets.src),
                      support.sum_up(facesets.dst))
    content = json.loads((tmp_path / 's.json').read_text())
    assert [content[key] for key in ('model', 'iteration', 'batches', 'samples', 'warnings')] == [
        'p_SAEHD', 3, 1, 2, []]
    assert sorted(path.name for path in tmp_path.iterdir()) == ['s.json', 's.png']
    check_table(output.splitlines(), content)
    assert len(content['layers']) == len(list_layers(trained)) > 30
    assert {'%(network)s/%(layer)s' % layer for layer in content['layers']} == list_layers(trained)
    assert cv2.imread(str(tmp_path / 's.png')).shape[1] > 640


def list_layers(folder):
    """network/layer of every weight in the files of the networks."""
    return {'%s/%s' % (path.stem[len('p_SAEHD_'):], name.rpartition('/')[0])
            for path in folder.glob('*.npy') if not path.stem.endswith('_opt')
            for name in persist.load(path)}


def check_table(lines, content):
    """Each row of the table holds the figures of the JSON."""
    first = [line.split()[:2] for line in lines].index(['network', 'layer']) + 1
    rows = [line.split() for line in lines[first:first + len(content['layers'])]]
    for row, layer in zip(rows, content['layers']):
        activation = layer['activation']
        largest = max(abs(activation['low']), abs(activation['high']))
        assert row == [layer['network'], layer['layer'], layer['kind']] + [
            '%.3g' % value for value in (activation['std'], largest, layer['gradient']['std'])]
    first += len(content['layers']) + 2
    for line, head in zip(lines[first:], content['heads']):
        output, logits = head['output'], head['logits']
        assert line.split() == [head['network'], head['head']] + [
            '%.3g..%.3g' % (output['low'], output['high']), '%.3g' % output['mean'],
            '%.3g' % output['saturated'], '%.3g..%.3g' % (logits['low'], logits['high']),
            '%.3g' % logits['mean']]
    assert [head['head'] for head in content['heads']] == ['image', 'mask'] * 2


def test_a_planted_failure_is_printed_and_ends_with_0(trained, facesets, tmp_path, capsys):
    """One folder of faces serves both sides."""
    shutil.copytree(str(trained), str(tmp_path / 'model'))
    path = tmp_path / 'model' / 'p_SAEHD_encoder.npy'
    weights = persist.load(path)
    persist.write_bytes(path, persist.dumps({name: value * np.float32(1e-4)
                                             for name, value in weights.items()}))
    assert run('--model-stats', 'p_SAEHD', '--model-dir', tmp_path / 'model', '--batches', 1,
               '--input-dir', facesets.src) == 0
    assert 'WARNING: encoder: the standard deviation' in capsys.readouterr().out


def test_a_plug_in(tmp_path, capsys):
    model, _ = support.open_tiny(tmp_path)
    tiny_support.train(model, 2)
    model.save()
    model.finalize()
    before = support.sum_up(tmp_path)
    assert run('--model-stats', 't', '--model-dir', tmp_path / 'model', '--input-dir',
               tmp_path / 'src') == 0
    output = capsys.readouterr().out
    assert 'iteration 2: 4 batches' in output and 'net image' in output
    assert support.sum_up(tmp_path) == before


@pytest.mark.slow
def test_xseg(tmp_path, monkeypatch, capsys):
    """Its files have no model's name in front. Its head: tests/test_models_graph_probe.py."""
    saehd_support.start_engine()
    xseg_support.narrow_network(monkeypatch)
    monkeypatch.setenv('DFL_BATCH_SIZE', '2')
    model = gated_support.make_model('XSeg', tmp_path, monkeypatch)
    model.train_one_iter()
    assert model.save()
    model.finalize()
    assert run('--model-stats', 'XSeg', '--model-dir', tmp_path, '--input-dir', tmp_path,
               '--batches', 1, '--json', tmp_path / 's.json') == 0
    head, = json.loads((tmp_path / 's.json').read_text())['heads']
    assert (head['network'], head['head']) == ('XSeg', 'mask')
    assert 0 <= head['output']['low'] < head['output']['high'] <= 1
    assert head['logits']['low'] < head['logits']['high']


def test_patches_stay_off(tmp_path, monkeypatch):
    """Those of the environment and those that the model was trained with."""
    model, _ = support.open_tiny(tmp_path)
    tiny_support.train(model, 1)
    model.save()
    model.finalize()
    (tmp_path / 'model' / 't_Tiny_patches.json').write_text('{"patches": ["fast_blur"]}')
    monkeypatch.setenv('DFL_PATCHES', 'fast_blur')
    original = nn.gaussian_blur
    model = ModelStats.open_model('t_Tiny', tmp_path / 'model', tmp_path, tmp_path)
    assert nn.gaussian_blur is original and model.patches.names == ()
    model.finalize()


@pytest.mark.parametrize('arguments, words', [
    (['--model-stats', 'p', '--input-dir', 'x'], ['--model-dir']),
    (['--model-stats', 'p', '--model-dir', '{0}'], ['--input-dir', 'training-data-src-dir']),
    (['--model-stats', 'p', '--model-dir', '{0}', '--training-data-src-dir', 'x'], ['dst-dir']),
    (['--model-stats', 'p', '--model-dir', '{0}', '--input-dir', 'x', '--pack-faceset'],
     ['two commands']),
    (['--model-stats', 'q', '--model-dir', '{0}', '--input-dir', 'x'], ["no model 'q'", 'p_SAEHD']),
    (['--model-stats', 'p', '--model-dir', '{0}', '--input-dir', 'x', '--batches', '0'],
     ['--batches']),
    (['--model-stats', 'p', '--model-dir', '{0}', '--input-dir', 'x', '--json', '{0}/no/s.json'],
     ['no folder']),
    (['--input-dir', 'x'], ['--pack-faceset', '--model-stats'])])
def test_what_it_cannot_do_ends_with_1(arguments, words, trained, capsys):
    before = support.sum_up(trained)
    assert run(*[text.format(trained) for text in arguments]) == 1
    error = capsys.readouterr().err
    assert all(word in error for word in words), error
    assert support.sum_up(trained) == before


def test_no_faces_end_with_1(trained, tmp_path, capsys):
    before = support.sum_up(trained)
    assert run('--model-stats', 'p', '--model-dir', trained, '--input-dir', tmp_path) == 1
    assert 'no face images' in capsys.readouterr().err
    assert support.sum_up(trained) == before


def test_an_unfinished_save_is_not_finished(trained, tmp_path):
    folder = tmp_path / 'model'
    shutil.copytree(str(trained), str(folder))
    record = persist.read_manifest(folder, 'p_SAEHD')
    persist.write_text(persist.manifest_path(folder, 'p_SAEHD'),
                       json.dumps(dict(record, state='pending')))
    before = support.sum_up(folder)
    with pytest.raises(UserError, match='not finished'):
        ModelStats.main('p', folder, tmp_path, tmp_path)
    assert support.sum_up(folder) == before


def test_a_network_without_its_file_is_refused(tmp_path):
    model, _ = support.open_tiny(tmp_path)
    tiny_support.train(model, 1)
    model.save()
    model.finalize()
    (tmp_path / 'model' / 't_Tiny_net.npy').unlink()
    with pytest.raises(UserError, match='t_Tiny_net.npy is missing'):
        ModelStats.main('t', tmp_path / 'model', tmp_path, tmp_path, cpu_only=True)


def test_other_operations_still_need_their_folder(capsys):
    for line in (['util', '--pack-faceset'], ['util']):
        with pytest.raises(SystemExit) as stop:
            cli.parse_arguments(line)
        assert stop.value.code == 2 and '--input-dir' in capsys.readouterr().err
    args = cli.parse_arguments(['util', '--model-stats', 'me', '--model-dir', 'm'])
    assert args.input_dir is None and args.model_stats == 'me' and args.batches == 4


def test_what_is_not_measured_or_not_finite():
    nan = float('nan')
    bad = Summary(4, nan, nan, nan, nan, nan)
    stats = Stats('me_SAEHD', 1, 1, 4, [LayerStats('net', 'conv', 'Conv2D', bad, None)],
                  [HeadStats('net', 'image', bad, None)], ['a warning'])
    lines = ModelStats.format_stats(stats).splitlines()
    assert 'net      conv   Conv2D             nan      nan             -' in lines
    assert lines[-1] == 'WARNING: a warning'
    content = json.loads(ModelStats.encode_stats(stats))
    assert content['layers'][0]['gradient'] is None
    assert content['layers'][0]['activation']['std'] is None
