"""What is kept of a sample: which crops and masks, and in which shape."""
import numpy as np
import pytest
from data_support import write_face
from sample_support import CT, MT, ST, image, load_samples, mask

from samplelib import SampleProcessor
from samplelib.cached_sample import FaceLayout, ReferenceLayout, find_box
from samplelib.output_request import OutputRequest
from samplelib.prepared_sample import PreparedSample
from samplelib.SampleProcessor import get_random_states


def make_layout(*outputs, is_planar=True):
    return FaceLayout([OutputRequest(**output) for output in outputs], is_planar)


def prepare(path, **fields):
    sample, = load_samples([write_face(path, size=96, **fields)])
    return PreparedSample(sample, SampleProcessor.Options(), 1, get_random_states())


def test_outputs_with_the_same_crop_share_it():
    layout = make_layout(image(), image(warp=False, ct_mode="rct"), mask(), mask(),
                         mask(MT.EYES), dict(sample_type=ST.LANDMARKS_ARRAY))
    assert layout.shapes == [(3, 64, 64), (1, 64, 64), (1, 64, 64)]
    assert make_layout(image(), is_planar=False).shapes == [(64, 64, 3)]
    assert make_layout(image(channels=1, channel_type=CT.G),
                       is_planar=False).shapes == [(1, 64, 64)]
    # gray of a colour file is made at the end: which one is kept depends on the file
    assert make_layout(image(channel_type=CT.G)).shapes == [(3, 64, 64), (1, 64, 64)]


@pytest.mark.parametrize("is_planar", [True, False])
def test_records_hold_the_crops(tmp_path, is_planar):
    outputs = [image(), image(channel_type=CT.G), mask()]
    layout = make_layout(*outputs, is_planar=is_planar)
    prepared = prepare(tmp_path / "a.jpg")
    record = layout.make_record(prepared)
    requests = [OutputRequest(**output) for output in outputs]
    crop, aligned = prepared.cropped_image(requests[0], 3), prepared.aligned_mask(requests[2])
    kept = record.arrays[0].transpose(1, 2, 0) if is_planar else record.arrays[0]
    assert (kept == crop).all() and record.arrays[1].size == 0
    assert (record.arrays[2][0] == aligned.reshape(64, 64)).all()
    assert record.numbers == [3] + list(find_box(record.arrays[2][0]))
    gray = layout.make_record(prepare(tmp_path / "b.jpg", channels=1))
    assert gray.numbers[0] == 1 and gray.arrays[1].shape == (1, 64, 64)


def test_what_cannot_be_kept(tmp_path):
    assert make_layout(dict(sample_type=ST.LANDMARKS_ARRAY)).make_cache(5, 1 << 20) is None
    assert make_layout(image()).make_cache(5, 0) is None
    assert ReferenceLayout([OutputRequest(**image())]).make_cache(5, 1 << 20) is None
    prepared = prepare(tmp_path / "a.jpg")
    prepared.sample.landmarks = None
    assert make_layout(image()).make_record(prepared) is None


def test_references_are_kept_in_every_size_that_is_asked_for(tmp_path):
    layout = ReferenceLayout([OutputRequest(**output) for output in (
        image(ct_mode="rct"), image(ct_mode="mkl", warp=False), image(ct_mode="rct", resolution=80),
        image(ct_mode="cc-aug", resolution=70), mask())])
    assert layout.places == {(64, 3): 0, (80, 3): 1}
    record = layout.make_record(prepare(tmp_path / "a.jpg").sample)
    assert [array.shape for array in record.arrays] == [(64, 64, 3), (80, 80, 3)]


def test_boxes():
    plane = np.zeros((20, 30), np.float32)
    assert find_box(plane) == (0, 0, 0, 0)
    plane[3, 7] = plane[5, 2] = 1e-9
    assert find_box(plane) == (3, 6, 2, 8)
