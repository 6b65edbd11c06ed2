"""Batches by person, which nobody ever finished (spec 30 section 7.6)."""
import sys

import pytest
from data_support import load_fixture

from samplelib import SampleGeneratorBase, SampleGeneratorFacePerson


def test_it_can_be_imported_and_says_that_it_does_nothing(tmp_path):
    assert issubclass(SampleGeneratorFacePerson, SampleGeneratorBase)
    for make in (lambda: SampleGeneratorFacePerson(tmp_path, batch_size=2, person_id_mode=2),
                 lambda: sys.modules["samplelib.SampleGeneratorFacePerson"].Index2DHost([[0]])):
        with pytest.raises(NotImplementedError):
            make()


def test_persons_are_counted(tmp_path):
    (tmp_path / "faceset.pak").write_bytes(load_fixture("faceset_pak_person_b64"))
    assert SampleGeneratorFacePerson.get_person_id_max_count(tmp_path) == 2
    with pytest.raises(ValueError):
        SampleGeneratorFacePerson.get_person_id_max_count(tmp_path / "none")
