"""Whether the files of a training set are still what they were when the set was loaded."""
import os
import sys
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from core.joblib.worker_process import tell_parent
from core.mplib.shared_block import SharedBlock

from .face_data import read_face_data
from .Sample import Sample, UnreadableSampleError
from .SampleLoader import make_sample

_MASK = (1 << 62) - 1
_CHANGED = 1 << 62  # bit of a state: not the file that was loaded


class FaceFiles:
    """The samples of a set, each looked after at every draw; shared by all workers.

    A file that changes during training is named, its face data are read again and it goes on as
    it is now; one that is gone or is no face any more is an UnreadableSampleError.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples
        self._loaded_at = int(time.time() * 1e9)     # ns since the epoch
        self._block = SharedBlock.create(8 * max(1, len(samples)))
        self._states: Optional[np.ndarray] = None
        self._paths: List[Any] = []
        self._changed: Dict[int, Tuple[int, Optional[Sample]]] = {}

    def __getstate__(self) -> dict:
        return dict(self.__dict__, _states=None, _paths=[], _changed={})

    def check(self, index: int) -> int:
        """The state of sample `index`'s file, a number that is another one for another file.

        Raises UnreadableSampleError where there is none.
        """
        try:
            stat = os.stat(self._get_path(index))
        except OSError as error:
            raise UnreadableSampleError(
                "Cannot read the face %s: %s" % (self.samples[index].describe_file(), error),
                ["Put the file back, or restart to load the faceset as it is now."]) from error
        state = hash((stat.st_size, stat.st_mtime_ns, stat.st_ino)) & _MASK
        if self._states is None:
            self._states = np.ndarray((len(self.samples),), np.int64, self._block.buf)
        known = int(self._states[index])
        if known & _MASK == state:
            return known
        if known == 0 and max(stat.st_mtime_ns, stat.st_ctime_ns) <= self._loaded_at:
            self._states[index] = state
            return state
        self._states[index] = state | _CHANGED
        tell_parent("The face %s has changed (%s): it is read anew." % (
            self.samples[index].describe_file(),
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(stat.st_mtime))))
        return state | _CHANGED

    def _get_path(self, index: int) -> str:
        """Of the file on disk."""
        path = self._get_paths(index)
        return path[0] if isinstance(path, tuple) else path

    def _get_paths(self, index: int) -> Any:
        """The file's path; of a pak's member (path of the pak, the member's file name)."""
        if not self._paths:
            self._paths = [None] * len(self.samples)
        path = self._paths[index]
        if path is None:
            # Only what is needed, and that once: every worker has such a list.
            sample = self.samples[index]
            path = sample.get_path()
            if sample.is_packed():
                path = sys.intern(path), get_file_name(sample)
            self._paths[index] = path
        return path

    def get_name(self, index: int) -> str:
        """The file's name without its folder."""
        path = self._get_paths(index)
        return path[1] if isinstance(path, tuple) else os.path.basename(path)

    def get_sample(self, index: int, state: int) -> Sample:
        """The sample as its file is now; `state` as of `check`."""
        if not state & _CHANGED:
            return self.samples[index]
        known, sample = self._changed.get(index, (0, None))
        if known != state:
            sample = _read_again(self.samples[index])
            self._changed[index] = state, sample
        return sample


def _read_again(sample: Sample) -> Sample:
    """The sample of a changed file. What lies in a pak keeps the face data it was loaded with."""
    if sample.is_packed():
        return sample
    data, reason = read_face_data(str(sample.filename))
    if data is None:
        sample.load_image()     # says the same of a damaged file whenever it is met
        raise UnreadableSampleError("Cannot use the face %s as it is now: %s"
                                    % (sample.describe_file(), reason),
                                    ["Put the face back, or delete the file."])
    return make_sample(sample.filename, data)


def get_file_name(sample: Sample) -> str:
    """The sample's file name without its folder."""
    return os.path.basename(str(sample.filename))
