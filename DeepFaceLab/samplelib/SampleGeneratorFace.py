"""Batches of augmented faces from a folder or a pak (spec 30 section 7.2)."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from core import mplib, pathex
from core.errors import UserError
from core.interact import interact as io
from facelib import FaceType, LandmarksProcessor

from .batch_worker import BatchTask, draw_seed, generate_named_batches
from .face_feed import FaceFeed
from .Sample import Sample, SampleType
from .SampleGeneratorBase import (NoTrainingDataError, SampleGeneratorBase,
                                  split_second_argument)
from .SampleLoader import SampleLoader
from .SampleProcessor import SampleProcessor
from .worker_pool import WorkerPool

__all__ = ["SampleGeneratorFace", "FaceType", "LandmarksProcessor"]

_YAW_GRID = np.linspace(-1.2, 1.2, 128)  # radians
_ZIP_OF_MVE = "faceset.zip"


class SampleGeneratorFace(SampleGeneratorBase):

    def __init__(self, samples_path: Path, debug_or_pak_name=False, batch_size: int = 1,
                 random_ct_samples_path: Optional[Path] = None,
                 sample_process_options: Optional["SampleProcessor.Options"] = None,
                 output_sample_types: Sequence[Dict[str, Any]] = (),
                 uniform_yaw_distribution: bool = False,
                 generators_count: int = 4,
                 raise_on_no_data: bool = True,
                 debug: Optional[bool] = None,
                 pak_name: Optional[str] = None,
                 ct_pak_name: Optional[str] = None,
                 ignore_same_path: bool = False,
                 **kwargs):
        """
        Arguments:
            samples_path: folder with face images or a faceset.pak.
            debug_or_pak_name: the second positional argument is `debug`; a string or None in its
                place is `pak_name`, as the MVE fork has it (spec 82).
            batch_size: samples a batch.
            random_ct_samples_path: folder of the colour references.
            sample_process_options: ranges of the random geometry, `Options()` when None.
            output_sample_types: a dict per output, see `OutputRequest`.
            uniform_yaw_distribution: draw evenly over the yaw of the faces.
            generators_count: worker processes.
            raise_on_no_data: NoTrainingDataError for an empty folder; else the generator stays
                uninitialised and gives empty batches.
            debug: one sample a batch, made in this process, landmarks drawn.
            pak_name: read `<pak_name>.pak` of the folder in place of faceset.pak.
            ct_pak_name: the same of the colour references' folder.
            ignore_same_path: keep the packs of one folder apart.
            **kwargs: keywords of forks that have no meaning here.
        """
        debug, pak_name = split_second_argument(debug_or_pak_name, debug, pak_name)
        super().__init__(debug, batch_size)
        if sample_process_options is None:
            sample_process_options = SampleProcessor.Options()
        self.initialized = False
        self.sample_process_options = sample_process_options
        self.output_sample_types = list(output_sample_types)
        self.generators_count = 1 if self.debug else max(1, generators_count)

        self.samples = SampleLoader.load(SampleType.FACE, samples_path, pak_name=pak_name,
                                         ignore_same_path=ignore_same_path)
        self.samples_len = len(self.samples)
        if self.samples_len == 0:
            if raise_on_no_data:
                raise make_no_faces_error(samples_path)
            return

        if uniform_yaw_distribution:
            index_host = mplib.Index2DHost(group_by_yaw(self.samples), draw_seed())
        else:
            index_host = mplib.IndexHost(self.samples_len, draw_seed())
        ct_samples = ct_index_host = None
        if random_ct_samples_path is not None:
            ct_samples = SampleLoader.load(SampleType.FACE, random_ct_samples_path,
                                           pak_name=ct_pak_name)
            if len(ct_samples) == 0:
                raise UserError("There are no face images for the colour transfer in %s."
                                % (random_ct_samples_path,),
                                ["Extract faces into that folder.",
                                 "Or switch the colour transfer off (ct_mode none)."])
            ct_index_host = mplib.IndexHost(len(ct_samples), draw_seed())

        # Not `self`: the pool must not lead back to its owner.
        samples, outputs, is_debug = self.samples, self.output_sample_types, self.debug
        batch_size = self.batch_size
        feed = None if is_debug else FaceFeed(samples, sample_process_options, outputs, ct_samples)
        if feed is not None:
            self.cache_bytes = feed.count_kept_bytes()

        def make_task() -> BatchTask:
            return BatchTask(samples, index_host.create_cli(), batch_size,
                             sample_process_options, outputs, is_debug, ct_samples,
                             None if ct_index_host is None else ct_index_host.create_cli(),
                             feed)
        self._start_workers(WorkerPool(generate_named_batches, make_task, self.generators_count,
                                       is_debug, "sample worker of %s" % samples_path))
        self.initialized = True

    def is_initialized(self) -> bool:
        return self.initialized

    def __iter__(self) -> "SampleGeneratorFace":
        return self

    def __next__(self) -> List[np.ndarray]:
        """A list of arrays (batch, ...) in the order of the outputs; [] without data."""
        if not self.initialized:
            return []
        batch, self.last_filenames = self._pool.next_batch()
        return batch


def make_no_faces_error(samples_path: Path) -> NoTrainingDataError:
    """The error for a folder that gave no face, saying what is there instead."""
    count = len(pathex.get_image_paths(samples_path))
    if not Path(samples_path).is_dir():
        found = "The folder does not exist."
    elif count == 0:
        found = "It holds no image."
    else:
        found = "None of its %d images has usable face data; the lines above say why." % count
    remedies = [
        "Extract faces into that folder: faces are the JPEG files that the extractor writes "
        "(or a faceset.pak), with landmarks inside.",
        "Check that it is the folder of the aligned faces and not that of the frames."]
    if (Path(samples_path) / _ZIP_OF_MVE).is_file():
        found += " Its %s is a pack of the MVE fork, which is not read." % _ZIP_OF_MVE
        remedies.insert(0, "Unzip it in that folder: the files in it are those of the faces.")
    return NoTrainingDataError(
        "No training data provided. There are no face images in %s. %s" % (samples_path, found),
        remedies)


def group_by_yaw(samples: Sequence[Sample]) -> List[List[int]]:
    """Indices of the samples in 128 ranges of yaw, ranges without any left out."""
    yaws = np.array([-sample.get_pitch_yaw_roll()[1]
                     for sample in io.progress_bar_generator(samples, "Sorting by yaw")])
    # What lies beyond the grid belongs to the first and the last range.
    ranges = np.maximum(0, np.digitize(yaws, _YAW_GRID) - 1)
    groups = [np.flatnonzero(ranges == i).tolist() for i in range(len(_YAW_GRID))]
    return [group for group in groups if group]
