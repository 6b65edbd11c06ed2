"""The feed's modes: exact equals plain to the bit, fast within 5e-7; files that change."""
import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from data_support import write_face
from sample_support import CT, MT, ST, Calls, image, load_samples, mask

from DFLIMG import DFLIMG
from DFLIMG.mask_codec import encode_mask_lossless
from facelib import FaceType
from samplelib import PackedFaceset, SampleLoader, SampleProcessor, SampleType
from samplelib import face_feed, record_cache
from samplelib.batch_worker import BatchTask, allocate_arrays, process_sample
from samplelib.face_feed import FaceFeed, choose_budget
from samplelib.pak_writer import write_pak
from samplelib.Sample import UnreadableSampleError

MODES = ("plain", "exact", "fast")
FAST_LIMIT = 5e-7
BUDGET = 1 << 28
FACE_TYPES = [FaceType.HALF, FaceType.MID_FULL, FaceType.FULL, FaceType.WHOLE_FACE, FaceType.HEAD,
              FaceType.HEAD_NO_ALIGN]
# what the models ask for, and what goes the general way
USUAL = [image(), image(warp=False), mask(), mask(MT.EYES_MOUTH)]
GRAY = dict(channels=1, channel_type=CT.G)
UNUSUAL = [image(transform=False), image(warp=False, transform=False, border_replicate=False),
           image(random_hsv_shift_amount=0.2), image(channel_type=CT.G),
           image(channel_type=CT.GGG, warp=False), image(normalize_tanh=True),
           image(nearest_resize_to=40), image(resolution=48), image(border_replicate=False),
           image(rnd_seed_shift=1), image(warp_rnd_seed_shift=2), image(resolution=80),
           image(random_shadow=True), image(ct_mode="fs-aug"), mask(MT.EYES), mask(MT.NONE),
           mask(MT.FULL_FACE_EYES), mask(transform=False), mask(warp=True),
           mask(MT.EYES_MOUTH, border_replicate=True), mask(resolution=48),
           mask(normalize_tanh=True)]


def make_faces(folder, count=4, size=96, **fields):
    return load_samples([write_face(folder / ("%05d.jpg" % i), size=size, seed=i, **fields)
                         for i in range(count)])


class Indices:
    """Stands for an index host's client."""

    def __init__(self, count):
        self.count, self.position = count, 0

    def multi_get(self, count):
        first, self.position = self.position, self.position + count
        return [(first + i) % self.count for i in range(count)]


def draw(samples, outputs, mode, batches, ct_samples=None, budget=BUDGET, seed=4, size=5, **ranges):
    """The batches that a worker in this mode would make."""
    options = SampleProcessor.Options(**dict(dict(scale_range=[-0.15, 0.15]), **ranges))
    feed = FaceFeed(samples, options, outputs, ct_samples, mode=mode, budget=budget)
    task = BatchTask(samples, Indices(len(samples)), size, options, outputs, feed=feed,
                     ct_samples=ct_samples,
                     ct_index_host_client=ct_samples and Indices(len(ct_samples)))
    np.random.seed(seed)
    return [task.draw_batch() for _ in range(batches)]


def assert_modes_agree(samples, outputs, batches=3, modes=MODES[1:], **arguments):
    plain = draw(samples, outputs, "plain", batches, **arguments)
    for mode in modes:
        for batch, expected in zip(draw(samples, outputs, mode, batches, **arguments), plain):
            for array, other in zip(batch, expected):
                assert array.shape == other.shape and array.dtype == other.dtype
                if mode == "exact":
                    np.testing.assert_array_equal(array, other)
                else:
                    np.testing.assert_allclose(array, other, rtol=0, atol=FAST_LIMIT)
    return plain


@pytest.fixture
def faces(tmp_path):
    return make_faces(tmp_path)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("channels", [3, 1])
def test_modes_agree_in_both_layouts(faces, data_format, channels):
    outputs = [dict(output, data_format=data_format) for output in USUAL]
    if channels == 1:
        outputs = [dict(output, channels=1, channel_type=CT.G) for output in outputs]
    plain = assert_modes_agree(faces, outputs)
    shape = plain[0][0].shape[1:]
    assert shape == ((channels, 64, 64) if data_format == "NCHW" else (64, 64, channels))


