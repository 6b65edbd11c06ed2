"""patches/dfl_patches/replacing.py: in place, and back exactly."""
import pytest

from dfl_patches.errors import PatchError
from dfl_patches.replacing import Replacements


def make_classes():
    class Base:
        def forward(self, x):
            return x + 1

        @staticmethod
        def build(x):
            return x * 2

    class Derived(Base):
        pass
    return Base, Derived


def double(old):
    return lambda *args: old(*args) * 10


def test_methods_are_replaced_for_instances_that_are_there_already():
    base, derived = make_classes()
    instance = derived()
    replacements = Replacements()
    assert not replacements
    replacements.replace(base, "forward", double)
    assert replacements and instance.forward(1) == 20
    replacements.restore()
    assert instance.forward(1) == 2 and not replacements


def test_all_kinds_of_attributes_come_back_as_they_were():
    base, derived = make_classes()
    before = [dict(vars(x)) for x in (base, derived)]
    replacements = Replacements()
    for owner in (derived, base):
        replacements.replace(owner, "forward", double)
        replacements.replace(owner, "build", double)
        replacements.replace(owner, "build", double)
    assert base.build(1) == base().build(1) == 200
    assert derived.build(1) == 200 and derived().forward(1) == 20
    replacements.restore()
    replacements.restore()
    for owner, names in zip((base, derived), before):
        assert {key: value for key, value in vars(owner).items()} == names
    assert isinstance(vars(base)["build"], staticmethod) and "forward" not in vars(derived)


def test_each_goes_by_itself_whatever_lies_on_it():
    """As on the class of a plug-in, where patches come in another order than elsewhere."""
    base, _ = make_classes()
    before = dict(vars(base))
    lower, upper = Replacements(), Replacements()
    lower.replace(base, "forward", double)
    upper.replace(base, "forward", lambda old: lambda *args: old(*args) + 5)
    assert base().forward(1) == 25
    lower.restore()
    assert base().forward(1) == 7
    lower.replace(base, "forward", double)
    upper.restore()
    assert base().forward(1) == 20
    lower.restore()
    assert dict(vars(base)) == before


def test_a_name_that_is_not_there_is_told():
    base, _ = make_classes()
    with pytest.raises(PatchError) as caught:
        Replacements().replace(base, "no_such_name", double)
    assert "Base" in caught.value.what and "no_such_name" in caught.value.what
    assert caught.value.remedies
