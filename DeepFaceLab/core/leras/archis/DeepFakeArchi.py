"""The df and liae networks (spec 10 section 9)."""
from typing import Any, Iterable, Optional, Tuple

from core.leras import nn

from .blocks import Blocks, make_blocks

tf = nn.tf


class DeepFakeArchi(nn.ArchiBase):
    """Makes the classes `Encoder`, `Inter` and `Decoder` for one set of options.

    resolution  side of the model's image; multiple of 16, of 32 with `d` or `t`
    use_fp16    convolutions in float16; Dense layers stay `nn.floatx`, networks return float32
                (Inter float16)
    mod         must be None (ValueError)
    opts        letters, tested one by one:
                u  normalises the latent code (likeness)
                d  half the computation for the resolution
                t  deeper, with residual blocks in the encoder (likeness)
                c  x*cos(x) instead of leaky ReLU

    df is encoder, inter, decoder_src and decoder_dst; liae is encoder, inter_AB, inter_B and one
    decoder for the concatenated codes. The caller assembles them.
    """

    # colour channels of the decoder's image; subclasses and `Decoder(out_ch=...)` change it
    decoder_out_ch = 3

    def __init__(self, resolution: int, use_fp16: bool = False, mod: Optional[str] = None,
                 opts: Optional[Iterable[str]] = None) -> None:
        super().__init__()
        if mod is not None:
            raise ValueError("mod is %r, only None exists" % (mod,))
        if opts is None:
            opts = ""
        conv_dtype = nn.tf.float16 if use_fp16 else nn.tf.float32
        lowest_dense_res = resolution // (32 if "d" in opts else 16)
        blocks = make_blocks(_act_cos if "c" in opts else _act_leaky_relu, conv_dtype)

        self.Encoder = _make_encoder(opts, use_fp16, blocks)
        self.Inter = _make_inter(opts, use_fp16, blocks, lowest_dense_res)
        self.Decoder = _make_decoder(opts, use_fp16, blocks, conv_dtype, self.decoder_out_ch)


class DeepFakeArchiBWTEST_NOPRINT(DeepFakeArchi):
    """DeepFakeArchi of one-channel images; name of the SAEHDBW fork (spec 60 section 2.1)."""

    decoder_out_ch = 1


def _act_leaky_relu(x: Any, alpha: float) -> Any:
    return nn.tf.nn.leaky_relu(x, alpha)


def _act_cos(x: Any, alpha: float) -> Any:
    return x * nn.tf.cos(x)


def _make_encoder(opts: Iterable[str], use_fp16: bool, blocks: Blocks) -> type:
    class Encoder(nn.ModelBase):
        """Image to a flat code (batch, get_out_ch() * get_out_res(resolution)^2), float32."""

        def __init__(self, in_ch: int, e_ch: int, **kwargs: Any) -> None:
            self.in_ch = in_ch
            self.e_ch = e_ch
            super().__init__(**kwargs)

        def on_build(self) -> None:
            e_ch = self.e_ch
            if "t" in opts:
                self.down1 = blocks.Downscale(self.in_ch, e_ch, kernel_size=5)
                self.res1 = blocks.ResidualBlock(e_ch)
                self.down2 = blocks.Downscale(e_ch, e_ch * 2, kernel_size=5)
                self.down3 = blocks.Downscale(e_ch * 2, e_ch * 4, kernel_size=5)
                self.down4 = blocks.Downscale(e_ch * 4, e_ch * 8, kernel_size=5)
                self.down5 = blocks.Downscale(e_ch * 8, e_ch * 8, kernel_size=5)
                self.res5 = blocks.ResidualBlock(e_ch * 8)
            else:
                self.down1 = blocks.DownscaleBlock(self.in_ch, e_ch, n_downscales=4,
                                                   kernel_size=5)

        def forward(self, x: Any) -> Any:
            if use_fp16:
                x = nn.tf.cast(x, nn.tf.float16)
            if "t" in opts:
                for block in (self.down1, self.res1, self.down2, self.down3, self.down4,
                              self.down5, self.res5):
                    x = block(x)
            else:
                x = self.down1(x)
            x = nn.flatten(x)
            if "u" in opts:
                x = nn.pixel_norm(x, axes=-1)
            if use_fp16:
                x = nn.tf.cast(x, nn.tf.float32)
            return x

        def get_out_res(self, res: int) -> int:
            """Side of the code before it is flattened."""
            return res // (32 if "t" in opts else 16)

        def get_out_ch(self) -> int:
            """Channels of the code before it is flattened."""
            return self.e_ch * 8

    return Encoder


