"""Lists of samples from a folder or a pak, cached per process (spec 30 section 4)."""
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import samplelib
from core import mplib, pathex
from core.interact import interact as io
from core.joblib import Subprocessor
from facelib import FaceType

from . import face_index
from .face_data import FaceData, read_face_data
from .face_table import FaceTable
from .Sample import Sample, SampleType

# One message to a loader process carries this many files.
_FILES_PER_MESSAGE = 64
# Starting a process costs as much as reading this many files.
_FILES_PER_PROCESS = 1024
_MAX_PROCESSES = 8
# So many files that are no faces are named, the others counted.
_MAX_NAMED = 50


class SampleLoader:
    # str(samples_path), with the pak's name where one was asked for -> a slot per SampleType
    samples_cache: Dict[str, List[Any]] = dict()

    @staticmethod
    def get_person_id_max_count(samples_path: Path) -> int:
        """Number of different persons in the folder's pak; ValueError without a pak."""
        samples = samplelib.PackedFaceset.load(samples_path)
        if samples is None:
            raise ValueError("%s has no faceset.pak: persons are counted in packed facesets."
                             % (samples_path,))
        return len({sample.person_name for sample in samples})

    @staticmethod
    def load(sample_type: SampleType, samples_path: Path, subdirs: bool = False,
             ignore_same_path: bool = False, pak_name: Optional[str] = None):
        """Samples of a folder, loaded once per process.

        Arguments:
            sample_type: IMAGE gives a list of every picture; FACE the faces with metadata;
                FACE_TEMPORAL_SORTED the same sorted by the frame they come from.
            samples_path: the folder. Where it holds a pak, its loose files are ignored.
            subdirs: also the folders below it; not part of the cache's key.
            ignore_same_path: keep the packs of one folder apart by `pak_name`.
            pak_name: take `<pak_name>.pak` in place of faceset.pak. Any name but "faceset" has
                to exist.

        Returns a list for IMAGE, an mplib.MPSharedList for faces. A broken pak raises, it never
        falls back to loose files.
        """
        cache = SampleLoader.samples_cache
        key = str(samples_path)
        if pak_name is not None or ignore_same_path:
            key = "%s|%s" % (key, pak_name)
        slots = cache.setdefault(key, [None] * SampleType.QTY)

        if sample_type == SampleType.IMAGE:
            if slots[sample_type] is None:
                paths = pathex.get_image_paths(samples_path, subdirs=subdirs)
                slots[sample_type] = [Sample(filename=path)
                                      for path in io.progress_bar_generator(paths, "Loading")]
        elif sample_type == SampleType.FACE:
            if slots[sample_type] is None:
                begun_at = time.time()
                slots[sample_type] = SampleLoader._load_faces(samples_path, subdirs, pak_name)
                slots[sample_type].loaded_at = begun_at     # what changes later is read again
        elif sample_type == SampleType.FACE_TEMPORAL_SORTED:
            faces = SampleLoader.load(SampleType.FACE, samples_path, subdirs, ignore_same_path,
                                      pak_name)
            faces = SampleLoader.upgradeToFaceTemporalSortedSamples(faces)
            slots[sample_type] = mplib.MPSharedList(faces)
        else:
            raise ValueError("SampleLoader cannot load samples of type %d." % (sample_type,))
        return slots[sample_type]

    @staticmethod
    def _load_faces(samples_path: Path, subdirs: bool,
                    pak_name: Optional[str]) -> mplib.MPSharedList:
        faces = samplelib.PackedFaceset.load(samples_path, pak_name=pak_name)
        if faces is not None:
            io.log_info("Loaded %d packed faces from %s" % (len(faces), samples_path))
            return mplib.MPSharedList(faces)
        paths = pathex.get_image_paths(samples_path, subdirs=subdirs)
        if subdirs or not face_index.is_wanted(len(paths)):
            return mplib.MPSharedList(SampleLoader.load_face_samples(paths))
        paths, table = _read_with_index(samples_path, paths)
        return mplib.MPSharedList.from_items(
            lambda: (make_sample(path, table.get_row(i)) for i, path in enumerate(paths)),
            len(paths))

    @staticmethod
    def load_face_samples(image_paths: Sequence[str]) -> List[Sample]:
        """A Sample for every file with face data, in the order given; the others are named in
        the log and left out."""
        return [make_sample(filename, data)
                for filename, data in FaceSamplesLoaderSubprocessor(image_paths).run()
                if data is not None]

    @staticmethod
    def upgradeToFaceTemporalSortedSamples(samples) -> List[Sample]:
        """The samples as a list sorted by the frame they come from (stable); faces that do not
        tell it come first."""
        return sorted(samples, key=lambda sample: sample.source_filename or "")


