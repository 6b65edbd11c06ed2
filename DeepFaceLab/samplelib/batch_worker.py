"""What runs in a sample worker: drawing samples until a batch is full (spec 30 section 7.2).

A worker process gets only what is here, never the generator object, and imports no TensorFlow.
"""
import functools
import itertools
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from core import debug_areas
from core.errors import UserError
from core.joblib.worker_process import tell_parent
from core.process_options import RANDOM_SEED, get_setting

from .face_feed import FaceFeed
from .face_files import get_file_name
from .Sample import Sample, UnreadableSampleError
from .SampleProcessor import SampleProcessor

# So many unreadable samples in a row mean that (nearly) the whole set is gone.
_MAX_FAILURES_IN_A_ROW = 1000
# A disk that is away for seconds, or a pak that is being replaced, is no reason to end a training.
_FAILURES_WITHOUT_PAUSE = 20
_PAUSE = 0.01       # s after each further failure: ten seconds in all


_seed: Optional[int] = None     # of this worker; None takes one from the system


def draw_seed() -> Optional[int]:
    """A seed from NumPy's global generator where the feed has to come again (`random_seed`, which
    the patch deterministic sets); else None."""
    return None if get_setting(RANDOM_SEED) is None else int(np.random.randint(0x80000000))


def prepare_worker(debug: bool) -> None:
    """One OpenCV thread per worker, and random numbers of its own whatever the start method.

    In debug mode the work is done in the trainer's process, whose state stays as it is.
    """
    if not debug:
        cv2.setNumThreads(1)
        np.random.seed(_seed)


def generate_seeded(generator_func: Callable[[Any], Iterator], seed: int, task: Any) -> Iterator:
    """`generator_func(task)` in a worker whose random numbers begin with `seed`."""
    global _seed
    _seed = seed
    return generator_func(task)


def process_sample(sample: Sample, options: "SampleProcessor.Options",
                   output_sample_types: Sequence[Dict[str, Any]], debug: bool,
                   ct_sample: Optional[Sample] = None) -> List[Any]:
    """The outputs of one sample. An error that is no UserError becomes one that names the file."""
    try:
        row, = SampleProcessor.process([sample], options, output_sample_types, debug,
                                       ct_sample=ct_sample)
        return row
    except UserError:
        raise
    except Exception as e:
        raise Exception("Error in the sample %s: %s: %s"
                        % (sample.describe_file(), type(e).__name__, e)) from e


