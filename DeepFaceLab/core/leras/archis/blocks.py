"""Building blocks of DeepFakeArchi (spec 10 section 9.1)."""
from collections import namedtuple
from typing import Any, Callable

from core.leras import nn

Blocks = namedtuple("Blocks", "Downscale DownscaleBlock Upscale ResidualBlock")


def make_blocks(act: Callable[[Any, float], Any], conv_dtype: Any) -> Blocks:
    """The block classes for an activation act(x, alpha) and a dtype of the convolutions."""

    class Downscale(nn.ModelBase):
        """Convolution with stride 2."""

        def __init__(self, in_ch: int, out_ch: int, kernel_size: int = 5, *kwargs: Any) -> None:
            self.in_ch = in_ch
            self.out_ch = out_ch
            self.kernel_size = kernel_size
            super().__init__(*kwargs)

        def on_build(self, *args: Any, **kwargs: Any) -> None:
            self.conv1 = nn.Conv2D(self.in_ch, self.out_ch, kernel_size=self.kernel_size,
                                   strides=2, padding="SAME", dtype=conv_dtype)

        def forward(self, x: Any) -> Any:
            return act(self.conv1(x), 0.1)

        def get_out_ch(self) -> int:
            return self.out_ch

    class DownscaleBlock(nn.ModelBase):
        """n_downscales Downscales; channels doubled up to 8 times."""

        def on_build(self, in_ch: int, ch: int, n_downscales: int, kernel_size: int) -> None:
            self.downs = []
            last_ch = in_ch
            for i in range(n_downscales):
                cur_ch = ch * min(2 ** i, 8)
                self.downs.append(Downscale(last_ch, cur_ch, kernel_size=kernel_size))
                last_ch = self.downs[-1].get_out_ch()

        def forward(self, inp: Any) -> Any:
            x = inp
            for down in self.downs:
                x = down(x)
            return x

    class Upscale(nn.ModelBase):
        """Convolution to four times the channels, rearranged to twice the side."""

        def on_build(self, in_ch: int, out_ch: int, kernel_size: int = 3) -> None:
            self.conv1 = nn.Conv2D(in_ch, out_ch * 4, kernel_size=kernel_size, padding="SAME",
                                   dtype=conv_dtype)

        def forward(self, x: Any) -> Any:
            x = act(self.conv1(x), 0.1)
            return nn.depth_to_space(x, 2)

    class ResidualBlock(nn.ModelBase):
        """Two convolutions beside the identity."""

        def on_build(self, ch: int, kernel_size: int = 3) -> None:
            self.conv1 = nn.Conv2D(ch, ch, kernel_size=kernel_size, padding="SAME",
                                   dtype=conv_dtype)
            self.conv2 = nn.Conv2D(ch, ch, kernel_size=kernel_size, padding="SAME",
                                   dtype=conv_dtype)

        def forward(self, inp: Any) -> Any:
            x = act(self.conv1(inp), 0.2)
            x = self.conv2(x)
            return act(inp + x, 0.2)

    return Blocks(Downscale, DownscaleBlock, Upscale, ResidualBlock)
