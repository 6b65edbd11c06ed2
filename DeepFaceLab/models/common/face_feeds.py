"""Sample generators of the autoencoder models: source and destination (spec 21 section 8)."""
import multiprocessing
from functools import partial
from typing import Any, List

from core.leras import nn
from samplelib import SampleProcessor
from samplelib.feed_tuner import START_WORKERS

SCALE_RANGE = (-0.15, 0.15)


def create_face_feeds(model: Any, generator_class: type) -> list:
    """[source's, destination's generator] of a model with effective `settings`.

    generator_class: the global `SampleGeneratorFace` of the model's own module, where drivers and
    plug-ins put another. settings: uniform_yaw, random_warp, random_src_flip, random_dst_flip,
    ct_mode (None: off), random_hsv_power (None: the model has no such option)."""
    settings = model.settings
    src_path, dst_path, ct_path = model.training_data_src_path, model.training_data_dst_path, None
    src_pak, dst_pak = model._name_paks()
    if model.pretrain:
        src_path = dst_path = model.get_pretraining_data_path()
    elif settings.ct_mode is not None:
        ct_path = dst_path
    # to begin with; the trainer goes on with what it measures (samplelib/feed_tuner.py)
    dst_workers = max(1, min(START_WORKERS, multiprocessing.cpu_count() // 2))
    src_workers = dst_workers
    if settings.ct_mode is not None:
        src_workers = int(dst_workers * 1.5)
    create = partial(
        generator_class, debug=model.is_debug(), batch_size=model.get_batch_size(),
        uniform_yaw_distribution=settings.uniform_yaw)
    src_colour = dict(ct_mode=settings.ct_mode)
    if settings.random_hsv_power is not None:
        src_colour['random_hsv_shift_amount'] = settings.random_hsv_power
    return [
        create(src_path, random_ct_samples_path=ct_path,
               sample_process_options=describe_process(settings.random_src_flip),
               output_sample_types=describe_samples(model, src_colour),
               generators_count=src_workers, **src_pak),
        create(dst_path,
               sample_process_options=describe_process(settings.random_dst_flip),
               output_sample_types=describe_samples(model, {}),
               generators_count=dst_workers, **dst_pak)]


def describe_process(random_flip: bool) -> Any:
    return SampleProcessor.Options(scale_range=list(SCALE_RANGE), random_flip=random_flip)


def describe_samples(model: Any, colour: dict) -> List[dict]:
    """Four outputs a sample: warped image, target, face mask, eyes-and-mouth mask.

    colour: `ct_mode` for both images, `random_hsv_shift_amount` for the warped one."""
    channel_types = SampleProcessor.ChannelType
    sample_types = SampleProcessor.SampleType
    mask_types = SampleProcessor.FaceMaskType
    image_channels = channel_types.G if model.channels == 1 else channel_types.BGR
    common = dict(face_type=model.face_type, data_format=nn.data_format,
                  resolution=model.resolution, transform=True)
    image = dict(common, sample_type=sample_types.FACE_IMAGE, channel_type=image_channels)
    mask = dict(common, sample_type=sample_types.FACE_MASK, warp=False,
                channel_type=channel_types.G)
    target_colour = {key: colour[key] for key in colour if key == 'ct_mode'}
    return [dict(image, warp=model.settings.random_warp, **colour),
            dict(image, warp=False, **target_colour),
            dict(mask, face_mask_type=mask_types.FULL_FACE),
            dict(mask, face_mask_type=mask_types.EYES_MOUTH)]