def make_sample(filename: str, data: FaceData) -> Sample:
    """The sample of a loose file with these face data."""
    (face_type, shape, landmarks, seg_ie_polys, xseg_mask_compressed,
     eyebrows_expand_mod, source_filename) = data
    return Sample(filename=filename,
                  sample_type=SampleType.FACE,
                  face_type=FaceType.fromString(face_type),
                  shape=shape,
                  landmarks=landmarks,
                  seg_ie_polys=seg_ie_polys,
                  xseg_mask_compressed=xseg_mask_compressed,
                  eyebrows_expand_mod=eyebrows_expand_mod,
                  source_filename=source_filename)


def _read_with_index(folder: Path, paths: Sequence[str]) -> Tuple[List[str], FaceTable]:
    """(paths of the faces, their data), from the folder's index as far as it is up to date."""
    read_at = time.time()
    states = face_index.get_file_states(paths)
    index = face_index.load_index(folder)
    rows = {} if index is None else index.find_unchanged(states)
    names = {path: os.path.basename(path) for path in paths}
    read = {path: data for path, data in FaceSamplesLoaderSubprocessor(
        [path for path in paths if names[path] not in rows]).run() if data is not None}
    kept = [path for path in paths if names[path] in rows or path in read]
    kept_names = [names[path] for path in kept]
    io.log_info("%d faces in %s: %d from its index, %d read."
                % (len(kept), folder, len(kept) - len(read), len(read)))
    if index is not None and not read and kept_names == index.names:
        return kept, index.table
    table = FaceTable.from_rows([read[path] if path in read
                                 else index.table.get_row(rows[names[path]]) for path in kept])
    face_index.save_index(folder, kept_names, states, table, read_at)
    return kept, table


class FaceSamplesLoaderSubprocessor(Subprocessor):
    """Reads the face data of many files; small sets are read in this process.

    `run()` returns a list of (filename, FaceData or None) in the order of `image_paths`.
    """

    def __init__(self, image_paths: Sequence[str]):
        self.image_paths = [str(path) for path in image_paths]
        self.results: List[Optional[FaceData]] = [None] * len(self.image_paths)
        items = list(enumerate(self.image_paths))
        self.pending = [items[start:start + _FILES_PER_MESSAGE]
                        for start in range(0, len(items), _FILES_PER_MESSAGE)][::-1]
        self.left_out = 0
        super().__init__("FaceSamplesLoader", FaceSamplesLoaderSubprocessor.Cli, 60)

    def run(self) -> List[Tuple[str, Optional[FaceData]]]:
        if not self.image_paths:
            return []
        if self._process_count() > 1:
            return super().run()
        for index in io.progress_bar_generator(range(len(self.image_paths)), "Loading samples"):
            self._take(index, *read_face_data(self.image_paths[index]))
        return self.get_result()

    def _process_count(self) -> int:
        return min(multiprocessing.cpu_count(), _MAX_PROCESSES,
                   -(-len(self.image_paths) // _FILES_PER_PROCESS))

    def _take(self, index: int, data: Optional[FaceData], reason: Optional[str]) -> None:
        if reason is not None:
            self.left_out += 1
            if self.left_out <= _MAX_NAMED:
                io.log_err(reason)
        self.results[index] = data

    def process_info_generator(self):
        for i in range(self._process_count()):
            yield "CPU%d" % i, {}, {}

    def on_clients_initialized(self) -> None:
        io.progress_bar("Loading samples", len(self.image_paths))

    def on_clients_finalized(self) -> None:
        io.progress_bar_close()

    def get_data(self, host_dict):
        return self.pending.pop() if self.pending else None

    def on_data_return(self, host_dict, data) -> None:
        """One of several files may be to blame: they are tried one by one, after all others."""
        self.pending[:0] = [[item] for item in data]

    def on_result(self, host_dict, data, result) -> None:
        for index, face_data, reason in result:
            self._take(index, face_data, reason)
        io.progress_bar_inc(len(result))

    def on_data_failed(self, host_dict, data) -> None:
        for index, filename in data:
            self._take(index, None, "%s is left out: the processes that read it failed."
                       % (filename,))

    def get_result(self) -> List[Tuple[str, Optional[FaceData]]]:
        if self.left_out > _MAX_NAMED:
            io.log_err("%d files are left out, of which the first %d are named above."
                       % (self.left_out, _MAX_NAMED))
        return list(zip(self.image_paths, self.results))

    class Cli(Subprocessor.Cli):
        def process_data(self, data):
            return [(index,) + read_face_data(filename) for index, filename in data]

        def get_data_name(self, data) -> str:
            return data[0][1]
