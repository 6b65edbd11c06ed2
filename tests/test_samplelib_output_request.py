"""What an output asks for: defaults, forks' keys, contradictions (spec 30 section 6.1)."""
import numpy as np
import pytest
from sample_support import CT, ST, image, mask

from samplelib.channels import COLOR, GRAY
from samplelib.output_request import OutputRequest


def test_defaults():
    request = OutputRequest(sample_type=ST.IMAGE)
    assert (request.resolution, request.channel_type, request.face_type) == (0, CT.NONE, None)
    assert not (request.warp or request.transform or request.normalize_tanh)
    assert (request.ct_mode, request.nearest_resize_to, request.data_format) == (None, None,
                                                                                 "NHWC")
    assert request.random_hsv_shift_amount == 0 and request.degradations == []
    assert request.shadow == {}
    assert (request.rnd_seed_shift, request.warp_rnd_seed_shift) == (0, 0)


@pytest.mark.parametrize("output, expected", [
    (image(), True), (mask(), False), (dict(sample_type=ST.IMAGE), False),
    (image(border_replicate=False), False), (mask(border_replicate=True), True)])
def test_border_follows_the_kind(output, expected):
    assert OutputRequest(**output).border_replicate is expected


def test_the_warp_shares_the_seed_shift_unless_told_otherwise():
    assert OutputRequest(**image(rnd_seed_shift=3)).warp_rnd_seed_shift == 3
    assert OutputRequest(**image(rnd_seed_shift=3, warp_rnd_seed_shift=0)).geometry_key() == (
        64, 3, 0)


def test_plain_numbers_stand_for_members():
    request = OutputRequest(**image(sample_type=2, channel_type=1, face_type=4))
    assert request.sample_type == ST.FACE_IMAGE and request.channel_type == CT.BGR


def test_forks_keys():
    request = OutputRequest(**image(random_blur=True, random_jpeg=True, random_noise=False,
                                    random_shadow=True, of_another_fork=1))
    assert request.degradations == ["random_blur", "random_jpeg"]
    assert request.shadow["shadow_low"] == 0.2
    with pytest.raises(ValueError, match="shadow_lo"):
        OutputRequest(**image(random_shadow=[{"shadow_lo": 1}]))


def test_strength_is_a_plain_float():
    assert type(OutputRequest(**image(random_hsv_shift_amount=np.float64(0.1))
                              ).random_hsv_shift_amount) is float


@pytest.mark.parametrize("channel_type, channels, of_file, working", [
    (CT.BGR, None, GRAY, COLOR), (CT.BGR, None, COLOR, COLOR), (CT.BGR, 1, COLOR, GRAY),
    (CT.G, None, COLOR, COLOR), (CT.G, None, GRAY, GRAY), (CT.G, 3, GRAY, GRAY),
    (CT.GGG, None, COLOR, COLOR), (CT.LAB_RAND_TRANSFORM, None, GRAY, COLOR),
    (CT.LAB_RAND_TRANSFORM, 1, COLOR, GRAY)])
def test_working_channels(channel_type, channels, of_file, working):
    request = OutputRequest(**image(channel_type=channel_type, channels=channels))
    assert request.working_channels(of_file) == working


@pytest.mark.parametrize("output, named", [
    (image(channel_type=CT.NONE), "channel_type"), (image(channel_type=9), "channel_type"),
    (image(face_type=None), "face_type"), (mask(face_type=None), "face_type"),
    (image(sample_type=ST.NONE), "sample_type"), (dict(sample_type=99), "sample_type"),
    (dict(resolution=64), "sample_type"), (image(channels=2), "channels"),
    (image(data_format="CHWN"), "data_format"), (mask(channel_type=CT.BGR), "channel_type"),
    (mask(channel_type=CT.NONE), "channel_type")])
def test_contradictions_are_named(output, named):
    with pytest.raises(ValueError, match=named):
        OutputRequest(**output)
