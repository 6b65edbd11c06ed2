"""One sample -> the arrays of a training batch's row (spec 30 section 6)."""
import threading
from enum import IntEnum
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from core.process_options import FEED, get_setting

from .output_request import (ChannelType, FaceMaskType, OutputRequest, ProcessedType)
from .plain_render import render_plain
from .prepared_sample import PreparedSample
from .render_output import render_output
from .Sample import Sample

__all__ = ["SampleProcessor", "IntEnum", "np"]

# Two generators per thread, seeded anew for each use: the stream is that of a fresh RandomState,
# whose construction costs 70 times as much.
_random_states = threading.local()


class SampleProcessor:

    SampleType = ProcessedType
    ChannelType = ChannelType
    FaceMaskType = FaceMaskType

    class Options:
        """Ranges of the random geometry that all outputs of a sample share."""

        def __init__(self, random_flip: bool = True,
                     rotation_range: Sequence[float] = (-10, 10),
                     scale_range: Sequence[float] = (-0.05, 0.05),
                     tx_range: Sequence[float] = (-0.05, 0.05),
                     ty_range: Sequence[float] = (-0.05, 0.05)):
            """
            Arguments:
                random_flip: mirror with probability 0.4.
                rotation_range: degrees.
                scale_range: (s0, s1), the scale is uniform in [1/(1-s0), 1+s1].
                tx_range, ty_range: shift as a share of the side.
            """
            self.random_flip = random_flip
            self.rotation_range = list(rotation_range)
            self.scale_range = list(scale_range)
            self.tx_range = list(tx_range)
            self.ty_range = list(ty_range)

    @staticmethod
    def process(samples: Sequence[Sample], sample_process_options: "SampleProcessor.Options",
                output_sample_types: Sequence[Dict[str, Any]], debug: bool,
                ct_sample: Optional[Sample] = None, feed: Optional[str] = None
                ) -> List[List[Any]]:
        """Render every output for every sample.

        Arguments:
            samples: the samples; one seed each is drawn from the global `np.random`.
            sample_process_options: the random geometry.
            output_sample_types: a dict per output, see `OutputRequest`.
            debug: draw the landmarks into the pictures.
            ct_sample: colour reference of the outputs with a `ct_mode`.
            feed: plain, exact or fast, the process's setting when None. Without what the feed
                keeps in memory the results are the same to the bit.

        Returns a list per sample of a value per output: images (r, r, c) and masks (r, r, 1)
        float32, transposed for NCHW; (68, 2) float64 landmarks; tuples of pitch and yaw.
        Raises ValueError for a contradictory request, UnreadableSampleError for a file.
        """
        requests = [OutputRequest(**output) for output in output_sample_types]
        is_plain = (get_setting(FEED) if feed is None else feed) == "plain"
        outputs = []
        for sample in samples:
            seed = draw_sample_seed()
            if is_plain:
                outputs.append(render_plain(sample, sample_process_options, requests, seed,
                                            ct_sample, debug))
                continue
            prepared = PreparedSample(sample, sample_process_options, seed, get_random_states(),
                                      ct_sample=ct_sample, debug=debug)
            outputs.append([render_output(prepared, request) for request in requests])
        return outputs


def draw_sample_seed() -> int:
    """From the global `np.random`: all that is random in a sample's geometry follows from it."""
    return int(np.random.randint(0x80000000))


def get_random_states():
    """The thread's two scratch generators, to be seeded before use."""
    states = getattr(_random_states, "pair", None)
    if states is None:
        states = _random_states.pair = (np.random.RandomState(0), np.random.RandomState(0))
    return states
