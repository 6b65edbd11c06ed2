"""Batches by person; never finished by the original (spec 30 section 7.6)."""
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

from .SampleGeneratorBase import SampleGeneratorBase
from .SampleLoader import SampleLoader
from .SampleProcessor import SampleProcessor


class SampleGeneratorFacePerson(SampleGeneratorBase):

    def __init__(self, samples_path: Path, debug: bool = False, batch_size: int = 1,
                 sample_process_options: Optional["SampleProcessor.Options"] = None,
                 output_sample_types: Sequence[Dict[str, Any]] = (),
                 person_id_mode: int = 1, **kwargs):
        super().__init__(debug, batch_size)
        raise NotImplementedError("Batches by person are not supported.")

    @staticmethod
    def get_person_id_max_count(samples_path: Path) -> int:
        return SampleLoader.get_person_id_max_count(samples_path)


class Index2DHost:
    """Part of the module's names; batches by person are not supported."""

    def __init__(self, indexes2D):
        raise NotImplementedError("Use core.mplib.Index2DHost.")
