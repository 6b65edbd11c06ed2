"""Options that the autoencoder models share, and how their values are chosen (spec 21 section 1).

A model lists the options it has in the order in which it asks for them.
"""
from typing import Any, Callable

from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from core.options import Option, ask, find_given, is_given

FIRST_RUN = 'first run only'
MIN_RESOLUTION, MAX_RESOLUTION = 64, 640
CT_MODES = ('none', 'rct', 'lct', 'mkl', 'idt', 'sot')


def make_even(value: int) -> int:
    """Upwards."""
    return value + value % 2


def round_down(value: int, step: int) -> int:
    return value // step * step


AE_DIMS = Option(
    'ae_dims', 'int', 256, 'AutoEncoder dimensions', limits=(32, 1024), condition=FIRST_RUN,
    help='Size of the code that the inter packs a face into. All of a face that is to be '
         'recognised has to fit: with too few, closed eyes for example get lost. More costs '
         'VRAM and time; choose what your GPU can hold.')
E_DIMS = Option(
    'e_dims', 'int', 64, 'Encoder dimensions', limits=(16, 256), normalize=make_even,
    condition=FIRST_RUN,
    help='Width of the encoder. More lets it see more facial features, at the price of VRAM.')
D_DIMS = Option(
    'd_dims', 'int', 64, 'Decoder dimensions', limits=(16, 256), normalize=make_even,
    condition=FIRST_RUN,
    help='Width of the decoder. More gives finer detail, at the price of VRAM.')
D_MASK_DIMS = Option(
    'd_mask_dims', 'int', None, 'Decoder mask dimensions', limits=(16, 256),
    normalize=make_even, condition=FIRST_RUN + '; a third of the decoder dimensions by default',
    help='Width of the branch that draws the mask. More makes sense when masks with fine '
         'borders are drawn by hand.')
UNIFORM_YAW = Option(
    'uniform_yaw', 'bool', False, 'Uniform yaw distribution of samples',
    help='Draws faces of every yaw equally often. Cures blurred side faces when the faceset '
         'holds few of them.')
BLUR_OUT_MASK = Option(
    'blur_out_mask', 'bool', False, 'Blur out mask',
    help='Blurs what lies just outside of the face mask in the training targets. The background '
         'near the face turns smooth and is less visible after swapping. Needs an exact mask '
         'in both facesets.')
MODELS_OPT_ON_GPU = Option(
    'models_opt_on_gpu', 'bool', True, 'Place models and optimizer on GPU',
    help='Weights and optimizer state in the memory of the GPU: fastest. Off keeps them in '
         'system memory and leaves the GPU room for larger dimensions or batches.')
LR_DROPOUT = Option(
    'lr_dropout', 'str', 'n', 'Use learning rate dropout', choices=('n', 'y', 'cpu'),
    help='When the face is trained enough, this sharpens it further with fewer iterations. '
         'Switch it on before random warp is switched off and before GAN. '
         'n - off; y - on; cpu - on, with its masks in system memory: spares VRAM, costs time.')
RANDOM_WARP = Option(
    'random_warp', 'bool', True, 'Enable random warp of samples',
    help='Needed to learn the expressions of both faces. When the face is trained enough, '
         'switch it off to gain sharpness in fewer iterations.')
GAN_POWER = Option(
    'gan_power', 'float', 0.0, 'GAN power', limits=(0.0, 5.0),
    help='Forces the network to draw small details of the face. Switch it on only when the face '
         'is trained enough with learning rate dropout on and random warp off, and leave it on '
         'from then. Typical is 0.1.')
GAN_PATCH_SIZE = Option(
    'gan_patch_size', 'int', None, 'GAN patch size', limits=(3, 640),
    condition='GAN power is not 0; an eighth of the resolution by default',
    help='Side in pixels of what the discriminator judges as one piece. The larger, the better '
         'and the more VRAM it takes; on weak GPUs even small patches bring sharper borders. '
         'Typical is an eighth of the resolution.')
GAN_DIMS = Option(
    'gan_dims', 'int', 16, 'GAN dimensions', limits=(4, 512), condition='GAN power is not 0',
    help='Width of the discriminator. The higher, the finer the detail it asks for, and the '
         'more VRAM it takes. Typical is 16.')
CT_MODE = Option(
    'ct_mode', 'str', 'none', 'Color transfer for src faceset', choices=CT_MODES,
    help='Gives src samples the colours of random dst samples, so that the swapped face is '
         'learned in the colours of dst. Try the modes to find the best for your facesets.')
