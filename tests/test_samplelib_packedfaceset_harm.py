"""Paks that are made to harm, or damaged: what is refused, and that nothing is lost (spec 30
section 5.3)."""
import numpy as np
import pytest
from data_support import crafted_pickle
from sample_support import pak_config as config
from sample_support import read_tree as content
from sample_support import write_pak

from core import persist
from core.errors import UserError
from facelib import FaceType
from samplelib import PackedFaceset
from samplelib.PackedFaceset import CorruptPakError

# -- names made to harm

@pytest.mark.parametrize("name", [
    "../a.jpg", "..", ".", "", "/tmp/a.jpg", "x/a.jpg", "..\\a.jpg", "x\\a.jpg", "C:a.jpg",
    "C:\\a.jpg", "a.jpg\0.png", None, 7, "a.bat", "a.jpg.exe", ".bashrc"])
def test_member_names_with_a_path_are_refused(tmp_path, name):
    folder = tmp_path / "set"
    folder.mkdir()
    pak = write_pak(folder, [config("good.jpg"), config(name)], [b"1", b"2"])
    with pytest.raises(UserError, match="faceset.pak"):
        PackedFaceset.unpack(folder)
    assert pak.exists() and list(content(tmp_path)) == ["set/faceset.pak"]


@pytest.mark.parametrize("name", ["..", ".", "", "../x", "/tmp", "a/b", "a\\b", "D:", 3])
def test_person_names_with_a_path_are_refused(tmp_path, name):
    folder = tmp_path / "set"
    folder.mkdir()
    pak = write_pak(folder, [config("good.jpg", person_name=name)], [b"1"])
    with pytest.raises(UserError, match="faceset.pak"):
        PackedFaceset.unpack(folder)
    assert pak.exists() and list(content(tmp_path)) == ["set/faceset.pak"]


def test_two_members_of_one_name_are_refused(tmp_path):
    pak = write_pak(tmp_path, [config("a.jpg"), config("a.jpg")], [b"1", b"2"])
    with pytest.raises(CorruptPakError, match="same name"):
        PackedFaceset.unpack(tmp_path)
    assert pak.exists()


def test_a_member_that_cannot_be_written_keeps_the_pak(tmp_path, monkeypatch):
    write_pak(tmp_path, [config("a.jpg"), config("b.jpg")], [b"1", b"2"])
    (tmp_path / "b.jpg").mkdir()
    with pytest.raises((UserError, OSError)):
        PackedFaceset.unpack(tmp_path)
    assert (tmp_path / "faceset.pak").exists()


def test_crafted_pak_is_refused_by_name(tmp_path):
    marker = tmp_path / "executed"
    write_pak(tmp_path, None, [b"1"], data=crafted_pickle(marker))
    for function in (PackedFaceset.load, PackedFaceset.unpack):
        with pytest.raises(persist.UnsafePickleError, match="faceset.pak") as error:
            function(tmp_path)
        assert ".open" in str(error.value)
    assert not marker.exists()


def test_enum_members_by_attribute(tmp_path):
    """Some Pythons write them as getattr(class, name); nothing else is reached that way."""
    class Attribute:
        def __init__(self, owner, name):
            self.call = getattr, (owner, name)

        def __reduce__(self):
            return self.call
    write_pak(tmp_path, [config("a.jpg", face_type=Attribute(FaceType, "HEAD"))], [b"1"])
    sample, = PackedFaceset.load(tmp_path)
    assert sample.face_type is FaceType.HEAD
    write_pak(tmp_path, [config("a.jpg", face_type=Attribute(FaceType, "mro"))], [b"1"])
    with pytest.raises(persist.UnsafePickleError, match="mro"):
        PackedFaceset.load(tmp_path)


# -- damage

def test_another_version(tmp_path):
    write_pak(tmp_path, [config("a.jpg")], [b"1"], version=2)
    with pytest.raises(NotImplementedError, match="version 2"):
        PackedFaceset.load(tmp_path)


@pytest.mark.parametrize("absolute_end", [True, False])
def test_a_cut_pak_is_never_unpacked_and_deleted(tmp_path, absolute_end):
    pak = write_pak(tmp_path, [config("a.jpg"), config("b.jpg")], [b"1" * 50, b"2" * 5000],
                    absolute_end)
    data = pak.read_bytes()
    members = len(data) - 5050
    cuts = [0, 7, 15, 20, members - 20, members - 1, members, members + 20]
    if absolute_end:
        # The other form cannot tell that its last member is short.
        cuts += [members + 60, len(data) - 1]
    for cut in cuts:
        pak.write_bytes(data[:cut])
        with pytest.raises((CorruptPakError, persist.CorruptFileError), match="faceset.pak"):
            PackedFaceset.unpack(tmp_path)
        assert list(content(tmp_path)) == ["faceset.pak"]


@pytest.mark.parametrize("configs", [{"a": 1}, [1], "x", [config("a.jpg", landmarks={}),
                                                          config("b.jpg", seg_ie_polys=3)],
                                     [{1: 2}]])
def test_damaged_configurations_are_named(tmp_path, configs):
    write_pak(tmp_path, configs, [b"1"] * len(configs))
    with pytest.raises(CorruptPakError, match="faceset.pak"):
        PackedFaceset.load(tmp_path)


def test_a_member_that_is_no_picture_is_named_when_it_is_read(tmp_path):
    write_pak(tmp_path, [config("a.jpg")], [b"no picture"])
    sample, = PackedFaceset.load(tmp_path)
    with pytest.raises(UserError, match="a.jpg in .*faceset.pak"):
        sample.load_image()


@pytest.mark.parametrize("changes", [
    {"landmarks": [[0, 0]] * 5}, {"landmarks": [[float("nan"), 0]] * 68}, {"landmarks": None},
    {"landmarks": [["a", "b"]] * 68}, {"shape": None}, {"shape": (40, 40)}, {"shape": "abc"},
    {"face_type": "x"}, {"face_type": None}, {"face_type": 10 ** 400},
    {"eyebrows_expand_mod": "x"}, {"eyebrows_expand_mod": float("inf")}, {"source_filename": 3},
    {"xseg_mask_compressed": [1, 2]}, {"xseg_mask_compressed": [[1, 2], [3]]},
    {"xseg_mask_compressed": np.zeros((2, 2), np.uint8)},
    {"seg_ie_polys": {"polys": [{"type": 1, "pts": [1]}]}}, {"pitch_yaw_roll": 1}],
    ids=lambda changes: "%.60r" % (changes,))
def test_values_of_a_member_are_checked(tmp_path, changes):
    for values in (config("a.jpg", **changes), config(b"a.jpg")):
        write_pak(tmp_path, [values], [b"1"])
        with pytest.raises(CorruptPakError, match="faceset.pak"):
            PackedFaceset.load(tmp_path)


@pytest.mark.parametrize("name", ["a\n.jpg", "\ud800.jpg", "x" * 300 + ".jpg"])
def test_member_names_that_some_system_cannot_take(tmp_path, name):
    write_pak(tmp_path, [config(name)], [b"1"])
    with pytest.raises(UserError, match="faceset.pak"):
        PackedFaceset.unpack(tmp_path)
    assert list(content(tmp_path)) == ["faceset.pak"]


def test_another_version_is_also_an_error_of_ours(tmp_path):
    write_pak(tmp_path, [config("a.jpg")], [b"1"], version=9)
    with pytest.raises(CorruptPakError, match="faceset.pak.*version 9"):
        PackedFaceset.load(tmp_path)
