"""What a model asks of a sample: one request per output (spec 30 section 6.1)."""
from enum import IntEnum
from typing import Any, Optional, Sequence, Tuple

from facelib import FaceType

from .channels import COLOR, GRAY
from .shadow import read_shadow_option


class ProcessedType(IntEnum):
    """SampleProcessor.SampleType: the kind of an output."""
    NONE = 0
    IMAGE = 1
    FACE_IMAGE = 2
    FACE_MASK = 3
    LANDMARKS_ARRAY = 4
    PITCH_YAW_ROLL = 5
    PITCH_YAW_ROLL_SIGMOID = 6


class ChannelType(IntEnum):
    NONE = 0
    BGR = 1
    G = 2  # gray, one channel
    GGG = 3  # gray, repeated three times
    LAB_RAND_TRANSFORM = 4  # colours turned in the (a, b) plane of Lab (MVE, spec 82)


class FaceMaskType(IntEnum):
    NONE = 0
    FULL_FACE = 1
    EYES = 2
    EYES_MOUTH = 3
    # MVE: face 0..1, eyes 1..2, mouth 2..3. Its own number there is that of EYES_MOUTH.
    FULL_FACE_EYES = 4


_FACE_OUTPUTS = (ProcessedType.FACE_IMAGE, ProcessedType.FACE_MASK)


class OutputRequest:
    """One output of `SampleProcessor.process`, checked.

    Arguments:
        sample_type: what to produce.
        resolution: side of the square output in pixels.
        channel_type: of an image; a mask has to be G.
        face_type: alignment of the output; the sample is re-aligned when its own differs.
        face_mask_type: which mask; NONE is all zeros.
        warp: elastic map.
        transform: random rotation, scale, shift.
        border_replicate: what lies outside the sample: its edge (images) or 0 (masks).
        ct_mode: colour transfer towards the colour sample: rct, lct, mkl, idt, sot; or a random
            change of colours without one: fs-aug, cc-aug (MVE, spec 82).
        random_hsv_shift_amount: strength of a random shift of hue, saturation, value; 0 is off.
        nearest_resize_to: final side, by nearest neighbour.
        normalize_tanh: map 0..1 to -1..1.
        data_format: NHWC or NCHW.
        rnd_seed_shift: outputs with equal shifts share the random geometry and the HSV shift.
        warp_rnd_seed_shift: the same for the elastic map.
        channels: 1 takes the sample as gray from the file on, whatever the file holds, and the
            output has one channel; 3 or None leave that to `channel_type`.
        random_downsample, random_noise, random_blur, random_jpeg: lose quality, always, in a
            random order (MVE, see degrade.py).
        random_shadow: a shadow in half of the samples (MVE, see shadow.py).
        **kwargs: keys of forks that have no meaning here.
    """

    def __init__(self, sample_type: ProcessedType = ProcessedType.NONE,
                 resolution: int = 0,
                 channel_type: ChannelType = ChannelType.NONE,
                 face_type: Optional[FaceType] = None,
                 face_mask_type: FaceMaskType = FaceMaskType.NONE,
                 warp: bool = False,
                 transform: bool = False,
                 border_replicate: Optional[bool] = None,
                 ct_mode: Optional[str] = None,
                 random_hsv_shift_amount: float = 0,
                 nearest_resize_to: Optional[int] = None,
                 normalize_tanh: bool = False,
                 data_format: str = "NHWC",
                 rnd_seed_shift: int = 0,
                 warp_rnd_seed_shift: Optional[int] = None,
                 channels: Optional[int] = None,
                 random_downsample: bool = False,
                 random_noise: bool = False,
                 random_blur: bool = False,
                 random_jpeg: bool = False,
                 random_shadow: Any = None,
                 **kwargs: Any):
        self.sample_type = sample_type
        self.resolution = resolution
        self.channel_type = channel_type
        self.face_type = face_type
        self.face_mask_type = face_mask_type
        self.warp = warp
        self.transform = transform
        self.border_replicate = border_replicate
        if border_replicate is None:
            self.border_replicate = sample_type == ProcessedType.FACE_IMAGE
        self.ct_mode = ct_mode
        # A numpy float64 would promote float32 images with numpy 2.
        self.random_hsv_shift_amount = float(random_hsv_shift_amount)
        self.nearest_resize_to = nearest_resize_to
        self.normalize_tanh = normalize_tanh
        self.data_format = data_format
        self.rnd_seed_shift = rnd_seed_shift
        self.warp_rnd_seed_shift = warp_rnd_seed_shift
        if warp_rnd_seed_shift is None:
            self.warp_rnd_seed_shift = rnd_seed_shift
        self.channels = channels
        switches = dict(random_downsample=random_downsample, random_noise=random_noise,
                        random_blur=random_blur, random_jpeg=random_jpeg)
        self.degradations = [name for name, is_on in switches.items() if is_on]
        self.shadow = read_shadow_option(random_shadow)
        self._check()

    def _check(self) -> None:
        if self.sample_type not in list(ProcessedType) or self.sample_type == ProcessedType.NONE:
            raise ValueError("unknown sample_type %r of an output" % (self.sample_type,))
        if self.channels not in (None, GRAY, COLOR):
            raise ValueError("channels of an output must be 1 or 3, not %r" % (self.channels,))
        if self.data_format not in ("NHWC", "NCHW"):
            raise ValueError("data_format must be NHWC or NCHW, not %r" % (self.data_format,))
        if self.sample_type not in _FACE_OUTPUTS:
            return
        if self.face_type is None:
            raise ValueError("a %s output needs a face_type" % (self.sample_type.name,))
        if self.sample_type == ProcessedType.FACE_MASK:
            if self.channel_type != ChannelType.G:
                raise ValueError("a mask has channel_type G, not %r" % (self.channel_type,))
        elif self.channel_type not in list(ChannelType) or self.channel_type == ChannelType.NONE:
            raise ValueError("unknown channel_type %r of an image" % (self.channel_type,))

    def working_channels(self, file_channels: int) -> int:
        """Channels an image is augmented in, for a file of `file_channels`: GRAY or COLOR."""
        if self.channels == GRAY:
            return GRAY
        if self.channel_type in (ChannelType.BGR, ChannelType.LAB_RAND_TRANSFORM):
            return COLOR
        return file_channels  # gray of a colour file is made at the end, as the reference does

    def magnifies_colors(self) -> bool:
        """Whether what follows a colour transfer makes a lot of its last bits: the hue of gray
        pixels is any, and what is stored as JPEG is rounded to 256 levels."""
        return bool(self.random_hsv_shift_amount != 0 or self.shadow or self.degradations
                    or self.channel_type == ChannelType.LAB_RAND_TRANSFORM)

    def find_shape(self) -> Optional[Tuple[int, ...]]:
        """Shape of the output, float32; None for what is no picture of the requested size."""
        if self.sample_type not in _FACE_OUTPUTS:
            return None
        channels = GRAY
        if self.sample_type == ProcessedType.FACE_IMAGE:
            if self.channel_type == ChannelType.GGG:
                channels = COLOR
            elif self.channel_type != ChannelType.G and self.channels != GRAY:
                channels = COLOR
        side = self.nearest_resize_to or self.resolution
        return (channels, side, side) if self.data_format == "NCHW" else (side, side, channels)

    def geometry_key(self) -> Sequence:
        return (self.resolution, self.rnd_seed_shift, self.warp_rnd_seed_shift)

    def crop_key(self) -> Sequence:
        return (self.resolution, self.face_type, self.border_replicate)
