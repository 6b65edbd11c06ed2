"""SAEHD's networks and optimizers: creation, weight lists, files (spec 21 section 3)."""
from core.leras import nn
from models.common.layouts import LAYOUTS, collect_weights
from models.common.parts import create_optimizer, create_patch_discriminator, list_files

# Attributes of parts that exist only while their power is not 0.
OPTIONAL_PARTS = ('code_discriminator', 'D_code_opt', 'D_src', 'D_src_dst_opt')

# Files are named after the attribute but for these.
FILE_NAMES = {'D_src': 'GAN', 'D_src_dst_opt': 'GAN_opt'}


def create_networks(model, settings) -> None:
    """Networks as attributes of `model`; their variables are built at the first use.

    To be called under the device that keeps the weights when training."""
    archi = nn.DeepFakeArchi(settings.resolution, use_fp16=settings.use_fp16,
                             opts=settings.archi_opts)
    model.layout.create(model, archi, settings)
    if not model.is_training:
        return
    if settings.true_face_power != 0:
        model.code_discriminator = nn.CodeDiscriminator(
            settings.ae_dims, code_res=model.inter.get_out_res(), name='dis')
    if settings.gan_power != 0:
        model.D_src = create_patch_discriminator(model, settings, 'D_src')


def create_optimizers(model, settings, plan) -> None:
    """Weight lists and optimizers with their slots (spec 21 section 3).

    This builds every variable of the model: networks first, then per optimizer its counter,
    the weights of the discriminator it trains, its slots and dropout masks."""
    layout = model.layout
    model.src_dst_saveable_weights = collect_weights(model, layout.net_names)
    model.src_dst_trainable_weights = model.src_dst_saveable_weights
    if not settings.random_warp:
        trained = [x for x in layout.net_names if x not in layout.frozen_without_warp]
        model.src_dst_trainable_weights = collect_weights(model, trained)

    def create(name: str, get_weights):
        optimizer_class = nn.AdaBelief if settings.adabelief else nn.RMSprop
        return create_optimizer(optimizer_class, settings, plan, name, get_weights)

    model.src_dst_opt = create('src_dst_opt', lambda: model.src_dst_saveable_weights)
    if settings.true_face_power != 0:
        model.D_code_opt = create('D_code_opt', lambda: model.code_discriminator.get_weights())
    if settings.gan_power != 0:
        model.D_src_dst_opt = create('GAN_opt', lambda: model.D_src.get_weights())


def name_parts(archi_type: str, settings) -> tuple:
    """(networks, optimizers) of training: attributes of the model, in the order of saving."""
    nets, optimizers = list(LAYOUTS[archi_type].net_names), ['src_dst_opt']
    if settings.true_face_power != 0:
        nets.append('code_discriminator')
        optimizers.append('D_code_opt')
    if settings.gan_power != 0:
        nets.append('D_src')
        optimizers.append('D_src_dst_opt')
    return nets, optimizers


def list_saved_parts(model, settings) -> list:
    """[[saveable, file name], ...] in the order of saving (spec 21 section 3)."""
    names = model.layout.net_names
    if model.is_training:
        nets, optimizers = name_parts(settings.archi_type, settings)
        names = nets + optimizers
    return list_files(model, names, FILE_NAMES)
