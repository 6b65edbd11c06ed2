"""AMP's preview pictures: one sample, morphed step by step (spec 22 section A4)."""
from typing import Any, List, Tuple

import numpy as np

from models.common.preview import count_rows, repeat_mask, to_image

MORPH_VALUES = (0.0, 0.25, 0.5, 0.65, 0.75, 1.0)


def draw_previews(model: Any, samples: Any, for_history: bool = False) -> List[Tuple[str, Any]]:
    """[(name, picture), ...]; pictures are float32 (2 h, 3 w, channels) BGR in 0..1.

    samples: what `generate_next_samples` returned for source and destination. The unwarped
    targets of one sample, drawn at random, go through the networks; for the history always the
    first."""
    ((_, target_src, _, _), (_, target_dst, _, _)) = samples
    rows = count_rows(model.get_batch_size(), model.resolution)
    index = 0 if for_history else np.random.randint(rows)
    src, dst = [to_image(x, model.model_data_format)[index] for x in (target_src, target_dst)]

    views = view_morphs(model, target_src, target_dst, index)
    src_src, dst_dst, dst_mask, _, _ = views[0]
    faces = [view[3] for view in views]
    masks = [dst_mask * view[4] for view in views]
    swapped, masked = faces[1:], [face * mask for face, mask in zip(faces[1:], masks[1:])]
    return [('AMP morph 1.0', arrange([src, dst, dst_dst * dst_mask,
                                       src_src, dst_dst, faces[-1]])),
            ('AMP morph list', arrange([dst_dst] + swapped)),
            ('AMP morph list masked', arrange([dst_dst] + masked))]


def view_morphs(model: Any, target_src: Any, target_dst: Any, index: int) -> list:
    """For every morph value [src_src, dst_dst, dst_mask, src_dst, src_dst_mask] of one sample, HWC
    with masks of as many channels as images.

    Only the first view draws the whole batch: the others differ by the morphed face alone, for
    which one sample is enough where one device computes."""
    views = []
    for number, morph_value in enumerate(MORPH_VALUES):
        shown, batch = index, slice(None)
        if number != 0 and len(model.placement.towers) == 1:
            shown, batch = 0, slice(index, index + 1)
        images = [to_image(x, model.model_data_format)[shown] for x in model.AE_view(
            target_src[batch], target_dst[batch], morph_value)]
        views.append([repeat_mask(x, model.channels) if x.shape[-1] == 1 else x for x in images])
    return views


def arrange(images: list) -> Any:
    """Six images (h, w, c) as two rows of three."""
    return np.concatenate([np.concatenate(images[at:at + 3], axis=1) for at in (0, 3)], axis=0)
