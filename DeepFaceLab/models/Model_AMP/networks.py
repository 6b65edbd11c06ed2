"""AMP's networks: one encoder, an inter for each face, one decoder (spec 22 section A2)."""
from collections import namedtuple
from typing import Any

from core.leras import nn
from models.common.layouts import collect_weights, list_channel_arguments
from models.common.parts import create_optimizer, create_patch_discriminator, list_files

from .options import RESOLUTION_STEP

NETWORKS = ('encoder', 'inter_src', 'inter_dst', 'decoder')
# The inters keep their random initial weights for ever (KEEP).
TRAINED = ('encoder', 'decoder')
# Attributes of parts that exist only while gan_power is not 0.
OPTIONAL_PARTS = ('GAN', 'GAN_opt')

# The blocks and most of the wiring are those of SAEHD's deepest architecture.
ARCHI = 'udt'

Classes = namedtuple('Classes', 'Encoder Inter Decoder')


def make_classes(settings: Any, channels: int) -> Classes:
    """Network classes; convolutions in float16 with use_fp16, everything between networks and all
    Dense layers float32."""
    archi = nn.DeepFakeArchi(settings.resolution, use_fp16=settings.use_fp16, opts=ARCHI)
    side = get_code_side(settings)
    return Classes(make_encoder(archi, settings, side), make_inter(settings, side),
                   make_decoder(archi, settings, channels))


def get_code_side(settings: Any) -> int:
    """Height and width of the codes that the decoder reads."""
    return settings.resolution // RESOLUTION_STEP


def make_encoder(archi: Any, settings: Any, side: int) -> type:
    class Encoder(archi.Encoder):
        """Faces to codes (n, ae_dims), float32."""

        def on_build(self) -> None:
            super().on_build()
            self.dense1 = nn.Dense(self.get_out_ch() * side ** 2, settings.ae_dims)

        def forward(self, x: Any) -> Any:
            tf = nn.tf
            if settings.use_fp16:
                x = tf.cast(x, tf.float16)
            for block in (self.down1, self.res1, self.down2, self.down3, self.down4, self.down5,
                          self.res5):
                x = block(x)
            if settings.use_fp16:
                x = tf.cast(x, tf.float32)
            x = nn.pixel_norm(nn.flatten(x), axes=-1)
            return self.dense1(x)

    return Encoder


def make_inter(settings: Any, side: int) -> type:
    class Inter(nn.ModelBase):
        """Codes (n, ae_dims) to those of one face, images of `inter_dims` channels, float32."""

        def on_build(self) -> None:
            self.dense2 = nn.Dense(settings.ae_dims, side ** 2 * settings.inter_dims)

        def forward(self, code: Any) -> Any:
            return nn.reshape_4D(self.dense2(code), side, side, settings.inter_dims)

    return Inter


def make_decoder(archi: Any, settings: Any, channels: int) -> type:
    class Decoder(archi.Decoder):
        """Codes to (faces, masks) in 0..1, float32. As its base class but for the order in which
        layers are built, which is that of the file: the mask's output layer before the face's."""

        def on_build(self) -> None:
            super().on_build(in_ch=settings.inter_dims, d_ch=settings.d_dims,
                             d_mask_ch=settings.d_mask_dims, **list_channel_arguments(channels))
            for name in ('out_convm', 'out_conv', 'out_conv1', 'out_conv2', 'out_conv3'):
                layer = getattr(self, name)
                delattr(self, name)
                setattr(self, name, layer)

        def forward(self, code: Any) -> Any:
            if settings.use_fp16:
                code = nn.tf.cast(code, nn.tf.float16)
            return super().forward(code)

    return Decoder


def create_networks(model: Any, settings: Any) -> None:
    """Networks as attributes of `model`; their variables are built at the first use.

    To be called under the device that keeps the weights when training."""
    classes = make_classes(settings, model.channels)
    model.encoder = classes.Encoder(in_ch=model.channels, e_ch=settings.e_dims, name='encoder')
    model.inter_src = classes.Inter(name='inter_src')
    model.inter_dst = classes.Inter(name='inter_dst')
    model.decoder = classes.Decoder(name='decoder')


def create_optimizers(model: Any, settings: Any, plan: Any) -> None:
    """Builds the weights of encoder and decoder and the state of the optimizers; those of the
    inters come with the first tower, on its device."""
    model.G_weights = collect_weights(model, TRAINED)
    model.src_dst_opt = create_optimizer(nn.AdaBelief, settings, plan, 'src_dst_opt',
                                         lambda: model.G_weights)
    if settings.gan_power != 0:
        model.GAN = create_patch_discriminator(model, settings, 'GAN')
        model.GAN_opt = create_optimizer(nn.AdaBelief, settings, plan, 'GAN_opt',
                                         model.GAN.get_weights)


def name_parts(settings: Any) -> tuple:
    """(networks, optimizers) of training: attributes of the model."""
    if settings.gan_power == 0:
        return list(NETWORKS), ['src_dst_opt']
    return list(NETWORKS) + ['GAN'], ['src_dst_opt', 'GAN_opt']


def list_saved_parts(model: Any, settings: Any) -> list:
    """[[saveable, file name], ...] in the order of saving."""
    names = list(NETWORKS)
    if model.is_training:
        names.append('src_dst_opt')
        if settings.gan_power != 0:
            names += OPTIONAL_PARTS
    return list_files(model, names, {})
