"""SAEHD's options: declarations in the order of the questions, their interactions, and the
effective values that the graph is built from (spec 21 section 1)."""
from types import SimpleNamespace
from typing import Any

from core.errors import UserError
from core.interact import interact as io
from core.options import Option, ask, find_given
from models.common import face_options as shared

LEARNING_RATE = 5e-5
ARCHI_TYPES, ARCHI_FLAGS = ('df', 'liae'), 'udtc'
# face types that show more than the face, so that training can be restricted to the mask
MASKABLE_FACE_TYPES = ('wf', 'head')


def split_archi(archi: str) -> tuple:
    """'liae-ud' -> ('liae', 'ud'); 'df' -> ('df', None). ValueError with a sentence if neither."""
    parts = archi.split('-')
    if len(parts) > 2 or parts[0] not in ARCHI_TYPES:
        raise ValueError('expected {} and, after a hyphen, some of the letters {}'.format(
            ' or '.join(ARCHI_TYPES), ', '.join(ARCHI_FLAGS)))
    if len(parts) == 1:
        return parts[0], None
    if not parts[1] or any(letter not in ARCHI_FLAGS for letter in parts[1]):
        raise ValueError('after the hyphen expected some of the letters {}'.format(
            ', '.join(ARCHI_FLAGS)))
    return parts[0], parts[1]


def check_archi(archi: str) -> str:
    archi = archi.strip().lower()
    split_archi(archi)
    return archi


def read_archi(options) -> tuple:
    """split_archi of the stored option; UserError for one that no version writes."""
    try:
        return split_archi(options['archi'])
    except ValueError as error:
        raise UserError('The model holds the architecture {!r}: {}.'.format(
            options['archi'], error), ['Restore data.dat from an autobackup.']) from None


def fit_resolution(resolution: int, archi: str) -> int:
    """With `d` and with `t` the networks halve a face five times: multiples of 32."""
    flags = split_archi(archi)[1] or ''
    if 'd' not in flags and 't' not in flags:
        return resolution
    return max(shared.MIN_RESOLUTION, shared.round_down(resolution, 32))


RESOLUTION = Option(
    'resolution', 'int', 128, 'Resolution',
    limits=(shared.MIN_RESOLUTION, shared.MAX_RESOLUTION),
    normalize=lambda value: shared.round_down(value, 16), condition=shared.FIRST_RUN,
    help='Side of the face in pixels. More needs more VRAM and time to train. Rounded down to a '
         'multiple of 16, with the archi letters d and t of 32.')
FACE_TYPE = Option(
    'face_type', 'str', 'f', 'Face type', choices=('h', 'mf', 'f', 'wf', 'head'),
    condition=shared.FIRST_RUN,
    help='How much of the head is swapped: half, mid-full, full, whole face, head. Half faces '
         'have the best resolution but leave out the cheeks; whole face covers the forehead; '
         'head needs XSeg masks in both facesets.')
ARCHI = Option(
    'archi', 'str', 'liae-ud', 'AE architecture', normalize=check_archi,
    condition=shared.FIRST_RUN,
    help='df keeps the identity of src better. liae repairs differences of the face shapes '
         'better. Letters after a hyphen, e.g. df-udt: u - more likeness; d - twice the '
         'resolution for the same cost; t - more likeness, deeper; c - another activation, '
         'experimental.')
MASKED_TRAINING = Option(
    'masked_training', 'bool', True, 'Masked training', condition='face type wf or head',
    help='Trains only what lies inside the mask, so that the network need not learn the '
         'background. Needs good masks; switch it off for a last stretch if you want the area '
         'around the face trained as well.')
EYES_MOUTH_PRIO = Option(
    'eyes_mouth_prio', 'bool', False, 'Eyes and mouth priority',
    help='Weights eyes and mouth more. Cures eyes that look the wrong way and improves teeth.')
ADABELIEF = Option(
    'adabelief', 'bool', True, 'Use AdaBelief optimizer?',
    help='More accurate and better at generalising than RMSprop, with twice its memory.')
RANDOM_HSV_POWER = Option(
    'random_hsv_power', 'float', 0.0, 'Random hue/saturation/light intensity',
    limits=(0.0, 0.3),
    help='Shifts the colours of src samples at random, only where they enter the network. '
         'Stabilises colour; typical is 0.05.')
TRUE_FACE_POWER = Option(
    'true_face_power', 'float', 0.0, "'True face' power", limits=(0.0, 1.0),
    condition='df only',
    help='Experimental. Makes the swapped face more like src by comparing the codes of both; '
         'stronger is worse for expressions. Typical is 0.01.')
