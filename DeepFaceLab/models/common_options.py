"""Options that all models share, and the questions for them (spec 20 section 7).

`COMMON_OPTIONS` is their only declaration; `CommonOptionQuestions` is the part of ModelBase that
asks.
"""
import copy
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from core import options
from core.interact import interact as io
from core.options import Option
from core.process_options import PROCESS_OPTIONS, Switch

AUTOBACKUP_HOUR = Option(
    'autobackup_hour', 'int', 0, 'Hours between automatic backups (0..24)', limits=(0, None),
    show_limits=False,
    help='The saved files and previews are copied into a folder of backups every so many hours; '
         '0 never. The 24 newest are kept.')
WRITE_PREVIEW_HISTORY = Option(
    'write_preview_history', 'bool', False, 'Write a preview history',
    help='Previews of one sample are written as pictures over time, into <model>_history.')
CHOOSE_PREVIEW_HISTORY = Option(
    'choose_preview_history', 'bool', False, 'Choose the sample of the preview history',
    help='Pick the faces in a window; where there is none, new ones are drawn.',
    condition='write_preview_history is answered with y')
TARGET_ITER = Option(
    'target_iter', 'int', 0, 'Target iteration', limits=(0, None), show_limits=False,
    help='Training stops here after a save; 0 goes on for ever.')
RANDOM_FLIP = Option(
    'random_flip', 'bool', True, 'Flip faces randomly',
    help='Faces are mirrored at random; kept for older models.')
RANDOM_SRC_FLIP = Option(
    'random_src_flip', 'bool', False, 'Flip SRC faces randomly',
    help='Mirror source faces at random: more angles covered, sides of the face mixed up.')
RANDOM_DST_FLIP = Option(
    'random_dst_flip', 'bool', True, 'Flip DST faces randomly',
    help='Mirror destination faces at random: src to dst learns better when src has few angles.')
BATCH_SIZE = Option(
    'batch_size', 'int', None, 'Batch_size', limits=(0, None), show_limits=False,
    help='Samples a step. More generalise better and need more memory.')

# of MVE's plug-ins (spec 82 section A)
SESSION_NAME = Option('session_name', 'str', '', 'Session name',
                      help='Shown in the summary and in the names of backup folders.')
MAXIMUM_N_BACKUPS = Option('maximum_n_backups', 'int', 24, 'Maximum number of backups',
                           help='The oldest are deleted; 0 keeps all.')
RETRAINING_SAMPLES = Option(
    'retraining_samples', 'bool', False, 'Retrain samples with a high loss',
    help='Now and then a step is made with the samples that had the highest losses.')

COMMON_OPTIONS = [
    AUTOBACKUP_HOUR, WRITE_PREVIEW_HISTORY, CHOOSE_PREVIEW_HISTORY, TARGET_ITER, RANDOM_FLIP,
    RANDOM_SRC_FLIP, RANDOM_DST_FLIP, BATCH_SIZE
]
FORK_OPTIONS = [SESSION_NAME, MAXIMUM_N_BACKUPS, RETRAINING_SAMPLES]

# What the base class does for every model, so a flag may set it for a model that does not ask.
BASE_FEATURES = ('autobackup_hour', 'write_preview_history', 'target_iter')

# Never asked: flag, answers file or environment only (names of SAEHDBW: spec 60 section 17.1).
SAVE_INTERVAL_MIN = Option('save_interval_min', 'int', 25, 'Minutes between saves',
                           limits=(1, 10000), env=('user_dfl_save_interval_min', ))
PREVIEW_PERIOD = Option('preview_period', 'int', None,
                        'Iterations between pictures of the preview history', limits=(1, 10**9),
                        env=('preview_period', ), help="The model's own rule when not given.")
PREVIEW_PERIOD_COLAB = Option('preview_period_colab', 'int', None, 'The same on Colab',
                              limits=(1, 10**9), env=('preview_period_colab', ))