class BatchTask:
    """Everything a worker of a folder generator needs; travels to the worker once."""

    def __init__(self, samples: Sequence[Sample], index_host_client: Any, batch_size: int,
                 options: "SampleProcessor.Options", output_sample_types: List[Dict[str, Any]],
                 debug: bool = False, ct_samples: Optional[Sequence[Sample]] = None,
                 ct_index_host_client: Any = None, feed: Optional[FaceFeed] = None):
        """
        Arguments:
            samples: the shared list.
            index_host_client: gives the indices of the next samples, `multi_get(count)`.
            batch_size: samples a batch.
            options, output_sample_types: of `SampleProcessor.process`.
            debug: the worker is this process.
            ct_samples, ct_index_host_client: colour references, drawn independently; or None.
            feed: makes the rows of these samples; None makes each anew, with
                `SampleProcessor.process`.
        """
        self.samples = samples
        self.index_host_client = index_host_client
        self.batch_size = batch_size
        self.options = options
        self.output_sample_types = output_sample_types
        self.debug = debug
        self.ct_samples = ct_samples
        self.ct_index_host_client = ct_index_host_client
        self.feed = feed
        self.drawn_names: List[str] = []    # files of the batch that was drawn last
        # (shape, dtype) of each array -> arrays; a worker process gives those of a shared slot
        self.allocate: Callable[[List[Tuple]], List[np.ndarray]] = allocate_arrays

    def draw_row(self, places: Optional[List[np.ndarray]] = None) -> Optional[List[Any]]:
        """The outputs of the next sample, see `render`."""
        index = self.index_host_client.multi_get(1)[0]
        ct_index = None
        if self.ct_samples is not None:
            ct_index = self.ct_index_host_client.multi_get(1)[0]
        return self.render(index, ct_index, places)

    def render(self, index: int, ct_index: Optional[int],
               places: Optional[List[np.ndarray]] = None) -> Optional[List[Any]]:
        """The outputs of a sample and its colour reference; in `places` where they are given."""
        if self.feed is not None:
            row = self.feed.render(index, ct_index, places)
            name = self.feed.files.get_name(index)
        else:
            sample = self.samples[index]
            row = process_sample(sample, self.options, self.output_sample_types, self.debug,
                                 None if ct_index is None else self.ct_samples[ct_index])
            name = get_file_name(sample)
        self.drawn_names.append(name)
        return row

    def draw_rows(self) -> Iterator[List[Any]]:
        """The rows of one batch; a sample that cannot be read is replaced by the next one."""
        yield from self._draw([None] * self.batch_size)

    def draw_batch(self) -> List[np.ndarray]:
        """One batch, a contiguous array (batch, ...) for each output."""
        shapes = None if self.feed is None else self.feed.find_shapes()
        if shapes is None:
            return stack_rows(list(self.draw_rows()))
        batch = self.allocate([((self.batch_size,) + shape, np.dtype(np.float32))
                               for shape in shapes])
        for _ in self._draw([[array[i] for array in batch] for i in range(self.batch_size)]):
            pass
        return batch

    def _draw(self, places_of_rows: List[Optional[List[np.ndarray]]]) -> Iterator[Any]:
        self.drawn_names = []
        count = len(places_of_rows)
        indexes = self.index_host_client.multi_get(count)
        ct_indexes = [None] * count
        if self.ct_samples is not None:
            ct_indexes = self.ct_index_host_client.multi_get(count)
        for index, ct_index, places in zip(indexes, ct_indexes, places_of_rows):
            try:
                row = self.render(index, ct_index, places)
            except UnreadableSampleError as e:
                _report_unreadable(e)
                row = draw_readable_row(functools.partial(self.draw_row, places))
            yield row


def allocate_arrays(specs: List[Tuple]) -> List[np.ndarray]:
    """New arrays of these (shape, dtype)."""
    return [np.empty(shape, dtype) for shape, dtype in specs]


_reported = set()  # messages of this process that were told already


def _report_unreadable(error: UnreadableSampleError) -> None:
    if str(error) not in _reported:
        _reported.add(str(error))
        tell_parent(str(error))


def draw_readable_row(draw_row: Callable[[], List[Any]]) -> List[Any]:
    """`draw_row()` until it meets a readable sample; each unreadable file is named once.

    Raises UserError when one sample after the other fails.
    """
    last = None
    for failures in range(1, _MAX_FAILURES_IN_A_ROW + 1):
        try:
            return draw_row()
        except UnreadableSampleError as e:
            _report_unreadable(e)
            last = e
        if failures > _FAILURES_WITHOUT_PAUSE:
            time.sleep(_PAUSE)
    raise UserError("%d samples in a row cannot be read, the last: %s"
                    % (_MAX_FAILURES_IN_A_ROW, last.what),
                    ["Check that the faceset's disk is still connected.",
                     "Extract the faceset again."])


def generate_named_batches(task: BatchTask) -> Iterator[Tuple[List[np.ndarray], List[str]]]:
    """Endless (batch as of `generate_batches`, names of its files without their folders)."""
    prepare_worker(task.debug)
    for number in itertools.count(1):
        batch = task.draw_batch()
        if number & (number - 1) == 0:      # 1, 2, 4, 8, ...: launchers of old ask for it
            debug_areas.tell("samples", "batch %d: %s: %s", number, ", ".join(task.drawn_names),
                             debug_areas.ArraysText(*batch))
        yield batch, list(task.drawn_names)


def generate_batches(task: BatchTask) -> Iterator[List[np.ndarray]]:
    """Endless batches: a list of arrays (batch, ...), one per requested output."""
    for batch, _ in generate_named_batches(task):
        yield batch


def stack_rows(rows: List[List[Any]]) -> List[np.ndarray]:
    """Rows of outputs -> one contiguous array per output."""
    return [np.array(column) for column in zip(*rows)]
