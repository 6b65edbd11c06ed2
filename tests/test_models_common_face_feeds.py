"""models/common/face_feeds.py: what the sample generators of both faces are asked for."""
from types import SimpleNamespace

import gated_support
import pytest
import saehd_support as support

from facelib import FaceType
from models.common.face_feeds import create_face_feeds

SETTINGS = dict(uniform_yaw=False, random_warp=True, random_src_flip=False, random_dst_flip=True,
                ct_mode=None, random_hsv_power=None)


@pytest.fixture
def make_feeds():
    """Function: both generators of a stand-in model; changes: of the model, then of settings."""
    support.start_engine()

    def make(paks=({}, {}), pretrain=False, channels=3, **changes):
        model = SimpleNamespace(
            settings=SimpleNamespace(**dict(SETTINGS, **changes)), channels=channels,
            face_type=FaceType.WHOLE_FACE, resolution=64, pretrain=pretrain,
            training_data_src_path='src', training_data_dst_path='dst',
            get_pretraining_data_path=lambda: 'faces', _name_paks=lambda: paks,
            is_debug=lambda: False, get_batch_size=lambda: 3)
        return create_face_feeds(model, gated_support.make_generator_class())
    return make


def test_colour_transfer_takes_the_colours_of_dst(make_feeds):
    src, dst = make_feeds(ct_mode='rct', random_warp=False, uniform_yaw=True)
    assert (src.args, dst.args) == (('src',), ('dst',))
    assert src.kwargs['random_ct_samples_path'] == 'dst'
    assert 'random_ct_samples_path' not in dst.kwargs
    for generator, flip, mode in ((src, False, 'rct'), (dst, True, None)):
        options = generator.kwargs['sample_process_options']
        assert options.random_flip is flip and tuple(options.scale_range) == (-0.15, 0.15)
        assert generator.kwargs['uniform_yaw_distribution'] is True
        warped, target, mask, em = generator.kwargs['output_sample_types']
        assert [x['warp'] for x in (warped, target, mask, em)] == [False] * 4
        assert [x.get('ct_mode') for x in (warped, target)] == [mode, mode]
        assert [x['face_mask_type'].name for x in (mask, em)] == ['FULL_FACE', 'EYES_MOUTH']
        assert [x['channel_type'].name for x in (warped, target, mask, em)] == [
            'BGR', 'BGR', 'G', 'G']


@pytest.mark.parametrize('power', [None, 0.0, 0.1])
def test_hue_is_shifted_only_for_models_with_that_option(power, make_feeds):
    src, dst = make_feeds(random_hsv_power=power)
    warped, target = src.kwargs['output_sample_types'][:2]
    expected = {} if power is None else dict(random_hsv_shift_amount=power)
    assert {k: v for k, v in warped.items() if 'hsv' in k} == expected
    assert not any('hsv' in key for x in [target] + dst.kwargs['output_sample_types'] for key in x)
    assert warped['warp'] is True and src.kwargs['random_ct_samples_path'] is None


def test_pretraining_takes_one_folder_for_both_and_no_colours(make_feeds):
    src, dst = make_feeds(pretrain=True, ct_mode='rct')
    assert (src.args, dst.args) == (('faces',), ('faces',))
    assert src.kwargs['random_ct_samples_path'] is None


def test_packs_by_name_and_one_channel(make_feeds):
    src, dst = make_feeds(paks=(dict(pak_name='a', ct_pak_name='b'), dict(pak_name='b')),
                          channels=1)
    assert (src.kwargs['pak_name'], src.kwargs['ct_pak_name']) == ('a', 'b')
    assert dst.kwargs['pak_name'] == 'b'
    assert {x['channel_type'].name for x in src.kwargs['output_sample_types']} == {'G'}
