"""AMP learns: real faces through the real sample workers, the model's own learning rate."""
import amp_support
import gated_support
import numpy as np
import pytest


@pytest.mark.slow
def test_losses_fall_and_go_on_after_a_save(facesets, tmp_path, monkeypatch):
    """Mean of the last ten of sixty losses against the first, source and destination."""
    amp_support.write_defaults(tmp_path, batch_size=4)
    model = gated_support.make_learning_model('AMP', facesets, tmp_path, monkeypatch)
    try:
        for _ in range(60):
            model.train_one_iter()
        losses = np.array(model.get_loss_history())
        assert model.save()
    finally:
        model.finalize()
    assert losses.shape == (60, 2) and np.isfinite(losses).all()
    fall = gated_support.measure_fall(losses)
    assert (fall <= 0.7).all(), fall
    model = gated_support.make_learning_model('AMP', facesets, tmp_path, monkeypatch)
    try:
        model.train_one_iter()
        following = np.array(model.get_loss_history())
    finally:
        model.finalize()
    np.testing.assert_array_equal(following[:60], losses)
    assert (following[60] <= 1.3 * losses[-10:].max(axis=0)).all(), following[60]
