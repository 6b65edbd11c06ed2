"""Saves and backups during a training (spec 20 section 13.3)."""
import time
from typing import Any, Callable, Dict

from core.errors import UserError
from core.interact import interact as io
from models.loss_guard import make_collapse_error

from .preview_state import PreviewState
from .status_file import StatusFile


class TrainingSaves:
    """The part of TrainingLoop that saves; every attribute named here is the loop's."""

    model: Any
    status: StatusFile
    state: PreviewState
    shared_state: Dict[str, Any]
    step_names: Dict[str, Any]
    save_interval_min: float
    last_save_time: float
    is_debug: bool
    is_reached_goal: bool

    def save_by_time(self) -> None:
        interval = self.save_interval_min * 60
        need_save = False
        # a clock that was set back: the next save would be as much later
        self.last_save_time = min(self.last_save_time, time.time())
        while time.time() - self.last_save_time >= interval:
            self.last_save_time += interval
            need_save = True
        self.step_names['need_save'] = need_save
        if need_save and not self.is_reached_goal:
            self.try_to(self.model_save, 'saved')
            self.send_preview()

    def model_save(self) -> bool:
        """Save; False when the model refused because it is not finite."""
        if self.is_debug or self.is_reached_goal:
            return True
        io.log_info('Saving....', end='\r')
        start, backups_made = time.time(), self.model.backups_made
        if self.model.save() is False:      # a plug-in's own save returns nothing
            return False
        self.shared_state['after_save'] = True
        self.status.write('save', iteration=self.model.get_iter(),
                          seconds=round(time.time() - start, 3))
        self.state.report(saved_iter=self.model.get_iter())
        self.report_backup(backups_made)
        return True

    def save_last(self) -> None:
        """The save that ends the training. UserError when the model is not finite: it must not
        look like a good end."""
        if self.model.get_iter() == 0:
            io.log_info('Nothing has been trained yet, so nothing is saved.')
            return
        if not self.model_save():
            raise make_collapse_error('The model is not finite and was not saved at the end.',
                                      self.model.get_model_name())

    def model_backup(self) -> None:
        if not self.is_debug and not self.is_reached_goal:
            backups_made = self.model.backups_made
            self.model.create_backup()
            self.report_backup(backups_made)

    def report_backup(self, made_before: int) -> None:
        if self.model.backups_made > made_before:
            self.status.write('backup', iteration=self.model.get_iter())

    @staticmethod
    def try_to(action: Callable[[], None], done: str) -> None:
        """Run a save or backup that is not the last one: a full disk, or memory that is short for a
        moment, must not end the training."""
        try:
            action()
        except (OSError, UserError, MemoryError) as error:
            io.log_err('NOT %s, training goes on: %s' % (done, str(error) or 'out of memory'))
