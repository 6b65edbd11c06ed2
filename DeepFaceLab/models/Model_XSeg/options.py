"""XSeg's options (spec 22 section C1)."""
from typing import Any

from core.errors import UserError
from core.interact import interact as io
from core.options import Option, ask, find_given
from models.common import face_options as shared

BATCH_SIZE, BATCH_SIZE_RANGE = 4, (2, 16)

RESTART = Option(
    'restart_training', 'bool', False, 'Restart training',
    condition='a trained model whose settings are changed',
    help='The weights begin anew and the iterations at 0; the labels in the facesets stay. As '
         'flag or answer it acts at every start: leave it away at the next.')
FACE_TYPE = Option(
    'face_type', 'str', 'wf', 'Face type', choices=('h', 'mf', 'f', 'wf', 'head'),
    condition=shared.FIRST_RUN,
    help='How much of the head the network sees: half, mid-full, full, whole face, head. Take '
         'that of the model that swaps the faces.')
PRETRAIN = Option(
    'pretrain', 'bool', False, 'Pretrain',
    help='Learns to redraw faces of the pretraining set, without labels. A network pretrained '
         'this way needs fewer labelled faces. Switching it off starts the iterations from 0.')

# Every option in the order of the questions; batch_size is asked behind FACE_TYPE.
OPTIONS = (RESTART, FACE_TYPE, PRETRAIN)


def ask_options(model: Any) -> None:
    """Fills model.options; sets pretrain_just_disabled. A restart makes it a first run."""
    is_override = model.ask_override()
    ask_restart(model, is_override)
    shared.prefill(model, FACE_TYPE)
    was_pretraining = shared.prefill(model, PRETRAIN)
    asked = is_override or model.is_first_run()
    shared.choose_fixed(model, FACE_TYPE)
    if asked:
        model.ask_batch_size(BATCH_SIZE, range=BATCH_SIZE_RANGE)
    shared.choose(model, PRETRAIN, asked)
    model.pretrain_just_disabled = bool(was_pretraining and not model.options['pretrain'])
    if model.is_training and model.options['pretrain'] \
            and model.get_pretraining_data_path() is None:
        raise UserError('Pretraining is on, but there is no folder with pretraining faces.', [
            'Give it with --pretraining-data-dir.', 'Switch pretrain off.'])


def ask_restart(model: Any, is_override: bool) -> None:
    """Iteration 0 if it is answered, or given from outside, with yes."""
    if not model.is_training:
        return
    given = find_given(RESTART)
    if model.is_first_run() or not (is_override or given):
        return
    if ask(RESTART, io):
        model.set_iter(0)
        model.is_reset = False      # of reset_training, which would keep the weights