CLIPGRAD = Option(
    'clipgrad', 'bool', False, 'Enable gradient clipping',
    help='Makes a collapse of the model less likely and costs some speed.')
EXPORT_FP16 = Option(
    'export_fp16', 'bool', False, 'Export in half precision?', condition='export only',
    help='Half precision: the file is half as large and some GPUs run it faster, '
         'with problems in live programs on some others.')
# Asked by `exportdfm`, not kept in the model.
EXPORT_OPTIONS = (EXPORT_FP16,)


def prefill(model: Any, option: Option, default: Any = None) -> Any:
    """Puts the saved, default-options or built-in value into the options; returns it."""
    value = model.load_or_def_option(option.key, option.default if default is None else default)
    model.options[option.key] = value
    return value


def choose(model: Any, option: Option, asked: bool) -> Any:
    """Stores and returns a prefilled option: given from outside, asked, or as it is stored.

    Nothing is asked or taken from outside when merging or exporting."""
    given = model.is_training and is_given(option)
    if given or asked:
        model.options[option.key] = ask(option, io, model.options[option.key])
    return model.options[option.key]


def choose_fixed(model: Any, option: Option) -> Any:
    """As `choose` on a first run; later the value stays as it is."""
    if model.is_first_run():
        return choose(model, option, True)
    check_fixed(model, option, lambda value: value)
    return model.options[option.key]


def check_fixed(model: Any, option: Option, adjust: Callable[[Any], Any]) -> None:
    """UserError when the outside gives a value that the existing model does not have.

    adjust: what becomes of a given value, e.g. by rounding, before it is used."""
    if not model.is_training or not is_given(option):
        return
    given, value = adjust(find_given(option)), model.options[option.key]
    if given != value:
        raise UserError(
            '{} = {} is given, but this model was made with {}.'.format(
                option.key, given, value), [
                    'Leave {} away: it cannot change in an existing model.'.format(option.key),
                    'Start a new model under another name.'])


def ask_common_options(model: Any, asked: bool, batch_size: int) -> None:
    """The questions that the autoencoder models share (spec 20 section 7).

    batch_size: suggested where none is stored."""
    if not asked:
        return
    model.ask_autobackup_hour()
    model.ask_write_preview_history()
    model.ask_target_iter()
    model.ask_random_src_flip()
    model.ask_random_dst_flip()
    model.ask_batch_size(batch_size)


def prefill_gan(model: Any) -> tuple:
    """Stored or default GAN options; returns the size of the GAN as it was before."""
    prefill(model, GAN_POWER)
    prefill(model, GAN_PATCH_SIZE, model.options['resolution'] // 8)
    prefill(model, GAN_DIMS)
    return get_gan_size(model)


def get_gan_size(model: Any) -> tuple:
    return model.options['gan_patch_size'], model.options['gan_dims']


def suggest_batch_size(strong: int, weak: int) -> int:
    """`strong` if the weakest of the chosen devices has at least 4 GB, else `weak`."""
    devices = nn.getCurrentDeviceConfig().devices
    if len(devices) == 0:
        return weak
    return strong if devices.get_worst_device().total_mem_gb >= 4 else weak


def get_mask_dims_default(d_dims: int) -> int:
    """A third of the decoder's dimensions, made even."""
    return make_even(d_dims // 3)


def find_gan_patch_size(wished: int, resolution: int) -> int:
    """The patch size nearest to `wished` whose discriminator fits the resolution.

    The discriminator halves the image several times and joins it again, so the resolution must be
    divisible by the product of its strides (spec 21 section 1.4)."""
    low, high = GAN_PATCH_SIZE.limits
    probe = nn.UNetPatchDiscriminator(wished, in_ch=1, name='probe')

    def fits(patch_size: int) -> bool:
        product = 1
        for _, stride in probe.find_archi(patch_size):
            product *= stride
        return resolution % product == 0
    for distance in range(high):
        for patch_size in (wished - distance, wished + distance):
            if low <= patch_size <= high and fits(patch_size):
                return patch_size
    raise UserError('No GAN patch size fits the resolution {}.'.format(resolution),
                    ['Set the GAN power to 0.'])


def fix_gan_patch_size(model: Any) -> None:
    """Replaces a patch size that cannot work with this resolution by the nearest that can."""
    wished = int(model.options[GAN_PATCH_SIZE.key])
    resolution = int(model.options['resolution'])
    found = find_gan_patch_size(wished, resolution)
    if found == wished:
        return
    io.log_info('GAN patch size {} does not divide a face of {} pixels; {} is used, the nearest '
                'that does.'.format(wished, resolution, found))
    model.options[GAN_PATCH_SIZE.key] = found
