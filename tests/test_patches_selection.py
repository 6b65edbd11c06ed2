"""patches/dfl_patches/selection.py: texts, order, what makes no sense."""
import pytest

from dfl_patches.errors import PatchError
from dfl_patches.selection import check_conflicts, order_names, parse_names, read_environment


def test_texts_are_split_and_names_come_once():
    assert parse_names(["a, B", "c;a", ""]) == ["a", "b", "c"]
    assert parse_names(["none"]) == parse_names([]) == []
    with pytest.raises(PatchError, match="none"):
        parse_names(["none", "a"])


def test_environment_is_read():
    assert read_environment({"DFL_PATCHES": "a,b"}) == ["a", "b"]
    assert read_environment({}) == []


def test_order_is_that_of_the_registry():
    assert order_names(["c", "a"], "abc", ["a", "c"]) == ("a", "c")
    with pytest.raises(PatchError) as caught:
        order_names(["b"], "abc", ["a", "c"])
    assert "in this copy" in caught.value.what and "a, c" in caught.value.remedies[0]
    with pytest.raises(PatchError, match="'x'"):
        order_names(["x"], "abc", [])


def test_a_conflict_is_named_whichever_of_the_two_declares_it():
    conflicts = {"a": ("b",), "b": (), "c": ()}
    check_conflicts(["a", "c"], conflicts)
    for names in (["a", "b"], ["b", "c", "a"]):
        with pytest.raises(PatchError, match="exclude each other") as caught:
            check_conflicts(names, conflicts)
        assert "a" in caught.value.what.split() and "b" in caught.value.what.split()
