"""Whether the files of a training set are still what they were when the set was loaded."""
import os
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

import samplelib
from core.errors import UserError
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
    it is now, a pak with the members of the same names; one that is gone or is no face any more is
    an UnreadableSampleError.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        """samples: with the attribute `loaded_at` of a MPSharedList, or loaded just now."""
        self.samples = samples
        loaded_at = getattr(samples, "loaded_at", None)
        self._loaded_at = int((time.time() if loaded_at is None else loaded_at) * 1e9)     # ns
        self._block = SharedBlock.create(8 * max(1, len(samples)))
        self._states: Optional[np.ndarray] = None
        self._paths: List[Any] = []
        self._changed: Dict[int, Tuple[int, Sample]] = {}
        self._paks: Dict[str, Tuple[int, Dict[Tuple, Sample]]] = {}   # those that have changed

    def __getstate__(self) -> dict:
        return dict(self.__dict__, _states=None, _paths=[], _changed={}, _paks={})

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
        sample = self.samples[index]
        what = ("The pak %s" % sample.get_path() if sample.is_packed()
                else "The face %s" % sample.describe_file())
        tell_parent("%s has changed (%s): it is read anew." % (
            what, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(stat.st_mtime))))
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
        """The sample as its file is now; `state` as of `check`.

        Raises UnreadableSampleError.
        """
        sample = self.samples[index]
        if not state & _CHANGED:
            return sample
        if sample.is_packed():
            return self._find_in_pak(sample, state)
        known = self._changed.get(index)
        if known is None or known[0] != state:
            known = self._changed[index] = state, _read_again(sample)
        return known[1]

    def _find_in_pak(self, sample: Sample, state: int) -> Sample:
        path = sample.get_path()
        known = self._paks.get(path)
        if known is None or known[0] != state:
            known = self._paks[path] = state, _load_members(path)
        found = known[1].get(_get_member_key(sample))
        if found is None:
            raise UnreadableSampleError(
                "The face %s is gone: the pak has changed." % (sample.describe_file(),),
                ["Restart to load the pak as it is now."])
        return found


def _get_member_key(sample: Sample) -> Tuple:
    return sample.person_name, sample.filename


def _load_members(path: str) -> Dict[Tuple, Sample]:
    """The samples of a changed pak by their names; none of one that cannot be read, which is
    told."""
    try:
        samples = samplelib.PackedFaceset.load(Path(path).parent, pak_name=Path(path).stem)
    except (UserError, OSError) as error:
        tell_parent(str(error))
        return {}
    return {_get_member_key(sample): sample for sample in samples or ()}


def _read_again(sample: Sample) -> Sample:
    """The sample of a loose file that has changed."""
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
