"""The two layouts of SAEHD: which networks exist, how they are wired (spec 21 sections 3, 5.1, 6).

A layout owns no network: networks are attributes of the model instance, where plug-ins and
tests find and replace them, and are read from there at every call.
"""
from collections import namedtuple

from core.leras import nn
from models.common.towers import CPU

# What the networks make of one tower's warped faces, in the order in which it is made.
# Images (b, R, R, c) and masks (b, R, R, 1) of layout `nn.data_format`, float32 in 0..1.
# src_dst: the source's face in the destination's pose. src_dst_fixed_code: the same through a
# code without gradient, for the style term. Codes are what the decoders read.
Predictions = namedtuple('Predictions', (
    'src_src', 'src_mask', 'dst_dst', 'dst_mask', 'src_dst', 'src_dst_mask',
    'src_dst_fixed_code', 'src_code', 'dst_code'))

# Merging: only the destination enters.
Merged = namedtuple('Merged', ('src_dst', 'dst_mask', 'src_dst_mask'))


class DFLayout(object):
    """One code for both faces, one decoder a face."""

    net_names = ('encoder', 'inter', 'decoder_src', 'decoder_dst')
    # re-initialised when pretraining ends (spec 21 section 7)
    reset_after_pretrain = ('inter',)
    # not trained while random_warp is off
    frozen_without_warp = ()

    def create(self, model, archi, settings) -> None:
        code_size = create_encoder(model, archi, settings)
        model.inter = archi.Inter(in_ch=code_size, ae_ch=settings.ae_dims,
                                  ae_out_ch=settings.ae_dims, name='inter')
        decoder_in = model.inter.get_out_ch()
        model.decoder_src = create_decoder(model, archi, settings, decoder_in, 'decoder_src')
        model.decoder_dst = create_decoder(model, archi, settings, decoder_in, 'decoder_dst')

    def predict(self, model, warped_src, warped_dst) -> Predictions:
        src_code = model.inter(model.encoder(warped_src))
        dst_code = model.inter(model.encoder(warped_dst))
        src_src, src_mask = model.decoder_src(src_code)
        dst_dst, dst_mask = model.decoder_dst(dst_code)
        src_dst, src_dst_mask = model.decoder_src(dst_code)
        src_dst_fixed_code, _ = model.decoder_src(nn.tf.stop_gradient(dst_code))
        return Predictions(src_src, src_mask, dst_dst, dst_mask, src_dst, src_dst_mask,
                           src_dst_fixed_code, src_code, dst_code)

    def merge(self, model, warped_dst) -> Merged:
        dst_code = model.inter(model.encoder(warped_dst))
        src_dst, src_dst_mask = model.decoder_src(dst_code)
        _, dst_mask = model.decoder_dst(dst_code)
        return Merged(src_dst, dst_mask, src_dst_mask)


class LIAELayout(object):
    """Two codes side by side, AB for both faces and B for the destination, one decoder."""

    net_names = ('encoder', 'inter_AB', 'inter_B', 'decoder')
    reset_after_pretrain = ('inter_AB', 'inter_B')
    frozen_without_warp = ('inter_AB',)

    def create(self, model, archi, settings) -> None:
        code_size = create_encoder(model, archi, settings)
        for name in ('inter_AB', 'inter_B'):
            setattr(model, name, archi.Inter(in_ch=code_size, ae_ch=settings.ae_dims,
                                             ae_out_ch=settings.ae_dims * 2, name=name))
        decoder_in = model.inter_AB.get_out_ch() * 2
        model.decoder = create_decoder(model, archi, settings, decoder_in, 'decoder')

    def predict(self, model, warped_src, warped_dst) -> Predictions:
        src_encoded = model.encoder(warped_src)
        src_ab = model.inter_AB(src_encoded)
        src_code = join_codes(src_ab, src_ab)
        dst_code, src_dst_code = self._encode_dst(model, warped_dst)
        src_src, src_mask = model.decoder(src_code)
        dst_dst, dst_mask = model.decoder(dst_code)
        src_dst, src_dst_mask = model.decoder(src_dst_code)
        src_dst_fixed_code, _ = model.decoder(nn.tf.stop_gradient(src_dst_code))
        return Predictions(src_src, src_mask, dst_dst, dst_mask, src_dst, src_dst_mask,
                           src_dst_fixed_code, src_code, dst_code)

    def merge(self, model, warped_dst) -> Merged:
        dst_code, src_dst_code = self._encode_dst(model, warped_dst)
        src_dst, src_dst_mask = model.decoder(src_dst_code)
        _, dst_mask = model.decoder(dst_code)
        return Merged(src_dst, dst_mask, src_dst_mask)

    def _encode_dst(self, model, warped_dst) -> tuple:
        """(code of the destination's own face, code of the source's face in its place)"""
        encoded = model.encoder(warped_dst)
        dst_b = model.inter_B(encoded)
        dst_ab = model.inter_AB(encoded)
        dst_code = join_codes(dst_b, dst_ab)
        return dst_code, join_codes(dst_ab, dst_ab)


LAYOUTS = {'df': DFLayout(), 'liae': LIAELayout()}

# Attributes of parts that exist only while their power is not 0.
OPTIONAL_PARTS = ('code_discriminator', 'D_code_opt', 'D_src', 'D_src_dst_opt')

# Files are named after the attribute but for these.
FILE_NAMES = {'D_src': 'GAN', 'D_src_dst_opt': 'GAN_opt'}


def join_codes(first, second):
    return nn.tf.concat([first, second], nn.conv2d_ch_axis)


def create_encoder(model, archi, settings) -> int:
    """Sets model.encoder; returns the length of its flat output."""
    model.encoder = archi.Encoder(in_ch=model.channels, e_ch=settings.e_dims, name='encoder')
    side = model.encoder.get_out_res(settings.resolution)
    return model.encoder.get_out_ch() * side ** 2


def create_decoder(model, archi, settings, in_ch: int, name: str):
    return archi.Decoder(in_ch=in_ch, d_ch=settings.d_dims, d_mask_ch=settings.d_mask_dims,
                         out_ch=model.channels, name=name)


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
        model.D_src = nn.UNetPatchDiscriminator(
            patch_size=settings.gan_patch_size, in_ch=model.channels,
            base_ch=settings.gan_dims, name='D_src')


def collect_weights(model, net_names) -> list:
    """Variables of the named networks in the order given, built where they are not yet."""
    weights = []
    for name in net_names:
        weights = weights + getattr(model, name).get_weights()
    return weights


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
        optimizer = optimizer_class(
            lr=settings.lr, lr_dropout=settings.lr_dropout, lr_cos=settings.lr_cos,
            clipnorm=settings.clipnorm, name=name)
        optimizer.initialize_variables(get_weights(), vars_on_cpu=plan.slots == CPU,
                                       lr_dropout_on_cpu=plan.dropout == CPU)
        return optimizer

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
    return [[getattr(model, name), FILE_NAMES.get(name, name) + '.npy'] for name in names]
