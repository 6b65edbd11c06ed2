"""With the layer imported, and after every patch came and went, SAEHD's graphs are the
reference's."""
import pytest

import dfl_patches
import saehd_graphs
import test_saehd_graph as cases
from core.leras import nn
from patch_support import FORCE, USABLE

idle_engine = cases.idle_engine

CASES = ['cpu-liae-ud-pretrain'] + [pytest.param(name, marks=pytest.mark.slow) for name in (
    'gpu1-df-style-true-face-drop-y', 'gpu2-liae-ud-opt-cpu-clip')]


@pytest.mark.parametrize('name', CASES)
def test_graph_after_apply_and_remove_is_the_reference_graph(name, tmp_path, monkeypatch,
                                                             idle_engine):
    """That a patch which stays would be seen: tests/test_patches_registry.py."""
    monkeypatch.setenv(FORCE, '1')
    expected = cases.get_golden_rows()[name]
    for patch in map(dfl_patches.get_patch, USABLE):
        patch.apply(nn)
        patch.remove(nn)
    ours = cases.build_rows(cases.CASES[name], tmp_path, monkeypatch, idle_engine)
    assert saehd_graphs.find_differences(expected, ours) == []
