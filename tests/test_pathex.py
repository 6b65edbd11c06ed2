import os
from pathlib import Path

import pytest

from core import pathex


@pytest.fixture
def folder(tmp_path):
    for name in ('b.JPG', 'a.png', 'c.txt', 'a.jpeg', 'd.tiff', 'ü.tif', 'no_suffix'):
        (tmp_path / name).write_bytes(b'x')
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / 'e.jpg').write_bytes(b'x')
    return tmp_path


def names(paths):
    return [Path(path).name for path in paths]


def test_get_image_paths(folder):
    paths = pathex.get_image_paths(folder)
    assert names(paths) == ['a.jpeg', 'a.png', 'b.JPG', 'd.tiff', 'ü.tif']
    assert all(isinstance(path, str) for path in paths) and paths == sorted(paths)
    assert names(pathex.get_image_paths(str(folder), ['.txt'])) == ['c.txt']
    assert all(isinstance(p, Path) for p in pathex.get_image_paths(folder, return_Path_class=True))


def test_get_image_paths_subdirs(folder):
    paths = pathex.get_image_paths(folder, subdirs=True)
    assert str(folder / 'sub' / 'e.jpg') in paths and len(paths) == 6 and paths == sorted(paths)


def test_folder_named_like_an_image_counts(folder):
    (folder / 'z.png').mkdir()
    assert names(pathex.get_image_paths(folder))[-2:] == ['z.png', 'ü.tif']


def test_missing_folder_is_empty(tmp_path):
    missing = tmp_path / 'missing'
    assert pathex.get_image_paths(missing) == pathex.get_image_paths(missing, subdirs=True) == []
    assert pathex.get_paths(missing) == pathex.get_all_dir_names(missing) == []
    assert pathex.get_first_file_by_stem(missing, 'x') is None


def test_scantree_does_not_follow_links(folder):
    os.symlink(str(folder), str(folder / 'sub' / 'loop'), target_is_directory=True)
    found = [entry.name for entry in pathex.scantree(folder)]
    assert sorted(found) == sorted(
        ['b.JPG', 'a.png', 'c.txt', 'a.jpeg', 'd.tiff', 'ü.tif', 'no_suffix', 'e.jpg', 'loop'])


def test_unique_stems(folder):
    messages = []
    paths = pathex.get_image_unique_filestem_paths(folder, messages.append)
    assert names(paths) == ['a.jpeg', 'b.JPG', 'd.tiff', 'ü.tif']
    assert len(messages) == 1 and 'a.png' in messages[0]
    assert pathex.get_image_unique_filestem_paths(folder) == paths


def test_paths_files_and_folders(folder):
    assert names(pathex.get_paths(folder)) == sorted(os.listdir(str(folder)))
    assert 'sub' not in names(pathex.get_file_paths(folder))
    assert pathex.get_all_dir_names(folder) == ['sub']


def test_names_that_start_with(tmp_path):
    (tmp_path / 'Model_SAEHD').mkdir()
    (tmp_path / 'model_AMP').write_bytes(b'')
    (tmp_path / 'other').mkdir()
    assert pathex.get_all_dir_names_startswith(tmp_path, 'MODEL_') == ['AMP', 'SAEHD']


def test_first_file_by_stem(tmp_path):
    for name in ('Data_Src.txt', 'data_src.mp4', 'data_dst.avi'):
        (tmp_path / name).write_bytes(b'')
    (tmp_path / 'data_src').mkdir()
    assert pathex.get_first_file_by_stem(tmp_path, 'DATA_SRC').name == 'Data_Src.txt'
    assert pathex.get_first_file_by_stem(tmp_path, 'data_src', ['.mp4']).name == 'data_src.mp4'
    assert pathex.get_first_file_by_stem(tmp_path, 'data_src', ['.mkv']) is None


def test_move_and_delete(folder, tmp_path):
    target = tmp_path / 'target'
    target.mkdir()
    (target / 'a.png').write_bytes(b'old')
    pathex.move_all_files(folder, target)
    assert pathex.get_file_paths(folder) == []
    assert len(pathex.get_file_paths(target)) == 7 and (target / 'a.png').read_bytes() == b'x'
    (target / 'keep').mkdir()
    pathex.delete_all_files(target)
    assert os.listdir(str(target)) == ['keep']


def test_write_bytes_safe(tmp_path):
    path = tmp_path / 'füle.dat'
    pathex.write_bytes_safe(path, b'first')
    pathex.write_bytes_safe(str(path), b'second')
    assert path.read_bytes() == b'second' and os.listdir(str(tmp_path)) == ['füle.dat']
