"""core/generation_record.py: which files belong to a save, told by a file beside them."""
import json

import pytest

from core import generation, generation_record
from core.errors import CorruptFileError
from core.generation_record import matches, measure_file, read_manifest, verify_generation

FILES = {"m_a.npy": b"123456789", "m_data.dat": b""}


def test_record_is_readable_text(tmp_path):
    generation.commit_generation(tmp_path, "m", FILES, info={"iteration": 5})
    record = json.loads((tmp_path / "m_generation.json").read_text(encoding="utf-8"))
    assert record == {"generation": 1, "state": "committed", "info": {"iteration": 5}, "files": {
        "m_a.npy": {"size": 9, "crc32": 0xCBF43926}, "m_data.dat": {"size": 0, "crc32": 0}}}


def test_no_record(tmp_path):
    assert read_manifest(tmp_path, "m") == {} and verify_generation(tmp_path, "m") == []


def test_files_are_compared_with_their_record(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"123456789")
    record = measure_file(path)
    assert record == {"size": 9, "crc32": 0xCBF43926} and matches(path, record)
    for content in (b"12345678", b"123456780", bytes(9)):
        path.write_bytes(content)
        assert not matches(path, record)
    path.unlink()
    assert not matches(path, record)
    path.mkdir()
    assert not matches(path, record)


@pytest.mark.parametrize("text", [
    "{", "[]", "{}", '{"files": []}', '{"state": "committed", "generation": 1, "files": {"a": 5}}',
    '{"state": "committed", "generation": "1", "files": {}}',
    '{"state": "done", "generation": 1, "files": {}}',
    '{"state": "pending", "generation": 1, "files": {"": {"size": 0, "crc32": 0}}}',
    '{"state": "pending", "generation": 1, "files": {"../a": {"size": 0, "crc32": 0}}}',
    '{"state": "pending", "generation": 1, "files": {"/etc/a": {"size": 0, "crc32": 0}}}',
    '{"state": "pending", "generation": 1, "files": {}, "absent": ["../a"]}',
    '{"state": "pending", "generation": 1, "files": {}, "absent": "a"}',
    '{"state": "pending", "generation": 1, "files": {}, "aside": "../1"}',
    '{"state": "pending", "generation": 1, "files": {}, "info": 1}'])
def test_damaged_or_hostile_record_is_refused_and_does_not_stop_saving(tmp_path, text):
    (tmp_path / "m_generation.json").write_text(text)
    for function in (generation.recover_generation, verify_generation):
        with pytest.raises(CorruptFileError, match="m_generation.json"):
            function(tmp_path, "m")
    assert generation_record.read_manifest_or_empty(tmp_path, "m") == {}
    generation.commit_generation(tmp_path, "m", FILES, keep_previous=1)
    assert read_manifest(tmp_path, "m")["generation"] == 1
