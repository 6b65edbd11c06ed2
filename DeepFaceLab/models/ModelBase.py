"""ModelBase: the life of a model around its graph (spec 20; names and orders are interface of
plug-ins)."""
import os
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np

from core import debug_areas, persist
from core.cv2ex import cv2_imread, cv2_imwrite, cv2_resize  # names of this module too: plug-ins
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from core.options import find_given

from . import effective_config, model_files, model_generations, model_store, patch_layer
from .common.placement import Placement
from .common_options import (FORCE_MODEL_NAME, FORCE_NEW_PREVIEW, RESET_TRAINING, SILENT_START,
                             CommonOptionQuestions, get_trainer_option)
from .device_choice import choose_device
from .fork_api import take_fork_keywords
from .loss_guard import LossGuard
from .model_samples import SamplesAndPreviews
from .model_saving import SavingAndBackups
from .preview_history import PreviewHistoryWriter
from .summary import build_summary_text

__all__ = [
    'DryRunFinished', 'ModelBase', 'PreviewHistoryWriter', 'cv2_imread', 'cv2_imwrite', 'cv2_resize'
]


class DryRunFinished(Exception):
    """Raised by the constructor with `dry_run` once the options are known and shown: nothing is
    written, no session is opened, no worker is started."""


class ModelBase(SamplesAndPreviews, SavingAndBackups, CommonOptionQuestions):
    """Base class of all models. Derived classes override `on_initialize_options`, `on_initialize`,
    `onSave`, `onTrainOneIter`, `onGetPreview`, `get_model_filename_list`, `get_MergerConfig` and,
    where they like, `should_save_preview_history` and `get_model_name` (spec 20 section 2.4).

    Arguments: is_training builds generators, history and backups; is_exporting is for `export_dfm`;
    paths are `pathlib.Path`; force_gpu_idxs a list of ints or text as '0,1', None or empty asks;
    silent_start opens the latest model on the best GPU, unless cpu_only or force_gpu_idxs say
    otherwise; dry_run=True shows the configuration and stops when the options are known, a function
    in its place is called with the model instead; read_only=True opens a trained model to look at
    it: no file or folder is made, finished or replaced, and nobody is asked for settings anew;
    restore_last_good=True first goes back to the newest save that is whole and finite; of the
    other keywords those of `take_fork_keywords` have a meaning.

    Raises UserError for a file that cannot be read: nothing is ever re-initialised in its place.
    """

    # Whether the training graph holds the number of samples: a plan for another builds another.
    is_batch_in_graph = False

    def __init__(self, is_training: bool = False,
                 is_exporting: bool = False,
                 saved_models_path: Optional[Path] = None,
                 training_data_src_path: Optional[Path] = None,
                 training_data_dst_path: Optional[Path] = None,
                 pretraining_data_path: Optional[Path] = None,
                 pretrained_model_path: Optional[Path] = None,
                 no_preview: bool = False,
                 force_model_name: Optional[str] = None,
                 force_gpu_idxs: Union[None, str, Sequence[int]] = None,
                 cpu_only: bool = False,
                 debug: bool = False,
                 force_model_class_name: Optional[str] = None,
                 silent_start: bool = False,
                 **kwargs: Any) -> None:
        self.is_training = is_training
        self.is_exporting = is_exporting
        self.saved_models_path = saved_models_path
        self.training_data_src_path = training_data_src_path
        self.training_data_dst_path = training_data_dst_path
        self.pretraining_data_path = pretraining_data_path
        self.pretrained_model_path = pretrained_model_path
        self.no_preview = no_preview
        self.debug = debug

        take_fork_keywords(self, kwargs)

        self.iter = 0
        self.options: Dict[str, Any] = {}
        self.options_show_override: Dict[str, Any] = {}
        self.loss_history: List[List[float]] = []
        self.sample_for_preview: Any = None
        self.choosed_gpu_indexes = None  # written to data.dat for older versions, otherwise unused
        self.generator_list: Optional[List[Any]] = None
        self.last_sample: Any = None
        self.preview_history_writer: Optional[PreviewHistoryWriter] = None
        self.choose_preview_history = False
        self.loss_names: List[str] = []     # of the last iteration, as in loss_history
        self.saved_options: Dict[str, Any] = {}     # as data.dat held them
        self.loss_guard = LossGuard()
        self.placement: Optional[Placement] = None      # by which the training graph was built
        is_dry_run = bool(kwargs.get('dry_run', False))
        self.is_read_only = bool(kwargs.get('read_only', False))
        may_write = not is_dry_run and not self.is_read_only
        silent_start = silent_start or get_trainer_option(SILENT_START)

        self.model_class_name = self._get_class_name()
        self.model_name = self._choose_name(force_model_class_name, force_model_name, silent_start,
                                            may_write=may_write)
        if may_write:
            model_generations.prepare_load(self.saved_models_path, self.get_model_name(),
                                           kwargs.get('restore_last_good', False))
        self._load_data()
        if self.is_training and get_trainer_option(RESET_TRAINING):
            self._reset_training()
        # before TensorFlow is imported: some patches need its environment
        self.patches = patch_layer.choose_patches(self)
        self.device_config = choose_device(cpu_only, force_gpu_idxs, silent_start)
        (nn.prepare if is_dry_run else nn.initialize)(self.device_config)

        self.default_options_path = self.saved_models_path / (self.model_class_name
                                                              + '_default_options.dat')
        self.default_options = model_store.load_default_options(self.default_options_path)
        self.batch_size = self.load_or_def_option('batch_size', 1)
        io.input_skip_pending()
        if self.is_training:
            self.check_given_keys()
        self.on_initialize_options()
        if self.is_training:
            self.apply_given_options()
            self.patches = patch_layer.offer_patches(self)
        if self.is_first_run() and may_write:
            persist.write_bytes(self.default_options_path,
                                persist.dumps(model_store.to_plain(self.options)))

        self.autobackup_hour = self.options.get('autobackup_hour', 0)
        self.write_preview_history = self.options.get('write_preview_history', False)
        self.target_iter = self.options.get('target_iter', 0)
        self.random_flip = self.options.get('random_flip', True)
        self.random_src_flip = self.options.get('random_src_flip', False)
        self.random_dst_flip = self.options.get('random_dst_flip', True)

        if is_dry_run:
            show = kwargs['dry_run']
            (show if callable(show) else effective_config.show_dry_run)(self)
            raise DryRunFinished()
        patch_layer.apply_patches(self.patches)
        self.on_initialize()
        self.options['batch_size'] = self.batch_size
        if self.is_training:
            self._start_training()
        io.log_info(self.get_summary_text())

    # ---------------------------------------------------------------- construction

    def _get_class_name(self) -> str:
        """`SAEHD` for a class defined in the folder `Model_SAEHD`: the piece after the last
        underscore."""
        module = sys.modules[type(self).__module__]
        # the folder's own name also where it is a link
        return Path(os.path.abspath(module.__file__)).parent.name.rsplit('_', 1)[-1]

    def _choose_name(self, force_class_name: Optional[str], force_name: Optional[str],
                     silent: bool, may_write: bool) -> str:
        if force_class_name is not None:
            return force_class_name
        if force_name is None:
            force_name = find_given(FORCE_MODEL_NAME)
        if force_name is None:
            force_name = model_files.choose_model_name(
                self.saved_models_path, self.model_class_name, silent, may_write)
        model_files.check_name(force_name)
        return '%s_%s' % (force_name, self.model_class_name)

    def _load_data(self) -> None:
        """Take over `<model>_data.dat`; with iteration 0 in it everything starts anew (spec 20
        section 2.3)."""
        self.model_data_path = Path(self.get_strpath_storage_for_file(model_files.DATA_SUFFIX))
        if self.model_data_path.exists():
            io.log_info('Loading %s model...' % self.model_name)
            data = model_store.load_model_data(self.model_data_path)
            self.iter = data['iter']
            if self.iter != 0:
                self.options = data['options']
                self.saved_options = dict(data['options'])
                self.loss_history = data['loss_history']
                self.sample_for_preview = data['sample_for_preview']
                self.choosed_gpu_indexes = data['choosed_gpu_indexes']
        if self.is_first_run():
            if not self.is_training or self.is_read_only:
                names = model_files.list_saved_models(
                    self.saved_models_path, self.model_class_name, may_write=False)
                raise UserError(
                    'There is no trained model %s in %s.' %
                    (self.model_name, self.saved_models_path),
                    ['models of this kind there: %s' % (', '.join(names) or 'none'),
                     'train it first', 'check the model folder and the name of the model'])
            io.log_info('\nModel first run.')
            self._warn_of_old_weights()

    def _reset_training(self) -> None:
        """Iteration 0 and no losses, but no first run: the weights are loaded (MVE)."""
        if self.is_first_run():
            io.log_info('There is nothing to reset: this model has not been trained.')
            return
        io.log_info('Reset: iteration %d becomes 0, the weights stay.' % self.iter)
        self.set_iter(0)
        self.is_reset = True

    def _warn_of_old_weights(self) -> None:
        """A first run initialises every part; files without their data.dat would be lost."""
        if not self.saved_models_path.is_dir():
            return
        prefix = self.get_model_name() + '_'
        found = sorted(path.name for path in self.saved_models_path.iterdir()
                       if path.name.startswith(prefix) and path.suffix == '.npy')
        if found:
            io.log_err('%s is missing or says iteration 0, so the model begins anew. The first '
                       'save replaces %s and others: stop now to keep them, and restore the '
                       'missing file from a backup.' % (self.model_data_path.name, found[0]))

    def _start_training(self) -> None:
        self.preview_history_path = self.saved_models_path / (self.get_model_name() + '_history')
        self.autobackups_path = self.saved_models_path / (self.get_model_name() + '_autobackups')
        if (self.write_preview_history or io.is_colab()) and not self.is_read_only:
            persist.make_folder(self.preview_history_path)
        from samplelib import SampleGeneratorBase
        if self.generator_list is None:
            raise ValueError('The model gave no sample generators (set_training_data_generators).')
        for generator in self.generator_list:
            if not isinstance(generator, SampleGeneratorBase):
                raise ValueError('%r is not a subclass of SampleGeneratorBase.' % (generator,))
        self.update_sample_for_preview(choose_preview_history=self.choose_preview_history,
                                       force_new=get_trainer_option(FORCE_NEW_PREVIEW))
        if self.autobackup_hour != 0 and not self.is_read_only:
            self.autobackup_start_time = time.time()
            persist.make_folder(self.autobackups_path)

    # ---------------------------------------------------------------- to be overridden

    def on_initialize_options(self) -> None:
        """Ask for the options."""

    def on_initialize(self) -> None:
        """Build the graph, load or initialise the weights, create the sample generators."""

    def plan_placement(self) -> Optional[Placement]:
        """Where training puts what, from the answered options; None: the model does not tell."""
        return None

    def build_training_step(self, placement: Placement) -> Dict[str, Sequence[Any]]:
        """Build the training graph in the default graph, nothing else: no weight is loaded, no
        session used. {name: what it fetches} of each `session.run` of a step. For models that
        plan a placement."""
        raise UserError('The model %s does not build its graph by itself.' % self.model_name)

    def list_memory_levers(self) -> Sequence[Tuple[str, Dict[str, Any], bool]]:
        """(text, changes of options, whether only a new model can have them) of options that would
        spare memory."""
        return ()

    def get_resolution_grid(self) -> Optional[Tuple[int, int, int]]:
        """(lowest, highest, step) of the option `resolution`; None: the model has none."""
        return None

    def onSave(self) -> None:
        """Save every part; inside `save` the files become visible together, at its end."""

    def onTrainOneIter(self, sample: Any = None,
                       generator_list: Any = None) -> Iterable[Tuple[str, float]]:
        """One training step; return (name, loss) pairs. Called without arguments."""
        raise NotImplementedError('%s cannot train.' % type(self).__name__)

    def onGetPreview(self, sample: Any, for_history: bool = False) -> List[Tuple[str, np.ndarray]]:
        """Return (name, image) pairs; image float HxWxC, BGR or grey, 0..1."""
        return []

    def get_model_name(self) -> str:
        return self.model_name

    def get_model_filename_list(self) -> Sequence[Any]:
        """Return [saveable, filename] pairs in the order of saving."""
        return []

    def get_MergerConfig(self) -> Tuple[Any, Tuple[int, int, int], Any]:
        """Return (predictor_func, (height, width, channels), merger.MergerConfig)."""
        raise NotImplementedError('%s cannot be used for merging.' % type(self).__name__)

    def should_save_preview_history(self) -> bool:
        return self.iter % self.get_preview_period(100 if io.is_colab() else 10) == 0

    # ---------------------------------------------------------------- training

    def train_one_iter(self) -> Tuple[int, float]:
        """One iteration; return (iterations done, seconds of the training step).

        Raises UserError after so many iterations in a row with a loss that is not finite as the
        option non_finite_limit says; the files keep the last good state (see `save`).
        """
        start = time.time()
        losses = list(self.onTrainOneIter())
        seconds = time.time() - start
        self.loss_history.append([float(value) for _, value in losses])
        self.loss_names = [name for name, _ in losses]
        debug_areas.tell('train', 'iteration %d: %s in %.3f s', self.iter + 1,
                         list(zip(self.loss_names, self.loss_history[-1])), seconds)
        for notice in self.loss_guard.check(self.iter + 1, self.loss_names, self.loss_history[-1]):
            io.log_err(notice)
        error = self.loss_guard.get_error(self.get_model_name())
        if error is not None:
            raise error
        if self.should_save_preview_history():
            self._post_preview_history()
        self.iter += 1
        return self.iter, seconds

    def finalize(self) -> None:
        """Close what runs beside the model: the history writer, the sample workers, the session."""
        if self.preview_history_writer is not None:
            self.preview_history_writer.close()
            self.preview_history_writer = None
        for generator in self.generator_list or ():
            generator.close()
        nn.close_session()
        patch_layer.remove_patches(self.patches)

    # ---------------------------------------------------------------- plain accessors

    def get_pretraining_data_path(self) -> Optional[Path]:
        return self.pretraining_data_path

    def get_target_iter(self) -> int:
        return self.target_iter

    def is_reached_iter_goal(self) -> bool:
        return self.target_iter != 0 and self.iter >= self.target_iter

    def is_first_run(self) -> bool:
        """Whether every part is to be initialised: nothing has been trained and saved before."""
        return self.iter == 0 and not self.is_reset

    def is_debug(self) -> bool:
        return self.debug

    def set_batch_size(self, batch_size: int) -> None:
        self.batch_size = batch_size

    def get_batch_size(self) -> int:
        return self.batch_size

    def get_iter(self) -> int:
        return self.iter

    def set_iter(self, iter: int) -> None:
        """Set the iteration counter and cut the loss history to that length."""
        self.iter = iter
        self.loss_history = self.loss_history[:iter]

    def get_loss_history(self) -> List[List[float]]:
        return self.loss_history

    def get_model_root_path(self) -> Path:
        return self.saved_models_path

    def get_strpath_storage_for_file(self, filename: str) -> str:
        return str(self.saved_models_path / ('%s_%s' % (self.get_model_name(), filename)))

    def get_summary_path(self) -> str:
        return self.get_strpath_storage_for_file('summary.txt')

    def get_summary_text(self) -> str:
        shown = dict(self.options_show_override)
        if self.patches.names:
            shown['patches'] = ', '.join(self.patches.names)
        return build_summary_text(self.get_model_name(), self.iter, self.options, shown,
                                  self.device_config.devices)
