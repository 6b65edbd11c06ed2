"""SAEHD learns: real faces through the real sample workers, the model's own learning rate.

Mean of the last ten of sixty losses against the first, source and destination. Seen over a dozen
runs: df-ud with AdaBelief 0.41 to 0.48, with RMSprop 0.54 to 0.59, liae-ud 0.40 to 0.45.
"""
import numpy as np
import pytest
import saehd_support as support
from core import persist

STEPS, LAST = 60, 10
OPTIONS = dict(resolution=64, ae_dims=32, e_dims=16, d_dims=16, d_mask_dims=16, batch_size=4,
               clipgrad=False, face_type='wf')


def train(facesets, folder, monkeypatch, **options) -> np.ndarray:
    """Loss history (STEPS, 2) of a new model that trains on the two characters."""
    module = support.get_model_module()
    support.start_engine()
    support.quiet_prompts(monkeypatch)
    generator_class = module.SampleGeneratorFace

    def create_with_one_worker(*args, **kwargs):
        return generator_class(*args, **dict(kwargs, generators_count=1))
    monkeypatch.setattr(module, 'SampleGeneratorFace', create_with_one_worker)
    defaults = support.make_options(**dict(OPTIONS, **options))
    (folder / 'SAEHD_default_options.dat').write_bytes(persist.dumps(defaults))
    arguments = support.list_arguments(folder)
    arguments.update(training_data_src_path=facesets.src, training_data_dst_path=facesets.dst)
    model = module.Model(is_training=True, **arguments)
    try:
        assert model.is_first_run() and model.options['archi'] == defaults['archi']
        for _ in range(STEPS):
            model.train_one_iter()
        return np.array(model.get_loss_history())
    finally:
        model.finalize()


@pytest.mark.parametrize('archi, adabelief, most', [
    ('df-ud', True, 0.55),
    pytest.param('liae-ud', True, 0.75, marks=pytest.mark.slow),
    pytest.param('df-ud', False, 0.75, marks=pytest.mark.slow)])
def test_losses_fall(archi, adabelief, most, facesets, tmp_path, monkeypatch):
    losses = train(facesets, tmp_path, monkeypatch, archi=archi, adabelief=adabelief)
    assert losses.shape == (STEPS, 2) and np.isfinite(losses).all()
    src, dst = losses[-LAST:].mean(axis=0) / losses[0]
    assert src <= most and dst <= most, (src, dst)
