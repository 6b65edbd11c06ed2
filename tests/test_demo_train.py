"""demo/train.py: a few iterations of the whole demo on a tiny workspace."""
import cv2
import pytest

from core import options
from core.errors import UserError
from core.leras import nn
from demo import train, workspace
from demo.train import Goal, report_result


def test_a_folder_without_a_workspace_is_refused(tmp_path):
    with pytest.raises(UserError, match="demo-workspace"):
        train.run_demo(tmp_path)


def test_the_verdict(capsys):
    goal = Goal(10, 0.3, 0.25, 0.5)
    assert report_result((0.2, 0.2), 0.6, goal) and "MISSED" not in capsys.readouterr().out
    for losses, ssim in (((0.4, 0.2), 0.6), ((0.2, 0.3), 0.6), ((0.2, 0.2), 0.4)):
        assert not report_result(losses, ssim, goal)
        assert capsys.readouterr().out.count("MISSED") == 1
    assert report_result((9.0, 9.0), 0.0, None) and "reached" not in capsys.readouterr().out


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
    finally:
        options.configure_sources(options.OptionSources())
