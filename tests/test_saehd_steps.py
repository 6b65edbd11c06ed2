"""Training steps of SAEHD from given weights on given batches against the reference's numbers."""
from pathlib import Path

import numpy as np
import pytest
import saehd_support as support
from core import persist
from core.leras import nn
from models.common import gan_model
from numeric_environment import is_reference_make

GOLDEN = Path(__file__).parent / 'golden' / 'saehd'
STEPS = 6
CASES = {
    'df-ud': {},
    'df-t': dict(archi='df-t', adabelief=False),
    'liae-udt-em': dict(archi='liae-udt', eyes_mouth_prio=True),
    'df-true-face': dict(archi='df', true_face_power=0.01),
    'df-blur': dict(archi='df-u', blur_out_mask=True),
    'liae-gan': dict(archi='liae-ud', gan_power=0.1)}
# (relative, absolute) by kind of array. On the processor the vectors were made on every array is
# equal to the bit; another make rounds square roots and logarithms otherwise, and AdaBelief, whose
# first steps have the size of the learning rate whatever the gradient, turns that into other views.
SAME_MAKE = dict.fromkeys(('losses', 'view', 'stat'), (5e-4, 1e-5))
OTHER_MAKE = {'losses': (5e-4, 1e-5), 'view': (0, 0.03), 'stat': (5e-4, 1e-3)}


@pytest.fixture(scope='module')
def reference(reference_blocking):
    support.start_engine()
    name = {'2.6.': 'steps_tf26.npz', '2.21': 'steps_tf221.npz'}.get(nn.tf.version.VERSION[:4])
    if name is None:
        pytest.skip('reference steps are of TensorFlow 2.6 and 2.21, this is '
                    + nn.tf.version.VERSION)
    with np.load(str(GOLDEN / name)) as arrays:
        return {key: arrays[key] for key in arrays.files}


def train(case: dict, folder, monkeypatch) -> dict:
    """Losses, views and statistics of the saved arrays after six steps."""
    module = support.get_model_module()
    support.start_engine()
    support.quiet_prompts(monkeypatch)
    options = support.make_options(**case)
    monkeypatch.setattr(module, 'SampleGeneratorFace',
                        support.make_generator_class(options['resolution']))
    monkeypatch.setattr(gan_model, 'load_or_init_weights',
                        lambda model, *args, **kwargs: support.set_weights(model))
    model = module.Model(is_training=True, **support.write_model_folder(folder, options))
    results = {'losses': np.array(
        [[float(x) for _, x in model.onTrainOneIter()] for _ in range(STEPS)])}
    _, target, _, _ = support.make_batch('view', 2, options['resolution'])
    for name, view in zip(('ss', 'dd', 'ddm', 'sd', 'sdm'), model.AE_view(target, target)):
        results['view/' + name] = view[:1, ::4, ::4]
    model.save()
    for path in folder.glob('p_SAEHD_*.npy'):
        arrays = persist.load(path)
        results['stat/' + path.name] = np.array(
            [[float(np.mean(x)), float(np.std(x))] for x in arrays.values()])
    return results


@pytest.mark.parametrize('name', sorted(CASES))
def test_steps_give_the_reference_numbers(name, reference, tmp_path, monkeypatch):
    ours = train(CASES[name], tmp_path, monkeypatch)
    expected = {key.split('/', 1)[1]: reference[key] for key in reference
                if key.startswith(name + '/')}
    assert sorted(ours) == sorted(expected)
    tolerances = SAME_MAKE if is_reference_make() else OTHER_MAKE
    for key, values in expected.items():
        rtol, atol = tolerances[key.split('/')[0]]
        np.testing.assert_allclose(ours[key], values, rtol=rtol, atol=atol, err_msg=key)
