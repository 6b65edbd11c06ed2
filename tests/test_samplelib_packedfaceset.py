"""faceset.pak: layout, both ways, what is deleted (spec 30 section 5)."""
import shutil
import struct

import numpy as np
import pytest
from data_support import FILES, load_fixture, load_json, write_face
from sample_support import pak_config as config
from sample_support import read_tree as content
from sample_support import write_faceset, write_pak

from core import persist
from core.compat import is_windows
from core.errors import UserError
from core.interact import interact as io
from DFLIMG import DFLIMG
from facelib import FaceType
from samplelib import PackedFaceset, Sample, SampleType
from samplelib.PackedFaceset import CorruptPakError


@pytest.fixture
def answers(monkeypatch):
    """Answers to the questions, in their order."""
    waiting = []

    def answer(*args, **kwargs):
        return waiting.pop(0)
    monkeypatch.setattr(io, "input_bool", answer)
    monkeypatch.setattr(io, "input", answer)
    yield waiting
    assert waiting == []


# -- the format

def test_layout_equals_that_of_an_install(tmp_path, answers):
    """The same faces give the same bytes."""
    for path in FILES.glob("*.jpg"):
        shutil.copy(str(path), str(tmp_path))
    answers[:] = [False]
    PackedFaceset.pack(tmp_path)
    assert (tmp_path / "faceset.pak").read_bytes() == (FILES / "faceset.pak").read_bytes()


def test_pak_of_an_install(tmp_path):
    truth = load_json("files/truth.json")
    shutil.copy(str(FILES / "faceset.pak"), str(tmp_path))
    samples = PackedFaceset.load(tmp_path)
    assert [sample.filename for sample in samples] == sorted(p.name for p in FILES.glob("*.jpg"))
    for sample in samples:
        expected, face = truth[sample.filename], DFLIMG.load(FILES / sample.filename)
        assert sample.sample_type is SampleType.FACE and isinstance(sample.face_type, FaceType)
        assert FaceType.toString(sample.face_type) == expected["face_type"]
        assert sample.shape == tuple(expected["shape"]) and sample.person_name is None
        assert (sample.landmarks == face.get_landmarks()).all()
        assert sample.eyebrows_expand_mod == expected["eyebrows_expand_mod"]
        assert sample.source_filename == expected["source_filename"]
        assert sample.seg_ie_polys.identical(face.get_seg_ie_polys())
        assert sample.has_xseg_mask() == face.has_xseg_mask()
        assert sample.read_raw_file() == (FILES / sample.filename).read_bytes()
        assert (sample.load_image() == face.get_img()).all()


@pytest.mark.parametrize("name", ["faceset_pak", "faceset_pak_person"])
def test_fixture_paks_are_read_and_written_again(tmp_path, answers, name):
    expected = load_json("dfl_fixtures.json")[name + "_expected"]
    data = load_fixture(name + "_b64")
    (tmp_path / "faceset.pak").write_bytes(data)
    samples = PackedFaceset.load(tmp_path)
    assert len(samples) == expected["count"]
    for i, sample in enumerate(samples):
        of_file = expected["configs"][i]
        assert list(sample.get_config()) == of_file["keys_in_order"]
        for key in ("sample_type", "face_type", "filename", "person_name", "source_filename",
                    "eyebrows_expand_mod"):
            assert getattr(sample, key) == of_file[key]
        assert list(sample.shape) == of_file["shape"]
        assert len(sample.seg_ie_polys.get_polys()) == of_file["n_polys"]
        start, end = expected["offset_table"][i:i + 2]
        assert sample._filename_offset_size[1:] == (
            expected["data_start"] + start, min(end, len(data) - expected["data_start"]) - start)
        assert sample.load_image().shape == sample.shape
    PackedFaceset.unpack(tmp_path)
    assert len(content(tmp_path)) == 2
    answers[:] = [True, True] if "person" in name else [True]
    PackedFaceset.pack(tmp_path)
    assert content(tmp_path) == {"faceset.pak": data}


@pytest.mark.parametrize("absolute_end", [True, False])
def test_both_forms_of_the_last_offset(tmp_path, absolute_end):
    write_pak(tmp_path, [config("a.jpg"), config("b.jpg")], [b"first", b"second"], absolute_end)
    samples = PackedFaceset.load(tmp_path)
    assert [sample.read_raw_file() for sample in samples] == [b"first", b"second"]
    assert samples[1]._filename_offset_size[2] == len(b"second")