FORCE_NEW_PREVIEW = Switch(
    'force_new_preview', False,
    'Draw new faces for the preview at the start and after every picture', '',
    env=('user_force_new_preview', ))
FONT_SIZE_MINUS = Option(
    'font_size_minus_for_iter', 'int', 2, 'Pixels by which the text of the loss chart is smaller '
    'than its line', limits=(0, 15), env=('font_size_minus_for_iter', ))
EXIT_AT_TARGET = Option(
    'exit_at_target', 'bool', False, 'End the program when the target iteration is reached',
    help='Otherwise it stays to show previews until it is closed.')
NON_FINITE_LIMIT = Option(
    'non_finite_limit', 'int', 10, 'Iterations that may not be finite', limits=(1, None),
    help='Training ends, with exit code 1, after so many iterations in a row with a loss that is '
         'not finite. The files keep the last good save.')
LOSS_JUMP_FACTOR = Option(
    'loss_jump_factor', 'float', 10.0, 'Times the recent median at which a loss is reported',
    limits=(0, None),
    help='A loss of more than so many times the median of the last 100 iterations is reported, '
         'once for each jump; nothing else happens. 0 never.')
STATUS_FILE = Option(
    'status_file', 'str', '', 'File that tells other programs how the training goes',
    help='How the training goes, for other programs: one JSON object a line. As --status-file.')
STATUS_INTERVAL_SEC = Option(
    'status_interval_sec', 'float', 1.0, 'Seconds between two iterations in the status file',
    limits=(0, None),
    help='The status file gets at most one iteration in so many seconds, every other event at '
         'once. 0 writes every iteration.')
STATUS_FILE_MB = Option(
    'status_file_mb', 'float', 16.0, 'Size in MB at which the status file is begun anew',
    limits=(0.01, None),
    help='Before the status file exceeds so many MB it becomes PATH.1, in place of the one '
         'before.')
WEB = Option(
    'web', 'bool', False, 'Page that shows and steers the training in a browser',
    help='As --web. Its address, with a secret token, is printed when training begins; it needs '
         'bottle (requirements-web.txt).')
WEB_PORT = Option(
    'web_port', 'int', 8080, 'Port of the page', limits=(0, 65535), help='0 takes a free one.')
WEB_HOST = Option(
    'web_host', 'str', '127.0.0.1', 'Address at which the page listens',
    help='The default is reached from this machine only, so also through a tunnel (ssh -L). '
         '0.0.0.0 listens everywhere; nothing is encrypted then.')
WEB_NAMES = Option(
    'web_names', 'str', '', 'Other names of this machine in addresses of the page',
    help='Names with commas between them. The page answers only where it is called localhost, '
         'web_host or one of these; where it listens to other machines also by any IP address.')
KEEP_PREVIOUS = Option(
    'keep_previous', 'int', 1, 'Earlier saves to keep', limits=(0, 24),
    help='They stay in <model>_previous, so that a damaged save costs one save interval only. '
         'Each takes the disk space of the model once more, and while a save is written there is '
         'one more of them; no memory, and no time to write. 0 keeps none.')
RESET_TRAINING = Option(
    'reset_training', 'bool', False,
    'Begin with iteration 0 and an empty loss chart, with the weights that are there',
    help='The iterations and the loss chart of a saved model begin anew; its weights and options '
         'stay. For one start: leave it away at the next.')
PATCHES = Option(
    'patches', 'str', None, 'Patches of the graph',
    help='Names with commas between them, as --patch. A saved model goes on with those that it '
         'was trained with last, unless they are given; none goes without.')
PLAN_MEMORY = Switch(
    'plan_memory', True, 'Plan the memory in a dry run',
    help='--dry-run also tells what a step takes of each device, what is the largest that fits, '
         'and what would spare memory: graphs are built for it, which takes half a minute and '
         'more.')
