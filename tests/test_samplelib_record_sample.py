"""A sample from which a record is made gives the numbers of any other sample."""
import numpy as np
import pytest
from data_support import write_face
from sample_support import CT, MT, image, load_samples, mask

from DFLIMG.mask_codec import encode_mask_lossless
from facelib import FaceType
from samplelib import SampleProcessor
from samplelib.output_request import OutputRequest
from samplelib.prepared_sample import PreparedSample
from samplelib.record_sample import RecordSample, WorkBuffers
from samplelib.SampleProcessor import get_random_states

OUTPUTS = [OutputRequest(**output) for output in (
    image(), image(channels=1, channel_type=CT.G), mask(), mask(MT.EYES_MOUTH), mask(MT.EYES),
    mask(MT.FULL_FACE_EYES), mask(MT.NONE), mask(MT.EYES_MOUTH, face_type=FaceType.HALF))]


def find_values(sample):
    for request in OUTPUTS:
        if request.channel_type == CT.BGR or request.channels == 1:
            channels = request.working_channels(sample.file_channels)
            yield sample.cropped_image(request, channels)
        else:
            yield sample.aligned_mask(request)


@pytest.mark.parametrize("channels", [3, 1])
def test_numbers_are_the_same_face_after_face(tmp_path, channels):
    """Sizes go up and down, so that buffers hold what another face left in them."""
    paths = [write_face(tmp_path / ("%d.jpg" % i), size=size, seed=i, channels=channels)
             for i, size in enumerate((96, 224, 64, 160, 511))]
    samples = load_samples(paths)
    applied = np.zeros((32, 32, 1), np.float32)
    applied[8:20, 4:30] = 1
    samples[1].xseg_mask_compressed = encode_mask_lossless(applied)
    samples[2].landmarks = samples[2].landmarks + 1000      # no eye, no mouth in the picture
    samples[3].landmarks = samples[3].landmarks + 40        # partly
    buffers = WorkBuffers()
    arguments = SampleProcessor.Options(), 1, get_random_states()
    for sample in samples:
        pairs = zip(find_values(RecordSample(buffers, sample, *arguments)),
                    find_values(PreparedSample(sample, *arguments)))
        for value, expected in pairs:
            assert value.shape == expected.shape and value.dtype == expected.dtype
            assert (value == expected).all()


def test_buffers_grow_and_stay():
    buffers = WorkBuffers()
    first = buffers.get("a", (2, 3))
    assert first.shape == (2, 3) and first.dtype == np.float32
    assert np.shares_memory(buffers.get("a", (3, 1)), first)
    assert not np.shares_memory(buffers.get("b", (2, 3)), first)
    assert buffers.get("a", (9, 9)).shape == (9, 9)
    assert buffers.get("c", (4,), np.uint8).dtype == np.uint8