def test_written_numbers(tmp_path, answers):
    folder = write_faceset(tmp_path, 2)
    files = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    answers[:] = [False]
    PackedFaceset.pack(folder)
    data = (folder / "faceset.pak").read_bytes()
    version, size = struct.unpack_from("<QQ", data)
    assert version == 1 and data[16:18] == b"\x80\x04"
    assert struct.unpack_from("<3Q", data, 16 + size) == (0, len(files[0]), len(data))
    assert data[16 + size + 24:] == b"".join(files)
    assert b"numpy._core" not in data[:16 + size]


def test_shared_parts_of_configurations_are_separated(tmp_path):
    shared = dict(xseg_mask_compressed=np.arange(9, dtype=np.uint8),
                  landmarks=np.zeros((68, 2)).tolist())
    write_pak(tmp_path, [config("a.jpg", **shared), config("b.jpg", **shared)], [b"1", b"2"])
    a, b = PackedFaceset.load(tmp_path)
    a.xseg_mask_compressed[0] = 7
    a.landmarks[0] = 7
    assert b.xseg_mask_compressed[0] == 0 and b.landmarks[0, 0] == 0


def test_keys_of_older_releases_are_ignored(tmp_path):
    write_pak(tmp_path, [config("a.jpg", face_hash=1, pitch=None)], [b"1"])
    sample, = PackedFaceset.load(tmp_path)
    assert sample.face_type == FaceType.FULL and sample.sample_type == SampleType.FACE


def test_no_pak(tmp_path):
    assert PackedFaceset.load(tmp_path) is None
    assert not PackedFaceset.path_contains(tmp_path)
    with pytest.raises(UserError, match="not found"):
        PackedFaceset.unpack(tmp_path)
    write_pak(tmp_path, [], [])
    assert PackedFaceset.path_contains(tmp_path) and PackedFaceset.load(tmp_path) == []


# -- packing

def test_there_and_back(tmp_path, answers):
    folder = write_faceset(tmp_path / "set", 3)
    before = content(folder)
    answers[:] = [True]
    PackedFaceset.pack(folder)
    assert list(content(folder)) == ["faceset.pak"] and answers == []
    PackedFaceset.unpack(folder)
    assert content(folder) == before


def test_persons_there_and_back(tmp_path, answers):
    for name in ("bob", "ann"):
        write_faceset(tmp_path / name, 2)
    before = content(tmp_path)
    answers[:] = [True, True]
    PackedFaceset.pack(tmp_path)
    assert list(content(tmp_path)) == ["faceset.pak"] and not (tmp_path / "ann").exists()
    samples = PackedFaceset.load(tmp_path)
    assert [(s.person_name, s.filename) for s in samples] == [
        (name, file) for name in ("ann", "bob") for file in ("00000.jpg", "00001.jpg")]
    PackedFaceset.unpack(tmp_path)
    assert content(tmp_path) == before


def test_subfolders_that_are_no_persons_stay(tmp_path, answers):
    folder = write_faceset(tmp_path, 1)
    write_faceset(tmp_path / "other", 1)
    answers[:] = [False, True]
    PackedFaceset.pack(folder)
    assert [sample.person_name for sample in PackedFaceset.load(folder)] == [None]
    assert sorted(content(folder)) == ["faceset.pak", "other/00000.jpg"]


def test_only_what_was_packed_is_deleted(tmp_path, answers, capsys):
    write_faceset(tmp_path / "ann", 2)
    write_faceset(tmp_path / "bob", 1)
    keep = {"ann/plain.jpg": b"no face", "ann/notes.txt": b"x", "bob/deep/00000.jpg": b"y"}
    for name, data in keep.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    answers[:] = [True, True]
    PackedFaceset.pack(tmp_path)
    left = content(tmp_path)
    assert left.pop("faceset.pak") and left == keep
    assert "1 files without face data" in capsys.readouterr().out


def test_nothing_is_deleted_unless_wanted(tmp_path, answers):
    folder = write_faceset(tmp_path, 2)
    before = content(folder)
    answers[:] = [False]
    PackedFaceset.pack(folder)
    after = content(folder)
    assert after.pop("faceset.pak") and after == before


