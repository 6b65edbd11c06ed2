"""The part of ModelBase that saves and backs up (spec 20 section 11)."""
import time
from pathlib import Path

import numpy as np

from core.cv2ex import cv2_imwrite
from core.interact import interact as io

from . import backups, model_store


class SavingAndBackups:
    """One save is one generation of files; backups are copies of what was saved."""

    _non_finite_iters = 0       # consecutive iterations with a loss that is not finite
    is_reset = False            # iterations are counted from 0 again, on trained weights

    def save(self) -> None:
        """Write summary, weights and data.dat as one generation, then back up if it is time.

        With a loss or a weight that is not finite nothing is written: the last good state stays.
        """
        if self.is_reset and self.iter == 0:
            # data.dat with iteration 0 would be read as that of a model without weights
            io.log_info('Not saved: nothing has been trained since the reset.')
            return
        if self._non_finite_iters != 0:
            io.log_err('NOT saved: the losses are not finite. The files keep the last good save.')
            return
        if model_store.save_generation(self):
            self._backup_if_due()

    def _backup_if_due(self) -> None:
        if self.autobackup_hour == 0 or not self.is_training:
            return
        hours = int((time.time() - self.autobackup_start_time) // 3600)
        if hours >= self.autobackup_hour:
            # stay on the original beat, however many intervals went by
            beats = hours // self.autobackup_hour
            self.autobackup_start_time += beats * self.autobackup_hour * 3600
            self.create_backup()

    def create_backup(self) -> None:
        """Copy the saved files into a new backup, `01` of `<model>_autobackups` (spec 20 section
        11)."""
        io.log_info('Creating backup...')
        files = [self._find_saved_file(filename) for _, filename in self.get_model_filename_list()]
        files += [Path(self.get_summary_path()), self.model_data_path]
        new = backups.write_new_backup(self.autobackups_path, files, self._write_backup_previews)
        if 'maximum_n_backups' in self.options:
            backups.add_dated_backup(self.autobackups_path, new,
                                     int(self.options['maximum_n_backups']),
                                     str(self.options.get('session_name', '')))
        else:
            backups.rotate_backups(self.autobackups_path, new)

    def _write_backup_previews(self, folder: Path) -> None:
        for name, image in self.get_previews():
            cv2_imwrite(str(folder / ('preview_%s.jpg' % name)),
                        np.clip(image * 255, 0, 255).astype(np.uint8))

    def _find_saved_file(self, filename: str) -> Path:
        """Path of a saved part. XSeg's wrapper saves without the model's name in front."""
        path = Path(self.get_strpath_storage_for_file(filename))
        bare = self.saved_models_path / filename
        return bare if not path.exists() and bare.exists() else path
