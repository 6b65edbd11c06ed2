"""Workers of the generators that give runs of consecutive pictures (spec 30 section 7.6)."""
from typing import Any, Dict, Iterator, List, Sequence

import numpy as np

from .batch_worker import draw_readable_row, prepare_worker, process_sample, stack_rows
from .Sample import Sample
from .SampleProcessor import SampleProcessor


class TemporalTask:
    """What a worker needs; travels to the worker once."""

    def __init__(self, samples: Sequence[Sample], batch_size: int, image_count: int,
                 max_stride: int, options: "SampleProcessor.Options",
                 output_sample_types: List[Dict[str, Any]], debug: bool = False):
        """
        Arguments:
            samples: in the order of time.
            batch_size: runs a batch.
            image_count: pictures a run.
            max_stride: the distance of the pictures is drawn from 1 .. max_stride.
            options, output_sample_types: of `SampleProcessor.process`.
            debug: the worker is this process.
        """
        self.samples = samples
        self.batch_size = batch_size
        self.image_count = image_count
        self.max_stride = max_stride
        self.options = options
        self.output_sample_types = output_sample_types
        self.debug = debug
        self.starts: List[int] = []

    def count_starts(self) -> int:
        """How many first pictures leave room for a whole run of the widest stride."""
        return len(self.samples) - (self.image_count - 1) * self.max_stride

    def draw_row(self) -> List[Any]:
        """The outputs of every picture of the next run, one after the other."""
        if not self.starts:
            self.starts = np.random.permutation(self.count_starts()).tolist()
        start = self.starts.pop()
        stride = np.random.randint(self.max_stride) + 1
        row: List[Any] = []
        for i in range(self.image_count):
            sample = self.samples[start + i * stride]
            row.extend(process_sample(sample, self.options, self.output_sample_types,
                                      self.debug))
        return row


def generate_temporal_batches(task: TemporalTask) -> Iterator[List[np.ndarray]]:
    """Endless batches: arrays (batch, ...), image_count times the requested outputs."""
    prepare_worker(task.debug)
    while True:
        yield stack_rows([draw_readable_row(task.draw_row) for _ in range(task.batch_size)])
