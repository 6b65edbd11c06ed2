"""The loop of the trainer thread: iterations, saves, previews, programs (spec 20 section 13.3)."""
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Dict, List, Optional

import models
from core import persist
from core.errors import UserError
from core.interact import interact as io
from core.joblib.worker_error import WorkerError
from models import effective_config, patch_layer
from samplelib.feed_tuner import FeedTuner

from .preview_state import PreviewState
from .status_file import StatusFile
from .trainer_status import format_status_line, mean_losses
from .training_programs import TrainingPrograms
from .training_saves import TrainingSaves

SAVE_INTERVAL_MIN = 25
GOAL_IDLE_SEC = 0.1         # between two looks at the messages once the target iteration is reached
DEBUG_IDLE_SEC = 0.005
CLOSE_WAIT_SEC = 1.0        # for the request that belongs to a signal which ended the workers


class TrainingLoop(TrainingSaves, TrainingPrograms):
    """One training run. The attributes are the names that `--execute-program` code may use.

    parameters: those of `trainerThread`. trainer_names are the names of the trainer module, which
    programs see too.
    """

    def __init__(self, parameters: Dict[str, Any], trainer_names: Dict[str, Any],
                 save_interval_min: float = SAVE_INTERVAL_MIN, exit_at_target: bool = False,
                 status: Optional[StatusFile] = None,
                 state: Optional[PreviewState] = None) -> None:
        self.parameters = parameters
        self.trainer_names = trainer_names
        self.s2c, self.c2s, self.e = parameters['s2c'], parameters['c2s'], parameters['e']
        self.is_debug = bool(parameters['debug'])
        self.exit_at_target = exit_at_target
        self.status = status or StatusFile(None, 0, 1)
        self.state = PreviewState() if state is None else state
        self.gen_snapshot = bool(parameters['kwargs'].get('gen_snapshot', False))

        self.start_time = time.time()
        self.save_interval_min = save_interval_min
        self.shared_state = {'after_save': False}
        self.feed = FeedTuner(())
        self.loss_string = ''
        self.execute_programs: List[List[Any]] = []
        self.step_names: Dict[str, Any] = {}  # of the last iteration, for programs
        self.i = 0
        self.has_shown = False      # a preview was made

    def run(self) -> None:
        """Train until told to close. Raises what the model raises."""
        if not self.parameters['kwargs'].get('dry_run', False):
            self.make_folders()
        self.model = self.create_model()
        try:
            if self.gen_snapshot:
                self.take_snapshot()
                return
            self.begin()
            while True:
                self.run_programs()
                if not self.is_debug and not self.is_reached_goal:
                    self.train_unless_stopped()
                self.save_by_time()
                if self.i == 0:
                    if self.is_reached_goal:
                        self.model.pass_one_iter()
                    self.send_preview()
                if self.is_debug:
                    time.sleep(DEBUG_IDLE_SEC)
                if not self.answer_messages():
                    break
                if self.is_reached_goal:
                    if self.exit_at_target:
                        break
                    time.sleep(GOAL_IDLE_SEC)
                self.i += 1
            self.status.write('end', reason='target' if self.is_reached_goal else 'stopped',
                              iteration=self.model.get_iter())
        finally:
            self.model.finalize()

    def make_folders(self) -> None:
        for name in ('training_data_src_path', 'training_data_dst_path', 'saved_models_path'):
            persist.make_folder(Path(self.parameters[name]))

    def create_model(self) -> Any:
        p = self.parameters
        model_class = models.import_model(p['model_class_name'])
        return model_class(
            is_training=True, **{
                name: p[name]
                for name in ('saved_models_path', 'training_data_src_path',
                             'training_data_dst_path', 'pretraining_data_path',
                             'pretrained_model_path', 'no_preview', 'force_model_name',
                             'force_gpu_idxs', 'cpu_only', 'silent_start', 'debug')
            }, **p['kwargs'])

    def take_snapshot(self) -> None:
        """`--gen-snapshot`: MVE's models write what they make of every sample; nothing is
        trained."""
        generate = getattr(self.model, 'generate_training_state', None)
        if generate is None:
            raise UserError('Model %s writes no training snapshot.'
                            % self.parameters['model_class_name'],
                            ['leave --gen-snapshot away; some models of the MVE fork have one'])
        generate()

    def begin(self) -> None:
        self.is_reached_goal = self.model.is_reached_iter_goal()
        self.save_iter = self.model.get_iter()
        if self.model.get_target_iter() == 0:
            io.log_info('Starting. Press "Enter" to stop training and save model.')
        elif self.is_reached_goal:
            io.log_info(
                'The model has already been trained to its target iteration. You can use preview.')
        else:
            io.log_info(
                'Starting. Target iteration: %d. Press "Enter" to stop training and save model.'
                % self.model.get_target_iter())
        if not self.is_debug:
            effective_config.log_settings(self.model)
            self.try_to(lambda: effective_config.write_configuration(self.model),
                        'written: the options file')
            self.try_to(lambda: patch_layer.write_record(self.model),
                        'written: the record of the patches')
        self.status.write(
            'start', model=self.model.get_model_name(), iteration=self.model.get_iter(),
            target_iter=self.model.get_target_iter(), batch_size=self.model.get_batch_size(),
            device=self.describe_devices(), pid=os.getpid())
        self.status.begin_iterations(self.model.get_iter())
        self.state.report(
            model_name=str(self.model.get_model_name()), iteration=self.model.get_iter(),
            target_iter=self.model.get_target_iter())
        self.feed = FeedTuner(self.model.get_training_data_generators() or ())
        self.last_save_time = time.time()
        self.execute_programs = [[x[0], x[1], time.time()]
                                 for x in self.parameters['execute_programs'] or []]

    # ---------------------------------------------------------------- one iteration

    def train(self) -> None:
        if self.model.get_iter() == 0:
            io.log_info('\nThe first iteration builds and measures everything: it takes longest, '
                        'and if memory is short it fails here. Lower the batch size or the '
                        'dimensions then.\n')
            if sys.platform.startswith('win'):
                io.log_info(
                    'If training does not get past this point on Windows, switch on '
                    '"Hardware-accelerated GPU scheduling" in the graphics settings and restart.')
        iteration, seconds = self.model.train_one_iter()
        loss_history = self.model.get_loss_history()
        feed_line = self.feed.note_step(seconds)
        if feed_line is not None:
            io.log_info(feed_line)
        self.show_status(iteration, seconds, loss_history)
        self.status.write_iteration(
            iteration, seconds, self.model.loss_names, loss_history[-1],
            self.model.get_batch_size(), device=self.describe_devices(),
            feed_wait=round(self.feed.wait_share, 3),
            next_save_sec=round(max(0.0, self.last_save_time + self.save_interval_min * 60
                                    - time.time()), 1))
        if iteration == 1:
            self.model_save()
        if self.model.get_target_iter() != 0 and self.model.is_reached_iter_goal():
            io.log_info('Reached target iteration.')
            self.save_last()
            self.is_reached_goal = True
            io.log_info('' if self.exit_at_target else 'You can use preview now.')

    def train_unless_stopped(self) -> None:
        """One iteration. A service manager ends all processes of a service at once, the sample
        workers too: what is trained so far is saved then, as the stop asks for."""
        try:
            self.train()
        except WorkerError as error:
            if not self.is_close_asked():
                raise
            io.log_info('The sample workers have been ended too: %s' % error.what)

    def is_close_asked(self) -> bool:
        """Whether the main thread asks to close, or does so within a second: it looks at signals
        ten times a second."""
        deadline = time.monotonic() + CLOSE_WAIT_SEC
        while not any(message['op'] == 'close' for message in list(self.s2c.queue)):
            if time.monotonic() >= deadline:
                return False
            time.sleep(DEBUG_IDLE_SEC)
        return True

    def show_status(self, iteration: int, seconds: float, loss_history: List[List[float]]) -> None:
        clock = time.strftime('%H:%M:%S')
        feed_wait = self.feed.wait_share if self.feed.is_bottleneck() else None
        if self.shared_state['after_save']:
            self.shared_state['after_save'] = False
            losses = mean_losses(loss_history, self.save_iter, iteration)
            self.step_names['mean_loss'] = losses
            self.loss_string = format_status_line(clock, iteration, seconds, losses, feed_wait)
            io.log_info(self.loss_string)
            self.save_iter = iteration
        else:
            losses = loss_history[-1]
            self.loss_string = format_status_line(clock, iteration, seconds, losses, feed_wait)
            if io.is_colab():
                io.log_info('\r' + self.loss_string, end='')
            else:
                io.log_info(self.loss_string, end='\r')
        self.state.report(iteration=iteration, status_line=self.loss_string)
        self.step_names.update({
            'iter': iteration, 'iter_time': seconds, 'loss_history': loss_history,
            'time_str': '[%s]' % clock, 'loss_value': losses[-1] if len(losses) else None
        })

    def answer_messages(self) -> bool:
        """Do what the window asks; False when it asks to close."""
        while not self.s2c.empty():
            op = self.s2c.get()['op']
            if op == 'save':
                self.try_to(self.model_save, 'saved')
            elif op == 'backup':
                self.try_to(self.model_backup, 'backed up')
            elif op == 'preview':
                if self.is_reached_goal:
                    self.model.pass_one_iter()
                self.send_preview()
            elif op == 'close':
                self.state.report(is_closing=True)      # a signal may have asked for it
                self.save_last()
                return False
        return True

    def describe_devices(self) -> str:
        devices = self.model.device_config.devices
        return '; '.join('%d: %s' % (device.index, device.name) for device in devices) or 'CPU'

    def send_preview(self) -> None:
        """Previews for the main thread. After the first ones, some that cannot be made are told: a
        picture must not cost what was trained since a save."""
        try:
            self.put_preview()
            self.has_shown = True
        except Exception as error:  # noqa: BLE001 see above
            if self.is_debug or not self.has_shown:
                raise
            io.log_info(traceback.format_exc())
            io.log_err('The previews cannot be made, training goes on (%s: %s).'
                       % (type(error).__name__, error))
            self.state.report(is_waiting=False)
        self.e.set()

    def put_preview(self) -> None:
        start = time.time()
        if not self.parameters['no_preview']:
            if self.is_debug:
                previews = [('debug, press update for new', self.model.debug_one_iter())]
                self.c2s.put({'op': 'show', 'previews': previews})
            else:
                self.c2s.put({
                    'op': 'show', 'previews': self.model.get_previews(),
                    'iter': self.model.get_iter(),
                    'loss_history': self.model.get_loss_history().copy()
                })
                self.status.write('preview', iteration=self.model.get_iter(),
                                  seconds=round(time.time() - start, 3))
