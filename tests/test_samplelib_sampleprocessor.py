"""SampleProcessor.process: the reference's numbers, and its interface (spec 30 section 6)."""
import numpy as np
import pytest
from data_support import (FACES, GOLDEN, SAMPLE_ATOL, load_json, write_face, write_fixture_faces)
from sample_support import CT, MT, ST, image, load_samples, mask, process

from facelib import FaceType
from samplelib import SampleProcessor, SampleType, prepared_sample
from samplelib.Sample import UnreadableSampleError


@pytest.fixture
def face(tmp_path):
    sample, = load_samples([write_face(tmp_path / "a.jpg", size=96, seed=3)])
    return sample


# -- the reference's numbers

def from_names(case_output):
    result = dict(case_output)
    for key, enum in (("sample_type", ST), ("channel_type", CT), ("face_mask_type", MT),
                      ("face_type", FaceType)):
        if key in result:
            result[key] = enum[result[key]]
    return result


CASES = load_json("sampleprocessor_vectors.json")["cases"]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_fixture_vectors(tmp_path, number):
    case = CASES[number]
    samples = load_samples(write_fixture_faces(tmp_path))
    is_second = "fixture 2" in case["name"]
    outputs = [from_names(output) for output in case["output_sample_types"]]
    row = process(samples[1 if is_second else 0], outputs, seed=case["np_random_seed"],
                  ct_sample=samples[0] if is_second else None, **case["options"])
    for value, expected in zip(row, case["outputs"]):
        if "tuple" in expected:
            np.testing.assert_allclose(value, expected["tuple"], rtol=0, atol=1e-4)
            continue
        assert list(value.shape) == expected["shape"] and str(value.dtype) == expected["dtype"]
        every = {"NHWC": value[::8, ::8], "NCHW": value[..., ::8, ::8]}
        picked = every["NHWC" if value.shape[0] > 3 else "NCHW"]
        if value.ndim == 2:
            picked = value
        # The file holds nine significant digits.
        np.testing.assert_allclose(picked, np.array(expected["every_8th"]).reshape(picked.shape),
                                   rtol=0, atol=SAMPLE_ATOL)
        assert abs(value.mean(dtype=np.float64) - expected["mean"]) < max(1e-5, SAMPLE_ATOL / 25)


def golden_outputs(face_type, resolution):
    """The requests that the reference's run made, in order."""
    base = dict(face_type=face_type, resolution=resolution, transform=True)
    return [image(warp=True, data_format="NHWC", **base),
            image(warp=False, data_format="NCHW", **base),
            mask(MT.FULL_FACE, **base), mask(MT.EYES_MOUTH, **base), mask(MT.EYES, **base),
            image(warp=True, channel_type=CT.G, **base),
            image(warp=False, random_hsv_shift_amount=.1, **base),
            image(warp=False, ct_mode="rct", **base)]


@pytest.mark.parametrize("name", ["whole_face", "full_face"])
def test_samples_of_the_reference_run(name):
    golden = np.load(str(GOLDEN / "data_cv455.npz"))
    samples = load_samples(sorted(FACES.glob("*.jpg")))
    outputs = golden_outputs(FaceType.fromString(name), 64)
    checked = 0
    for i, sample in enumerate(samples):
        row = process(sample, outputs, seed=5 + i, ct_sample=samples[(i + 1) % 3],
                      scale_range=[-.15, .15])
        for j, value in enumerate(row):
            key = "sample/%s/64/%d/%d" % (name, i, j)
            if key in golden.files:
                checked += 1
                np.testing.assert_allclose(value, golden[key], rtol=0, atol=SAMPLE_ATOL)
    assert checked >= 8
    np.testing.assert_allclose(samples[0].landmarks, golden["jpg/0/landmarks"], atol=0)


def test_outputs_do_not_depend_on_their_neighbours(face, tmp_path):
    other, = load_samples([write_face(tmp_path / "b.jpg", size=80, seed=9)])
    outputs = golden_outputs(FaceType.WHOLE_FACE, 64) + golden_outputs(FaceType.FULL, 64)
    outputs += [image(ct_mode=mode) for mode in ("lct", "mkl")]
    together = process(face, outputs, ct_sample=other)
    for output, value in zip(outputs, together):
        alone, = process(face, [output], ct_sample=other)
        assert (alone == value).all()




# -- interface

def test_numbers_of_the_enums():
    """Plug-in models may hold them as plain integers."""
    assert {m.name: int(m) for m in ST} == dict(
        NONE=0, IMAGE=1, FACE_IMAGE=2, FACE_MASK=3, LANDMARKS_ARRAY=4, PITCH_YAW_ROLL=5,
        PITCH_YAW_ROLL_SIGMOID=6)
    assert {m.name: int(m) for m in CT} == dict(NONE=0, BGR=1, G=2, GGG=3, LAB_RAND_TRANSFORM=4)
    assert {m.name: int(m) for m in MT} == dict(NONE=0, FULL_FACE=1, EYES=2, EYES_MOUTH=3,
                                                FULL_FACE_EYES=4)
    assert SampleProcessor.SampleType is not SampleType


def test_options():
    options = SampleProcessor.Options()
    assert vars(options) == dict(random_flip=True, rotation_range=[-10, 10],
                                 scale_range=[-0.05, 0.05], tx_range=[-0.05, 0.05],
                                 ty_range=[-0.05, 0.05])
    options.rotation_range[0] = 5
    assert SampleProcessor.Options().rotation_range == [-10, 10]
    positional = SampleProcessor.Options(False, [0, 1], [0, 2], [0, 3], [0, 4])
    assert list(vars(positional).values()) == [False, [0, 1], [0, 2], [0, 3], [0, 4]]


def test_a_row_per_sample_with_its_own_seed(face):
    np.random.seed(7)
    rows = SampleProcessor.process([face, face], SampleProcessor.Options(), [image(), mask()],
                                   False)
    assert [len(row) for row in rows] == [2, 2]
    assert not (rows[0][0] == rows[1][0]).all()
    # One number of the global generator a sample, whatever the outputs are.
    np.random.seed(7)
    np.random.randint(0x80000000, size=2)
    expected = np.random.randint(1000)
    np.random.seed(7)
    SampleProcessor.process([face, face], SampleProcessor.Options(), [image(), image()], False)
    assert np.random.randint(1000) == expected


def test_options_reach_the_geometry(face, monkeypatch):
    seen = []
    draw_affine = prepared_sample.draw_affine

    def spy(*arguments):
        seen.append(arguments[:-1])
        return draw_affine(*arguments)
    monkeypatch.setattr(prepared_sample, "draw_affine", spy)
    options = SampleProcessor.Options(False, [1, 2], [0, 0.1], [0, 0.2], [0, 0.3])
    SampleProcessor.process([face], options, [image(resolution=80)], False)
    assert seen == [(80, False, [1, 2], [0, 0.1], [0, 0.2], [0, 0.3])]


def test_a_request_is_refused_before_a_file_is_read(face):
    face.filename = "gone.jpg"
    with pytest.raises(ValueError, match="face_type"):
        process(face, [image(face_type=None)])
    with pytest.raises(UnreadableSampleError, match="gone.jpg"):
        process(face, [image()])
