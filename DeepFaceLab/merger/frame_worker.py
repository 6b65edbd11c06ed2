"""One worker process of the merger: several frames under way, one composited at a time.

Reading a frame and cutting its faces out is done ahead, in threads; each then waits for its
prediction, which the main process makes for many faces at once. What follows, compositing, is the
work that the number of workers is chosen for: a gate lets one thread at a time do it.
"""
import multiprocessing
import os
import queue
import sys
import threading
import traceback
import zlib
from multiprocessing import util
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import numpy as np

from core import debug_areas
from core.errors import UserError
from core.joblib.MPFunc import HostFunctionError
from core.process_options import get_setting

from . import frame_output
from .face_geometry import get_crop_size
from .frame_pixels import read_frame
from .merge_options import COLOR_SEED, is_frame_gray
from .MergeMasked import MergeMasked, get_channels
from .MergerConfig import MergerConfig

LAST = -1000        # exit priority behind all that multiprocessing itself does

MERGED, COPIED, FAILED, CANNOT_WRITE, MEMORY_SHORT, ORPHANED = (
    'merged', 'copied', 'failed', 'cannot write', 'memory short', 'orphaned')

Outcome = NamedTuple('Outcome', [
    ('kind', str),                      # MERGED; COPIED: no face in it; FAILED and copied if it
                                        # could be read; the others: not done, nothing written
    ('reason', str),                    # of a failure, for people
    ('details', str),                   # of a failure, for its report: remedies or traceback
    ('picture', Optional[np.ndarray]),  # (h,w,4) uint8, where somebody looks at it
    ('seconds', Dict[str, float]),      # 'wait' for prediction and gate, 'compose', 'write'
])


