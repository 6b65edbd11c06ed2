"""The two layouts of autoencoders with swapped decoders: which networks exist, how they are wired
(spec 21 sections 3, 5.1, 6).

A layout owns no network: networks are attributes of the model instance, where plug-ins and
tests find and replace them, and are read from there at every call.
"""
from collections import namedtuple

from core.leras import nn

# What the networks make of one tower's warped faces, in the order in which it is made.
# Images (b, R, R, c) and masks (b, R, R, 1) of layout `nn.data_format`, float32 in 0..1.
# src_dst: the source's face in the destination's pose. src_dst_fixed_code: the same through a
# code without gradient, for the style term. Codes are what the decoders read.
Predictions = namedtuple('Predictions', (
    'src_src', 'src_mask', 'dst_dst', 'dst_mask', 'src_dst', 'src_dst_mask',
    'src_dst_fixed_code', 'src_code', 'dst_code'))

COLOUR_CHANNELS = 3

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

    def predict(self, model, warped_src, warped_dst, has_styles: bool = True) -> Predictions:
        """has_styles=False leaves src_dst_fixed_code out: None."""
        src_code = model.inter(model.encoder(warped_src))
        dst_code = model.inter(model.encoder(warped_dst))
        src_src, src_mask = model.decoder_src(src_code)
        dst_dst, dst_mask = model.decoder_dst(dst_code)
        src_dst, src_dst_mask = model.decoder_src(dst_code)
        src_dst_fixed_code = None
        if has_styles:
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


def join_codes(first, second):
    return nn.tf.concat([first, second], nn.conv2d_ch_axis)


def create_encoder(model, archi, settings) -> int:
    """Sets model.encoder; returns the length of its flat output."""
    model.encoder = archi.Encoder(in_ch=model.channels, e_ch=settings.e_dims, name='encoder')
    side = model.encoder.get_out_res(settings.resolution)
    return model.encoder.get_out_ch() * side ** 2


def create_decoder(model, archi, settings, in_ch: int, name: str):
    return archi.Decoder(in_ch=in_ch, d_ch=settings.d_dims, d_mask_ch=settings.d_mask_dims,
                         name=name, **list_channel_arguments(model.channels))


def list_channel_arguments(channels: int) -> dict:
    """What a decoder is told of the image's channels: nothing where it is colour, which the
    decoders of an archi of others draw without being asked (spec 10 section 9.4)."""
    return {} if channels == COLOUR_CHANNELS else dict(out_ch=channels)


def collect_weights(model, net_names) -> list:
    """Variables of the named networks in the order given, built where they are not yet."""
    weights = []
    for name in net_names:
        weights = weights + getattr(model, name).get_weights()
    return weights
