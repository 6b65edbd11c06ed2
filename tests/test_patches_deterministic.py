"""patches/dfl_patches/deterministic.py: un-clipped runs are equal to the bit."""
import os
import random
import subprocess
import sys

import numpy as np
import pytest

import dfl_patches
import saehd_support as support
from core import persist
from core.leras import nn
from dfl_patches import deterministic
from dfl_patches.errors import PatchError
from tree_setup import TREE

SEED = deterministic.SEED_NAME


@pytest.fixture
def patch(monkeypatch):
    monkeypatch.setenv(SEED, "5")
    monkeypatch.delenv(SEED)
    yield deterministic
    deterministic.remove(nn)


def test_two_unclipped_runs_are_equal_to_the_bit(patch, tmp_path, monkeypatch):
    """SAEHD with AdaBelief, learning-rate dropout and first weights from the seed, three steps."""
    module = support.get_model_module()
    support.quiet_prompts(monkeypatch)
    monkeypatch.setattr(module, 'SampleGeneratorFace', support.make_generator_class(64))
    for key, value in support.make_options(clipgrad=False, archi='df', lr_dropout='y').items():
        monkeypatch.setenv('DFL_' + key.upper(), str(value))
    runs = []
    for i in range(2):
        support.start_engine()
        monkeypatch.setenv('DFL_PATCHES', 'deterministic')
        folder = tmp_path / str(i)
        folder.mkdir()
        model = module.Model(is_training=True, **support.list_arguments(folder))
        assert dfl_patches.list_applied() == ['deterministic']
        losses = [[float(x) for _, x in model.onTrainOneIter()] for _ in range(3)]
        runs.append((losses, [nn.tf_sess.run(part.get_weights())
                              for part, _ in model.get_model_filename_list()]))
        model.finalize()
        assert dfl_patches.list_applied() == []
    assert runs[0][0] == runs[1][0]
    for first, second in zip(*[run[1] for run in runs]):
        for a, b in zip(first, second):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize('seed', ['', 'abc', '-1', '1.5', str(2 ** 31)])
def test_what_is_no_seed_is_told(seed, patch, monkeypatch):
    support.start_engine()
    original = nn.gradients
    monkeypatch.setenv(SEED, seed)
    with pytest.raises(PatchError, match=SEED):
        dfl_patches.apply_selected(nn, ['deterministic'])
    assert nn.gradients is original and dfl_patches.list_applied() == []


# every kind of random number: feed, colours, warps, first weights, dropout masks
TRAINING = ('resolution=64', 'archi=df-ud', 'ae_dims=32', 'e_dims=16', 'd_dims=16', 'batch_size=4',
            'target_iter=3', 'exit_at_target=y', 'lr_dropout=y', 'ct_mode=rct', 'uniform_yaw=y',
            'random_hsv_power=0.1')


@pytest.mark.slow
def test_two_trainers_write_the_same_files(tmp_path, facesets):
    """Programs as users start them, with workers, oneDNN and all threads."""
    files = []
    for name in ('first', 'second'):
        command = [sys.executable, str(TREE / 'main.py'), 'train', '--model', 'SAEHD',
                   '--model-dir', str(tmp_path / name), '--force-model-name', 't', '--cpu-only',
                   '--training-data-src-dir', str(facesets.src), '--no-preview',
                   '--training-data-dst-dir', str(facesets.dst), '--patch', 'deterministic']
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith('TF_') and key != 'PYTHONPATH'}
        subprocess.run(command + [part for x in TRAINING for part in ('--set', x)], check=True,
                       env=dict(environment, DFL_UNATTENDED='1'), stdout=subprocess.DEVNULL,
                       timeout=250)
        files.append({path.name: persist.load(path)
                      for path in (tmp_path / name).glob('*.npy')})
    assert len(files[0]) == 5
    for name, arrays in files[0].items():
        for key, value in arrays.items():
            np.testing.assert_array_equal(value, files[1][name][key], err_msg=name + key)


def build_gradients():
    tf = nn.tf
    w, b = tf.get_variable('w', (3, 2)), tf.get_variable('b', (2,))
    x = tf.constant(np.ones((4, 3)), tf.float32)
    y = tf.matmul(x, w) + b
    return nn.gradients(tf.square(y), [w, b]), nn.tf.gradients(tf.square(y), [w, b])


def list_ancestors(op):
    found, waiting = set(), [op]
    while waiting:
        for other in [x.op for x in waiting[0].inputs] + list(waiting[0].control_inputs):
            if other not in found:
                found.add(other)
                waiting.append(other)
        waiting.pop(0)
    return found


def test_every_gradient_waits_for_all(patch):
    support.start_engine()
    patch.apply(nn)
    gated, plain = build_gradients()
    waits_for = [list_ancestors(g.op) for g, _ in gated]
    assert waits_for[0] == waits_for[1]
    assert {op.type for op in waits_for[0]} >= {'MatMul', 'Sum'}    # of w, of b
    nn.init_weights([v for _, v in gated])
    values = nn.tf_sess.run([[g for g, _ in gated], plain])
    for a, b in zip(*values):
        np.testing.assert_array_equal(a, b)


def test_lean_updates_order_what_is_not_gated(patch, monkeypatch):
    """All gradients at once would take back the memory that they save."""
    support.start_engine()
    patch.apply(nn)
    monkeypatch.setattr(deterministic, 'list_applied', lambda: ['lean_updates', 'deterministic'])
    (g, _), _ = build_gradients()[0]
    assert g.op.type == 'MatMul'


def test_sparse_gradients_stay_sparse(patch):
    support.start_engine()
    patch.apply(nn)
    table = nn.tf.get_variable('table', (5, 2))
    (g, _), = nn.gradients(nn.tf.reduce_sum(nn.tf.gather(table, [1, 1])), [table])
    assert isinstance(g, nn.tf.IndexedSlices) and g.values.op.type == 'Identity'


def test_seeds(patch, monkeypatch):
    def draw():
        support.start_engine()
        patch.apply(nn)
        x = nn.tf.random_uniform((2,))
        numbers = list(nn.tf_sess.run(x)) + [np.random.rand(), random.random()]
        nn.reset_session()
        numbers += list(nn.tf_sess.run(nn.tf.random_uniform((2,))))
        seed = nn.tf.get_default_graph().seed
        patch.remove(nn)
        return numbers, seed
    first, seed = draw()
    assert seed == 1 and draw()[0] == first
    monkeypatch.setenv(SEED, '7')
    other, seed = draw()
    assert seed == 7 and not set(other) & set(first)


def test_removal_leaves_no_trace_in_the_generators(patch):
    """The masks of learning-rate dropout take a number of NumPy's when a graph is built."""
    support.start_engine()
    expected = [np.random.RandomState(0).rand(), random.Random(0).random()]
    np.random.seed(0)
    random.seed(0)
    patch.apply(nn)
    assert [np.random.rand(), random.random()] != expected
    patch.remove(nn)
    assert [np.random.rand(), random.random()] == expected


def test_the_seed_is_told_to_workers_and_taken_back(patch, monkeypatch):
    support.start_engine()
    patch.apply(nn)
    assert os.environ[SEED] == '1'
    patch.remove(nn)
    assert SEED not in os.environ
    monkeypatch.setenv(SEED, '3')
    patch.apply(nn)
    patch.remove(nn)
    assert os.environ[SEED] == '3'
