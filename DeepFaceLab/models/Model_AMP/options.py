"""AMP's options: declarations in the order of the questions, and the effective values that the
graph is built from (spec 22 section A1)."""
from types import SimpleNamespace
from typing import Any

from core.interact import interact as io
from core.options import Option, ask
from models.common import face_options as shared

LEARNING_RATE = 5e-5
BATCH_SIZE = 8      # suggested
# An encoder of five halvings and a decoder of five doublings.
RESOLUTION_STEP = 32

RESOLUTION = Option(
    'resolution', 'int', 224, 'Resolution',
    limits=(shared.MIN_RESOLUTION, shared.MAX_RESOLUTION),
    normalize=lambda value: shared.round_down(value, RESOLUTION_STEP), condition=shared.FIRST_RUN,
    help='Side of the face in pixels. More needs more VRAM and time to train. Rounded down to a '
         'multiple of 32.')
FACE_TYPE = Option(
    'face_type', 'str', 'wf', 'Face type', choices=('f', 'wf', 'head'), condition=shared.FIRST_RUN,
    help='How much of the head is swapped: full face, whole face with the forehead, or head, '
         'which needs XSeg masks in both facesets.')
INTER_DIMS = Option(
    'inter_dims', 'int', 1024, 'Inter dimensions', limits=(32, 2048), condition=shared.FIRST_RUN,
    help='Size of the code between the two faces, which morphing takes from one or the other. At '
         'least as large as the AutoEncoder dimensions. More costs VRAM and time; choose what '
         'your GPU can hold.')
MORPH_FACTOR = Option(
    'morph_factor', 'float', 0.5, 'Morph factor', limits=(0.1, 0.5), condition=shared.FIRST_RUN,
    help='Share of the code that a source face takes from its own inter during training; the rest '
         'comes from the inter of dst. Smaller gives smoother morphs that resemble src less. '
         'Typical is 0.5.')

# Every option in the order of the questions; the common ones of ModelBase come before these.
OPTIONS = (
    RESOLUTION, FACE_TYPE, shared.AE_DIMS, INTER_DIMS, shared.E_DIMS, shared.D_DIMS,
    shared.D_MASK_DIMS, MORPH_FACTOR, shared.UNIFORM_YAW, shared.BLUR_OUT_MASK,
    shared.LR_DROPOUT, shared.MODELS_OPT_ON_GPU, shared.RANDOM_WARP, shared.GAN_POWER,
    shared.GAN_PATCH_SIZE, shared.GAN_DIMS, shared.CT_MODE, shared.CLIPGRAD)

# Asked when merging, not kept in the model.
MERGE_MORPH_FACTOR = Option(
    'merge_morph_factor', 'float', 1.0, 'Morph factor', limits=(0.0, 1.0),
    condition='merging only',
    help='1 draws src, 0 draws dst, values between them a face between both.')
MERGE_OPTIONS = (MERGE_MORPH_FACTOR,)


def ask_options(model: Any) -> None:
    """Fills model.options; sets gan_model_changed."""
    prefill_options(model)
    asked = model.ask_override() or model.is_first_run()
    shared.ask_common_options(model, asked, BATCH_SIZE)
    ask_structure(model)
    for option in (shared.UNIFORM_YAW, shared.BLUR_OUT_MASK, shared.LR_DROPOUT):
        shared.choose(model, option, asked)
    gan_before = shared.prefill_gan(model)
    ask_training(model, asked)
    model.gan_model_changed = gan_before != shared.get_gan_size(model)


def prefill_options(model: Any) -> None:
    """Stored or default values, in the order of the summary."""
    for option in (RESOLUTION, FACE_TYPE, shared.MODELS_OPT_ON_GPU, shared.AE_DIMS, INTER_DIMS,
                   shared.E_DIMS):
        shared.prefill(model, option)
    for option in (shared.D_DIMS, shared.D_MASK_DIMS, MORPH_FACTOR):
        # without the default-options file: it is consulted later for the first two (see
        # ask_structure), never for the morph factor
        model.options[option.key] = model.options.get(option.key)
    if model.options[MORPH_FACTOR.key] is None:
        model.options[MORPH_FACTOR.key] = MORPH_FACTOR.default
    for option in (shared.UNIFORM_YAW, shared.BLUR_OUT_MASK, shared.LR_DROPOUT,
                   shared.RANDOM_WARP, shared.CT_MODE, shared.CLIPGRAD):
        shared.prefill(model, option)


def ask_structure(model: Any) -> None:
    """What makes the networks: chosen on the first run, fixed afterwards."""
    for option in (RESOLUTION, FACE_TYPE):
        shared.choose_fixed(model, option)
    d_dims = shared.prefill(model, shared.D_DIMS)
    shared.prefill(model, shared.D_MASK_DIMS, shared.get_mask_dims_default(d_dims))
    for option in (shared.AE_DIMS, INTER_DIMS, shared.E_DIMS, shared.D_DIMS, shared.D_MASK_DIMS,
                   MORPH_FACTOR):
        shared.choose_fixed(model, option)


def ask_training(model: Any, asked: bool) -> None:
    """What may change from session to session."""
    for option in (shared.MODELS_OPT_ON_GPU, shared.RANDOM_WARP, shared.GAN_POWER):
        shared.choose(model, option, asked)
    has_gan = model.options['gan_power'] != 0
    shared.choose(model, shared.GAN_PATCH_SIZE, asked and has_gan)
    shared.choose(model, shared.GAN_DIMS, asked and has_gan)
    if has_gan and model.is_training:
        shared.fix_gan_patch_size(model)
    for option in (shared.CT_MODE, shared.CLIPGRAD):
        shared.choose(model, option, asked)


def ask_merge_morph_factor() -> float:
    return ask(MERGE_MORPH_FACTOR, io)


def resolve_settings(model: Any) -> SimpleNamespace:
    """Effective values: options as the graph and the sample feeds take them. Asks for half
    precision when exporting."""
    options = model.options
    dropout = options['lr_dropout'] in ('y', 'cpu')
    settings = SimpleNamespace(
        resolution=model.resolution, use_fp16=model.is_exporting and ask(shared.EXPORT_FP16, io),
        lr=LEARNING_RATE, lr_dropout=0.3 if dropout else 1.0, lr_cos=500 if dropout else 0,
        # the original never passes 'cpu' on, so the masks stay with the weights (spec 22 A2)
        lr_dropout_place='y' if dropout else 'n',
        clipnorm=1.0 if options['clipgrad'] else 0.0,
        gan_patch_size=int(options['gan_patch_size']),
        random_src_flip=model.random_src_flip, random_dst_flip=model.random_dst_flip,
        random_hsv_power=None, morph_factor=float(options['morph_factor']),
        ct_mode=None if options['ct_mode'] == 'none' else options['ct_mode'])
    for key in ('ae_dims', 'inter_dims', 'e_dims', 'd_dims', 'd_mask_dims', 'gan_dims'):
        setattr(settings, key, int(options[key]))
    for key in ('uniform_yaw', 'blur_out_mask', 'random_warp', 'gan_power'):
        setattr(settings, key, options[key])
    return settings
