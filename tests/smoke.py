"""Smoke set of one interpreter: import, the networks, five SAEHD steps on rendered faces, save,
load and go on.

A script, not a pytest module: not every interpreter it runs on has a test runner. `dfl.py test`
runs it on those that have nothing else, `tests/bench/matrix.py` on all of them.

    python tests/smoke.py [--tensorflow 1.15] [--json RESULT.json]
"""
import tree_setup  # noqa: F401  paths and TensorFlow's environment, before anything else
import argparse
import importlib
import json
import multiprocessing
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

TRAIN_STEPS = 5
MORE_STEPS = 2
FACES_COUNT = 4     # of each character
MODULES = ("core.imagelib", "core.mathlib", "core.mplib", "core.joblib", "core.leras", "DFLIMG",
           "facelib", "samplelib", "models", "merger", "mainscripts.cli", "mainscripts.Trainer",
           "utils.label_face", "utils.train_status_export")


class Patch:
    """`setattr` as pytest's monkeypatch has it; the process ends before anything needs undoing."""

    @staticmethod
    def setattr(target, name, value):
        setattr(target, name, value)


class SmokeSet:
    """The steps, in order; each takes over what the ones before it have made.

    tensorflow: the version has to begin with this text.
    """

    STEPS = ("import", "df", "liae", "train", "save", "load", "go_on")

    def __init__(self, folder: Path, tensorflow: str = ""):
        self.folder = folder
        self.tensorflow = tensorflow
        self.model = None

    def run_import(self):
        """Every public package, then TensorFlow."""
        for name in MODULES:
            importlib.import_module(name)
        import saehd_support as support
        from core.leras import nn
        assert nn.tf is None, "importing the tree has imported TensorFlow"
        support.start_engine()
        assert nn.tf.__version__.startswith(self.tensorflow), nn.tf.__version__

    def run_df(self):
        run_archi_forward("df")

    def run_liae(self):
        run_archi_forward("liae")

    def run_train(self):
        """Five steps of a small df-ud; its batches come from worker processes."""
        import saehd_support as support
        from core import options
        from faceset_support import write_faceset
        for name in ("src", "dst"):
            write_faceset(self.folder / name, name, FACES_COUNT)
        support.quiet_prompts(Patch)
        options.configure_sources(options.OptionSources(
            flags=support.make_options(random_src_flip=True, ct_mode="rct")))
        self._open_model()
        self._train(TRAIN_STEPS)

    def run_save(self):
        self.model.save()
        self.saved = read_weights(self.model)
        self.model.finalize()
        names = {path.name for path in self.folder.glob("p_SAEHD_*")}
        assert names >= {"p_SAEHD_data.dat", "p_SAEHD_encoder.npy", "p_SAEHD_summary.txt"}, names

    def run_load(self):
        """A second model: iteration, batch size and every weight as they were saved."""
        import saehd_support as support
        self._open_model()
        assert self.model.get_iter() == TRAIN_STEPS
        assert self.model.get_batch_size() == support.OPTIONS["batch_size"]
        loaded = read_weights(self.model)
        assert set(loaded) == set(self.saved)
        for name, value in self.saved.items():
            assert np.array_equal(loaded[name], value), name

    def run_go_on(self):
        self._train(TRAIN_STEPS + MORE_STEPS)
        preview = self.model.get_previews()[0][1]
        assert preview.ndim == 3 and np.isfinite(preview).all()
        self.close()

    def _open_model(self):
        import models
        import saehd_support as support
        support.start_engine()
        self.model = models.import_model("SAEHD")(is_training=True,
                                                  **support.list_arguments(self.folder))

    def _train(self, until: int):
        while self.model.get_iter() < until:
            self.model.train_one_iter()
        losses = np.array(self.model.get_loss_history())
        assert losses.shape == (until, 2) and np.isfinite(losses).all(), losses

    def close(self):
        """End the sample workers."""
        model, self.model = self.model, None
        if model is not None:
            model.finalize()


def run_archi_forward(archi_type: str):
    """Encoder -> inter -> decoder at 64 px; face and mask in their shapes, finite."""
    import saehd_support as support
    from core.leras import nn
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


def read_weights(model):
    from core.leras import nn
    return {file_name + ":" + weight.name: value
            for part, file_name in model.model_filename_list
            for weight, value in zip(part.get_weights(), nn.tf_sess.run(part.get_weights()))}


def collect_versions() -> dict:
    import cv2
    from core.leras import nn
    return {"Python": platform.python_version(), "NumPy": np.__version__,
            "OpenCV": cv2.__version__,
            "TensorFlow": "-" if nn.tf is None else nn.tf.__version__}


def run_steps(smoke: SmokeSet) -> dict:
    """{step: "ok", "failed" or "not reached"}; the first failure ends the set."""
    results = {step: "not reached" for step in SmokeSet.STEPS}
    try:
        for step in SmokeSet.STEPS:
            began = time.time()
            try:
                getattr(smoke, "run_" + step)()
                results[step] = "ok"
            except Exception:  # noqa: BLE001  reported below, and the exit code tells
                traceback.print_exc()
                results[step] = "failed"
            print("{:5.1f} s  {}  {}".format(time.time() - began, step, results[step]), flush=True)
            if results[step] == "failed":
                break
    finally:
        smoke.close()
    return results


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tensorflow", default="", metavar="VERSION",
                        help="fail unless TensorFlow's version begins with this")
    parser.add_argument("--json", type=Path, help="write versions and results to this file")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        results = run_steps(SmokeSet(Path(folder), arguments.tensorflow))
    facts = {"versions": collect_versions(), "steps": results}
    print(json.dumps(facts))
    if arguments.json:
        arguments.json.write_text(json.dumps(facts), encoding="utf-8")
    return 0 if all(result == "ok" for result in results.values()) else 1


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    sys.exit(main())
