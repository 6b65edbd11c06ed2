"""Batches of consecutive faces of a sequence (spec 30 section 7.6)."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from .Sample import SampleType
from .SampleGeneratorBase import NoTrainingDataError, SampleGeneratorBase
from .SampleLoader import SampleLoader
from .SampleProcessor import SampleProcessor
from .temporal_worker import TemporalTask, generate_temporal_batches
from .worker_pool import WorkerPool


class SampleGeneratorFaceTemporal(SampleGeneratorBase):

    def __init__(self, samples_path: Path, debug: bool = False, batch_size: int = 1,
                 temporal_image_count: int = 3,
                 sample_process_options: Optional["SampleProcessor.Options"] = None,
                 output_sample_types: Sequence[Dict[str, Any]] = (),
                 generators_count: int = 2, **kwargs):
        """
        Arguments:
            samples_path: folder with face images or a faceset.pak; sorted by source frame.
            temporal_image_count: faces a run; every output is given for each.
            The rest as in SampleGeneratorFace.
        """
        super().__init__(debug, batch_size)
        if sample_process_options is None:
            sample_process_options = SampleProcessor.Options()
        self.temporal_image_count = temporal_image_count
        self.sample_process_options = sample_process_options
        self.output_sample_types = list(output_sample_types)
        self.generators_count = 1 if self.debug else max(1, generators_count)

        samples = SampleLoader.load(SampleType.FACE_TEMPORAL_SORTED, samples_path)
        task = TemporalTask(samples, self.batch_size, temporal_image_count, 1,
                            sample_process_options, self.output_sample_types, self.debug)
        if task.count_starts() < 1:
            raise NoTrainingDataError(
                "No training data provided. %s has less than %d face images."
                % (samples_path, temporal_image_count), ["Extract more faces into that folder."])
        self.samples = samples
        self._start_workers(WorkerPool(generate_temporal_batches, lambda: task,
                                       self.generators_count, self.debug))

    def __iter__(self) -> "SampleGeneratorFaceTemporal":
        return self

    def __next__(self) -> List[np.ndarray]:
        return self._pool.next_batch()