TRAINER_OPTIONS = [
    SAVE_INTERVAL_MIN, KEEP_PREVIOUS, PREVIEW_PERIOD, PREVIEW_PERIOD_COLAB, FORCE_NEW_PREVIEW,
    FONT_SIZE_MINUS, EXIT_AT_TARGET, NON_FINITE_LIMIT, LOSS_JUMP_FACTOR, STATUS_FILE,
    STATUS_INTERVAL_SEC, STATUS_FILE_MB, WEB, WEB_PORT, WEB_HOST, WEB_NAMES, RESET_TRAINING,
    PATCHES, PLAN_MEMORY
]

# Which model and how it is opened: answers to questions that are no options of the model itself.
FORCE_MODEL_NAME = Option(
    'force_model_name', 'str', None, 'Name of the model to open or to begin',
    help='As --force-model-name.')
FORCE_GPU_IDXS = Option(
    'force_gpu_idxs', 'str', None, 'GPUs to compute on', help='As --force-gpu-idxs: 0,1')
CPU_ONLY = Option('cpu_only', 'bool', False, 'Compute on the CPU', help='As --cpu-only.')
CHANGE_SETTINGS = Option(
    'change_settings', 'bool', None, 'Ask for the settings of a saved model again',
    help='y asks for the settings of a saved model again, n does not wait the 2 seconds in which '
         'Enter does that. Given values count either way.')
SILENT_START = Switch(
    'silent_start', False, 'Open the latest model on the best GPU without asking',
    help='As --silent-start.', env=('default_silent_start', ))
# Asked behind all questions of the model, and kept where patches are: not among its options.
LEAN_UPDATES = Option(
    'lean_updates', 'bool', False, 'Lean updates',
    condition='first run only, where patches are not given',
    help='The patch lean_updates: weights are updated one after the other, which needs less '
         'memory, and no update runs ahead of what still reads its weight.')
START_OPTIONS = [FORCE_MODEL_NAME, FORCE_GPU_IDXS, CPU_ONLY, SILENT_START, CHANGE_SETTINGS,
                 LEAN_UPDATES]

# Not by a model's questions, so a key that only these know is no mistake.
LOOKED_AT_LATER = TRAINER_OPTIONS + START_OPTIONS + list(PROCESS_OPTIONS)

OVERRIDE_SEC = 2
OVERRIDE_SEC_COLAB = 5


def get_trainer_option(option: Option) -> Any:
    """Value of an option that is never asked: given from outside, or the built-in default."""
    given = options.find_given(option)
    return option.default if given is None else given


