"""demo/train.py: a few iterations of the whole demo on a tiny workspace."""
import cv2
import pytest

from core import options, provenance
from core.errors import UserError
from core.leras import nn
from demo import merge, train, workspace
from demo.modes import OVERLAY, RAW, ModeResult
from demo.train import Goal, report_modes, report_result


def test_a_folder_without_a_workspace_is_refused(tmp_path):
    with pytest.raises(UserError, match="demo-workspace"):
        train.run_demo(tmp_path)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_no_time_to_train_in_is_refused(minutes, tmp_path):
    (tmp_path / workspace.MARKER).write_text("{}")
    with pytest.raises(UserError, match="--minutes is"):
        train.run_demo(tmp_path, minutes=minutes)
    assert [path.name for path in tmp_path.iterdir()] == [workspace.MARKER]


def test_any_time_is_enough_for_an_iteration():
    class Model:
        iterations = 0

        def train_one_iter(self):
            self.iterations += 1

    model = Model()
    train.train_model(model, 0, minutes=1e-6)
    assert model.iterations > 0


def test_the_verdict(capsys):
    goal = Goal(10, 0.3, 0.25, 0.5)
    assert report_result((0.2, 0.2), 0.6, goal) and "MISSED" not in capsys.readouterr().out
    for losses, ssim in (((0.4, 0.2), 0.6), ((0.2, 0.3), 0.6), ((0.2, 0.2), 0.4)):
        assert not report_result(losses, ssim, goal)
        assert capsys.readouterr().out.count("MISSED") == 1
    assert report_result((9.0, 9.0), 0.0, None) and "reached" not in capsys.readouterr().out


@pytest.mark.parametrize("overlay, word", [(0.5, "not below"), (0.4, "BELOW")])
def test_ways_of_merging_are_listed(overlay, word, capsys):
    report_modes({RAW: ModeResult(0.45, 0.45), OVERLAY: ModeResult(0.3, overlay)})
    shown = capsys.readouterr().out
    assert "raw-rgb                              0.450" in shown
    assert "overlay, rct is " + word in shown


@pytest.mark.slow
def test_the_demo_trains_saves_measures_and_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(workspace, "UNSEEN_COUNT", 2)
    monkeypatch.setattr(workspace, "FRAME_SIZE", (160, 120))
    monkeypatch.setattr(train, "SHOWN", 2)
    monkeypatch.setattr(train, "QUICK_GOAL", Goal(3, 100.0, 100.0, -1.0))
    workspace.render_workspace(tmp_path / "w", 4, 4)
    nn.initialize(nn.DeviceConfig.CPU())
    nn.reset_session()
    nn.tf.set_random_seed(1)
    try:
        assert train.run_demo(tmp_path / "w", quick=True) == 0
        first = capsys.readouterr().out
        assert "3 iterations" in first and "SSIM" in first
        assert (tmp_path / "w" / "model" / "demo_SAEHD_decoder_src.npy").exists()
        assert cv2.imread(str(tmp_path / "w" / "preview.png")).shape[1] > 1000
        assert train.run_demo(tmp_path / "w", minutes=0.01) == 0
        assert "replaced" in capsys.readouterr().out
        nn.reset_session()
        check_merge(tmp_path / "w", capsys)
    finally:
        options.configure_sources(options.OptionSources())


def check_merge(folder, capsys):
    """Merging what a few iterations have learned: files, marks, the figure's line."""
    assert merge.run_merge(folder) in (0, 1)    # such a model may well spoil the frames
    assert "4 frames merged" in capsys.readouterr().out
    results = merge.locate_results(folder)
    for path in (results.video, results.mask_video):
        assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT) == 4
        assert provenance.DIGITAL_SOURCE_TYPE.encode() in path.read_bytes()
    names = sorted(path.name for path in results.frames.glob("*.png"))
    assert names == ["%05d.png" % number for number in (1, 2, 3, 4)]
    assert provenance.is_marked((results.frames / names[0]).read_bytes())
    for untouched in ("data_dst/00001.png", "data_dst/aligned/00001_0.jpg"):
        assert not provenance.is_marked((folder / untouched).read_bytes())
    assert cv2.imread(str(results.sheet)).shape[1] > 6 * merge.TILE[0]