@pytest.mark.parametrize("resolution", [112, 128, 160, 256])
def test_masks_made_in_part_are_those_of_the_whole(tmp_path, resolution):
    """Over sides where OpenCV works in one block and in several."""
    samples = make_faces(tmp_path, 3, size=320)
    assert_modes_agree(samples, [dict(mask(kind), resolution=resolution)
                                 for kind in (MT.FULL_FACE, MT.EYES_MOUTH, MT.EYES)], 5,
                       tx_range=[-0.3, 0.3], ty_range=[-0.3, 0.3])


@pytest.mark.parametrize("face_type", FACE_TYPES)
def test_modes_agree_for_every_face_type(faces, face_type):
    assert_modes_agree(faces, [dict(output, face_type=face_type) for output in USUAL], 2)


def test_modes_agree_for_everything_that_can_be_asked_for(faces):
    assert_modes_agree(faces, UNUSUAL, 2)
    assert_modes_agree(faces, UNUSUAL, 1, rotation_range=[-180, 180], tx_range=[-0.6, 0.6],
                       random_flip=False)


def test_modes_agree_for_gray_files(tmp_path, faces):
    grays = load_samples([write_face(tmp_path / ("gray%d.jpg" % i), size=96, seed=i, channels=1)
                          for i in range(2)])
    assert_modes_agree(grays + faces[:2], USUAL + [
        image(channel_type=CT.G), image(channels=1, channel_type=CT.G),
        image(channel_type=CT.GGG), image(channels=1, channel_type=CT.G, warp=False)], 2)


@pytest.mark.parametrize("ct_mode", ["rct", "lct", "mkl", "idt", "sot"])
def test_modes_agree_with_a_colour_transfer(tmp_path, faces, ct_mode):
    """The fast idt and sot draw other random numbers: tests/test_imagelib_color_fast.py."""
    (tmp_path / "ct").mkdir()
    others = make_faces(tmp_path / "ct", 3, size=80)
    outputs = [image(ct_mode=ct_mode), image(ct_mode=ct_mode, warp=False), mask()]
    modes = ["exact"] if ct_mode in ("idt", "sot") else ["exact", "fast"]
    assert_modes_agree(faces, outputs, 2, ct_samples=others, modes=modes)


@pytest.mark.parametrize("side", [72, 104])
def test_modes_agree_where_the_elastic_map_is_a_pixel_wider(faces, side):
    """Cells of an odd side: 9 and 13 pixels."""
    assert_modes_agree(faces, [image(resolution=side), image(resolution=side, **GRAY)], 4)


def test_gray_and_colour_of_one_face(tmp_path, faces):
    """In turns; the crop of the file's own type and size is the file."""
    outputs = [image(face_type=FaceType.HALF), image(face_type=FaceType.HEAD, **GRAY),
               image(face_type=FaceType.FULL), image(resolution=96), image(resolution=96, **GRAY)]
    assert_modes_agree(faces, outputs, 2)
    gray = load_samples([write_face(tmp_path / "gray.jpg", size=96, channels=1)])
    assert_modes_agree(gray, [image(resolution=96), image(resolution=96, channel_type=CT.G)], 1)


@pytest.mark.parametrize("ct_mode", ["lct", "mkl"])
@pytest.mark.parametrize("then", [
    dict(random_hsv_shift_amount=1.0), dict(channel_type=CT.LAB_RAND_TRANSFORM),
    dict(random_shadow=True), dict(random_jpeg=True)])
