"""The face detector's network, a VGG with six pairs of heads (spec 40 section 4.2).

To be imported after `nn.initialize`; built and run in NHWC.
"""
from typing import Any, List

from core.leras import nn

MEAN_RGB = (104, 117, 123)      # what the weights were made for, whatever the order of channels
NORM_EPS = 1e-10


class L2Norm(nn.LayerBase):
    """Scales every pixel's features to length 1, then by `weight` (1, 1, 1, channels), ones."""

    def __init__(self, channels: int, **kwargs: Any) -> None:
        self.channels = channels
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        self.weight = nn.tf.get_variable("weight", (1, 1, 1, self.channels), dtype=nn.floatx,
                                         initializer=nn.tf.initializers.ones())

    def get_weights(self) -> List[Any]:
        return [self.weight]

    def forward(self, x: Any) -> Any:
        length = nn.tf.sqrt(nn.tf.reduce_sum(nn.tf.pow(x, 2), axis=-1, keepdims=True))
        return x / (length + NORM_EPS) * self.weight


def _conv(in_ch: int, out_ch: int, kernel_size: int = 3, strides: int = 1,
          padding: Any = 1) -> Any:
    return nn.Conv2D(in_ch, out_ch, kernel_size=kernel_size, strides=strides, padding=padding)


def _halve(x: Any) -> Any:
    return nn.tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")


def _softmax(x: Any) -> Any:
    return nn.tf.nn.softmax(x, -1)


class S3FDNetwork(nn.ModelBase):
    """[pictures (n,h,w,3) RGB 0..255] to [cls1, reg1, ..., cls6, reg6].

    cls (n,h_i,w_i,2): probability of no face and of a face; reg (n,h_i,w_i,4): dx, dy, dw, dh
    against the cell's prior. The cells of map i lie 4, 8, 16, 32, 64, 128 pixels apart.
    """

    def on_build(self) -> None:
        """Makes the parts in the order of the file."""
        self.minus = nn.tf.constant(MEAN_RGB, dtype=nn.floatx)
        self.conv1_1 = _conv(3, 64)
        self.conv1_2 = _conv(64, 64)

        self.conv2_1 = _conv(64, 128)
        self.conv2_2 = _conv(128, 128)

        self.conv3_1 = _conv(128, 256)
        self.conv3_2 = _conv(256, 256)
        self.conv3_3 = _conv(256, 256)

        self.conv4_1 = _conv(256, 512)
        self.conv4_2 = _conv(512, 512)
        self.conv4_3 = _conv(512, 512)

        self.conv5_1 = _conv(512, 512)
        self.conv5_2 = _conv(512, 512)
        self.conv5_3 = _conv(512, 512)

        self.fc6 = _conv(512, 1024, padding=3)      # the map grows by 4 cells
        self.fc7 = _conv(1024, 1024, 1, padding=0)

        self.conv6_1 = _conv(1024, 256, 1, padding=0)
        self.conv6_2 = _conv(256, 512, strides=2)

        self.conv7_1 = _conv(512, 128, 1, padding=0)
        self.conv7_2 = _conv(128, 256, strides=2)

        self.conv3_3_norm = L2Norm(256)
        self.conv4_3_norm = L2Norm(512)
        self.conv5_3_norm = L2Norm(512)

        self.conv3_3_norm_mbox_conf = _conv(256, 4)     # three kinds of no face, and a face
        self.conv3_3_norm_mbox_loc = _conv(256, 4)
        self.conv4_3_norm_mbox_conf = _conv(512, 2)
        self.conv4_3_norm_mbox_loc = _conv(512, 4)
        self.conv5_3_norm_mbox_conf = _conv(512, 2)
        self.conv5_3_norm_mbox_loc = _conv(512, 4)
        self.fc7_mbox_conf = _conv(1024, 2)
        self.fc7_mbox_loc = _conv(1024, 4)
        self.conv6_2_mbox_conf = _conv(512, 2)
        self.conv6_2_mbox_loc = _conv(512, 4)
        self.conv7_2_mbox_conf = _conv(256, 2)
        self.conv7_2_mbox_loc = _conv(256, 4)

    def forward(self, inputs: Any) -> List[Any]:
        pictures, = inputs
        x = pictures - self.minus
        x = _halve(self._apply(x, "conv1_1", "conv1_2"))
        x = _halve(self._apply(x, "conv2_1", "conv2_2"))
        f3 = self._apply(x, "conv3_1", "conv3_2", "conv3_3")
        f4 = self._apply(_halve(f3), "conv4_1", "conv4_2", "conv4_3")
        f5 = self._apply(_halve(f4), "conv5_1", "conv5_2", "conv5_3")
        f7 = self._apply(_halve(f5), "fc6", "fc7")
        g6 = self._apply(f7, "conv6_1", "conv6_2")
        g7 = self._apply(g6, "conv7_1", "conv7_2")
        f3, f4, f5 = self.conv3_3_norm(f3), self.conv4_3_norm(f4), self.conv5_3_norm(f5)

        cls1 = self.conv3_3_norm_mbox_conf(f3)
        outputs = [cls1, self.conv3_3_norm_mbox_loc(f3)]
        for name, features in (("conv4_3_norm", f4), ("conv5_3_norm", f5), ("fc7", f7),
                               ("conv6_2", g6), ("conv7_2", g7)):
            outputs.append(_softmax(getattr(self, name + "_mbox_conf")(features)))
            outputs.append(getattr(self, name + "_mbox_loc")(features))

        best = nn.tf.maximum(nn.tf.maximum(cls1[..., 0:1], cls1[..., 1:2]), cls1[..., 2:3])
        outputs[0] = _softmax(nn.tf.concat([best, cls1[..., 3:4]], -1))
        return outputs

    def _apply(self, x: Any, *names: str) -> Any:
        """Convolutions, each with its activation."""
        for name in names:
            x = nn.tf.nn.relu(getattr(self, name)(x))
        return x
