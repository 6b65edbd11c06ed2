"""Batches of pictures of a sequence, some frames apart (spec 30 section 7.6)."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from .Sample import SampleType
from .SampleGeneratorBase import NoTrainingDataError, SampleGeneratorBase
from .SampleLoader import SampleLoader
from .SampleProcessor import SampleProcessor
from .temporal_worker import TemporalTask, generate_temporal_batches
from .worker_pool import WorkerPool

_MAX_STRIDE = 4


class SampleGeneratorImageTemporal(SampleGeneratorBase):

    def __init__(self, samples_path: Path, debug: bool, batch_size: int,
                 temporal_image_count: int,
                 sample_process_options: Optional["SampleProcessor.Options"] = None,
                 output_sample_types: Sequence[Dict[str, Any]] = (), **kwargs):
        """
        Arguments:
            samples_path: folder with pictures, in the order of their names.
            temporal_image_count: pictures a run, each 1 to 4 frames after the one before.
            The rest as in SampleGeneratorImage.
        """
        super().__init__(debug, batch_size)
        if sample_process_options is None:
            sample_process_options = SampleProcessor.Options()
        self.temporal_image_count = temporal_image_count
        self.samples = SampleLoader.load(SampleType.IMAGE, samples_path)
        task = TemporalTask(self.samples, self.batch_size, temporal_image_count, _MAX_STRIDE,
                            sample_process_options, list(output_sample_types), self.debug)
        if task.count_starts() < 1:
            raise NoTrainingDataError(
                "No training data provided. %s has too few pictures for runs of %d."
                % (samples_path, temporal_image_count), ["Put more pictures into that folder."])
        self._start_workers(WorkerPool(generate_temporal_batches, lambda: task, 1, self.debug))

    def __iter__(self) -> "SampleGeneratorImageTemporal":
        return self

    def __next__(self) -> List[np.ndarray]:
        return self._pool.next_batch()
