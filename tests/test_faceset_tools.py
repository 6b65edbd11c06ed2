"""All faceset tools through main.py, as a user calls them: from aligned faces through every sort
method to packing, resizing and metadata; refusals; names that are not in ASCII."""
import shutil
import subprocess
import sys

import pytest
from faceset_tools_support import (copy_faces, count_contents, list_names, read_tree,
                                   write_other_pictures, write_useless_files)

import main as main_module
from conftest import TREE
from core import options
from DFLIMG import DFLIMG
from mainscripts.cli import SORT_METHODS


@pytest.fixture(autouse=True)
def nobody_is_there(monkeypatch):
    before = options.current_sources()
    monkeypatch.setenv("DFL_UNATTENDED", "y")
    monkeypatch.setenv("DFL_LOWEST_PRIORITY", "n")
    yield
    options.configure_sources(before)


@pytest.fixture
def aligned(tmp_path, facesets):
    """The aligned faces of a workspace whose path has a space and letters of all kinds."""
    return copy_faces(facesets.dst, tmp_path / "my w\u00f6rkspace \u5de5" / "data_dst" / "aligned")


def run(*line, **answers):
    line = [str(word) for word in line]
    for key, value in answers.items():
        line += ["--set", "%s=%s" % (key, value)]
    return main_module.main(line)


def describe(folder):
    """{content of the pixels: (source file name, landmarks)} of all faces of a folder"""
    faces = [DFLIMG.load(path) for path in sorted(folder.rglob("*.jpg"))]
    return {face.get_img().tobytes(): (face.get_source_filename(),
                                       face.get_landmarks().tobytes()) for face in faces}


def test_from_aligned_faces_to_a_packed_faceset(aligned):
    original, faces = read_tree(aligned), describe(aligned)
    trash = aligned.with_name("aligned_trash")
    for method in SORT_METHODS:
        assert run("sort", "--input-dir", aligned, "--by", method) == 0
        if method not in ("oneface",):
            assert list_names(aligned) == ["%05d.jpg" % n for n in range(len(original))], method
        assert describe(aligned) == faces and not trash.exists(), method

    assert run("util", "--input-dir", aligned, "--recover-original-aligned-filename") == 0
    assert read_tree(aligned) == original

    assert run("sort", "--input-dir", aligned, "--by", "final", final_target=3) == 0
    assert len(list_names(aligned)) == 3 and len(list_names(trash)) == len(original) - 3
    for path in trash.iterdir():
        shutil.move(str(path), str(aligned))
    assert run("util", "--input-dir", aligned, "--recover-original-aligned-filename") == 0
    assert read_tree(aligned) == original

    assert run("util", "--input-dir", aligned, "--pack-faceset") == 0
    assert list_names(aligned) == ["faceset.pak"]
    assert run("util", "--input-dir", aligned, "--unpack-faceset") == 0
    assert read_tree(aligned) == original

    assert run("util", "--input-dir", aligned, "--save-faceset-metadata") == 0
    assert run("facesettool", "resize", "--input-dir", aligned, resize_size=128,
               resize_face_type="f") == 0
    resized = {path.name: DFLIMG.load(path) for path in aligned.glob("*.jpg")}
    assert set(resized) == set(original)
    assert {(face.get_shape(), face.get_face_type()) for face in resized.values()} == {
        ((128, 128, 3), "full_face")}
    assert run("util", "--input-dir", aligned, "--restore-faceset-metadata") == 0
    restored = {path.name: DFLIMG.load(path) for path in aligned.iterdir()}
    assert set(restored) == set(original)
    expected = {landmarks for _, landmarks in faces.values()}
    assert {face.get_landmarks().tobytes() for face in restored.values()} == expected
    assert {face.get_shape() for face in restored.values()} == {(64, 64, 3)}


def test_persons_are_packed_and_unpacked(aligned, facesets):
    for name in ("b\u00e4r", "zoe"):
        copy_faces(facesets.src, aligned / name, 3)
    for path in aligned.glob("*.jpg"):
        path.unlink()
    original = read_tree(aligned)
    assert run("util", "--input-dir", aligned, "--pack-faceset", pack_persons="y") == 0
    assert list_names(aligned) == ["faceset.pak"]
    assert run("util", "--input-dir", aligned, "--unpack-faceset") == 0
    assert read_tree(aligned) == original


def test_operations_in_one_command(aligned, capsys):
    count = len(list_names(aligned))
    write_useless_files(aligned, aligned / "00000_0.jpg")
    write_other_pictures(aligned)
    before = count_contents(aligned)
    assert run("util", "--input-dir", aligned, "--add-landmarks-debug-images", "--faceset-info",
               "--save-faceset-metadata") == 0
    after = count_contents(aligned)
    assert not before - after and sum((after - before).values()) == count + 1
    assert "%d faces" % count in capsys.readouterr().out


VERBS = [("sort", "--by", "hist"), ("sort", "--by", "final"), ("facesettool", "resize"),
         ("facesettool", "enhance", "--cpu-only"), ("xseg", "fetch"), ("xseg", "remove"),
         ("xseg", "remove_labels"), ("xseg", "apply", "--model-dir", "."), ("dev_test",)] + [
             ("util", "--" + name) for name in (
                 "add-landmarks-debug-images", "recover-original-aligned-filename",
                 "save-faceset-metadata", "restore-faceset-metadata", "pack-faceset",
                 "unpack-faceset", "export-faceset-mask", "faceset-info")]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_folder_that_cannot_be_worked_on(verb, tmp_path, capsys):
    """One clear line, no traceback, an exit code; nothing is made or changed."""
    for name in ("missing", "empty", "a file"):
        folder = tmp_path / name
        if name == "empty":
            folder.mkdir()
        elif name == "a file":
            folder.write_bytes(b"x")
        before = read_tree(tmp_path)
        assert run(*(verb + ("--input-dir", folder))) == 1
        captured = capsys.readouterr()
        assert str(folder) in captured.err.split("\n")[0]
        assert "Traceback" not in captured.err + captured.out
        assert read_tree(tmp_path) == before


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb[-1] not in (
    "--unpack-faceset", "--pack-faceset", "dev_test")], ids=" ".join)
def test_a_packed_faceset_is_refused_where_files_are_needed(verb, aligned, capsys):
    assert run("util", "--input-dir", aligned, "--pack-faceset") == 0
    before = read_tree(aligned)
    capsys.readouterr()
    assert run(*(verb + ("--input-dir", aligned))) == 1
    assert "packed faceset" in capsys.readouterr().err.split("\n")[0]
    assert read_tree(aligned) == before


@pytest.mark.parametrize("verb", [("sort", "--by", "hist-dissim"),
                                  ("util", "--faceset-info")], ids=" ".join)
def test_in_a_process_without_a_console(verb, aligned):
    done = subprocess.run(
        [sys.executable, str(TREE / "main.py")] + list(verb) + ["--input-dir", str(aligned)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, output
    assert output.rstrip().endswith("Done.") and "Traceback" not in output


def test_the_menu_takes_its_default_where_nobody_answers(aligned):
    assert run("sort", "--input-dir", aligned) == 0
    assert list_names(aligned)[0] == "00000.jpg"