FACE_STYLE_POWER = Option(
    'face_style_power', 'float', 0.0, 'Face style power', limits=(0.0, 100.0),
    help='Learns the colours of the dst face inside the mask. Begin with 0.001 and watch the '
         'history: too much breaks the face. Use whole-face data with good masks, and a backup.')
BG_STYLE_POWER = Option(
    'bg_style_power', 'float', 0.0, 'Background style power', limits=(0.0, 100.0),
    help='Learns the area around the mask from dst, which helps face shapes that differ; '
         'it makes the face less like src. Typical is 2.0.')
PRETRAIN = Option(
    'pretrain', 'bool', False, 'Pretrain',
    help='Trains with a large set of many people, both sides. A model pretrained this way '
         'learns a pair of faces far quicker. Random warp, style, GAN and learning rate '
         'dropout are off meanwhile. Switching it off starts the iterations from 0.')

# Every option in the order of the questions; the common ones of ModelBase come before these.
OPTIONS = (
    RESOLUTION, FACE_TYPE, ARCHI, shared.AE_DIMS, shared.E_DIMS, shared.D_DIMS,
    shared.D_MASK_DIMS, MASKED_TRAINING, EYES_MOUTH_PRIO, shared.UNIFORM_YAW,
    shared.BLUR_OUT_MASK, shared.MODELS_OPT_ON_GPU, ADABELIEF, shared.LR_DROPOUT,
    shared.RANDOM_WARP, RANDOM_HSV_POWER, shared.GAN_POWER, shared.GAN_PATCH_SIZE,
    shared.GAN_DIMS, TRUE_FACE_POWER, FACE_STYLE_POWER, BG_STYLE_POWER, shared.CT_MODE,
    shared.CLIPGRAD, PRETRAIN)

# What the summary shows while pretraining instead of the option.
PRETRAIN_SHOWN = {
    'lr_dropout': 'n', 'random_warp': False, 'gan_power': 0.0, 'random_hsv_power': 0.0,
    'face_style_power': 0.0, 'bg_style_power': 0.0, 'uniform_yaw': True}


def ask_options(model: Any) -> None:
    """Fills model.options; sets pretrain_just_disabled and gan_model_changed."""
    prefill_options(model)
    was_pretraining = model.options['pretrain']
    asked = model.ask_override() or model.is_first_run()
    shared.ask_common_options(model, asked, shared.suggest_batch_size(strong=8, weak=4))
    ask_structure(model)

    gan_before = shared.prefill_gan(model)
    ask_training(model, asked)
    model.gan_model_changed = gan_before != shared.get_gan_size(model)
    model.pretrain_just_disabled = bool(was_pretraining and not model.options['pretrain'])
    if model.is_training and model.options['pretrain'] \
            and model.get_pretraining_data_path() is None:
        raise UserError('Pretraining is on, but there is no folder with pretraining faces.', [
            'Give it with --pretraining-data-dir.', 'Switch pretrain off.'])


def prefill_options(model: Any) -> None:
    """Stored or default values, in the order of the summary (spec 21 section 1.2)."""
    for option in (RESOLUTION, FACE_TYPE, shared.MODELS_OPT_ON_GPU, ARCHI, shared.AE_DIMS,
                   shared.E_DIMS):
        shared.prefill(model, option)
    for option in (shared.D_DIMS, shared.D_MASK_DIMS):
        # the default-options file is consulted later, see ask_structure
        model.options[option.key] = model.options.get(option.key)
    for option in (MASKED_TRAINING, EYES_MOUTH_PRIO, shared.UNIFORM_YAW, shared.BLUR_OUT_MASK,
                   ADABELIEF, shared.LR_DROPOUT, shared.RANDOM_WARP, RANDOM_HSV_POWER,
                   TRUE_FACE_POWER, FACE_STYLE_POWER, BG_STYLE_POWER, shared.CT_MODE,
                   shared.CLIPGRAD, PRETRAIN):
        shared.prefill(model, option)
    # old models hold a bool here, which the SAEHDBW fork has saved as a digit (spec 60 section 2.4)
    stored = model.options['lr_dropout']
    model.options['lr_dropout'] = {True: 'y', False: 'n', '1': 'y', '0': 'n'}.get(stored, stored)


