"""mainscripts/XSegUtil.py: masks stored by a network, removed, fetched."""
import cv2
import numpy as np
import pytest
import xseg_support
from faceset_tools_support import (answer, copy_faces, count_contents, list_names, read_tree,
                                   write_gray_face, write_other_pictures, write_useless_files)

from core import persist
from core.errors import UserError
from core.imagelib import SegIEPolys, SegIEPolyType
from core.leras import nn
from core.mathlib import transform_points
from DFLIMG import DFLIMG
from facelib import FaceType, LandmarksProcessor
from mainscripts import XSegUtil


class Network:
    """In XSegNet's place: the bright half of what it sees is the mask."""

    batches = []

    def __init__(self, name, load_weights, weights_file_root, raise_on_no_model_files):
        assert name == "XSeg" and load_weights and raise_on_no_model_files
        Network.batches = []

    def extract(self, images):
        assert images.dtype == np.float32 and images.shape[1:] == (256, 256, 3)
        Network.batches.append(images)
        return (images.mean(axis=3, keepdims=True) > 0.5).astype(np.float32)


@pytest.fixture
def faces(tmp_path, facesets, monkeypatch):
    answer(monkeypatch)
    return copy_faces(facesets.src, tmp_path / "faces", 4)


@pytest.fixture
def model(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "XSeg_256.npy").write_bytes(b"")
    monkeypatch.setattr(XSegUtil, "XSegNet", Network)
    monkeypatch.setattr(nn, "initialize", lambda config: None)
    return folder


def set_type(folder, face_type):
    (folder / "XSeg_data.dat").write_bytes(persist.dumps(
        {"iter": 1, "options": {"face_type": face_type}}))


def label(path):
    face = DFLIMG.load(path)
    polys = SegIEPolys()
    polys.add_poly(SegIEPolyType.INCLUDE).set_points(np.float32([[1, 1], [50, 1], [20, 50]]))
    face.set_seg_ie_polys(polys)
    face.save()


@pytest.mark.parametrize("face_type", ["wf", None])
def test_masks_of_the_same_face_type(faces, model, monkeypatch, face_type):
    """Asked where the model does not tell it; `same` is the default."""
    if face_type:
        set_type(model, face_type)
    monkeypatch.setattr(XSegUtil, "BATCH", 3)
    pictures = [DFLIMG.load(path).get_img() for path in sorted(faces.iterdir())]
    XSegUtil.apply_xseg(faces, model)
    assert [len(batch) for batch in Network.batches] == [3, 1]
    for picture, path in zip(pictures, sorted(faces.iterdir())):
        face = DFLIMG.load(path)
        large = cv2.resize(picture.astype(np.float32) / 255, (256, 256),
                           interpolation=cv2.INTER_LANCZOS4)
        assert (face.get_xseg_mask()[..., 0] == (large.mean(axis=2) > 0.5)).mean() > 0.999
        assert (face.get_img() == picture).all()


def test_a_model_of_another_face_type_sees_its_own_crop(tmp_path, model):
    """The crop of the model and back: the mask is that of the file's crop."""
    set_type(model, "f")
    path = xseg_support.write_labelled_faces(tmp_path / "faces", "src", 0, 1) / "00000_0.jpg"
    face = DFLIMG.load(path)
    picture, source = face.get_img(), face.get_source_landmarks()
    XSegUtil.apply_xseg(tmp_path / "faces", model)
    own = LandmarksProcessor.get_transform_mat(source, 256, FaceType.WHOLE_FACE)
    full = LandmarksProcessor.get_transform_mat(source, 256, FaceType.FULL)
    corners = np.float32([(0, 0), (256, 0), (256, 256), (0, 256)])
    inside = transform_points(transform_points(corners, full, True), own)
    matrix = cv2.getAffineTransform(np.float32(inside[:3]), corners[:3])
    seen = cv2.warpAffine(picture.astype(np.float32) / 255, matrix, (256, 256))
    np.testing.assert_allclose(Network.batches[0][0], seen, atol=0.01)
    mask = DFLIMG.load(path).get_xseg_mask()[..., 0]
    window = np.zeros((256, 256), np.uint8)
    cv2.fillConvexPoly(window, np.round(inside).astype(np.int32), 1)
    bright = picture.mean(axis=2) > 127.5
    assert (mask == (bright & (window > 0))).mean() > 0.97
    assert mask[window == 0].mean() < 0.02      # nothing outside of what the model has seen


def test_files_of_every_kind(faces, model, capsys):
    """Gray faces get a mask; what is no face is named and stays as it is."""
    write_gray_face(faces / "gray.jpg")
    face = DFLIMG.load(faces / "00002_0.jpg")
    face.set_source_landmarks(None)
    face.save()
    set_type(model, "f")
    names = write_useless_files(faces, faces / "00000_0.jpg") + write_other_pictures(faces)
    names.append("00002_0.jpg")     # its crop of the model cannot be found
    before = {name: (faces / name).read_bytes() for name in names}
    XSegUtil.apply_xseg(faces, model)
    assert {name: (faces / name).read_bytes() for name in names} == before
    out = capsys.readouterr().out
    assert all(name in out for name in names) and "4 masks are stored" in out
    assert DFLIMG.load(faces / "gray.jpg").has_xseg_mask()


