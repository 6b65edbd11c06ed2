"""U-net discriminator with a chosen receptive field (spec 10 section 10.2)."""
from typing import Any, Dict, List, Tuple

from core.leras import nn

tf = nn.tf


class UNetPatchDiscriminator(nn.ModelBase):
    """Judges patches in the middle and pixels at the end of a U-net.

    patch_size  wished receptive field in pixels; the nearest possible one is taken
    in_ch       channels of the image
    base_ch     channels of the first level, doubled up to 512
    use_fp16    convolutions in float16, results float32

    The image side must be divisible by the product of the strides.
    Schoenfeld et al., "A U-Net Based Discriminator for Generative Adversarial Networks", 2020.
    """

    def calc_receptive_field_size(self, layers: List[List[int]]) -> int:
        """Receptive field in pixels of convolutions [[kernel, stride], ...]."""
        field, step = layers[0][0], layers[0][1]
        for kernel, stride in layers[1:]:
            field += (kernel - 1) * step
            step *= stride
        return field

    def find_archi(self, target_patch_size: int, max_layers: int = 9) -> List[List[int]]:
        """The [[kernel, stride], ...] whose receptive field is nearest to the target.

        Among equal fields the fewest layers win, then the largest sum of strides.
        """
        best: Dict[int, Tuple[int, int, List[List[int]]]] = {}
        for n_layers in range(1, max_layers + 1):
            for bits in range(2 ** (n_layers - 1) - 1, -1, -1):
                layers = [[3, 2]] + [[3, 2 if bits & (1 << i) else 1]
                                     for i in range(n_layers - 1)]
                field = self.calc_receptive_field_size(layers)
                rank = (-n_layers, sum(stride for _, stride in layers))
                if field not in best or rank > best[field][:2]:
                    best[field] = rank + (layers,)
        field = min(sorted(best), key=lambda field: abs(field - target_patch_size))
        return best[field][2]

    def on_build(self, patch_size: int, in_ch: int, base_ch: int = 16,
                 use_fp16: bool = False) -> None:
        """Makes convs, upconvs (deepest first), in_conv, out_conv, center_out, center_conv."""
        self.use_fp16 = use_fp16
        dtype = nn.tf.float16 if use_fp16 else nn.tf.float32
        layers = self.find_archi(patch_size)
        level_chs = {i: min(base_ch * (2 ** (i + 1)), 512) for i in range(-1, len(layers))}
        last = len(layers) - 1

        self.convs = []
        self.upconvs = []
        for i, (kernel_size, strides) in enumerate(layers):
            self.convs.append(nn.Conv2D(level_chs[i - 1], level_chs[i], kernel_size=kernel_size,
                                        strides=strides, padding="SAME", dtype=dtype))
            self.upconvs.insert(0, nn.Conv2DTranspose(
                level_chs[i] * (1 if i == last else 2), level_chs[i - 1],
                kernel_size=kernel_size, strides=strides, padding="SAME", dtype=dtype))

        self.in_conv = nn.Conv2D(in_ch, level_chs[-1], kernel_size=1, padding="VALID",
                                 dtype=dtype)
        self.out_conv = nn.Conv2D(level_chs[-1] * 2, 1, kernel_size=1, padding="VALID",
                                  dtype=dtype)
        self.center_out = nn.Conv2D(level_chs[last], 1, kernel_size=1, padding="VALID",
                                    dtype=dtype)
        self.center_conv = nn.Conv2D(level_chs[last], level_chs[last], kernel_size=1,
                                     padding="VALID", dtype=dtype)

    def forward(self, x: Any) -> Tuple[Any, Any]:
        """Images to (logits of the middle, logits of every pixel)."""
        tf = nn.tf
        if self.use_fp16:
            x = tf.cast(x, tf.float16)
        x = tf.nn.leaky_relu(self.in_conv(x), 0.2)

        encodings = []
        for conv in self.convs:
            encodings.insert(0, x)
            x = tf.nn.leaky_relu(conv(x), 0.2)

        center_out, x = self.center_out(x), tf.nn.leaky_relu(self.center_conv(x), 0.2)

        for upconv, encoding in zip(self.upconvs, encodings):
            x = tf.nn.leaky_relu(upconv(x), 0.2)
            x = tf.concat([encoding, x], axis=nn.conv2d_ch_axis)
        x = self.out_conv(x)

        if self.use_fp16:
            center_out = tf.cast(center_out, tf.float32)
            x = tf.cast(x, tf.float32)
        return center_out, x


nn.UNetPatchDiscriminator = UNetPatchDiscriminator
