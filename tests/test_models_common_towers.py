"""models/common/towers.py and preview.py: devices, the split of a batch, rows of a preview."""
import numpy as np
import pytest
import saehd_support as support

from core.leras import nn
from core.leras.device import Device
from models.common import preview, towers

DEVICES = [Device(3, 'GPU', 'x', 1, 1), Device(5, 'DML', 'y', 1, 1)]


@pytest.mark.parametrize('devices, debug, data_format', [
    ([], False, 'NHWC'), ([], True, 'NHWC'), (DEVICES, False, 'NCHW'), (DEVICES, True, 'NHWC')])
def test_data_format(devices, debug, data_format):
    assert towers.choose_data_format(devices, debug) == data_format


@pytest.mark.parametrize('batch, devices, expected', [
    (8, 0, (1, 8)), (0, 0, (1, 1)), (8, 1, (1, 8)), (5, 2, (2, 2)), (1, 2, (2, 1)), (9, 4, (4, 2))])
def test_every_tower_gets_the_same_share(batch, devices, expected):
    assert towers.split_batch(batch, devices) == expected


def test_names_of_devices(monkeypatch):
    assert towers.name_tower_device([], 0) == '/CPU:0'
    assert [towers.name_tower_device(DEVICES, i) for i in (0, 1)] == ['/GPU:0', '/DML:1']
    monkeypatch.setattr(nn, 'tf_default_device_name', '/GPU:0')
    assert towers.name_default_device(DEVICES) == '/GPU:0'
    assert towers.name_default_device([]) == '/CPU:0'


@pytest.mark.parametrize('data_format', ['NHWC', 'NCHW'])
@pytest.mark.parametrize('channels', [3, 1])
def test_placeholders_and_slices(data_format, channels, monkeypatch):
    support.start_engine()
    nn.set_data_format(data_format)
    try:
        batch = towers.create_placeholders(16, channels)
        share = towers.slice_batch(batch, 1, 2)
    finally:
        nn.set_data_format('NHWC')
    assert [x.op.name for x in batch] == list(towers.FaceBatch._fields)
    shapes = [x.shape.as_list() for x in batch]
    image, mask = ([None, 16, 16, channels], [None, 16, 16, 1]) if data_format == 'NHWC' else (
        [None, channels, 16, 16], [None, 1, 16, 16])
    assert shapes == [image] * 4 + [mask] * 4
    assert all('CPU:0' in x.device and x.dtype == nn.tf.float32 for x in batch)

    arrays = [np.random.RandomState(i).rand(*[5] + x[1:]) for i, x in enumerate(shapes)]
    for got, array in zip(nn.tf_sess.run(share, dict(zip(batch, arrays))), arrays):
        np.testing.assert_array_equal(got, array[2:4].astype(np.float32))


def test_sides_of_a_batch():
    batch = towers.FaceBatch(*towers.FaceBatch._fields)
    assert towers.take_src(batch) == ('warped_src', 'target_src', 'target_srcm', 'target_srcm_em')
    assert towers.take_dst(batch) == ('warped_dst', 'target_dst', 'target_dstm', 'target_dstm_em')


@pytest.mark.parametrize('batch, resolution, rows', [
    (8, 64, 4), (3, 64, 3), (8, 256, 3), (8, 640, 1), (1, 128, 1)])
def test_rows_of_a_preview(batch, resolution, rows):
    assert preview.count_rows(batch, resolution) == rows


def test_previews_are_clipped_pictures_in_rows_and_columns():
    batch = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) / 60.0 - 0.5
    image = preview.to_image(batch, 'NCHW')
    assert image.shape == (2, 4, 5, 3) and image.min() == 0 and image.max() == 1
    np.testing.assert_array_equal(image[1, 2, 3], np.clip(batch[1, :, 2, 3], 0, 1))
    np.testing.assert_array_equal(preview.to_image(image, 'NHWC'), image)

    mask = image[..., :1]
    assert preview.repeat_mask(mask, 1).shape == mask.shape
    wide = preview.repeat_mask(mask, 3)
    assert wide.shape == image.shape and (wide == mask).all()

    picture = preview.stack_rows((image, wide, image), 2)
    assert picture.shape == (2 * 4, 3 * 5, 3)
    np.testing.assert_array_equal(picture[4:, 5:10], wide[1])
    assert preview.stack_rows((mask, mask), 1).shape == (4, 10, 1)