class CommonOptionQuestions:
    """The `ask_*` helpers of ModelBase. Every answer goes to `self.options[key]`."""

    model_class_name = 'This model'
    # Every option that the model asks for beside the common ones, or None where nobody listed them
    # (community models): a misspelt key can then be told only after the questions.
    declared_options: Optional[Sequence[Option]] = None
    options: Dict[str, Any] = None
    default_options: Dict[str, Any] = None
    is_reset = False
    is_read_only = False
    batch_size = 1
    batch_size_range: Optional[Sequence[int]] = None    # (lowest, highest) of this model
    choose_preview_history = False

    def load_or_def_option(self, name: str, def_value: Any) -> Any:
        """The saved value, else that of the default-options file, else `def_value`; None counts as
        absent."""
        value = self.options.get(name)
        if value is None:
            value = self.default_options.get(name)
        return def_value if value is None else value

    def ask_override(self) -> bool:
        """True if the user presses Enter within 2 s at the start of a resumed training (Colab: 5
        s); `change_settings` answers beforehand."""
        if not self.is_training or self.is_read_only or (self.iter == 0 and not self.is_reset):
            return False
        given = options.find_given(CHANGE_SETTINGS)
        if given is not None:
            return given
        seconds = OVERRIDE_SEC_COLAB if io.is_colab() else OVERRIDE_SEC
        return io.input_in_time(
            'Press Enter within %d seconds to change the settings of this model.' % seconds,
            seconds)

    def _ask(self, option: Option, default_value: Any = None) -> Any:
        default = self.load_or_def_option(
            option.key, option.default if default_value is None else default_value)
        if isinstance(default, np.generic):     # of an older version's file
            default = default.item()
        self.options[option.key] = options.ask(option, io, default)
        return self.options[option.key]

    def ask_autobackup_hour(self, default_value: int = 0) -> None:
        self._ask(AUTOBACKUP_HOUR, default_value)

    def ask_write_preview_history(self, default_value: bool = False) -> None:
        """Asks whether, and then whether to choose the sample: `choose_preview_history`, not
        stored."""
        if not self._ask(WRITE_PREVIEW_HISTORY, default_value):
            return
        # who answers the first question from outside is not there to answer the second
        if options.is_given(WRITE_PREVIEW_HISTORY) and not options.is_given(CHOOSE_PREVIEW_HISTORY):
            return
        self.choose_preview_history = options.ask(CHOOSE_PREVIEW_HISTORY, io, False)

    def ask_target_iter(self, default_value: int = 0) -> None:
        self._ask(TARGET_ITER, default_value)

    def ask_random_flip(self) -> None:
        self._ask(RANDOM_FLIP)

    def ask_random_src_flip(self) -> None:
        self._ask(RANDOM_SRC_FLIP)

    def ask_random_dst_flip(self) -> None:
        self._ask(RANDOM_DST_FLIP)

    def ask_batch_size(self, suggest_batch_size: Optional[int] = None,
                       range: Optional[Sequence[int]] = None) -> None:
        """Default: the stored value, else `suggest_batch_size`; clamped to `range` = (lowest,
        highest)."""
        if range is not None:
            self.batch_size_range = (range[0], range[1])
        self.batch_size = self._ask(self._get_batch_size_option(),
                                    suggest_batch_size or self.batch_size)

    def _get_batch_size_option(self) -> Option:
        if self.batch_size_range is None:
            return BATCH_SIZE
        option = copy.copy(BATCH_SIZE)
        option.limits, option.show_limits = self.batch_size_range, True
        return option

    # ---------------------------------------------------------------- MVE's plug-ins (spec 82)

    def ask_session_name(self, default_value: str = '') -> None:
        self._ask(SESSION_NAME, default_value)

    def ask_maximum_n_backups(self, default_value: int = 24) -> None:
        self._ask(MAXIMUM_N_BACKUPS, default_value)

    def ask_retraining_samples(self, default_value: bool = False) -> None:
        self._ask(RETRAINING_SAMPLES, default_value)

    def load_inter_dims(self) -> Any:
        return self.options.get('inter_dims', False)

    # ---------------------------------------------------------------- given from outside

    def apply_given_options(self) -> List[str]:
        """Put flags, answers and environment into `options` also where nothing was asked (a
        resumed run).

        Structure belongs to the model's own options; this is for the common ones. Returns the keys.
        What this model does not have is told, and a key that is no option at all is a UserError.
        """
        applied = []
        for option in COMMON_OPTIONS:
            if option is BATCH_SIZE:
                option = self._get_batch_size_option()
            given = options.find_given(option)
            if given is None or option is CHOOSE_PREVIEW_HISTORY:
                continue
            if option.key not in self.options and option.key not in BASE_FEATURES:
                io.log_info('%s is given, but this model does not have it.' % option.key)
                continue
            if self.options.get(option.key) != given:
                io.log_info('%s : %s' % (option.prompt, given))
            self.options[option.key] = given
            applied.append(option.key)
            if option.key == BATCH_SIZE.key:
                self.batch_size = given
        options.check_keys(LOOKED_AT_LATER, self.model_class_name)
        return applied

    def check_given_keys(self) -> None:
        """UserError for a flag or answer that is no option of this model, before it asks."""
        if self.declared_options is not None:
            options.check_keys(LOOKED_AT_LATER + COMMON_OPTIONS + list(self.declared_options),
                               self.model_class_name)

    def get_preview_period(self, default: int) -> int:
        """Iterations between pictures of the preview history: given from outside, else
        `default`."""
        given = options.find_given(PREVIEW_PERIOD_COLAB if io.is_colab() else PREVIEW_PERIOD)
        return default if given is None else given
