"""The engine of a merge, interactive or automatic: frames through workers (spec 50 section 9)."""
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np

from core.errors import UserError
from core.interact import interact as io
from core.joblib import MPFunc, Subprocessor

from . import frame_worker, session_file
from .frame_output import read_outputs
from .frame_worker import CANNOT_WRITE, FAILED, MEMORY_SHORT, ORPHANED
from .merge_report import MergeReport
from .merge_start import MergeStart
from .merge_state import MergeState
from .merge_window import MergeWindow
from .output_record import OutputRecord
from .prediction import PredictionServer

MERGER_DEBUG = False

# Seconds that the loop waits for workers. Messages of theirs end the wait, requests for predictions
# do not: nobody waits for those in an automatic merge, and looking for them costs the workers'
# cores.
INTERACTIVE_PAUSE, AUTOMATIC_PAUSE = 0.001, 0.01


class InteractiveMergerSubprocessor(MergeStart, Subprocessor):
    """Merges `frames` (one `Frame` each, with its frame_info) into the output folders.

    Arguments:
        is_interactive: the user sees and changes every frame in a window; else `merger_config`
            holds for all frames.
        merger_session_filepath: where an interactive session is kept.
        predictor_func, face_enhancer_func, xseg_256_extract_func: picklable callables, answered by
            this process; a `PredictionServer` lets every worker have several frames under way.
        predictor_input_shape: (S, S, channels).
        model_iter: iteration of the model; a session of another one is computed again.
        subprocess_count: workers.
        output_record: of an automatic merge, tells which outputs of an interrupted one stay. None:
            all pictures in the output folders are replaced.
        has_provenance: merged pictures are marked as synthetic.

    `run` returns {'merged', 'copied', 'kept': numbers of frames, 'failed': {name: reason},
    'seconds': {stage: sum}}; UserError when a file cannot be written or nothing can be predicted.
    """

    class Frame(object):
        """A frame and its state; the attributes are those of the session file (section 9.1)."""

        def __init__(self, prev_temporal_frame_infos=None, frame_info=None,
                     next_temporal_frame_infos=None):
            self.prev_temporal_frame_infos = prev_temporal_frame_infos
            self.frame_info = frame_info
            self.next_temporal_frame_infos = next_temporal_frame_infos
            self.output_filepath = None
            self.output_mask_filepath = None
            self.idx = None
            self.cfg = None
            self.is_done = False
            self.is_processing = False
            self.is_shown = False
            self.image = None

    class ProcessingFrame(object):
        """A frame as a worker gets it; `upcoming` are those that the same worker gets next."""

        def __init__(self, idx=None, cfg=None, prev_temporal_frame_infos=None, frame_info=None,
                     next_temporal_frame_infos=None, output_filepath=None,
                     output_mask_filepath=None, need_return_image=False):
            self.idx = idx
            self.cfg = cfg
            self.prev_temporal_frame_infos = prev_temporal_frame_infos
            self.frame_info = frame_info
            self.next_temporal_frame_infos = next_temporal_frame_infos
            self.output_filepath = output_filepath
            self.output_mask_filepath = output_mask_filepath
            self.need_return_image = need_return_image
            self.image = None
            self.upcoming = ()

    class Cli(Subprocessor.Cli):
        """A worker."""

        def on_initialize(self, client_dict):
            self.log_info('Running on %s.' % client_dict['device_name'])
            self.predictor_input_shape = client_dict['predictor_input_shape']
            self.predictor_func = client_dict['predictor_func']
            self.face_enhancer_func = client_dict['face_enhancer_func']
            self.xseg_256_extract_func = client_dict['xseg_256_extract_func']
            self.has_provenance = client_dict['has_provenance']
            self.deliver_picture = client_dict['deliver_picture']
            gate = frame_worker.Gate()
            tell_idle = _tell_nothing
            if isinstance(self.predictor_func, PredictionServer):
                self.predictor_func.open(gate.is_wanted)
                tell_idle = self.predictor_func.tell_idle
            merger = frame_worker.FrameMerger(self, gate, tell_idle, self.log_info,
                                              time.perf_counter)
            self.under_way = frame_worker.FramesUnderWay(merger.merge,
                                                         client_dict['frames_under_way'])
            self.under_way.leave_at_exit()

        def process_data(self, pf):
            self.under_way.add([pf] + list(pf.upcoming))
            outcome = self.under_way.take(pf)
            if outcome.kind == MEMORY_SHORT:
                self.log_err('Memory is short while merging %s: this worker ends, the others go on.'
                             % pf.frame_info.filepath)
                raise Subprocessor.SilenceException()
            if outcome.kind == ORPHANED:
                raise EOFError(outcome.reason)
            if outcome.picture is not None:
                self.deliver_picture(pf.idx, outcome.picture)
            return outcome._replace(picture=None)

        def get_data_name(self, pf):
            return pf.frame_info.filepath

    def __init__(self, is_interactive: bool, merger_session_filepath: Any,
                 predictor_func: Callable, predictor_input_shape: Tuple[int, ...],
                 face_enhancer_func: Callable, xseg_256_extract_func: Callable,
                 merger_config: Any, frames: List[Any], frames_root_path: Any, output_path: Any,
                 output_mask_path: Any, model_iter: int, subprocess_count: int = 4,
                 output_record: Optional[OutputRecord] = None,
                 has_provenance: bool = True) -> None:
        if len(frames) == 0:
            raise ValueError('There are no frames to merge.')
        super(InteractiveMergerSubprocessor, self).__init__(
            'Merger', InteractiveMergerSubprocessor.Cli,
            io_loop_sleep_time=INTERACTIVE_PAUSE if is_interactive else AUTOMATIC_PAUSE)
        self.is_interactive = is_interactive
        self.merger_session_filepath = Path(merger_session_filepath)
        self.predictor_func = predictor_func
        self.predictor_input_shape = tuple(int(n) for n in predictor_input_shape)
        self.face_enhancer_func = face_enhancer_func
        self.xseg_256_extract_func = xseg_256_extract_func
        self.frames = frames
        self.frames_root_path = Path(frames_root_path)
        self.output_path = Path(output_path)
        self.output_mask_path = Path(output_mask_path)
        self.model_iter = model_iter
        self.output_record = output_record
        self.has_provenance = has_provenance
        self.process_count = 1 if MERGER_DEBUG else max(1, subprocess_count)
        self.lookahead = self._choose_lookahead()
        self.prefetch_frame_count = self.process_count * (1 + 2 * self.lookahead)
        self.state = MergeState(frames, is_interactive, self.prefetch_frame_count, io.log_info)
        self.report = MergeReport()
        self.stop_error: Optional[UserError] = None
        self.window: Optional[MergeWindow] = None
        self._pictures: Dict[int, np.ndarray] = {}
        self._returned: Dict[int, Any] = {}     # jobs whose worker ended
        self.merger_config = merger_config
        self._prepare_frames(merger_config)

    # The lists of the session under the names that scripts read and set them by (spec 50 9.2).
    @property
    def frames_idxs(self) -> List[int]:
        return self.state.frames_idxs

    @frames_idxs.setter
    def frames_idxs(self, idxs: List[int]) -> None:
        self.state.frames_idxs = idxs

    @property
    def frames_done_idxs(self) -> List[int]:
        return self.state.frames_done_idxs

    @frames_done_idxs.setter
    def frames_done_idxs(self, idxs: List[int]) -> None:
        self.state.frames_done_idxs = idxs

    def _choose_lookahead(self) -> int:
        """Frames that a worker has under way beside the one it composites.

        Enough that a whole batch can wait while every worker still has one to composite. The user
        of an interactive merge changes settings: nothing more than a frame a worker is begun.
        """
        server = self.predictor_func
        if self.is_interactive or not isinstance(server, PredictionServer):
            return 0
        return 1 + -(-server.batch_size // self.process_count)

    # -- hooks of Subprocessor

    def process_info_generator(self) -> Iterator[Tuple[str, dict, dict]]:
        self._deliver = MPFunc(self._take_picture)
        for i in range(self.process_count):
            yield 'CPU%d' % i, {'reserved': [], 'careful': 0}, {
                'device_idx': i, 'device_name': 'CPU%d' % i,
                'predictor_func': self.predictor_func,
                'predictor_input_shape': self.predictor_input_shape,
                'face_enhancer_func': self.face_enhancer_func,
                'xseg_256_extract_func': self.xseg_256_extract_func,
                'deliver_picture': self._deliver,
                'frames_under_way': 1 + self.lookahead,
                'has_provenance': self.has_provenance,
                'stdin_fd': None}

    def _take_picture(self, idx: int, picture: np.ndarray) -> None:
        self._pictures[idx] = picture

    def on_clients_initialized(self) -> None:
        self._complete_settings(self.merger_config)
        io.progress_bar('Merging', len(self.frames), initial=len(self.state.frames_done_idxs))
        if self.is_interactive:
            self.window = MergeWindow(self.frames)

    def get_data(self, host_dict: dict) -> Any:
        if self.stop_error is not None:
            return None
        self._take_back_reserved()
        reserved = host_dict['reserved']
        frame = self.frames[reserved.pop(0)] if reserved else self.state.find_job()
        if frame is None:
            return None
        frame.is_processing = True
        job = self._make_job(frame)
        if host_dict['careful']:
            # A worker has ended here: which frame was it?
            host_dict['careful'] -= 1
        else:
            self._reserve(reserved)
        job.upcoming = [self._make_job(self.frames[idx]) for idx in reserved]
        return job

    def _reserve(self, reserved: List[int]) -> None:
        """Fill up the frames that a worker is told of in advance."""
        while len(reserved) < self.lookahead:
            frame = self.state.find_job()
            if frame is None:
                return
            frame.is_processing = True
            reserved.append(frame.idx)

    def _take_back_reserved(self) -> None:
        """Frames reserved for a worker that was given up are anybody's."""
        alive = [id(cli.host_dict) for cli in self.clis]
        for _, host_dict, _ in self._process_infos:
            if id(host_dict) not in alive:
                self._release(host_dict)

    def _release(self, host_dict: dict) -> None:
        for idx in host_dict['reserved']:
            self.frames[idx].is_processing = False
        del host_dict['reserved'][:]

    def _make_job(self, frame: Any) -> Any:
        """The ProcessingFrame; that of the attempt before, by which attempts are counted."""
        job = self._returned.get(frame.idx)
        if job is None or job.cfg != frame.cfg:
            job = self.ProcessingFrame(
                idx=frame.idx, cfg=frame.cfg.copy(),
                prev_temporal_frame_infos=frame.prev_temporal_frame_infos,
                frame_info=frame.frame_info,
                next_temporal_frame_infos=frame.next_temporal_frame_infos,
                output_filepath=frame.output_filepath,
                output_mask_filepath=frame.output_mask_filepath,
                need_return_image=self.is_interactive)
        job.upcoming = ()
        return job

    def on_data_return(self, host_dict: dict, pf: Any) -> None:
        self.frames[pf.idx].is_processing = False
        self._returned[pf.idx] = pf
        self._release(host_dict)
        host_dict['careful'] = 1 + self.lookahead

    def on_data_failed(self, host_dict: dict, pf: Any) -> None:
        self._release(host_dict)
        self._set_failed(self.frames[pf.idx],
                         'The workers that tried it have ended. Nothing is written for it.')

    def on_result(self, host_dict: dict, pf: Any, outcome: Any) -> None:
        frame = self.frames[pf.idx]
        frame.is_processing = False
        self._returned.pop(pf.idx, None)
        picture = self._pictures.pop(pf.idx, None)
        if outcome.kind == CANNOT_WRITE:
            self._stop(UserError(outcome.reason))
            return
        if frame.cfg != pf.cfg:
            return      # the user has changed it meanwhile: it is computed again
        if outcome.kind == FAILED:
            io.log_err(outcome.details)
            self._set_failed(frame, outcome.reason)
            frame.image = _make_black() if picture is None else picture
            return
        self.report.add(frame.frame_info.filepath.name, outcome)
        frame.is_done = True
        frame.image = picture

    def _set_failed(self, frame: Any, reason: str) -> None:
        """Done with, so that the others go on."""
        name = frame.frame_info.filepath.name
        self.report.add_failed(name, reason)
        frame.is_processing = False
        frame.is_done = True
        frame.image = _make_black() if self.is_interactive else None
        if self.output_record is not None:
            self.output_record.add_failed(name, reason)

    def _stop(self, error: UserError) -> None:
        if self.stop_error is None:
            self.stop_error = error
        self.state.is_quitting = True

    def on_tick(self) -> bool:
        for func in (self.predictor_func, self.xseg_256_extract_func, self.face_enhancer_func):
            error = getattr(func, 'user_error', None)
            if error is not None:
                func.user_error = None
                if not self.is_interactive:
                    self._stop(error)
                else:
                    io.log_err(error)
        if self.stop_error is not None:
            return True
        if self.window is None:
            self._pass_done_frames()
        else:
            self._tick_window()
        progress = self.state.take_progress()
        if progress:
            io.progress_bar_inc(progress)
        return self.state.is_finished()

    def _pass_done_frames(self) -> None:
        """All of them at once: a merge that goes on begins with thousands."""
        current = self.state.get_current()
        while current is not None and current.is_done:
            self.state.tick()
            current = self.state.get_current()

    def _tick_window(self) -> None:
        window = self.window
        picture, is_waiting = self.state.view(window.get_picture(), lambda frame: read_outputs(
            frame.output_filepath, frame.output_mask_filepath))
        window.show(picture, is_waiting, self.state.get_current())
        window.apply(self.state.tick(window.take_key(), window.is_main_shown()))

    def run(self) -> Any:
        try:
            return super(InteractiveMergerSubprocessor, self).run()
        except BaseException:
            # An hour of settings must not be lost with the last worker, or by Ctrl+C.
            if self.window is not None:
                self._close_window()
            raise

    def _close_window(self) -> None:
        """Close the window and save the session."""
        self.window.close()
        self.window = None
        session_file.save_session(
            self.merger_session_filepath, self.Frame, self.frames, self.state.frames_idxs,
            self.state.frames_done_idxs, self.model_iter)
        io.log_info('Session is saved to %s' % '/'.join(self.merger_session_filepath.parts[-2:]))

    def on_clients_finalized(self) -> None:
        io.progress_bar_close()
        if self.window is not None:
            self._close_window()
        self.report.tell()
        if self.stop_error is not None:
            raise self.stop_error

    def get_result(self) -> Dict[str, Any]:
        return self.report.get_result()


def _tell_nothing() -> None:
    """For predictors that answer one call after the other."""


def _make_black() -> np.ndarray:
    return np.zeros((480, 640, 4), np.uint8)
