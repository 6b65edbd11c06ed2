"""The part of ModelBase that saves and backs up (spec 20 section 11)."""
import time
from pathlib import Path
from typing import Dict

from core import persist
from core.cv2ex import cv2_encode
from core.errors import UserError
from core.imagelib.common import to_uint8
from core.interact import interact as io

from . import backups, model_store


class SavingAndBackups:
    """One save is one generation of files; backups are copies of what was saved."""

    backups_made = 0            # in this run
    is_save_refused = False     # whether the last save was: something was not finite
    is_reset = False            # iterations are counted from 0 again, on trained weights

    def save(self) -> bool:
        """Write summary, weights and data.dat as one generation, then back up if it is time.

        With a loss or a weight that is not finite nothing is written: the last good state stays,
        and the result is False.
        """
        if self.is_reset and self.iter == 0:
            # data.dat with iteration 0 would be read as that of a model without weights
            io.log_info('Not saved: nothing has been trained since the reset.')
            return False
        if not self.loss_guard.is_finite:
            self.is_save_refused = True
            io.log_err('NOT saved: %s is not finite. The files keep the last good save.'
                       % ', '.join(self.loss_guard.bad_names))
            return False
        self.is_save_refused = not model_store.save_generation(self)
        if not self.is_save_refused:
            self._backup_if_due()
        return not self.is_save_refused

    def _backup_if_due(self) -> None:
        if self.autobackup_hour == 0 or not self.is_training:
            return
        now = time.time()
        # a clock that was set back: the next backup would be as much later
        self.autobackup_start_time = min(self.autobackup_start_time, now)
        hours = int((now - self.autobackup_start_time) // 3600)
        if hours >= self.autobackup_hour:
            try:
                self.create_backup()
            except (OSError, UserError) as error:   # the save, of which this is the end, is good
                io.log_err('The model is saved, but NOT backed up; the next save tries again: %s'
                           % error)
                return
            # stay on the original beat, however many intervals went by
            beats = hours // self.autobackup_hour
            self.autobackup_start_time += beats * self.autobackup_hour * 3600

    def create_backup(self) -> None:
        """Copy the saved files into a new backup, `01` of `<model>_autobackups` (spec 20 section
        11).

        Not while the model is not finite: the files have not changed since the last backup, and
        every copy of them would push an older backup out.
        """
        if self.is_save_refused or not self.loss_guard.is_finite:
            io.log_err('NOT backed up: the model is not finite, and its files are those of the '
                       'last good save.')
            return
        io.log_info('Creating backup...')
        root, name = self.autobackups_path, self.get_model_name()
        # of a save that failed half-way (a file was held) there are files of two iterations
        persist.recover_generation(self.saved_models_path, name)
        backups.finish_interrupted(root, name, self._put_backup_in_place)
        files = [self.find_saved_file(filename) for _, filename in self.get_model_filename_list()]
        files += [Path(self.get_summary_path()), self.model_data_path]
        record = persist.read_manifest_or_empty(self.saved_models_path, name)
        self._put_backup_in_place(backups.write_new_backup(
            root, name, files, self._encode_backup_previews(), record.get('info', {})))
        self.backups_made += 1

    def _put_backup_in_place(self, new: Path) -> Path:
        if 'maximum_n_backups' in self.options:
            return backups.add_dated_backup(self.autobackups_path, new,
                                            int(self.options['maximum_n_backups']),
                                            str(self.options.get('session_name', '')))
        return backups.rotate_backups(self.autobackups_path, new)

    def _encode_backup_previews(self) -> Dict[str, bytes]:
        """File name -> JPEG of every preview."""
        try:
            return {'preview_%s.jpg' % name: cv2_encode('.jpg', to_uint8(image))
                    for name, image in self.get_previews()}
        except Exception as error:  # noqa: BLE001 a picture must not cost what was trained since a save
            io.log_err('The backup has no previews: they cannot be made (%s: %s).'
                       % (type(error).__name__, error))
            return {}

    def find_saved_file(self, filename: str) -> Path:
        """Path of a saved part. XSeg's wrapper saves without the model's name in front."""
        path = Path(self.get_strpath_storage_for_file(filename))
        bare = self.saved_models_path / filename
        return bare if not path.exists() and bare.exists() else path