def test_unpacking_takes_the_place_of_no_other_file(tmp_path, answers):
    write_faceset(tmp_path, 3)
    answers[:] = [False]
    PackedFaceset.pack(tmp_path)
    path = sorted(tmp_path.glob("*.jpg"))[1]
    other = path.read_bytes()[:-2] + b"\0\xff\xd9"    # worked on since
    path.write_bytes(other)
    before = content(tmp_path)
    with pytest.raises(UserError, match=path.name + " is there, and is not what the pak holds"):
        PackedFaceset.unpack(tmp_path)
    assert content(tmp_path) == before
    path.rename(tmp_path / "mine.jpg")
    PackedFaceset.unpack(tmp_path)
    assert len(content(tmp_path)) == 4 and (tmp_path / "mine.jpg").read_bytes() == other


def test_a_folder_that_cannot_be_written_is_told(tmp_path, answers):
    write_faceset(tmp_path, 2)
    (tmp_path / "faceset.pak.tmp").mkdir()     # as a folder without the right to write
    before = content(tmp_path)
    answers[:] = [False]    # it counts as a subfolder
    with pytest.raises(UserError, match="faceset.pak cannot be written"):
        PackedFaceset.pack(tmp_path)
    assert content(tmp_path) == before


def test_an_existing_pak_is_replaced_after_a_warning(tmp_path, answers, capsys):
    folder = write_faceset(tmp_path, 1)
    (folder / "faceset.pak").write_bytes(b"old")
    answers[:] = ["", False]
    PackedFaceset.pack(folder)
    assert "replaced" in capsys.readouterr().out and len(PackedFaceset.load(folder)) == 1


def test_a_failing_pack_keeps_the_old_pak_and_every_file(tmp_path, answers, monkeypatch):
    folder = write_faceset(tmp_path, 2)
    (folder / "faceset.pak").write_bytes(b"old")
    before = content(folder)
    real = persist.dump_list

    def fail(*args, **kwargs):
        raise OSError("no space left")
    for function in (fail, lambda items, file: real(list(items)[:1], file)):
        monkeypatch.setattr(persist, "dump_list", function)
        answers[:] = [""]
        with pytest.raises(UserError, match="no space left|1 of 2 members"):
            PackedFaceset.pack(folder)
        assert content(folder) == before


def test_a_file_that_changes_while_it_is_packed(tmp_path, answers, monkeypatch):
    folder = write_faceset(tmp_path, 1)

    def change(items, text):
        for item in items:
            yield item
            if text == "Packing":
                item.write_bytes(b"changed")
    monkeypatch.setattr(io, "progress_bar_generator", change)
    monkeypatch.setattr("samplelib.SampleLoader.load_face_samples", staticmethod(
        lambda paths: [Sample(filename=paths[0], landmarks=np.zeros((68, 2)))]))
    with pytest.raises(CorruptPakError, match="00000.jpg"):
        PackedFaceset.pack(folder)
    assert list(content(folder)) == ["00000.jpg"]


def test_nothing_to_pack(tmp_path, answers):
    (tmp_path / "a.jpg").write_bytes(b"no face")
    with pytest.raises(UserError, match="no face images"):
        PackedFaceset.pack(tmp_path)
    assert list(content(tmp_path)) == ["a.jpg"]


@pytest.mark.skipif(is_windows(), reason="names that Windows does not have")
def test_times_in_names_there_and_back(tmp_path, answers):
    """`12:30:05_0.jpg`, in the folder `take 1: morning`: the frames of some players."""
    folder = write_faceset(tmp_path / "take 1: morning", 2)
    (folder / "00000.jpg").rename(folder / "12:30:05_0.jpg")
    before = content(tmp_path)
    answers[:] = [True, True]
    PackedFaceset.pack(tmp_path)
    assert list(content(tmp_path)) == ["faceset.pak"]
    PackedFaceset.unpack(tmp_path)
    assert content(tmp_path) == before


@pytest.mark.skipif(is_windows(), reason="names that Windows does not have")
@pytest.mark.parametrize("person, name", [("ann", "a\\b.jpg"), ("ann", "C:a.jpg"),
                                          ("ann", "a\n.jpg"), ("ann", "x" * 249 + ".jpg"),
                                          ("a\\b", "a.jpg"), ("D:", "a.jpg")])
def test_what_could_not_be_unpacked_is_not_packed(tmp_path, answers, person, name):
    """The originals would be deleted, and the pak refused for that name."""
    folder = write_faceset(tmp_path / person, 2)
    (folder / "00000.jpg").rename(folder / name)
    before = content(tmp_path)
    answers[:] = [True]
    with pytest.raises(UserError, match="(?s)cannot be packed.*Rename") as error:
        PackedFaceset.pack(tmp_path)
    assert repr(str(folder))[1:-1] in error.value.what and content(tmp_path) == before


