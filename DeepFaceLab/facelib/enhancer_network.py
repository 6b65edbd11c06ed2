"""The network of FaceEnhancer: a U-net that adds detail to a face and enlarges it four times
(spec 40 sections 6.1 and 6.2).

To be imported after `nn.initialize`.
"""
from typing import Any, List, Sequence

from core.leras import nn

LEVELS = 5      # of the encoder and the decoder
CENTRE_CONVS = 4


def _conv(in_ch: int, out_ch: int) -> Any:
    return nn.Conv2D(in_ch, out_ch, kernel_size=3, strides=1, padding="SAME")


def _leaky(x: Any) -> Any:
    return nn.tf.nn.leaky_relu(x, 0.1)


def _halve(x: Any) -> Any:
    return nn.tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")


def _double(x: Any) -> Any:
    return nn.resize2d_bilinear(x)


class EnhancerNetwork(nn.ModelBase):
    """[picture (n,192,192,3) in -1..1 BGR, strength (n,1), kind (n,1)] to (n,768,768,3), NHWC."""

    def on_build(self) -> None:
        """Makes the parts in the order of the file."""
        self.conv1 = _conv(3, 64)
        self.dense1 = nn.Dense(1, 64, use_bias=False)
        self.dense2 = nn.Dense(1, 64, use_bias=False)

        self.e0_conv0 = _conv(64, 64)
        self.e0_conv1 = _conv(64, 64)
        self.e1_conv0 = _conv(64, 112)
        self.e1_conv1 = _conv(112, 112)
        self.e2_conv0 = _conv(112, 192)
        self.e2_conv1 = _conv(192, 192)
        self.e3_conv0 = _conv(192, 336)
        self.e3_conv1 = _conv(336, 336)
        self.e4_conv0 = _conv(336, 512)
        self.e4_conv1 = _conv(512, 512)

        self.center_conv0 = _conv(512, 512)
        self.center_conv1 = _conv(512, 512)
        self.center_conv2 = _conv(512, 512)
        self.center_conv3 = _conv(512, 512)

        # The first of each level sees what comes from below and the encoder's features.
        self.d4_conv0 = _conv(512 + 512, 512)
        self.d4_conv1 = _conv(512, 512)
        self.d3_conv0 = _conv(512 + 336, 512)
        self.d3_conv1 = _conv(512, 512)
        self.d2_conv0 = _conv(512 + 192, 288)
        self.d2_conv1 = _conv(288, 288)
        self.d1_conv0 = _conv(288 + 112, 160)
        self.d1_conv1 = _conv(160, 160)
        self.d0_conv0 = _conv(160 + 64, 96)
        self.d0_conv1 = _conv(96, 96)

        self.out1x_conv0 = _conv(96, 48)
        self.out1x_conv1 = _conv(48, 3)
        self.dec2x_conv0 = _conv(96, 96)
        self.dec2x_conv1 = _conv(96, 96)
        self.out2x_conv0 = _conv(96, 48)
        self.out2x_conv1 = _conv(48, 3)
        self.dec4x_conv0 = _conv(96, 72)
        self.dec4x_conv1 = _conv(72, 72)
        self.out4x_conv0 = _conv(72, 36)
        self.out4x_conv1 = _conv(36, 3)

    def forward(self, inputs: Sequence[Any]) -> Any:
        bgr, param, param1 = inputs
        conditions = [nn.tf.reshape(dense(value), (-1, 1, 1, 64))
                      for dense, value in ((self.dense1, param), (self.dense2, param1))]
        x = _leaky(self.conv1(bgr) + conditions[0] + conditions[1])
        features: List[Any] = []
        for level in range(LEVELS):
            x = self._apply_pair("e%d" % level, x if level == 0 else _halve(x))
            features.append(x)
        x = _halve(x)
        for i in range(CENTRE_CONVS):
            x = _leaky(getattr(self, "center_conv%d" % i)(x))
        for level in reversed(range(LEVELS)):
            x = nn.tf.concat([_double(x), features[level]], -1)
            x = self._apply_pair("d%d" % level, x)

        picture = bgr + self._read_out("out1x", x)
        for size in ("2x", "4x"):
            x = _double(self._apply_pair("dec" + size, x))
            picture = _double(picture) + self._read_out("out" + size, x)
        return picture

    def _apply_pair(self, name: str, x: Any) -> Any:
        """Two convolutions, each with its activation."""
        x = _leaky(getattr(self, name + "_conv0")(x))
        return _leaky(getattr(self, name + "_conv1")(x))

    def _read_out(self, name: str, x: Any) -> Any:
        """What features change in the picture, -1..1."""
        x = _leaky(getattr(self, name + "_conv0")(x))
        return nn.tf.nn.tanh(getattr(self, name + "_conv1")(x))