def ask_structure(model: Any) -> None:
    """What makes the networks: chosen on the first run, fixed afterwards."""
    if model.is_first_run():
        shared.choose(model, RESOLUTION, True)
    shared.choose_fixed(model, FACE_TYPE)
    archi = shared.choose_fixed(model, ARCHI)
    if model.is_first_run():
        resolution = fit_resolution(model.options['resolution'], archi)
        if resolution != model.options['resolution']:
            io.log_info('Resolution {} becomes {}: this architecture needs a multiple of '
                        '32.'.format(model.options['resolution'], resolution))
        model.options['resolution'] = resolution
    else:
        shared.check_fixed(model, RESOLUTION, lambda value: fit_resolution(value, archi))
    d_dims = shared.prefill(model, shared.D_DIMS)
    shared.prefill(model, shared.D_MASK_DIMS, shared.get_mask_dims_default(d_dims))
    for option in (shared.AE_DIMS, shared.E_DIMS, shared.D_DIMS, shared.D_MASK_DIMS):
        shared.choose_fixed(model, option)


def ask_training(model: Any, asked: bool) -> None:
    """What may change from session to session."""
    maskable = model.options['face_type'] in MASKABLE_FACE_TYPES
    shared.choose(model, MASKED_TRAINING, asked and maskable)
    for option in (EYES_MOUTH_PRIO, shared.UNIFORM_YAW, shared.BLUR_OUT_MASK,
                   shared.MODELS_OPT_ON_GPU, ADABELIEF, shared.LR_DROPOUT, shared.RANDOM_WARP,
                   RANDOM_HSV_POWER, shared.GAN_POWER):
        shared.choose(model, option, asked)
    has_gan = model.options['gan_power'] != 0
    shared.choose(model, shared.GAN_PATCH_SIZE, asked and has_gan)
    shared.choose(model, shared.GAN_DIMS, asked and has_gan)
    if has_gan and model.is_training:
        shared.fix_gan_patch_size(model)
    ask_true_face(model, asked)
    for option in (FACE_STYLE_POWER, BG_STYLE_POWER, shared.CT_MODE, shared.CLIPGRAD, PRETRAIN):
        shared.choose(model, option, asked)


def ask_true_face(model: Any, asked: bool) -> None:
    """df compares codes of the two faces; liae has no such pair, its value is 0."""
    if 'df' in model.options['archi']:
        shared.choose(model, TRUE_FACE_POWER, asked)
        return
    given = find_given(TRUE_FACE_POWER) if model.is_training else None
    if given:
        io.log_info("'True face' power stays 0: it works with df only.")
    if asked or given is not None:
        model.options['true_face_power'] = 0.0


def resolve_settings(model: Any) -> SimpleNamespace:
    """Effective values (spec 21 section 1.5): options as training, pretraining, merging or
    exporting takes them. Asks for half precision when exporting."""
    options = model.options
    archi_type, archi_opts = read_archi(options)
    if model.is_training and options['true_face_power'] != 0 and archi_type != 'df':
        raise UserError("'True face' power is {}, but works with df only.".format(
            options['true_face_power']), ['Set it to 0: --set true_face_power=0.'])
    pretrain = options['pretrain']
    dropout = options['lr_dropout'] in ('y', 'cpu') and not pretrain
    settings = SimpleNamespace(
        resolution=model.resolution, archi_type=archi_type, archi_opts=archi_opts,
        use_fp16=model.is_exporting and ask(shared.EXPORT_FP16, io),
        lr=LEARNING_RATE, lr_dropout=0.3 if dropout else 1.0, lr_cos=500 if dropout else 0,
        lr_dropout_place=options['lr_dropout'] if dropout else 'n',
        clipnorm=1.0 if options['clipgrad'] else 0.0,
        gan_patch_size=int(options['gan_patch_size']),
        random_src_flip=True if pretrain else model.random_src_flip,
        random_dst_flip=True if pretrain else model.random_dst_flip,
        ct_mode=None if options['ct_mode'] == 'none' else options['ct_mode'])
    for key in ('ae_dims', 'e_dims', 'd_dims', 'd_mask_dims', 'gan_dims'):
        setattr(settings, key, int(options[key]))
    for key in ('masked_training', 'eyes_mouth_prio', 'blur_out_mask', 'adabelief',
                'true_face_power', 'random_warp', 'gan_power', 'random_hsv_power',
                'face_style_power', 'bg_style_power', 'uniform_yaw'):
        is_overridden = pretrain and key in PRETRAIN_SHOWN
        setattr(settings, key, PRETRAIN_SHOWN[key] if is_overridden else options[key])
    return settings
