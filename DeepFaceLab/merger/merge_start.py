"""The begin of a merge: saved session, pictures that are there already (spec 50 section 9.2)."""
from pathlib import Path
from typing import Any, Optional

from core import pathex
from core.errors import UserError
from core.interact import interact as io
from core.process_options import get_setting

from . import session_file
from .frame_output import is_complete
from .merge_options import EXTENSION
from .merge_questions import DELETE_OUTPUTS, USE_SESSION, ask
from .output_record import OutputRecord, remove_files


class MergeStart:
    """The part of `InteractiveMergerSubprocessor` that runs before its workers do."""

    def _prepare_frames(self, merger_config: Any) -> None:
        extension = get_setting(EXTENSION)
        for idx, frame in enumerate(self.frames):
            frame.idx = idx
            stem = frame.frame_info.filepath.stem
            frame.output_filepath = self.output_path / (stem + extension)
            frame.output_mask_filepath = self.output_mask_path / (stem + '.png')
        if self.is_interactive:
            # from now on frames have settings of their own, which no record tells
            OutputRecord(self.output_path, self.output_mask_path, {}).remove()
            session = self._choose_session()
            if session is not None:
                self._take_session(session)
            else:
                self._offer_deletion()
                self.frames[0].cfg = merger_config.copy()
            return
        for frame in self.frames:
            frame.cfg = merger_config.copy()
        if self.output_record is None:
            for folder in (self.output_path, self.output_mask_path):
                self._delete_pictures(folder)
        else:
            for idx in self.output_record.prepare(self.frames):
                self.frames[idx].is_done = True
                self.report.kept += 1

    def _choose_session(self) -> Optional[session_file.Session]:
        """The saved session, if there is one that the user wants and that fits."""
        path = self.merger_session_filepath
        if not path.exists():
            return None
        io.input_skip_pending()
        if not ask(USE_SESSION):
            return None
        try:
            session = session_file.load_session(path)
            names = [frame.name for frame in session.frames]
            if names != [frame.frame_info.filepath.name for frame in self.frames]:
                raise UserError('%s belongs to other frames than those of %s.' % (
                    path, self.frames_root_path))
        except UserError as error:
            kept = _find_free_name(path)
            path.rename(kept)
            io.log_err('%s\nIt is not used, and kept as %s.' % (error, kept.name))
            return None
        io.log_info('The merge goes on as %s has it.' % '/'.join(path.parts[-2:]))
        return session

    def _take_session(self, session: session_file.Session) -> None:
        """Saved settings, landmarks and positions; what is missing or of another model is computed
        again."""
        rewind = None
        for frame, saved in zip(self.frames, session.frames):
            self._take_frame(frame, saved)
        self.state.frames_idxs = list(session.frames_idxs)
        self.state.frames_done_idxs = list(session.frames_done_idxs)
        if session.model_iter != self.model_iter:
            rewind = -1
            for frame in self.frames:
                frame.is_done = False
        elif not session.frames_idxs:
            rewind = -1
        if session.frames_idxs:
            self.frames[session.frames_idxs[0]].is_shown = False
        for frame in self.frames:
            if not is_complete(frame.output_filepath) or not is_complete(
                    frame.output_mask_filepath):
                frame.is_done = frame.is_shown = False
                rewind = frame.idx - 1 if rewind is None else min(rewind, frame.idx - 1)
        if rewind is not None:
            self.state.rewind(rewind)

    def _complete_settings(self, previous: Any) -> None:
        """Frames that were passed, and the current one, get the settings of the one before where
        a session left them without. Not before the run: what was read is to be seen as it is."""
        for idx in self.state.frames_done_idxs + self.state.frames_idxs[:1]:
            if self.frames[idx].cfg is None:
                self.frames[idx].cfg = previous.copy()
            previous = self.frames[idx].cfg

    @staticmethod
    def _take_frame(frame: Any, saved: session_file.SavedFrame) -> None:
        info = frame.frame_info
        if len(info.landmarks_list) != len(saved.landmarks_list):
            info.__dict__.pop('dfl_images_list', None)      # of the faces found since
        info.landmarks_list = saved.landmarks_list
        info.motion_deg, info.motion_power = saved.motion_deg, saved.motion_power
        frame.cfg = saved.cfg
        frame.is_done = saved.is_done and saved.cfg is not None
        frame.is_shown = saved.is_shown

    def _offer_deletion(self) -> None:
        """An interactive merge begins anew: what to do with pictures that are there."""
        folders = [folder for folder in (self.output_path, self.output_mask_path)
                   if pathex.get_image_paths(folder)]
        if folders:
            io.log_info('There are pictures in %s.' % ' and '.join(map(str, folders)))
            if ask(DELETE_OUTPUTS):
                for folder in folders:
                    self._delete_pictures(folder)

    @staticmethod
    def _delete_pictures(folder: Path) -> None:
        paths = pathex.get_image_paths(folder, return_Path_class=True)
        if paths:
            io.log_info('%s: %d pictures of an earlier merge are deleted.' % (folder, len(paths)))
        remove_files(paths)


def _find_free_name(path: Path) -> Path:
    """`<name>.old`, `<name>.old2`, ... that does not exist yet."""
    number = 1
    while True:
        free = path.with_name('%s.old%s' % (path.name, '' if number == 1 else number))
        if not free.exists():
            return free
        number += 1
