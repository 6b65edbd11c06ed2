"""facelib/XSegNet.py: the segmentation network with its files, for training and for use."""
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import saehd_support as support
import xseg_support
from core.errors import UserError
from core.leras import nn
from core.leras.weights_file import WeightsMismatchError
from facelib import XSegNet

GOLDEN = Path(__file__).parent / 'golden' / 'xseg'


def make_check_value(key: str, shape):
    """Reproducible weights of the network check (spec 40 section 9)."""
    seed = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16)
    z = np.random.RandomState(seed).standard_normal(shape).astype(np.float32)
    leaf = key.rsplit('/', 1)[-1].split(':')[0]
    if leaf in ('bias', 'tau'):
        return 0.05 * z
    if leaf == 'eps':
        return np.full(shape, 1e-6, np.float32)
    if len(shape) == 1:
        return 1 + 0.1 * z
    return z * np.float32(np.sqrt(2 / np.prod(shape[:-1])))


@pytest.fixture
def narrow(monkeypatch):
    support.start_engine()
    xseg_support.narrow_network(monkeypatch)


def test_the_whole_network_gives_the_reference_mask(tmp_path):
    """222 weights under the keys of the file; the mask of a random picture with given weights."""
    support.start_engine()
    check = json.loads((GOLDEN / 'network_check.json').read_text())
    net = XSegNet('XSeg', load_weights=False, weights_file_root=tmp_path)
    weights = net.get_weights()
    assert [[x.name.split('/', 1)[1], x.shape.as_list()] for x in weights] == check['weights']
    assert sum(int(np.prod(shape)) for _, shape in check['weights']) == 17569317
    nn.batch_set_value([(weight, make_check_value(key, shape))
                        for weight, (key, shape) in zip(weights, check['weights'])])
    picture = np.random.RandomState(1234).uniform(0, 1, (1, 256, 256, 3)).astype(np.float32)
    mask = net.net_run(picture)
    assert mask.shape == (1, 256, 256, 1)
    for got, wanted in ((mask.mean(), check['mean']), (mask.std(), check['std']),
                        (mask.ravel()[:8], check['first8']), (mask.ravel()[-4:], check['last4'])):
        np.testing.assert_allclose(got, wanted, rtol=1e-4)


def test_files_of_an_install_are_loaded(narrow, tmp_path):
    """The names of the files, and half precision as some installs have it."""
    net = XSegNet('XSeg', load_weights=False, weights_file_root=tmp_path)
    net.model.set_weights([x.astype(np.float16) for x in net.model.get_weights_np()])
    net.model.save_weights(tmp_path / 'XSeg_256.npy', force_dtype=np.float16)
    picture = np.random.RandomState(0).uniform(0, 1, (256, 256, 3)).astype(np.float32)
    expected = net.extract(picture)
    support.start_engine()
    net = XSegNet('XSeg', weights_file_root=tmp_path, place_model_on_cpu=True, run_on_cpu=True,
                  raise_on_no_model_files=True)
    assert net.initialized and net.get_resolution() == 256
    np.testing.assert_allclose(net.extract(picture), expected, atol=1e-6)


def test_masks_are_clipped_and_single_pictures_stay_single(narrow, tmp_path):
    net = XSegNet('XSeg', load_weights=False, weights_file_root=tmp_path)
    assert net.initialized
    net.net_run = lambda images: np.linspace(-.2, 1.2, len(images) * 4).reshape(-1, 2, 2, 1)
    single = net.extract(np.zeros((2, 2, 3)))
    np.testing.assert_allclose(single.ravel(), [0, 4 / 15, 11 / 15, 1])
    batch = net.extract(np.zeros((2, 2, 2, 3)))
    assert batch.shape == (2, 2, 2, 1) and batch.min() == 0 and not ((0 < batch)
                                                                     & (batch < .1)).any()


def test_without_its_file_it_says_so_and_gives_half(narrow, tmp_path, monkeypatch):
    from core.interact import interact as io
    logged = []
    monkeypatch.setattr(io, 'log_err', lambda text, **kwargs: logged.append(text))
    net = XSegNet('XSeg', weights_file_root=tmp_path)
    assert not net.initialized and len(logged) == 1 and 'XSeg_256.npy' in logged[0]
    mask = net.extract(np.zeros((3, 256, 256, 3), np.float32))
    assert mask.shape == (256, 256, 1) and mask.dtype == np.float32 and (mask == 0.5).all()
    support.start_engine()
    with pytest.raises(UserError, match='XSeg_256.npy is missing') as error:
        XSegNet('XSeg', weights_file_root=tmp_path, raise_on_no_model_files=True)
    assert any('train' in remedy for remedy in error.value.remedies)


def test_a_file_of_another_network_is_refused(narrow, tmp_path, monkeypatch):
    net = XSegNet('XSeg', load_weights=False, weights_file_root=tmp_path)
    net.save_weights()
    support.start_engine()
    xseg_support.narrow_network(monkeypatch, 6)
    with pytest.raises(WeightsMismatchError):
        XSegNet('XSeg', weights_file_root=tmp_path)
    support.start_engine()
    (tmp_path / 'XSeg_256.npy').write_bytes(b'not a pickle')
    with pytest.raises(UserError):
        XSegNet('XSeg', weights_file_root=tmp_path)


def test_training_needs_an_optimizer_and_saves_its_state_first(narrow, tmp_path):
    with pytest.raises(ValueError, match='optimizer'):
        XSegNet('XSeg', training=True, weights_file_root=tmp_path)
    support.start_engine()
    optimizer = nn.RMSprop(lr=1e-4, lr_dropout=0.3, name='opt')
    net = XSegNet('XSeg', load_weights=False, weights_file_root=tmp_path, training=True,
                  optimizer=optimizer, data_format='NHWC')
    assert [name for _, name in net.model_filename_list] == ['XSeg_256_opt.npy', 'XSeg_256.npy']
    assert net.opt is optimizer and not hasattr(net, 'net_run')
    first = nn.tf.get_default_graph().get_operations()[0].name
    assert first.startswith('opt/iters')
    logits, mask = net.flow(net.input_t, pretrain=True)
    assert logits.shape.as_list() == mask.shape.as_list() == [None, 256, 256, 1]
    net.save_weights()
    assert sorted(x.name for x in tmp_path.iterdir()) == ['XSeg_256.npy', 'XSeg_256_opt.npy']