class Gate:
    """Lets one thread composite at a time, and carries NumPy's random state of each.

    The transfers idt, sot and mix draw from NumPy's global generator; the threads of a process
    share it. With its own state for each frame a frame looks the same whatever runs beside it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._wanted = 0        # threads that are in it or wait for it

    def enter(self, state: Any) -> None:
        """state: what `leave` returned, or a seed."""
        with self._counting:
            self._wanted += 1
        self._lock.acquire()
        if isinstance(state, int):
            np.random.seed(state)
        else:
            np.random.set_state(state)

    def leave(self) -> Any:
        state = np.random.get_state()
        self._lock.release()
        with self._counting:
            self._wanted -= 1
        return state

    def is_wanted(self) -> bool:
        """Whether a thread composites or could begin to."""
        return self._wanted != 0


class FramePredictor:
    """The predictor of one frame: leaves the gate while it waits."""

    def __init__(self, predictor_func: Callable, gate: Gate, seed: int,
                 tell_idle: Callable[[], None], clock: Callable[[], float]) -> None:
        self._predictor_func = predictor_func
        self._gate = gate
        self._state = seed
        self._tell_idle = tell_idle
        self._clock = clock
        self.is_inside = False
        self.seconds = 0.0

    def enter(self) -> None:
        if not self.is_inside:
            self._gate.enter(self._state)
            self.is_inside = True

    def leave(self) -> None:
        if self.is_inside:
            self.is_inside = False
            self._state = self._gate.leave()
            self._tell_idle()

    def __call__(self, face: np.ndarray, **kwargs: Any) -> Any:
        self.leave()
        begin = self._clock()
        result = self._predictor_func(face, **kwargs)
        self.enter()
        self.seconds += self._clock() - begin
        return result


def take_color_seed() -> Optional[int]:
    """The seed that the user gives for every frame, or None.

    It leaves this process's environment: `MergeMasked` would start NumPy's generator anew outside
    the gate, while another thread draws from it.
    """
    seed = get_setting(COLOR_SEED)
    for name in COLOR_SEED.env:
        os.environ.pop(name, None)
    return seed


def make_seed(name: str) -> int:
    """The random seed of a frame, the same in every run."""
    return zlib.crc32(name.encode('utf-8', 'surrogatepass')) & 0x7fffffff


def name_reason(error: Exception) -> str:
    """One line for people: what a traceback of the main process ends with, for an error there."""
    if isinstance(error, UserError):
        return error.what
    lines = [line for line in str(error).splitlines() if line[:1].strip()]
    if isinstance(error, HostFunctionError) and lines:
        return lines[-1]
    return '%s: %s' % (type(error).__name__, lines[0] if lines else 'no further text')


class FrameMerger:
    """Merges frames with what a worker was given; `merge` runs in any thread."""

    def __init__(self, networks: Any, gate: Gate, tell_idle: Callable[[], None],
                 log_info: Callable[[str], None], clock: Callable[[], float]) -> None:
        """networks: an object with predictor_func, predictor_input_shape, face_enhancer_func,
        xseg_256_extract_func and has_provenance."""
        self.networks = networks
        self.gate = gate
        self.tell_idle = tell_idle
        self.log_info = log_info
        self.clock = clock
        self.color_seed = take_color_seed()

    def merge(self, frame: Any) -> Outcome:
        """Merge and write one ProcessingFrame. Raises nothing: what is wrong is in the outcome."""
        seed = self.color_seed
        if seed is None:
            seed = make_seed(frame.frame_info.filepath.name)
        predictor = FramePredictor(self.networks.predictor_func, self.gate, seed, self.tell_idle,
                                   self.clock)
        try:
            return self._merge(frame, predictor)
        except frame_output.WriteError as error:
            return Outcome(CANNOT_WRITE, str(error), '', None, {})
        except (EOFError, ConnectionError):
            # Nobody answers any more. The frame is as good as any: nothing may be written for it
            # that the next run would take for its merged picture.
            return Outcome(ORPHANED, 'the main process has ended', '', None, {})
        except Exception as error:  # noqa: BLE001 one bad frame must not end the run
            text = traceback.format_exc()
            if 'MemoryError' in text:
                return Outcome(MEMORY_SHORT, 'memory is short', text, None, {})
            # what the user can mend needs remedies, no traceback
            details = str(error) if isinstance(error, UserError) else text
            return self._copy_failed(frame, predictor, name_reason(error), details)
        finally:
            predictor.leave()

    def _merge(self, frame: Any, predictor: FramePredictor) -> Outcome:
        if frame.cfg.type != MergerConfig.TYPE_MASKED:
            raise UserError('There is no merger for settings of type %r.' % (frame.cfg.type,))
        if not frame.frame_info.landmarks_list:
            predictor.enter()
            if frame.cfg.mode != 'raw-predict':
                self.log_info('%s has no face: it is copied as it is'
                              % frame.frame_info.filepath.name)
            return self._copy(frame, must_be_whole=True)
        networks, begin = self.networks, self.clock()
        picture = MergeMasked(predictor, networks.predictor_input_shape,
                              networks.face_enhancer_func, networks.xseg_256_extract_func,
                              frame.cfg, frame.frame_info)
        middle = self.clock()
        self._write(frame, picture[..., :3], picture[..., 3:4], networks.has_provenance)
        seconds = {'wait': predictor.seconds, 'compose': middle - begin - predictor.seconds,
                   'write': self.clock() - middle}
        debug_areas.tell('merge', '%s: faces %d, %s, mask of %d pixels, %s',
                         frame.frame_info.filepath.name, len(frame.frame_info.landmarks_list),
                         frame.cfg.mode, np.count_nonzero(picture[..., 3]),
                         ', '.join('%s %.3f s' % item for item in sorted(seconds.items())))
        return Outcome(MERGED, '', '', picture if frame.need_return_image else None, seconds)

    def _copy(self, frame: Any, must_be_whole: bool = False) -> Outcome:
        """The frame as it is, with an empty mask (raw-predict: black)."""
        shape = self.networks.predictor_input_shape
        if frame.cfg.mode == 'raw-predict':
            image, mask = frame_output.make_empty_outputs(get_crop_size(frame.cfg, shape))
        else:
            image = read_frame(frame.frame_info.filepath, is_frame_gray(get_channels(shape)),
                               must_be_whole)
            mask = np.zeros(image.shape[:2] + (1,), np.uint8)
        self._write(frame, image, mask, False)
        picture = np.concatenate([image, mask], -1) if frame.need_return_image else None
        return Outcome(COPIED, '', '', picture, {})

    def _copy_failed(self, frame: Any, predictor: FramePredictor, reason: str,
                     details: str) -> Outcome:
        """A frame that could not be merged goes through as it is, where it can be read at all."""
        try:
            predictor.enter()
            outcome = self._copy(frame)
        except frame_output.WriteError as error:
            return Outcome(CANNOT_WRITE, str(error), '', None, {})
        except Exception:  # noqa: BLE001 the reason is the first error's
            return Outcome(FAILED, reason + ' Nothing is written for it.', details, None, {})
        return Outcome(FAILED, reason + ' It is copied without the face.', details,
                       outcome.picture, {})

    def _write(self, frame: Any, image: np.ndarray, mask: np.ndarray, is_marked: bool) -> None:
        frame_output.write_picture(frame.output_filepath, image, is_marked)
        frame_output.write_picture(frame.output_mask_filepath, mask, False)


class FramesUnderWay:
    """Threads that merge the frames which a worker was told of, in the order it was told."""

    def __init__(self, merge: Callable[[Any], Outcome], threads_count: int) -> None:
        self._merge = merge
        self._jobs: 'queue.Queue[Any]' = queue.Queue()
        self._known: Dict[int, threading.Event] = {}
        self._outcomes: Dict[int, Outcome] = {}
        for _ in range(threads_count):
            threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            frame, done = self._jobs.get()
            self._outcomes[frame.idx] = self._merge(frame)
            done.set()

    def add(self, frames: List[Any]) -> None:
        for frame in frames:
            if frame.idx not in self._known:
                self._known[frame.idx] = threading.Event()
                self._jobs.put((frame, self._known[frame.idx]))

    def take(self, frame: Any) -> Outcome:
        """Wait for a frame that was added."""
        self._known[frame.idx].wait()
        del self._known[frame.idx]
        return self._outcomes.pop(frame.idx)

    def leave_at_exit(self) -> None:
        """For worker processes: end without taking the interpreter down while frames are under way
        that nobody waits for any more. A thread that returns from OpenCV into an interpreter that
        is being taken down aborts the process, with the report of a crash."""
        if multiprocessing.current_process().name != 'MainProcess':
            util.Finalize(None, self._leave, exitpriority=LAST)

    def _leave(self) -> None:
        if any(not done.is_set() for done in list(self._known.values())):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