def test_modes_agree_where_little_becomes_much(tmp_path, ct_mode, then):
    """The hue of pixels that are nearly gray, the levels of a JPEG."""
    pale = make_faces(tmp_path, 3)
    for sample in pale:
        picture = cv2.imread(sample.filename)
        pixels = cv2.imencode(".jpg", picture // 16 + 100)[1].tobytes()
        face = DFLIMG.load(Path(sample.filename))
        metadata = face.get_dict()
        Path(sample.filename).write_bytes(pixels)
        face = DFLIMG.load(Path(sample.filename))
        face.set_dict(metadata)
        face.save()
    assert_modes_agree(load_samples([sample.filename for sample in pale]),
                       [image(ct_mode=ct_mode, warp=False), image(ct_mode=ct_mode, **then)], 3,
                       ct_samples=pale)


def test_an_opencv_that_rounds_no_positions(faces, monkeypatch):
    monkeypatch.setattr(face_feed, "has_stepped_positions", lambda: False)
    monkeypatch.setattr(face_feed, "has_fast_planes", lambda: False)
    outputs = USUAL + [image(**GRAY), image(warp=False, **GRAY)]
    for batch, expected in zip(draw(faces, outputs, "fast", 3), draw(faces, outputs, "plain", 3)):
        for array, other in zip(batch, expected):
            np.testing.assert_array_equal(array, other)


def test_applied_masks(tmp_path):
    applied = np.zeros((32, 32, 1), np.float32)
    applied[8:20, 4:30] = 1
    samples = make_faces(tmp_path, 3)
    samples[1].xseg_mask_compressed = encode_mask_lossless(applied)
    samples[2].xseg_mask_compressed = encode_mask_lossless(np.zeros_like(applied))
    assert_modes_agree(samples, USUAL, 2)


@pytest.mark.slow
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("channels", [3, 1])
def test_exact_equals_plain_over_500_samples(tmp_path, data_format, channels):
    samples = make_faces(tmp_path, 25, size=192)
    for i, face_type in enumerate(FACE_TYPES):
        outputs = [dict(output, data_format=data_format, resolution=128, face_type=face_type)
                   for output in USUAL]
        if channels == 1:
            outputs = [dict(output, channels=1, channel_type=CT.G) for output in outputs]
        # 17 batches of 5 for each of 6 face types
        assert_modes_agree(samples, outputs, 17, modes=["exact"], seed=i)


@pytest.mark.slow
def test_fast_is_near_plain_over_600_samples(tmp_path):
    """Two cubic passes round sums otherwise: one value in a million is beyond 5e-7, up to 6e-7,
    where neighbours differ as much as in these pictures."""
    samples = make_faces(tmp_path, 25, size=192)
    differences = []
    for i, face_type in enumerate(FACE_TYPES):
        outputs = [dict(output, resolution=128, face_type=face_type) for output in USUAL]
        plain, fast = (draw(samples, outputs, mode, 20, seed=i) for mode in ("plain", "fast"))
        differences += [np.abs(x - y).ravel() for batch, other in zip(plain, fast)
                        for x, y in zip(batch, other)]
    differences = np.concatenate(differences)
    assert differences.max() <= 1e-6
    assert np.count_nonzero(differences > FAST_LIMIT) <= len(differences) * 1e-6


def test_outputs_that_are_no_pictures(faces):
    outputs = [image(), dict(sample_type=ST.LANDMARKS_ARRAY),
               dict(sample_type=ST.PITCH_YAW_ROLL, resolution=64)]
    plain = assert_modes_agree(faces, outputs, 2, modes=["exact"])
    assert plain[0][1].shape == (5, 68, 2) and plain[0][2].shape == (5, 2)


def test_a_seed_gives_the_same_again_in_every_mode(faces):
    for mode in MODES:
        first, second = (draw(faces, USUAL, mode, 3) for _ in range(2))
        for batch, other in zip(first, second):
            for array, again in zip(batch, other):
                assert (array == again).all()


def test_what_is_kept_makes_no_difference(faces):
    """Within the budget, partly, and without: the same to the bit in each mode."""
    size = FaceFeed(faces, None, USUAL, mode="fast", budget=BUDGET).cache.record_size
    for mode in MODES[1:]:
        all_kept, two_kept, none = (draw(faces, USUAL, mode, 3, budget=budget)
                                    for budget in (BUDGET, 2 * size, 0))
        for batches in zip(all_kept, two_kept, none):
            for arrays in zip(*batches):
                assert (arrays[0] == arrays[1]).all() and (arrays[0] == arrays[2]).all()


def test_a_file_is_decoded_once_for_all_draws(faces, monkeypatch):
    calls = Calls(monkeypatch)
    calls.watch(cv2, "imdecode")
    draw(faces, USUAL, "fast", 4)
    assert calls.count["imdecode"] == len(faces)
    draw(faces, USUAL, "exact", 4, budget=0)
    assert calls.count["imdecode"] == len(faces) + 20


def test_the_process_mode_of_single_samples(faces, monkeypatch):
    """`SampleProcessor.process` without a feed: plain or not, the numbers are the same."""
    rows = []
    for mode in MODES:
        monkeypatch.setenv("DFL_FEED", mode)
        np.random.seed(2)
        rows.append(process_sample(faces[0], SampleProcessor.Options(), UNUSUAL, False))
    for values in zip(*rows):
        assert all((value == values[0]).all() for value in values)


def make_feed(samples, mode="fast", **arguments):
    return FaceFeed(samples, SampleProcessor.Options(random_flip=False), [
        image(warp=False, transform=False), mask()], mode=mode,
        budget=arguments.pop("budget", BUDGET), **arguments)


def render(feed, index):
    np.random.seed(1)
    return feed.render(index, None)


@pytest.mark.parametrize("mode", MODES)
def test_a_changed_file_is_named_and_gives_its_new_picture(faces, tmp_path, capsys, mode):
    feed = make_feed(faces, mode)
    before = render(feed, 1)
    write_face(tmp_path / "00001.jpg", size=96, seed=77)
    expected = render(make_feed(load_samples([tmp_path / "00001.jpg"]), mode), 0)
    capsys.readouterr()
    for _ in range(3):
        for value, other, old in zip(render(feed, 1), expected, before):
            assert (value == other).all() and (value != old).any()
    told = capsys.readouterr().out
    assert told.count("00001.jpg has changed") == 1 and "00000.jpg" not in told
    render(feed, 0)
    assert "changed" not in capsys.readouterr().out


def test_a_change_before_the_first_draw_is_noticed(faces, tmp_path, capsys):
    feed = make_feed(faces)
    path = write_face(tmp_path / "00002.jpg", size=96, seed=78)
    later = os.stat(str(path)).st_mtime + 10
    os.utime(str(path), (later, later))
    render(feed, 2)
    assert "00002.jpg has changed" in capsys.readouterr().out


def test_a_change_since_the_set_was_loaded_is_noticed(tmp_path, monkeypatch, capsys):
    """Loading takes minutes for a large set, and the feed is made after it."""
    monkeypatch.setattr(SampleLoader, "samples_cache", {})
    make_faces(tmp_path, 2)
    samples = SampleLoader.load(SampleType.FACE, tmp_path)
    write_face(tmp_path / "00001.jpg", size=96, seed=77)
    time.sleep(0.02)
    expected = render(make_feed(load_samples([tmp_path / "00001.jpg"])), 0)
    feed = make_feed(samples)
    for value, other in zip(render(feed, 1), expected):
        assert (value == other).all()
    render(feed, 0)
    told = capsys.readouterr().out
    assert "00001.jpg has changed" in told and "00000.jpg has" not in told


def pack(folder, seeds):
    """A pak of faces 00000.jpg, ...; a seed of None leaves one out."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*"):
        path.unlink()
    for i, seed in enumerate(seeds):
        if seed is not None:
            write_face(folder / ("%05d.jpg" % i), size=96, seed=seed)
    samples = load_samples(sorted(folder.glob("*.jpg")))
    sources = [Path(sample.filename) for sample in samples]
    for sample in samples:
        sample.filename = os.path.basename(sample.filename)
    write_pak(folder / "faceset.pak", samples, sources)
    return PackedFaceset.load(folder)


@pytest.mark.parametrize("mode", MODES)
def test_members_of_a_changed_pak_are_found_by_their_names(tmp_path, capsys, mode):
    feed = make_feed(pack(tmp_path / "set", [0, 1, 2, 3]), mode)
    before = [render(feed, i) for i in range(4)]
    other = make_feed(pack(tmp_path / "set", [7, None, 1, 3]), mode)
    expected = [render(other, i) for i in range(3)]
    capsys.readouterr()
    for _ in range(2):
        for i, row in ((0, expected[0]), (2, expected[1]), (3, before[3])):
            for value, wanted in zip(render(feed, i), row):
                assert (value == wanted).all()
        with pytest.raises(UnreadableSampleError, match="00001.jpg .* is gone"):
            render(feed, 1)
    told = capsys.readouterr().out
    assert told.count("has changed") == 1 and "The pak" in told


def test_a_pak_that_is_damaged_during_training(tmp_path, capsys):
    feed = make_feed(pack(tmp_path / "set", [0, 1]))
    (tmp_path / "set" / "faceset.pak").write_bytes(b"x" * 50)
    capsys.readouterr()
    for i in (0, 1, 0):
        with pytest.raises(UnreadableSampleError, match="0000%d.jpg" % i):
            render(feed, i)
    assert "faceset.pak: version" in capsys.readouterr().out


def test_a_file_that_is_gone_is_named_at_its_next_draw(faces, tmp_path):
    feed = make_feed(faces)
    render(feed, 0)
    content = (tmp_path / "00000.jpg").read_bytes()
    (tmp_path / "00000.jpg").unlink()
    with pytest.raises(UnreadableSampleError, match="00000.jpg"):
        render(feed, 0)
    (tmp_path / "00000.jpg").write_bytes(content)
    render(feed, 0)     # it is back
    for content, text in ((b"no face", "Cannot decode the face .*00000.jpg"),
                          (cv2.imencode(".jpg", np.zeros((9, 9, 3), np.uint8))[1].tobytes(),
                           "Cannot use the face .*00000.jpg .*no face data")):
        (tmp_path / "00000.jpg").write_bytes(content)
        for _ in range(2):
            with pytest.raises(UnreadableSampleError, match=text):
                render(feed, 0)


def test_other_errors_name_the_file(faces):
    faces[0].landmarks = None
    with pytest.raises(Exception, match="00000.jpg: ValueError: .* no landmarks"):
        make_feed(faces).render(0, None)


def test_a_record_that_changes_while_it_is_used(faces, monkeypatch):
    """Another worker has written a new picture: the row is made again from the file."""
    feed = make_feed(faces)
    expected = render(feed, 0)
    monkeypatch.setattr(record_cache.RecordCache, "is_current", lambda *_: False)
    calls = Calls(monkeypatch)
    calls.watch(cv2, "imdecode")
    for value, other in zip(render(feed, 0), expected):
        assert (value == other).all()
    assert calls.count["imdecode"] == 1


def test_full_memory_is_told_and_training_goes_on(faces, monkeypatch, capsys):
    def fail(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(record_cache.SharedBlock, "write", fail)
    feed = make_feed(faces)
    rows = [render(feed, 0) for _ in range(2)]
    assert all((x == y).all() for x, y in zip(*rows))
    assert capsys.readouterr().out.count("No space left") == 1


def test_budget(monkeypatch):
    monkeypatch.setattr(face_feed.osex, "get_memory_info", lambda: (100, 50))
    assert choose_budget() == 10
    monkeypatch.setattr(face_feed.osex, "get_memory_info", lambda: None)
    assert choose_budget() == 0
    monkeypatch.setenv("DFL_FEED_MEMORY", "3")
    assert choose_budget() == 3 << 20


def test_places_are_written_in_place(faces):
    """OpenCV writes into the arrays it is given: no output is left as it was."""
    options = SampleProcessor.Options()
    for data_format in ("NHWC", "NCHW"):
        outputs = [dict(output, data_format=data_format) for output in USUAL]
        for mode in MODES[1:]:
            feed = FaceFeed(faces, options, outputs, mode=mode, budget=BUDGET)
            for index in range(4):
                places = allocate_arrays([(shape, np.float32) for shape in feed.find_shapes()])
                for place in places:
                    place[...] = np.nan
                feed.render(index, None, places)
                assert not any(np.isnan(place).any() for place in places)
