"""Segmentation network of face masks (spec 10 section 11)."""
from typing import Any, Tuple

from core.leras import nn

tf = nn.tf


class _ConvBlock(nn.ModelBase):
    """3x3 convolution, filter response normalisation, thresholded linear unit."""

    def on_build(self, in_ch: int, out_ch: int) -> None:
        self.conv = nn.Conv2D(in_ch, out_ch, kernel_size=3, padding="SAME")
        self.frn = nn.FRNorm2D(out_ch)
        self.tlu = nn.TLU(out_ch)

    def forward(self, x: Any) -> Any:
        return self.tlu(self.frn(self.conv(x)))


class _UpConvBlock(nn.ModelBase):
    """The same with a transposed convolution to twice the side."""

    def on_build(self, in_ch: int, out_ch: int) -> None:
        self.conv = nn.Conv2DTranspose(in_ch, out_ch, kernel_size=3, padding="SAME")
        self.frn = nn.FRNorm2D(out_ch)
        self.tlu = nn.TLU(out_ch)

    def forward(self, x: Any) -> Any:
        return self.tlu(self.frn(self.conv(x)))


class XSeg(nn.ModelBase):
    """U-net of six levels with a dense bottleneck, for images of 256x256.

    in_ch       channels of the image
    base_ch     channels of the first level (32 in use)
    out_ch      channels of the mask
    """

    def on_build(self, in_ch: int, base_ch: int, out_ch: int) -> None:
        """Makes the parts in the order of the file."""
        b, dense_features = base_ch, base_ch * 8 * 4 * 4
        self.conv01 = _ConvBlock(in_ch, b)
        self.conv02 = _ConvBlock(b, b)
        self.bp0 = nn.BlurPool(filt_size=4)

        self.conv11 = _ConvBlock(b, b * 2)
        self.conv12 = _ConvBlock(b * 2, b * 2)
        self.bp1 = nn.BlurPool(filt_size=3)

        self.conv21 = _ConvBlock(b * 2, b * 4)
        self.conv22 = _ConvBlock(b * 4, b * 4)
        self.bp2 = nn.BlurPool(filt_size=2)

        self.conv31 = _ConvBlock(b * 4, b * 8)
        self.conv32 = _ConvBlock(b * 8, b * 8)
        self.conv33 = _ConvBlock(b * 8, b * 8)
        self.bp3 = nn.BlurPool(filt_size=2)

        self.conv41 = _ConvBlock(b * 8, b * 8)
        self.conv42 = _ConvBlock(b * 8, b * 8)
        self.conv43 = _ConvBlock(b * 8, b * 8)
        self.bp4 = nn.BlurPool(filt_size=2)

        self.conv51 = _ConvBlock(b * 8, b * 8)
        self.conv52 = _ConvBlock(b * 8, b * 8)
        self.conv53 = _ConvBlock(b * 8, b * 8)
        self.bp5 = nn.BlurPool(filt_size=2)

        self.dense1 = nn.Dense(dense_features, 512)
        self.dense2 = nn.Dense(512, dense_features)

        self.up5 = _UpConvBlock(b * 8, b * 4)
        self.uconv53 = _ConvBlock(b * 12, b * 8)
        self.uconv52 = _ConvBlock(b * 8, b * 8)
        self.uconv51 = _ConvBlock(b * 8, b * 8)

        self.up4 = _UpConvBlock(b * 8, b * 4)
        self.uconv43 = _ConvBlock(b * 12, b * 8)
        self.uconv42 = _ConvBlock(b * 8, b * 8)
        self.uconv41 = _ConvBlock(b * 8, b * 8)

        self.up3 = _UpConvBlock(b * 8, b * 4)
        self.uconv33 = _ConvBlock(b * 12, b * 8)
        self.uconv32 = _ConvBlock(b * 8, b * 8)
        self.uconv31 = _ConvBlock(b * 8, b * 8)

        self.up2 = _UpConvBlock(b * 8, b * 4)
        self.uconv22 = _ConvBlock(b * 8, b * 4)
        self.uconv21 = _ConvBlock(b * 4, b * 4)

        self.up1 = _UpConvBlock(b * 4, b * 2)
        self.uconv12 = _ConvBlock(b * 4, b * 2)
        self.uconv11 = _ConvBlock(b * 2, b * 2)

        self.up0 = _UpConvBlock(b * 2, b)
        self.uconv02 = _ConvBlock(b * 2, b)
        self.uconv01 = _ConvBlock(b, b)
        self.out_conv = nn.Conv2D(b, out_ch, kernel_size=3, padding="SAME")
        self.base_ch = base_ch

    def forward(self, inp: Any, pretrain: bool = False) -> Tuple[Any, Any]:
        """Images in [0, 1] to (logits, mask in [0, 1]).

        `pretrain` shuts the skip connections, so that everything goes through the bottleneck.
        """
        x = inp
        skips = []
        for convs, pool in (((self.conv01, self.conv02), self.bp0),
                            ((self.conv11, self.conv12), self.bp1),
                            ((self.conv21, self.conv22), self.bp2),
                            ((self.conv31, self.conv32, self.conv33), self.bp3),
                            ((self.conv41, self.conv42, self.conv43), self.bp4),
                            ((self.conv51, self.conv52, self.conv53), self.bp5)):
            for conv in convs:
                x = conv(x)
            skips.append(x)
            x = pool(x)

        x = nn.flatten(x)
        x = self.dense1(x)
        x = self.dense2(x)
        x = nn.reshape_4D(x, 4, 4, self.base_ch * 8)

        for up, convs in ((self.up5, (self.uconv53, self.uconv52, self.uconv51)),
                          (self.up4, (self.uconv43, self.uconv42, self.uconv41)),
                          (self.up3, (self.uconv33, self.uconv32, self.uconv31)),
                          (self.up2, (self.uconv22, self.uconv21)),
                          (self.up1, (self.uconv12, self.uconv11)),
                          (self.up0, (self.uconv02, self.uconv01))):
            x = up(x)
            skip = skips.pop()
            if pretrain:
                skip = nn.tf.zeros_like(skip)
            x = nn.tf.concat([x, skip], axis=nn.conv2d_ch_axis)
            for conv in convs:
                x = conv(x)

        logits = self.out_conv(x)
        return logits, nn.tf.nn.sigmoid(logits)


nn.XSeg = XSeg
