"""Smoke set for TensorFlow 1.15 (Python 3.7), the generation of the DirectX12 build.

A script, not a pytest module: that environment has no test runner. `python3.7 dfl.py test` runs it.
Imports, an archi's forward pass, five SAEHD steps, save, load.
"""
import tree_setup  # noqa: F401  paths and TensorFlow's environment, before anything else
import importlib
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

import saehd_support as support
from core import options
from core.leras import nn

STEPS = 5


class Patch:
    """`setattr` as pytest's monkeypatch has it; the process ends before anything needs undoing."""

    @staticmethod
    def setattr(target, name, value):
        setattr(target, name, value)


def check_tensorflow_generation():
    support.start_engine()
    assert nn.tf.__version__.startswith("1.15."), nn.tf.__version__


def run_archi_forward(archi_type: str):
    """Encoder -> inter -> decoder at 64 px; face and mask in their shapes, finite."""
    support.start_engine()
    archi = nn.DeepFakeArchi(64, opts="ud")
    face = nn.tf.placeholder(nn.floatx, nn.get4Dshape(64, 64, 3))
    encoder = archi.Encoder(in_ch=3, e_ch=16, name="encoder")
    inter = archi.Inter(in_ch=encoder.get_out_ch() * encoder.get_out_res(64) ** 2, ae_ch=16,
                        ae_out_ch=16, name="inter")
    in_ch = inter.get_out_ch() * (2 if archi_type == "liae" else 1)
    decoder = archi.Decoder(in_ch=in_ch, d_ch=16, d_mask_ch=16, name="decoder")
    code = inter(encoder(face))
    if archi_type == "liae":
        code = nn.tf.concat([code, code], nn.conv2d_ch_axis)
    nn.init_weights([weight for part in (encoder, inter, decoder) for weight in part.get_weights()])
    batch = support.make_batch("smoke", 2, 64)[0]
    result, mask = nn.tf_sess.run(decoder(code), {face: batch})
    assert result.shape == (2, 64, 64, 3) and mask.shape == (2, 64, 64, 1)
    assert np.isfinite(result).all() and np.isfinite(mask).all()
    assert result.min() >= 0 and result.max() <= 1 and result.std() > 0


def check_df_forward():
    run_archi_forward("df")


def check_liae_forward():
    run_archi_forward("liae")


def open_model(module, arguments):
    """A training model on its own engine, batches from support's fixed generator."""
    support.start_engine()
    module.SampleGeneratorFace = support.make_generator_class(64)
    return module.SAEHDModel(is_training=True, **arguments)


def read_weights(model):
    return {file_name + ":" + weight.name: value
            for part, file_name in model.model_filename_list
            for weight, value in zip(part.get_weights(), nn.tf_sess.run(part.get_weights()))}


def check_saehd_trains_saves_and_loads():
    # The package's attribute `Model` is the class; the module's globals are what is replaced here.
    module = importlib.import_module("models.Model_SAEHD.Model")
    support.quiet_prompts(Patch)
    with tempfile.TemporaryDirectory() as folder:
        options.configure_sources(options.OptionSources(flags=support.make_options()))
        arguments = support.list_arguments(Path(folder))
        model = open_model(module, arguments)
        for _ in range(STEPS):
            model.train_one_iter()
        losses = np.array(model.get_loss_history())
        assert losses.shape == (STEPS, 2) and np.isfinite(losses).all(), losses
        model.save()
        saved = read_weights(model)
        model.finalize()

        model = open_model(module, arguments)
        assert model.get_iter() == STEPS and model.get_batch_size() == support.OPTIONS["batch_size"]
        loaded = read_weights(model)
        assert set(loaded) == set(saved)
        for name, value in saved.items():
            assert np.array_equal(loaded[name], value), name
        model.finalize()


def main() -> int:
    passed = failed = 0
    checks = [(name, check) for name, check in globals().items() if name.startswith("check_")]
    for name, check in checks:
        began = time.time()
        try:
            check()
            passed += 1
            print("{:.1f} s  {}  passed".format(time.time() - began, name), flush=True)
        except Exception:  # noqa: BLE001  each check is reported, none hides the next
            traceback.print_exc()
            failed += 1
            print("{:.1f} s  {}  FAILED".format(time.time() - began, name), flush=True)
    print("{} passed, {} failed".format(passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
