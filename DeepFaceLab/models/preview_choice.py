"""The window in which the user picks the sample of the preview history (spec 20 section 8)."""
from typing import Any, Callable, List, Tuple

import numpy as np

from core.imagelib.common import to_uint8
from core.interact import interact as io

Previews = List[Tuple[str, np.ndarray]]


def choose_preview_sample(draw_samples: Callable[[], Any], get_previews: Callable[[Any],
                                                                                  Previews]) -> Any:
    """Show samples until one is accepted; return it.

    Keys: Enter accepts; space draws new samples and shows the next preview of them; p draws new
    ones. Ctrl+C accepts what is shown, closing the window too.
    """
    window = 'Preview history: Enter takes this sample, space changes the view, p draws another'
    io.named_window(window)
    io.capture_keys(window)
    shown = 0
    try:
        while True:
            sample = draw_samples()
            previews = get_previews(sample)
            if not previews:
                return sample
            image = previews[shown % len(previews)][1]
            io.show_image(window, to_uint8(image))
            key = wait_for_key(window)
            if key == 'accept':
                return sample
            if key == 'switch':
                shown += 1
    finally:
        io.destroy_window(window)


def wait_for_key(window: str) -> str:
    """Wait for a key of the window: 'accept', 'switch' or 'next'; Ctrl+C and closing it accept."""
    names = {'\n': 'accept', '\r': 'accept', ' ': 'switch', 'p': 'next'}
    while True:
        try:
            io.process_messages(0.1)
        except KeyboardInterrupt:
            return 'accept'
        if io.is_window_closed(window):
            return 'accept'
        for event in io.get_key_events(window):
            if event[1] in names:
                return names[event[1]]
