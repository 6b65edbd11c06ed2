"""patches/dfl_patches/__init__.py: what patches there are, and that they leave nothing behind."""
import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

import dfl_patches
import saehd_support as support
from core.leras import nn
from dfl_patches.errors import PatchError
from patch_support import FORCE, USABLE
from tree_setup import PATCHES, REPOSITORY

# The real ones are in tests of their own; these two record what is done with them.
FIRST, SECOND = "fast_blur", "deterministic"


@pytest.fixture
def log(monkeypatch):
    """Calls of two patches that stand in for real ones; `log.refuses` names one that refuses."""
    class Log(list):
        refuses = None
    calls = Log()

    def put(name, conflicts):
        module = ModuleType("dfl_patches." + name)
        module.__spec__ = ModuleSpec(module.__name__, None)
        module.NAME, module.SUMMARY, module.CONFLICTS = name, "", conflicts
        module.ENVIRONMENT = {"DFL_TEST_" + name.upper(): "1"}

        def apply(nn):
            calls.append("+" + name)
            if calls.refuses == name:
                raise PatchError("no")
        module.apply, module.remove = apply, lambda nn: calls.append("-" + name)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    put(FIRST, ())
    put(SECOND, ())
    yield calls
    calls.refuses = None
    dfl_patches.remove_all(None)


def test_every_patch_keeps_the_contract():
    names = dfl_patches.list_names()
    assert {"fast_blur", "deterministic"} <= set(names)
    assert names == [name for name in dfl_patches.ORDER if name in names]
    for name in names:
        patch = dfl_patches.get_patch(name)
        assert patch.NAME == name
        assert patch.SUMMARY and len(patch.SUMMARY) < 100 and "\n" not in patch.SUMMARY
        assert isinstance(patch.CONFLICTS, tuple) and set(patch.CONFLICTS) <= set(
            dfl_patches.ORDER) - {name}
        assert callable(patch.apply) and callable(patch.remove) and patch.apply.__doc__


def test_precisions_exclude_each_other():
    precisions = [name for name in dfl_patches.list_names() if name in ("mixed", "fp16", "bf16")]
    for first in precisions:
        for second in precisions:
            if first != second:
                with pytest.raises(PatchError, match="exclude each other"):
                    dfl_patches.select([first, second])


def test_order_of_application_and_removal(log):
    assert dfl_patches.apply_selected(nn, [SECOND, FIRST]) == (FIRST, SECOND)
    assert dfl_patches.list_applied() == [FIRST, SECOND]
    dfl_patches.apply_selected(nn, [FIRST, SECOND])     # of a later nn.initialize
    dfl_patches.remove_all(nn)
    dfl_patches.remove_all(nn)
    assert log == ["+" + FIRST, "+" + SECOND] * 2 + ["-" + SECOND, "-" + FIRST]
    assert dfl_patches.list_applied() == []


def test_another_selection_takes_the_place_of_the_first(log):
    dfl_patches.apply_selected(nn, [SECOND])
    dfl_patches.apply_selected(nn, [FIRST])
    assert log == ["+" + SECOND, "-" + SECOND, "+" + FIRST]
    assert dfl_patches.apply_selected(nn, []) == () and dfl_patches.list_applied() == []


def test_environment_selects(log, monkeypatch):
    monkeypatch.setenv("DFL_PATCHES", FIRST)
    assert dfl_patches.apply_selected(nn) == (FIRST,)


def test_a_refusal_leaves_none_applied(log):
    log.refuses = SECOND
    with pytest.raises(PatchError):
        dfl_patches.apply_selected(nn, [FIRST, SECOND])
    assert dfl_patches.list_applied() == [] and log[-1] == "-" + FIRST


def test_environment_of_a_patch_does_not_overrule_the_users(log, monkeypatch):
    names = ["DFL_TEST_" + name.upper() for name in (FIRST, SECOND)]
    monkeypatch.setenv(names[0], "0")
    monkeypatch.setenv(names[1], "to be restored")
    monkeypatch.delenv(names[1])
    dfl_patches.prepare_environment([FIRST, SECOND])
    assert [os.environ[name] for name in names] == ["0", "1"]


def describe_patch(patch):
    """Its row of the README's table."""
    conflicts = ", ".join("`%s`" % name for name in patch.CONFLICTS)
    return "| `%s` | %s | %s" % (patch.NAME, patch.SUMMARY,
                                 conflicts + " |" if conflicts else "|")


def test_the_readme_shows_every_patch():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    table = text.split("<!-- patches -->\n")[1].split("<!-- end -->")[0].splitlines()[2:]
    rows = {row.split("`")[1]: row for row in table}
    assert tuple(rows) == dfl_patches.ORDER
    for name in dfl_patches.list_names():
        assert rows[name] == describe_patch(dfl_patches.get_patch(name))


# ---------------------------------------------------------------- nothing is left behind

def list_classes():
    """nn and every class that is registered in it, classes inside of these included."""
    classes = [nn]
    for owner in classes:
        classes += [value for value in vars(owner).values()
                    if isinstance(value, type) and value not in classes]
    return classes


def take_snapshot():
    return {owner: dict(vars(owner)) for owner in list_classes()}


@pytest.mark.parametrize("name", USABLE)
def test_remove_puts_back_exactly_what_was_there(name, monkeypatch):
    monkeypatch.setenv(FORCE, "1")
    support.start_engine()
    before, seed = take_snapshot(), nn.tf.get_default_graph().seed
    patch = dfl_patches.get_patch(name)
    patch.remove(nn)
    patch.apply(nn)
    applied = take_snapshot()
    patch.apply(nn)
    assert take_snapshot() == applied != before
    patch.remove(nn)
    assert take_snapshot() == before and nn.tf.get_default_graph().seed == seed
    patch.remove(nn)
    assert take_snapshot() == before


def test_the_layer_needs_neither_a_tree_nor_tensorflow():
    code = ("import sys, dfl_patches; names = dfl_patches.list_names()\n"
            "for name in names: dfl_patches.get_patch(name)\n"
            "assert not {'tensorflow', 'core', 'models'} & set(sys.modules), sys.modules\n"
            "print(len(names))")
    environment = {"PYTHONPATH": str(PATCHES), "PATH": ""}
    output = subprocess.check_output([sys.executable, "-c", code], env=environment)
    assert int(output) == len(dfl_patches.list_names())
