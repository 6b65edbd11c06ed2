"""A model trained here merges in the fork with overlay, mask dst and sot-m, and the reverse (spec
60 section 17.4, item 7).

The fork is played by saehdbw_numpy.py, which shares no code with the program: it reads the files
by their names as Python 3.6 with NumPy 1 would, and computes the networks in NumPy.
"""
import pickle

import cv2
import gray_support
import numpy as np
import pytest
import saehdbw_numpy
from merge_support import Vectors

from core import persist

DST_MASK, SOT_M = 1, 7
KEYS = {"iter", "options", "loss_history", "sample_for_preview", "choosed_gpu_indexes"}
ARCHIS = ["df-ud", pytest.param("liae-udt", marks=pytest.mark.slow)]


def merge(predict, folder, face_type):
    """(h, w, 4) uint8 of a gray frame as the launchers of the fork merge it."""
    from merger import MergeMasked, MergerConfigMasked
    from merger.FrameInfo import FrameInfo
    inputs = Vectors().inputs
    path = folder / "frame.png"
    cv2.imwrite(str(path), cv2.cvtColor(inputs["frame"], cv2.COLOR_BGR2GRAY))
    config = MergerConfigMasked(face_type=face_type, mode="overlay", mask_mode=DST_MASK,
                                color_transfer_mode=SOT_M)
    np.random.seed(1)
    return MergeMasked(predict, (64, 64, 1), None, None, config,
                       FrameInfo(path, [inputs["landmarks"]]))


def check_alike(folder, monkeypatch):
    """The program and the stand-in predict and merge the same from the files of a folder."""
    model = gray_support.make_model(folder, monkeypatch, is_training=False)
    predict, shape, _ = model.get_MergerConfig()
    other = saehdbw_numpy.make_predictor(saehdbw_numpy.read_files(folder))
    assert shape == (64, 64, 1)
    face = gray_support.support.make_batch("face", 1, 64, 1)[1][0]
    for ours, theirs in zip(predict(face), other(face)):
        assert ours.shape == theirs.shape and ours.std() > 1e-4
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    ours, theirs = [merge(one, folder, model.face_type).astype(int) for one in (predict, other)]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1)
    frame = cv2.imread(str(folder / "frame.png"), cv2.IMREAD_GRAYSCALE)
    changed = np.abs(ours[..., 0] - frame)
    assert (ours[..., :3] == ours[..., :1]).all() and changed[ours[..., 3] > 250].mean() > 2
    assert not changed[ours[..., 3] == 0].any()


@pytest.mark.parametrize("archi", ARCHIS)
def test_17_4_7_a_model_trained_here_merges_in_the_fork(archi, tmp_path, monkeypatch):
    model = gray_support.start_model(tmp_path, monkeypatch, archi=archi)
    for _ in range(2):
        assert np.isfinite([value for _, value in model.onTrainOneIter()]).all()
    model.iter = 2
    model.save()
    model.finalize()
    paths = sorted(tmp_path.glob("p_SAEHDBW_*.npy")) + [tmp_path / "p_SAEHDBW_data.dat"]
    assert len(paths) == 6
    for path in paths:
        content = path.read_bytes()
        assert saehdbw_numpy.list_imports(content) <= saehdbw_numpy.OLD_NAMES, path.name
        assert saehdbw_numpy.get_protocol(content) <= 4, path.name
    data = pickle.loads(paths[-1].read_bytes())
    assert KEYS <= set(data) and data["iter"] == 2
    assert {type(value) for value in data["options"].values()} <= {int, float, bool, str}
    assert data["options"]["archi"] == archi
    check_alike(tmp_path, monkeypatch)


def write_as_the_fork(folder, archi):
    """Protocol 3 of Python 3.6, options as NumPy scalars (spec 60 section 2.4), names of NumPy 1.
    """
    gray_support.write_model(folder, archi=archi)
    for path in folder.glob("p_SAEHDBW_*"):
        value = pickle.loads(path.read_bytes())
        if path.suffix == ".dat":
            value["options"] = {key: np.int64(one) if type(one) is int else one
                                for key, one in value["options"].items()}
            value["sample_for_preview"] = [np.zeros((2, 1, 64, 64), np.float32)] * 8
        content = pickle.dumps(value, 3)
        path.write_bytes(content.replace(b"cnumpy._core.", b"cnumpy.core."))
        assert saehdbw_numpy.list_imports(path.read_bytes()) <= saehdbw_numpy.OLD_NAMES


@pytest.mark.parametrize("archi", ARCHIS)
def test_17_4_7_a_model_of_the_fork_merges_here(archi, tmp_path, monkeypatch):
    write_as_the_fork(tmp_path, archi)
    check_alike(tmp_path, monkeypatch)


def test_the_stand_in_has_the_values_of_the_fork():
    """Its networks against the fork's check values, so that both sides above cannot err alike."""
    numbers, files = iter(range(1000)), {}
    for table in gray_support.load_tables()["df-ud"]["models"]:
        if table["scope"] in ("D_src", "dis", "src_dst_opt"):
            continue
        files[table["scope"]] = {
            row[0]: gray_support.make_weight(next(numbers), row[1]).astype(np.float64)
            for row in table["weights"]}
    warped_dst = gray_support.make_batch()[4][0]
    _, _, own_mask = saehdbw_numpy.make_predictor(files)(warped_dst)
    wanted = gray_support.load_json("forward_vectors.json")["results"]["df-ud"]["pred_dst_dstm"]
    assert own_mask.mean() == pytest.approx(wanted["mean"], abs=1e-4)
    for place, value in wanted["samples"].items():
        row, column = [int(number) for number in place.split(",")]
        assert own_mask[row, column] == pytest.approx(value, abs=1e-4)


def test_imports_of_a_pickle_are_told():
    assert saehdbw_numpy.list_imports(persist.dumps(np.zeros(3))) <= saehdbw_numpy.OLD_NAMES
    assert saehdbw_numpy.list_imports(pickle.dumps([np.mean, np.zeros(3)], 4)) - (
        saehdbw_numpy.OLD_NAMES)
