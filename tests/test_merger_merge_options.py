import numpy as np

from merger import merge_options


def test_names_are_not_those_of_others():
    from core.process_options import PROCESS_OPTIONS
    own = [option.key for option in merge_options.MERGE_OPTIONS]
    assert len(set(own)) == len(own) and all(o.help for o in merge_options.MERGE_OPTIONS)
    assert not set(own) & {option.key for option in PROCESS_OPTIONS}


def test_switches(monkeypatch):
    assert merge_options.keeps_black_rim() is False
    monkeypatch.setenv("DFL_MERGE_BLACK_RIM", "1")
    assert merge_options.keeps_black_rim() is True


def test_seed(monkeypatch):
    np.random.seed(1)
    wanted = np.random.RandomState(1).rand(2)
    merge_options.seed_frame()
    assert np.random.rand() == wanted[0]      # nothing happens without a seed
    monkeypatch.setenv("DFL_MERGE_COLOR_SEED", "1")
    merge_options.seed_frame()
    assert np.random.rand() == wanted[0]
