"""patches/dfl_patches/errors.py."""
from dfl_patches.errors import PatchError


def test_it_reads_like_the_errors_of_our_tree():
    from core.errors import UserError
    arguments = "bf16 needs TensorFlow 2.4.", ["select fp16", "update TensorFlow"]
    assert str(PatchError(*arguments)) == str(UserError(*arguments))
    assert PatchError("x", "one remedy").remedies == ["one remedy"]
