"""models/Model_XSeg/preview.py: pictures and masks side by side."""
from types import SimpleNamespace

import numpy as np
import pytest
import saehd_support as support
from core.leras import nn
from models.Model_XSeg import preview


def make_model(pretrain=False, batch_size=4):
    return SimpleNamespace(pretrain=pretrain, resolution=256, get_batch_size=lambda: batch_size,
                           view=lambda images: [images.mean(
                               axis=nn.conv2d_ch_axis, keepdims=True) * 2])


@pytest.mark.parametrize('data_format', ['NHWC', 'NCHW'])
def test_rows_of_picture_mask_and_tinted_picture(data_format):
    support.start_engine()
    nn.set_data_format(data_format)
    state = np.random.RandomState(0)
    images, masks = state.uniform(0, 1, (4, 256, 256, 3)), state.uniform(0, 1, (4, 256, 256, 1))

    def feed(x):
        return nn.to_data_format(x.astype(np.float32), data_format, 'NHWC')
    pictures = preview.draw_previews(
        make_model(), [[feed(images), feed(masks)], [feed(images[::-1])], []])
    nn.set_data_format('NHWC')
    assert [name for name, _ in pictures] == ['XSeg training faces', 'XSeg src faces']
    assert all(x.shape == (3 * 256, 3 * 256, 3) for _, x in pictures)
    found = np.clip(images.mean(-1, keepdims=True) * 2, 0, 1)
    green = np.array((0, 1, 0))

    def mix(x, m):
        return x * m + 0.5 * x * (1 - m) + 0.5 * green * (1 - m)
    first = [np.split(x[:256], 3, axis=1) for _, x in pictures]
    for got, wanted in ((first[0][0], mix(images[0], masks[0])),
                        (first[0][1], np.repeat(found[0], 3, -1)),
                        (first[0][2], mix(images[0], found[0])),
                        (first[1][0], images[3]), (first[1][2], mix(images[3], found[3]))):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_pretraining_shows_the_picture_and_what_was_drawn():
    support.start_engine()
    images = np.full((2, 256, 256, 3), 0.25, np.float32)
    (name, picture), = preview.draw_previews(
        make_model(pretrain=True, batch_size=2), [[images, images[..., :1]]])
    assert name == 'XSeg training faces' and picture.shape == (512, 512, 3)
    assert (picture[:, :256] == 0.25).all() and (picture[:, 256:] == 0.5).all()
