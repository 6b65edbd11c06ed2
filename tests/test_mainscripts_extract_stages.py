"""mainscripts/extract_stages.py: boxes, turned frames, aligned faces with their metadata."""
import os

import cv2
import numpy as np
import pytest
from extract_support import SquareNetworks, draw_frame, make_face

from core.errors import UserError
from core.mathlib import transform_points
from DFLIMG import DFLIMG
from facelib import FaceType, LandmarksProcessor
from mainscripts import extract_stages
from mainscripts.Extractor import ExtractSubprocessor
from mainscripts.extract_stages import FaceOutput, FrameData, WriteError

FACE = (100, 60, 96)
RECT = [100, 60, 196, 156]


def make_output(tmp_path, face_type=FaceType.WHOLE_FACE, **changes):
    return FaceOutput(face_type, 128, 95, tmp_path, None)._replace(**changes)


def test_frames_have_even_sides(tmp_path):
    for width, height in ((5, 7), (1, 7), (5, 1)):
        path = tmp_path / "a.png"
        cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
        if 1 in (width, height):
            with pytest.raises(UserError, match="a.png is %d x %d pixels" % (width, height)):
                extract_stages.read_even_frame(path)
        else:
            assert extract_stages.read_even_frame(path).shape == (6, 4, 3)


@pytest.mark.skipif(os.name == "nt", reason="no file has such a name there")
@pytest.mark.parametrize("name", [b"a\\b.png", b"\xff.png"])
def test_names_that_faces_cannot_keep(name, tmp_path):
    """Every reader of faces would refuse them."""
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(cv2.imencode(".png", draw_frame(0, []))[1].tobytes())
    with pytest.raises(UserError, match="cannot keep its name"):
        extract_stages.read_even_frame(path)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_frames_are_turned_back(rotation, tmp_path):
    """Boxes are ordered and landmarks to the pixel where they are, whatever way up it is."""
    upright = draw_frame(0, [FACE], 320, 260)
    # The frame that shows an upright face when it is turned by `rotation`.
    image = extract_stages.rotate_view(upright, (360 - rotation) % 360)
    data = FrameData(tmp_path / "a.png")
    networks = SquareNetworks()
    extract_stages.find_rects([data], [image], networks, 0)
    assert data.rects_rotation == rotation and data.rects == [RECT]
    extract_stages.find_landmarks([data], [image], networks)
    (left, top, right, bottom), = data.rects
    assert left < right and top < bottom
    mask = ((image[..., 2] == 255) | (image[..., 0] == 255)).astype(np.uint8)
    x, y, w, h = cv2.boundingRect(mask)
    assert np.abs(np.subtract([left, top, right, bottom], [x, y, x + w, y + h])).max() <= 1
    # the same pixel of the turned picture is under each landmark
    view = extract_stages.rotate_view(image, rotation)
    for (x, y), (vx, vy) in zip(data.landmarks[0], make_face(RECT)):
        assert np.allclose([x, y], np.round([x, y]), atol=.5 + 1e-9)
        assert image[int(round(y)), int(round(x))].tolist() == \
            view[int(round(vy)), int(round(vx))].tolist() or rotation


def test_points_go_back_exactly():
    image = np.arange(30 * 20).reshape(30, 20)
    for rotation in (0, 90, 180, 270):
        view = extract_stages.rotate_view(image[..., None], rotation)[..., 0]
        for x, y in ((0, 0), (3, 5), (view.shape[1] - 1, view.shape[0] - 1)):
            ox, oy = extract_stages.rotate_points_back([x, y], rotation, 20, 30)
            assert image[oy, ox] == view[y, x]


def test_batches_equal_single_frames(tmp_path):
    """Twenty frames of mixed sizes and turns."""
    frames, images = [], []
    for i in range(20):
        image = draw_frame(i, [(60 + i, 40, 64)] if i % 4 else [], 300 - 4 * i, 240)
        images.append(extract_stages.rotate_view(image, (0, 90, 180, 270)[i % 4]))
        frames.append(FrameData(tmp_path / ("%d.png" % i)))
    networks = SquareNetworks()
    extract_stages.find_rects(frames, images, networks, 0)
    extract_stages.find_landmarks(frames, images, networks)
    assert networks.batches[0] == 20 and len(networks.batches) == 4
    for frame, image in zip(frames, images):
        single = FrameData(frame.filepath)
        extract_stages.find_rects([single], [image], networks, 0)
        extract_stages.find_landmarks([single], [image], networks)
        assert single.rects == frame.rects
        np.testing.assert_allclose(single.landmarks, frame.landmarks, atol=1e-5)


def test_small_frames_and_the_largest_faces():
    small = FrameData("a.png")
    extract_stages.find_rects([small], [draw_frame(0, [(10, 10, 60)], 200, 127)],
                              SquareNetworks(), 0)
    assert small.rects == []
    many = FrameData("a.png")
    image = draw_frame(0, [(10, 10, 50), (80, 10, 80), (200, 10, 60)])
    extract_stages.find_rects([many], [image], SquareNetworks(), 2)
    assert [r[2] - r[0] for r in many.rects] == [80, 60]


