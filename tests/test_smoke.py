"""smoke.py: its steps stop at the first failure, and it needs no test runner."""
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import smoke
from core.leras import nn

TESTS = Path(__file__).parent


def test_it_needs_no_test_runner():
    """Some environments have none; importing it must not reach pytest or TensorFlow."""
    code = ("import sys; sys.modules['pytest'] = None; import smoke, saehd_support, "
            "faceset_support; assert 'tensorflow' not in sys.modules; "
            "assert all(hasattr(smoke.SmokeSet, 'run_' + step) for step in smoke.SmokeSet.STEPS)")
    subprocess.check_call([sys.executable, "-c", code], cwd=str(TESTS))


def test_the_first_failure_ends_the_set_and_closes_the_model(tmp_path, monkeypatch, capsys):
    closed = []

    class Model:
        finalize = staticmethod(lambda: closed.append(1))

    class Broken(smoke.SmokeSet):
        def run_import(self):
            self.model = Model

        def run_df(self):
            raise RuntimeError("no such op")
    results = smoke.run_steps(Broken(tmp_path))
    assert results["import"] == "ok" and results["df"] == "failed" and closed == [1]
    assert {results[step] for step in smoke.SmokeSet.STEPS[2:]} == {"not reached"}
    assert "no such op" in capsys.readouterr().err


def test_tensorflow_of_another_version_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(nn, "tf", None)     # as in a process that starts
    with pytest.raises(AssertionError, match=r"^\d+\.\d+"):
        smoke.SmokeSet(tmp_path, tensorflow="0.12").run_import()


def test_a_forward_pass_that_gives_nan_fails(monkeypatch):
    smoke.run_archi_forward("df")
    monkeypatch.setattr(nn, "init_weights", lambda weights: nn.batch_set_value(
        [(weight, np.full(weight.shape.as_list(), np.nan, np.float32)) for weight in weights]))
    with pytest.raises(AssertionError):
        smoke.run_archi_forward("df")