def test_a_real_network(faces, tmp_path, monkeypatch):
    nn.initialize(nn.DeviceConfig.CPU(), data_format="NHWC")
    nn.reset_session()
    xseg_support.narrow_network(monkeypatch)
    folder = tmp_path / "model"
    folder.mkdir()
    from facelib import XSegNet
    net = XSegNet("XSeg", load_weights=False, weights_file_root=folder)
    net.save_weights()
    face = DFLIMG.load(faces / "00000_0.jpg").get_img().astype(np.float32) / 255
    expected = net.extract(cv2.resize(face, (256, 256), interpolation=cv2.INTER_LANCZOS4))
    nn.reset_session()
    XSegUtil.apply_xseg(faces, folder)
    nn.close_session()
    mask = DFLIMG.load(faces / "00000_0.jpg").get_xseg_mask()
    assert (mask == (expected >= 0.5)).mean() > 0.999
    assert all(DFLIMG.load(path).has_xseg_mask() for path in faces.iterdir())


@pytest.mark.parametrize("given, expected", [("head", FaceType.HEAD), ("same", None)])
def test_the_face_type_is_asked(model, monkeypatch, given, expected):
    answer(monkeypatch, xseg_face_type=given)
    assert XSegUtil.choose_face_type(model) == expected
    set_type(model, "mf")
    assert XSegUtil.choose_face_type(model) == FaceType.MID_FULL
    set_type(model, "strange")
    assert XSegUtil.choose_face_type(model) == expected
    (model / "XSeg_data.dat").write_bytes(b"cos\nsystem\n(S'touch x'\ntR.")
    with pytest.raises(UserError, match="XSeg_data.dat"):
        XSegUtil.choose_face_type(model)


def test_refusals_of_apply(faces, model, tmp_path):
    with pytest.raises(UserError, match="no folder"):
        XSegUtil.apply_xseg(tmp_path / "none", model)
    with pytest.raises(UserError, match="--model-dir|no folder"):
        XSegUtil.apply_xseg(faces, tmp_path / "none")
    with pytest.raises(UserError, match="XSeg_256.npy is missing"):
        XSegUtil.apply_xseg(faces, faces)
    others = tmp_path / "others"
    others.mkdir()
    write_other_pictures(others)
    with pytest.raises(UserError, match="None of the 6 files"):
        XSegUtil.apply_xseg(others, model)
    (faces / "faceset.pak").write_bytes(b"")
    for operation in (XSegUtil.fetch_xseg, XSegUtil.remove_xseg, XSegUtil.remove_xseg_labels,
                      lambda folder: XSegUtil.apply_xseg(folder, model)):
        with pytest.raises(UserError, match="packed"):
            operation(faces)


@pytest.mark.parametrize("delete", ["y", "n"])
def test_fetch(faces, monkeypatch, delete):
    answer(monkeypatch, fetch_delete_originals=delete)
    for number in (1, 3):
        label(faces / ("%05d_0.jpg" % number))
    write_other_pictures(faces)
    target = faces.with_name("faces_xseg")
    target.mkdir()
    (target / "00001_0.jpg").write_bytes(b"labelled before")
    before, names = count_contents(faces, target), list_names(faces)
    XSegUtil.fetch_xseg(faces)
    assert list_names(target) == ["00001_0.jpg", "00001_0_1.jpg", "00003_0.jpg"]
    assert (target / "00001_0.jpg").read_bytes() == b"labelled before"
    after = count_contents(faces, target)
    assert set(after) == set(before)
    if delete == "y":
        assert after == before and len(list_names(faces)) == len(names) - 2
    else:
        assert list_names(faces) == names
        XSegUtil.fetch_xseg(faces)
        assert len(list_names(target)) == 4     # what is there is not copied again, but renamed


def test_nothing_to_fetch(faces):
    with pytest.raises(UserError, match="No face"):
        XSegUtil.fetch_xseg(faces)
    assert not faces.with_name("faces_xseg").exists()


def test_remove(faces, capsys):
    for path in sorted(faces.iterdir())[:2]:
        label(path)
        face = DFLIMG.load(path)
        face.set_xseg_mask(np.ones((256, 256, 1), np.float32))
        face.save()
    names = write_useless_files(faces, faces / "00003_0.jpg")
    untouched = {name: (faces / name).read_bytes() for name in names + ["00003_0.jpg"]}
    XSegUtil.remove_xseg(faces)
    assert "2 masks removed" in capsys.readouterr().out
    face = DFLIMG.load(faces / "00000_0.jpg")
    assert not face.has_xseg_mask() and face.has_seg_ie_polys() and face.has_data()
    XSegUtil.remove_xseg_labels(faces)
    assert "2 labels removed" in capsys.readouterr().out
    assert not DFLIMG.load(faces / "00000_0.jpg").has_seg_ie_polys()
    assert {name: (faces / name).read_bytes() for name in untouched} == untouched
    assert len(DFLIMG.load(faces / "00000_0.jpg").get_landmarks()) == 68


@pytest.mark.parametrize("given", ["y", "n"])
def test_removing_can_be_confirmed_beforehand(faces, monkeypatch, given):
    label(faces / "00000_0.jpg")
    answer(monkeypatch, xseg_remove=given)
    monkeypatch.setattr(XSegUtil.io, "input_str", None)
    if given == "n":
        with pytest.raises(UserError, match="Nothing was changed"):
            XSegUtil.remove_xseg_labels(faces)
    else:
        XSegUtil.remove_xseg_labels(faces)
    assert DFLIMG.load(faces / "00000_0.jpg").has_seg_ie_polys() == (given == "n")


def test_remove_where_there_are_no_faces(tmp_path):
    write_other_pictures(tmp_path)
    before = read_tree(tmp_path)
    for operation in (XSegUtil.remove_xseg, XSegUtil.remove_xseg_labels):
        with pytest.raises(UserError, match="None of the 6"):
            operation(tmp_path)
    assert read_tree(tmp_path) == before