def test_face_file_and_its_metadata(tmp_path):
    image = draw_frame(0, [FACE])
    landmarks = make_face(RECT)
    data = FrameData(tmp_path / "00001.png", [RECT, RECT, RECT], [landmarks, None, landmarks])
    extract_stages.save_faces(data, image, make_output(tmp_path))
    assert [path.name for path in data.final_output_files] == ["00001_0.jpg", "00001_1.jpg"]
    assert data.faces_detected == 2 and not list(tmp_path.glob("*.tmp"))
    face = DFLIMG.load(data.final_output_files[0])
    matrix = LandmarksProcessor.get_transform_mat(landmarks, 128, FaceType.WHOLE_FACE)
    expected = cv2.imdecode(cv2.imencode(
        ".jpg", cv2.warpAffine(image, matrix, (128, 128)), [cv2.IMWRITE_JPEG_QUALITY, 95])[1], 1)
    assert (face.get_img() == expected).all()
    assert face.get_face_type() == "whole_face" and face.get_source_filename() == "00001.png"
    assert isinstance(face.get_dict()["source_rect"], np.ndarray)
    assert face.get_source_rect().tolist() == RECT
    np.testing.assert_allclose(face.get_image_to_face_mat(), matrix)
    np.testing.assert_allclose(face.get_source_landmarks(), landmarks)
    np.testing.assert_allclose(face.get_landmarks(), transform_points(landmarks, matrix))


@pytest.mark.parametrize("is_manual, count", [(False, 0), (True, 1)])
def test_landmarks_much_larger_than_their_box_are_wrong(is_manual, count, tmp_path):
    data = FrameData(tmp_path / "a.png", [[100, 60, 130, 90]], [make_face(RECT)],
                     manual=is_manual)
    image = draw_frame(0, [FACE])
    extract_stages.save_faces(data, image, make_output(tmp_path, FaceType.FULL))
    assert data.faces_detected == count
    data = FrameData(tmp_path / "a.png", [[100, 60, 130, 90]], [make_face(RECT)])
    extract_stages.save_faces(data, image, make_output(tmp_path, FaceType.WHOLE_FACE))
    assert data.faces_detected == 1
    # inverted boxes of older versions count by their area
    data = FrameData(tmp_path / "a.png", [[196, 156, 100, 60]], [make_face(RECT)])
    extract_stages.save_faces(data, image, make_output(tmp_path, FaceType.FULL))
    assert data.faces_detected == 1


def test_points_that_are_no_face_are_left_out(tmp_path):
    points = [np.zeros((68, 2)), np.full((68, 2), np.nan), np.arange(136.).reshape(68, 2)]
    data = FrameData(tmp_path / "a.png", [RECT] * 3, points)
    extract_stages.save_faces(data, draw_frame(0, []), make_output(tmp_path))
    assert data.faces_detected == 0


def test_marks_only_keep_the_frame(tmp_path):
    image = draw_frame(0, [FACE])
    data = FrameData(tmp_path / "a.png", [RECT], [make_face(RECT)])
    extract_stages.save_faces(data, image, make_output(tmp_path, FaceType.MARK_ONLY))
    face = DFLIMG.load(data.final_output_files[0])
    assert face.get_img().shape == image.shape and face.get_face_type() == "mark_only"
    assert face.get_image_to_face_mat() is None
    np.testing.assert_allclose(face.get_landmarks(), make_face(RECT))


def test_gray_faces_have_one_channel(tmp_path):
    data = FrameData(tmp_path / "a.png", [RECT], [make_face(RECT)])
    extract_stages.save_faces(data, draw_frame(0, [FACE]), make_output(tmp_path, is_gray=True))
    assert DFLIMG.load(data.final_output_files[0]).get_img().shape == (128, 128)


def test_debug_picture_of_every_frame(tmp_path):
    image = draw_frame(0, [FACE])
    before = image.copy()
    debug = tmp_path / "d"
    debug.mkdir()
    output = make_output(tmp_path, debug_folder=debug)
    extract_stages.save_faces(FrameData(tmp_path / "a.png", [RECT], [make_face(RECT)]), image,
                              output)
    extract_stages.save_faces(FrameData(tmp_path / "b.png"), image, output)
    assert (image == before).all()
    a, b = (cv2.imread(str(debug / name)) for name in ("a.jpg", "b.jpg"))
    assert np.abs(b.astype(int) - image).mean() < 30 and np.abs(a.astype(int) - b).max() > 100


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "a_0.jpg.tmp").mkdir()      # as no process can write over
    data = FrameData(tmp_path / "a.png", [RECT], [make_face(RECT)])
    with pytest.raises(WriteError, match="a_0.jpg cannot be written"):
        extract_stages.save_faces(data, draw_frame(0, [FACE]), make_output(tmp_path))


def test_names_that_scripts_use(tmp_path):
    """The data class and the three steps of the worker."""
    data = ExtractSubprocessor.Data(filepath=tmp_path / "a.png", rects=[RECT])
    assert (data.rects_rotation, data.faces_detected, data.landmarks) == (0, 0, [])
    image = draw_frame(0, [FACE])

    class Rects:
        def extract(self, image):
            return [RECT]

    class Landmarks:
        def extract(self, image, rects, second_pass_extractor=None, is_bgr=True):
            assert is_bgr and second_pass_extractor is not None
            return [make_face(rect) for rect in rects]
    cli = ExtractSubprocessor.Cli
    data = cli.rects_stage(data, image, 0, Rects())
    data = cli.landmarks_stage(data, image, Landmarks(), Rects())
    data = cli.final_stage(data, image, FaceType.FULL, 96, 90, None, tmp_path)
    assert data.faces_detected == 1 and (tmp_path / "a_0.jpg").is_file()
