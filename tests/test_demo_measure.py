"""demo/measure.py and contact_sheet.py: similarity, losses, the picture of the demo."""
import numpy as np
import pytest

from core.errors import UserError
from demo import measure, workspace
from demo.contact_sheet import HEAD, TILE, draw_contact_sheet
from demo.measure import UnseenFace, map_ssim, measure_losses, measure_swaps
from facelib import FaceType


def ssim_at(a, b, y, x):
    """The definition (Wang et al. 2004) for one pixel of one channel, window inside the picture."""
    r = measure.SSIM_SIDE // 2
    taps = np.exp(-np.arange(-r, r + 1) ** 2 / (2 * measure.SSIM_SIGMA ** 2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    p, q = a[y - r:y + r + 1, x - r:x + r + 1], b[y - r:y + r + 1, x - r:x + r + 1]
    mp, mq = (window * p).sum(), (window * q).sum()
    vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
    cov = (window * (p - mp) * (q - mq)).sum()
    return ((2 * mp * mq + 0.0001) * (2 * cov + 0.0009)
            / ((mp * mp + mq * mq + 0.0001) * (vp + vq + 0.0009)))


def test_ssim_is_its_definition():
    rng = np.random.RandomState(1)
    a, b = rng.rand(24, 30, 2), rng.rand(24, 30, 2)
    similarity = map_ssim(a, b)
    assert similarity.shape == (24, 30)
    for y, x in ((8, 9), (12, 20)):
        expected = np.mean([ssim_at(a[..., c], b[..., c], y, x) for c in range(2)])
        assert abs(similarity[y, x] - expected) < 1e-9
    np.testing.assert_allclose(map_ssim(a, a), 1)


def test_only_the_hull_counts():
    rng = np.random.RandomState(2)
    truth = rng.rand(32, 32, 3).astype(np.float32)
    hull = np.zeros((32, 32), bool)
    hull[16:, :] = True
    swap = truth.copy()
    swap[:8] = 0        # out of reach of the window
    face = UnseenFace(truth, truth, hull)
    assert measure_swaps([face], [swap]) == pytest.approx(1)
    assert measure_swaps([face, face], [swap, 1 - truth]) < 0.8


def test_losses_as_share_of_the_first():
    history = [[4.0, 2.0]] * 3 + [[1.0, 9.0]] * 10 + [[1.0, 0.5]] * 20
    assert measure_losses(history) == (0.25, 0.25)


def test_unseen_faces_are_the_frames_in_the_models_crop(tmp_path, monkeypatch):
    monkeypatch.setattr(workspace, "UNSEEN_COUNT", 1)
    for name in ("unseen/aligned", "unseen/truth"):
        (tmp_path / name).mkdir(parents=True)
    workspace.render_frame(tmp_path, "unseen", 0)
    face, = measure.load_unseen_faces(tmp_path, 64, FaceType.FULL)
    assert face.face.shape == face.truth.shape == (64, 64, 3) and face.hull.shape == (64, 64)
    assert 0.3 < face.hull.mean() < 0.9
    # the truth differs in the face, hardly in the backdrop's corners
    assert np.abs(face.face - face.truth)[face.hull].mean() > 0.1
    workspace.truth_path(tmp_path, "unseen", 0).unlink()
    with pytest.raises(UserError, match="truth"):
        measure.load_unseen_faces(tmp_path, 64, FaceType.FULL)


def test_the_contact_sheet_shows_rows_of_three():
    def plain(value):
        return np.full((64, 64, 3), value, np.float32)
    faces = [UnseenFace(plain(0.2), plain(0.6), np.ones((64, 64), bool))] * 4
    picture = draw_contact_sheet(faces, [plain(0.4)] * 4, [0, 1, 2, 3])
    assert picture.dtype == np.uint8 and picture.shape == (HEAD + 2 * TILE, 6 * TILE + HEAD // 2, 3)
    row = picture[HEAD + TILE // 2]
    shown = [int(row[TILE // 2 + i * TILE, 0]) for i in range(3)]
    np.testing.assert_allclose(shown, (51, 102, 153), atol=1)
    assert picture[:HEAD].max() > 150, "headings are drawn"
