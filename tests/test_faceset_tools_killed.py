"""Sorting, packing, unpacking and resizing, killed in front of a change of a file and started again
(tests/bench/kill_tools.py: twenty random moments each)."""
import pytest
from faceset_tools_support import copy_faces
from kill_tools_support import kill_and_start_again

# With eight faces: moving the trash, renaming; deleting what is packed; writing; merging.
MOMENTS = [("sort", 1), ("sort", 9), ("pack", 6), ("unpack", 10), ("resize", 29)]


@pytest.mark.parametrize("tool, number", MOMENTS)
def test_killed_and_started_again(tool, number, tmp_path, facesets):
    source = copy_faces(facesets.src, tmp_path / "source")
    assert kill_and_start_again(tool, source, tmp_path / "faces", number=number)
