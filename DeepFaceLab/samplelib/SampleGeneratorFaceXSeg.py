"""Batches of faces and segmentation masks to train XSeg (spec 30 section 7.3)."""
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

import numpy as np

from core.errors import UserError
from facelib import FaceType

from .batch_worker import draw_readable_row, prepare_worker, stack_rows
from .face_files import FaceFiles
from .Sample import Sample, SampleType, UnreadableSampleError
from .SampleGeneratorBase import SampleGeneratorBase, split_second_argument
from .SampleLoader import SampleLoader
from .worker_pool import WorkerPool
from .xseg_augment import (augment_image_and_mask, compose_on_background, draws_background,
                           load_image_and_mask)


class SampleGeneratorFaceXSeg(SampleGeneratorBase):

    def __init__(self, paths: Sequence[Path], debug_or_pak_names=False, batch_size: int = 1,
                 resolution: int = 256, face_type: Optional[FaceType] = None,
                 generators_count: int = 4, data_format: str = "NHWC",
                 debug: Optional[bool] = None,
                 pak_names: Optional[Sequence[Optional[str]]] = None,
                 ignore_same_path: bool = False, **kwargs):
        """
        Arguments:
            paths: folders with labelled faces, taken together.
            debug_or_pak_names: the second positional argument is `debug`; a list or None in its
                place are `pak_names`, as the MVE fork passes them (spec 82).
            batch_size: samples a batch.
            resolution, face_type: of the output.
            generators_count: worker processes.
            data_format: NHWC or NCHW.
            debug: make the batches in this process.
            pak_names: a pak's name for each path, or None.
            ignore_same_path: keep the packs of one folder apart.
            **kwargs: keywords of forks that have no meaning here.
        """
        debug, pak_names = split_second_argument(debug_or_pak_names, debug, pak_names)
        super().__init__(debug, batch_size)
        self.initialized = False
        if pak_names is None:
            pak_names = [None] * len(paths)
        if len(pak_names) != len(paths):
            raise ValueError("%d pak names for %d folders." % (len(pak_names), len(paths)))
        samples = sum(SampleLoader.load(SampleType.FACE, path, pak_name=pak_name,
                                        ignore_same_path=ignore_same_path)
                      for path, pak_name in zip(paths, pak_names))
        usable = SegmentedSampleFilterSubprocessor(samples).run()
        if not usable:
            usable = SegmentedSampleFilterSubprocessor(samples, count_xseg_mask=True).run()
        if not usable:
            raise UserError("No segmented faces in %s."
                            % (", ".join(str(path) for path in paths),),
                            ["Label some faces with the mask editor.",
                             "Or apply a trained XSeg mask to the faceset."])
        self.samples = samples
        self.generators_count = 1 if self.debug else max(1, generators_count)
        task = XSegTask(samples, usable, self.batch_size, resolution, face_type, data_format,
                        self.debug)
        self._start_workers(WorkerPool(generate_xseg_batches, lambda: task,
                                       self.generators_count, self.debug,
                                       "sample worker of the labelled faces"))
        self.initialized = True

    def is_initialized(self) -> bool:
        return self.initialized

    def __iter__(self) -> "SampleGeneratorFaceXSeg":
        return self

    def __next__(self) -> List[np.ndarray]:
        """[pictures (b, r, r, 3), masks (b, r, r, 1)], transposed for NCHW."""
        return self._pool.next_batch()


class XSegTask:
    """What a worker needs; travels to the worker once."""

    def __init__(self, samples: Sequence[Sample], usable: List[int], batch_size: int,
                 resolution: int, face_type: Optional[FaceType], data_format: str,
                 debug: bool = False):
        self.samples = samples
        self.files = FaceFiles(samples)
        self.usable = usable
        self.batch_size = batch_size
        self.resolution = resolution
        self.face_type = face_type
        self.data_format = data_format
        self.debug = debug
        self._faces: List[int] = []
        self._backgrounds: List[int] = []

    def draw_row(self) -> List[np.ndarray]:
        """Picture and mask of the next sample."""
        img, mask = self._load_next(self._faces)
        if draws_background():
            img = compose_on_background((img, mask), self._load_next(self._backgrounds),
                                        self.resolution)
        row = augment_image_and_mask(img, mask, self.resolution)
        if self.data_format == "NCHW":
            return [x.transpose((2, 0, 1)) for x in row]
        return list(row)

    def _load_next(self, order: List[int]):
        if not order:
            order.extend(self.usable)
            np.random.shuffle(order)
        index = order.pop()
        sample = self.files.get_sample(index, self.files.check(index))
        try:
            return load_image_and_mask(sample, self.resolution, self.face_type)
        except UnreadableSampleError:
            raise
        except Exception as e:
            # Whatever is wrong with one face, the next one takes its place.
            raise UnreadableSampleError("Cannot use the face %s: %s"
                                        % (sample.describe_file(), e)) from e


def generate_xseg_batches(task: XSegTask) -> Iterator[List[np.ndarray]]:
    """Endless batches of pictures and masks."""
    prepare_worker(task.debug)
    while True:
        yield stack_rows([draw_readable_row(task.draw_row) for _ in range(task.batch_size)])


class SegmentedSampleFilterSubprocessor:
    """Finds the samples XSeg can be trained on. A plain loop: no process is as fast."""

    def __init__(self, samples: Sequence[Sample], count_xseg_mask: bool = False):
        """
        Arguments:
            samples: the set.
            count_xseg_mask: look for applied masks in place of labelled polygons.
        """
        self.samples = samples
        self.count_xseg_mask = count_xseg_mask

    def run(self) -> List[int]:
        """Indices of the usable samples, ascending."""
        return [i for i, sample in enumerate(self.samples)
                if (sample.has_xseg_mask() if self.count_xseg_mask
                    else sample.seg_ie_polys.get_pts_count() != 0)]