def test_the_pak_is_on_the_disk_before_anything_is_deleted(tmp_path, answers, monkeypatch):
    folder, synced = write_faceset(tmp_path / "set", 2), []
    monkeypatch.setattr(persist, "sync_folder",
                        lambda path: synced.append((path, sorted(content(path)))))
    answers[:] = [True]
    PackedFaceset.pack(folder)
    assert synced == [(folder, ["00000.jpg", "00001.jpg", "faceset.pak"])]


def test_a_folder_that_something_holds_is_told_and_stays(tmp_path, answers, monkeypatch, capsys):
    write_faceset(tmp_path / "ann", 1)
    write_faceset(tmp_path / "bob", 1)
    remove = type(tmp_path).rmdir

    def fail(path):
        if path.name == "ann":
            raise PermissionError("in use")
        remove(path)
    monkeypatch.setattr(type(tmp_path), "rmdir", fail)
    answers[:] = [True, True]
    PackedFaceset.pack(tmp_path)
    assert "ann cannot be removed" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ann", "faceset.pak"]


def test_members_read_as_face_images_do(tmp_path, answers):
    """The merger reads them like this."""
    face = write_face(tmp_path / "a.jpg", size=40)
    data = face.read_bytes()
    answers[:] = [True]
    PackedFaceset.pack(tmp_path)
    sample, = PackedFaceset.load(tmp_path)
    loaded = DFLIMG.load(face, loader_func=lambda _: sample.read_raw_file())
    assert loaded.data == data and loaded.get_img().shape == (40, 40, 3)


# -- a pak beside its files

def test_a_run_that_was_interrupted_while_it_deleted_goes_on(tmp_path, answers):
    """The pak is whole and half of its files are gone: none of them is lost."""
    folder = write_faceset(tmp_path, 4)
    before = content(folder)
    answers[:] = [False]
    PackedFaceset.pack(folder)
    pak = (folder / "faceset.pak").read_bytes()
    for name in ("00000.jpg", "00002.jpg"):
        (folder / name).unlink()
    answers[:] = ["", True, True]
    PackedFaceset.pack(folder)
    assert content(folder) == {"faceset.pak": pak}
    PackedFaceset.unpack(folder)
    assert content(folder) == before


def test_members_of_the_old_pak_can_be_dropped(tmp_path, answers):
    folder = write_faceset(tmp_path, 2)
    answers[:] = [False]
    PackedFaceset.pack(folder)
    (folder / "00000.jpg").unlink()
    answers[:] = ["", False, False]
    PackedFaceset.pack(folder)
    assert [sample.filename for sample in PackedFaceset.load(folder)] == ["00001.jpg"]


def test_persons_of_the_old_pak_are_kept(tmp_path, answers):
    for name in ("bob", "ann"):
        write_faceset(tmp_path / name, 2)
    before = content(tmp_path)
    answers[:] = [True, False]
    PackedFaceset.pack(tmp_path)
    (tmp_path / "ann" / "00001.jpg").unlink()
    answers[:] = ["", True, True, True]
    PackedFaceset.pack(tmp_path)
    PackedFaceset.unpack(tmp_path)
    assert content(tmp_path) == before


def test_a_pak_of_another_version_is_not_replaced(tmp_path, answers):
    folder = write_faceset(tmp_path, 1)
    write_pak(folder, [config("a.jpg")], [b"1"], version=2)
    before = content(folder)
    with pytest.raises(NotImplementedError):
        PackedFaceset.pack(folder)
    assert content(folder) == before


def test_packing_needs_a_folder(tmp_path):
    with pytest.raises(UserError, match="no folder"):
        PackedFaceset.pack(tmp_path / "none")


def test_answers_can_be_given_beforehand(tmp_path, monkeypatch):
    from core import options
    monkeypatch.setattr(options, "_sources", options.OptionSources(
        flags={"pack_persons": "n", "pack_delete_originals": "n"}))
    monkeypatch.setattr(io, "input_bool", None)
    folder = write_faceset(tmp_path, 1)
    (folder / "sub").mkdir()
    before = content(folder)
    PackedFaceset.pack(folder)
    assert {name: data for name, data in content(folder).items() if name != "faceset.pak"} == before
    packed = content(folder)
    monkeypatch.setattr(io, "input", None)
    for given in "yn":
        options._sources.flags["pack_replace"] = given
        if given == "n":
            with pytest.raises(UserError, match="Nothing was changed"):
                PackedFaceset.pack(folder)
        else:
            PackedFaceset.pack(folder)
        assert content(folder) == packed
