"""The landmark detector's network, four stacked hourglasses (spec 40 section 5.1).

To be imported after `nn.initialize`; built and run in NHWC.
"""
from typing import Any

from core.leras import nn

STACKS = 4
DEPTH = 4       # of an hourglass
FEATURES = 256
POINTS = 68


def _conv(in_ch: int, out_ch: int, kernel_size: int = 3) -> Any:
    return nn.Conv2D(in_ch, out_ch, kernel_size=kernel_size, padding="SAME", use_bias=False)


def _conv1(in_ch: int, out_ch: int) -> Any:
    return nn.Conv2D(in_ch, out_ch, kernel_size=1, padding="VALID")


def _halve(x: Any) -> Any:
    return nn.tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")


class ConvBlock(nn.ModelBase):
    """(n,h,w,in_ch) to (n,h,w,out_ch): three convolutions side by side of each other's results,
    added to the input."""

    def on_build(self, in_ch: int, out_ch: int) -> None:
        self.in_ch = in_ch
        self.out_ch = out_ch
        self.bn1 = nn.BatchNorm2D(in_ch)
        self.conv1 = _conv(in_ch, out_ch // 2)
        self.bn2 = nn.BatchNorm2D(out_ch // 2)
        self.conv2 = _conv(out_ch // 2, out_ch // 4)
        self.bn3 = nn.BatchNorm2D(out_ch // 4)
        self.conv3 = _conv(out_ch // 4, out_ch // 4)
        if in_ch != out_ch:
            self.down_bn1 = nn.BatchNorm2D(in_ch)
            self.down_conv1 = nn.Conv2D(in_ch, out_ch, kernel_size=1, padding="VALID",
                                        use_bias=False)

    def forward(self, x: Any) -> Any:
        a = self.conv1(nn.tf.nn.relu(self.bn1(x)))
        b = self.conv2(nn.tf.nn.relu(self.bn2(a)))
        c = self.conv3(nn.tf.nn.relu(self.bn3(b)))
        y = nn.tf.concat([a, b, c], -1)
        if self.in_ch != self.out_ch:
            x = self.down_conv1(nn.tf.nn.relu(self.down_bn1(x)))
        return y + x


class HourGlass(nn.ModelBase):
    """(n,h,w,FEATURES) to the same: features of half the size, `depth` times, added back."""

    def on_build(self, in_ch: int, depth: int) -> None:
        self.b1 = ConvBlock(in_ch, FEATURES)
        self.b2 = ConvBlock(in_ch, FEATURES)
        if depth > 1:
            self.b2_plus = HourGlass(FEATURES, depth - 1)
        else:
            self.b2_plus = ConvBlock(FEATURES, FEATURES)
        self.b3 = ConvBlock(FEATURES, FEATURES)

    def forward(self, x: Any) -> Any:
        upper = self.b1(x)
        lower = self.b3(self.b2_plus(self.b2(_halve(x))))
        return upper + nn.upsample2d(lower)


class FANNetwork(nn.ModelBase):
    """[crops (n,256,256,3) RGB 0..1] to heat maps (n,68,64,64)."""

    def on_build(self) -> None:
        """Makes the parts in the order of the file."""
        self.conv1 = nn.Conv2D(3, 64, kernel_size=7, strides=2, padding="SAME")
        self.bn1 = nn.BatchNorm2D(64)

        self.conv2 = ConvBlock(64, 128)
        self.conv3 = ConvBlock(128, 128)
        self.conv4 = ConvBlock(128, FEATURES)

        self.m = [HourGlass(FEATURES, DEPTH) for _ in range(STACKS)]
        self.top_m = [ConvBlock(FEATURES, FEATURES) for _ in range(STACKS)]
        self.conv_last = [_conv1(FEATURES, FEATURES) for _ in range(STACKS)]
        self.bn_end = [nn.BatchNorm2D(FEATURES) for _ in range(STACKS)]
        self.l = [_conv1(FEATURES, POINTS) for _ in range(STACKS)]      # noqa: E741 as in the file
        self.bl = [_conv1(FEATURES, FEATURES) for _ in range(STACKS - 1)]
        self.al = [_conv1(POINTS, FEATURES) for _ in range(STACKS - 1)]

    def forward(self, inputs: Any) -> Any:
        x, = inputs
        x = nn.tf.nn.relu(self.bn1(self.conv1(x)))
        x = self.conv3(_halve(self.conv2(x)))
        previous = self.conv4(x)
        for k in range(STACKS):
            features = self.conv_last[k](self.top_m[k](self.m[k](previous)))
            features = nn.tf.nn.relu(self.bn_end[k](features))
            maps = self.l[k](features)
            if k < STACKS - 1:
                previous = previous + self.bl[k](features) + self.al[k](maps)
        return nn.tf.transpose(maps, (0, 3, 1, 2))
