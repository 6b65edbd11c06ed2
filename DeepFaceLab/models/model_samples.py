"""The part of ModelBase that draws samples and shows previews (spec 20 section 8)."""
import os
from inspect import signature
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from core import debug_areas, imagelib
from core.interact import interact as io
from core.options import find_given

from .common_options import FONT_SIZE_MINUS, FORCE_NEW_PREVIEW, get_trainer_option
from .loss_chart import get_loss_history_preview
from .preview_choice import choose_preview_sample
from .preview_history import PreviewHistoryWriter


class SamplesAndPreviews:
    """Generators, the last sample, the fixed sample of the preview history, and its pictures."""

    generator_list: Optional[List[Any]] = None
    last_sample: Any = None
    sample_for_preview: Any = None      # fixed; written to data.dat
    # a list of file names per generator; None when they are not known
    last_sample_filenames: Optional[List[Any]] = None
    sample_for_preview_filenames: Optional[List[Any]] = None
    preview_history_writer: Optional[PreviewHistoryWriter] = None

    def set_training_data_generators(self, generator_list: List[Any]) -> None:
        self.generator_list = generator_list

    def get_training_data_generators(self) -> Optional[List[Any]]:
        return self.generator_list

    def generate_next_samples(self) -> List[Any]:
        """Draw one batch of every generator, `[]` for one without data; kept in `last_sample`.

        The names of the files go to `last_sample_filenames`, a list a generator: our own keep them
        beside the batch, those of MVE yield (batch, file names).
        """
        sample, filenames = [], []
        for generator in self.generator_list:
            batch = generator.generate_next() if generator.is_initialized() else []
            # a generator that does not call its base's constructor has no such attribute
            names: Sequence[str] = getattr(generator, 'last_filenames', [])
            if isinstance(batch, tuple) and len(batch) == 2 and isinstance(batch[0], (list, tuple)):
                batch, names = batch
            sample.append(batch)
            filenames.append(names)
        self.last_sample = sample
        self.last_sample_filenames = filenames
        return sample

    def update_sample_for_preview(self, choose_preview_history: bool = False,
                                  force_new: bool = False) -> None:
        """Make sure there is a sample for the preview history, and that the model can show it."""
        if self.sample_for_preview is None or choose_preview_history or force_new:
            if choose_preview_history and io.is_support_windows():
                self.sample_for_preview = choose_preview_sample(
                    self.generate_next_samples,
                    lambda sample: self.onGetPreview(sample, for_history=True))
                self.sample_for_preview_filenames = self.last_sample_filenames
            else:
                self._draw_sample_for_preview()
        try:
            if not self.is_debug():     # which shows the samples themselves, one of each
                self.get_history_previews()
        except Exception as error:  # noqa: BLE001 a stored sample of another batch size or data format
            io.log_info('The preview sample cannot be shown (%s: %s); a new one is taken.'
                        % (type(error).__name__, error))
            self._draw_sample_for_preview()
        self.last_sample = self.sample_for_preview
        self.last_sample_filenames = self.sample_for_preview_filenames

    def _draw_sample_for_preview(self) -> None:
        self.sample_for_preview = self.generate_next_samples()
        self.sample_for_preview_filenames = self.last_sample_filenames

    def pass_one_iter(self) -> None:
        self.generate_next_samples()

    def get_previews(self) -> List[Tuple[str, np.ndarray]]:
        return self._get_named_previews(self.last_sample, self.last_sample_filenames)

    def get_history_previews(self) -> List[Tuple[str, np.ndarray]]:
        return self._get_named_previews(self.sample_for_preview, self.sample_for_preview_filenames,
                                        for_history=True)

    def _get_named_previews(self, sample: Any, filenames: Optional[List[Any]],
                            **keywords: Any) -> List[Tuple[str, np.ndarray]]:
        """`onGetPreview`, with the names of the files where it takes them (MVE's models do) and
        they are known: those of a sample from data.dat are not."""
        if filenames is not None and 'filenames' in signature(self.onGetPreview).parameters:
            keywords['filenames'] = filenames
        previews = self.onGetPreview(sample, **keywords)
        if debug_areas.is_on('view'):
            for name, image in previews:
                debug_areas.tell('view', '%s: %s', name, debug_areas.ArraysText(image))
        return previews

    def get_preview_history_writer(self) -> PreviewHistoryWriter:
        if self.preview_history_writer is None:
            given = find_given(FONT_SIZE_MINUS)
            if given is not None:       # the writer's process knows the environment only
                os.environ[FONT_SIZE_MINUS.env[0]] = str(given)
            self.preview_history_writer = PreviewHistoryWriter()
        return self.preview_history_writer

    def _post_preview_history(self) -> None:
        items: List[Tuple[np.ndarray, str]] = []
        if io.is_colab():
            for name, image in self.get_previews():
                items.append((image, self.get_strpath_storage_for_file('preview_%s.jpg' % name)))
        if self.write_preview_history:
            for name, image in self.get_history_previews():
                folder = self.preview_history_path / name
                items.append((image, str(folder / ('%07d.jpg' % self.iter))))
                if not io.is_colab():
                    items.append((image, str(folder / '_last.jpg')))
        if items:
            self.get_preview_history_writer().post(items, self.loss_history, self.iter)
            if get_trainer_option(FORCE_NEW_PREVIEW):
                self._draw_sample_for_preview()

    @staticmethod
    def get_loss_history_preview(loss_history: Sequence[Any], iter: int, w: int,
                                 c: int) -> np.ndarray:
        """Loss chart of the history, float (100, w, c) (spec 20 section 9)."""
        return get_loss_history_preview(loss_history, iter, w, c)

    def debug_one_iter(self) -> np.ndarray:
        """First item of every image batch of every generator, tiled, for --debug."""
        images = []
        for generator in self.generator_list:
            for batch in next(generator) if generator.is_initialized() else ():
                if batch.ndim == 4:
                    image = batch[0]
                    is_nchw = image.shape[-1] not in (1, 3, 4) and image.shape[0] in (1, 3, 4)
                    images.append(np.transpose(image, (1, 2, 0)) if is_nchw else image)
        return imagelib.equalize_and_stack_square(images)
