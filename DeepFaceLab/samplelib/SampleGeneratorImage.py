"""Batches of augmented pictures without face data (spec 30 section 7.4)."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from core import mplib

from .batch_worker import BatchTask, draw_seed, generate_batches
from .Sample import SampleType
from .SampleGeneratorBase import NoTrainingDataError, SampleGeneratorBase
from .SampleLoader import SampleLoader
from .SampleProcessor import SampleProcessor
from .worker_pool import WorkerPool


class SampleGeneratorImage(SampleGeneratorBase):

    def __init__(self, samples_path: Path, debug: bool = False, batch_size: int = 1,
                 sample_process_options: Optional["SampleProcessor.Options"] = None,
                 output_sample_types: Sequence[Dict[str, Any]] = (),
                 raise_on_no_data: bool = True, **kwargs):
        """
        Arguments:
            samples_path: folder with pictures.
            The rest as in SampleGeneratorFace, with one worker.
        """
        super().__init__(debug, batch_size)
        if sample_process_options is None:
            sample_process_options = SampleProcessor.Options()
        self.initialized = False
        self.samples = SampleLoader.load(SampleType.IMAGE, samples_path)
        if len(self.samples) == 0:
            if raise_on_no_data:
                raise NoTrainingDataError(
                    "No training data provided. There are no pictures in %s." % (samples_path,),
                    ["Check the folder's name."])
            return
        index_host = mplib.IndexHost(len(self.samples), draw_seed())
        samples, batch_size, is_debug = self.samples, self.batch_size, self.debug
        outputs = list(output_sample_types)
        self._start_workers(WorkerPool(
            generate_batches,
            lambda: BatchTask(samples, index_host.create_cli(), batch_size,
                              sample_process_options, outputs, is_debug), 1, is_debug))
        self._index_host = index_host
        self.initialized = True

    def is_initialized(self) -> bool:
        return self.initialized

    def __iter__(self) -> "SampleGeneratorImage":
        return self

    def __next__(self) -> List[np.ndarray]:
        return self._pool.next_batch() if self.initialized else []