def _make_inter(opts: Iterable[str], use_fp16: bool, blocks: Blocks,
                lowest_dense_res: int) -> type:
    class Inter(nn.ModelBase):
        """Flat code through a bottleneck of ae_ch to (get_out_res()^2, ae_out_ch)."""

        def __init__(self, in_ch: int, ae_ch: int, ae_out_ch: int, **kwargs: Any) -> None:
            self.in_ch = in_ch
            self.ae_ch = ae_ch
            self.ae_out_ch = ae_out_ch
            super().__init__(**kwargs)

        def on_build(self) -> None:
            self.dense1 = nn.Dense(self.in_ch, self.ae_ch)
            self.dense2 = nn.Dense(self.ae_ch, lowest_dense_res ** 2 * self.ae_out_ch)
            if "t" not in opts:
                self.upscale1 = blocks.Upscale(self.ae_out_ch, self.ae_out_ch)

        def forward(self, inp: Any) -> Any:
            x = self.dense1(inp)
            x = self.dense2(x)
            x = nn.reshape_4D(x, lowest_dense_res, lowest_dense_res, self.ae_out_ch)
            if use_fp16:
                x = nn.tf.cast(x, nn.tf.float16)
            if "t" not in opts:
                x = self.upscale1(x)
            return x

        def get_out_res(self) -> int:
            """Side of the result."""
            return lowest_dense_res if "t" in opts else lowest_dense_res * 2

        def get_out_ch(self) -> int:
            """Channels of the result."""
            return self.ae_out_ch

    return Inter


def _make_decoder(opts: Iterable[str], use_fp16: bool, blocks: Blocks, conv_dtype: Any,
                  default_out_ch: int) -> type:
    # channels of the image and mask branches in multiples of d_ch and d_mask_ch
    widths = (8, 8, 4, 2) if "t" in opts else (8, 4, 2)

    class Decoder(nn.ModelBase):
        """Code to (image with out_ch channels, mask with one), both in [0, 1], float32."""

        def on_build(self, in_ch: int, d_ch: int, d_mask_ch: int,
                     out_ch: int = default_out_ch) -> None:
            self._make_upscales("upscale", in_ch, d_ch)
            for i, width in enumerate(widths):
                setattr(self, "res%d" % i, blocks.ResidualBlock(d_ch * width, kernel_size=3))
            self._make_upscales("upscalem", in_ch, d_mask_ch)

            self.out_conv = nn.Conv2D(d_ch * 2, out_ch, kernel_size=1, padding="SAME",
                                      dtype=conv_dtype)
            mask_ch = d_mask_ch * 2
            if "d" in opts:
                for name in ("out_conv1", "out_conv2", "out_conv3"):
                    setattr(self, name, nn.Conv2D(d_ch * 2, out_ch, kernel_size=3,
                                                  padding="SAME", dtype=conv_dtype))
                setattr(self, "upscalem%d" % len(widths),
                        blocks.Upscale(mask_ch, d_mask_ch, kernel_size=3))
                mask_ch = d_mask_ch
            self.out_convm = nn.Conv2D(mask_ch, 1, kernel_size=1, padding="SAME",
                                       dtype=conv_dtype)

        def _make_upscales(self, name: str, in_ch: int, ch: int) -> None:
            for i, width in enumerate(widths):
                setattr(self, "%s%d" % (name, i),
                        blocks.Upscale(in_ch, ch * width, kernel_size=3))
                in_ch = ch * width

        def forward(self, z: Any) -> Tuple[Any, Any]:
            tf = nn.tf
            x = z
            for i in range(len(widths)):
                x = getattr(self, "upscale%d" % i)(x)
                x = getattr(self, "res%d" % i)(x)
            if "d" in opts:
                # the four phases of each 2x2 block of pixels
                x = tf.nn.sigmoid(nn.depth_to_space(
                    tf.concat((self.out_conv(x), self.out_conv1(x), self.out_conv2(x),
                               self.out_conv3(x)), nn.conv2d_ch_axis), 2))
            else:
                x = tf.nn.sigmoid(self.out_conv(x))

            m = z
            for i in range(len(widths) + (1 if "d" in opts else 0)):
                m = getattr(self, "upscalem%d" % i)(m)
            m = tf.nn.sigmoid(self.out_convm(m))

            if use_fp16:
                x = tf.cast(x, tf.float32)
                m = tf.cast(m, tf.float32)
            return x, m

    return Decoder


nn.DeepFakeArchi = DeepFakeArchi
nn.DeepFakeArchiBWTEST_NOPRINT = DeepFakeArchiBWTEST_NOPRINT
