"""XSeg's preview pictures (spec 22 section C5)."""
import numpy as np

from core.leras import nn
from models.common.preview import count_rows, repeat_mask, stack_rows, to_image

OUTSIDE = np.float32((0, 1, 0))     # BGR, what lies outside a mask is tinted with it
TINT = 0.5
FACES_NAMES = ('src', 'dst')


def draw_previews(model, samples) -> list:
    """[(name, picture), ...]; pictures are float32 (h, w, 3) BGR in 0..1.

    samples: pictures and masks of the training faces, then pictures of src and of dst, each [] if
    there are none. In pretraining pictures and their gray versions, nothing else."""
    training, others = samples[0], samples[1:]
    image, mask, found = show_batch(model, training[0], training[1])
    rows = count_rows(model.get_batch_size(), model.resolution)
    if model.pretrain:
        return [('XSeg training faces', stack_rows((image, found), rows))]
    pictures = [('XSeg training faces', stack_rows(
        (tint(image, mask), found, tint(image, found)), rows))]
    for name, sample in zip(FACES_NAMES, others):
        if len(sample) == 0:
            continue
        image, _, found = show_batch(model, sample[0], None)
        pictures.append(('XSeg %s faces' % name, stack_rows(
            (image, found, tint(image, found)), rows)))
    return pictures


def show_batch(model, images, masks) -> tuple:
    """(pictures, their masks or None, what the network finds), (n, 256, 256, 3) each."""
    def show(x):
        x = to_image(x, nn.data_format)
        return repeat_mask(x, 3) if x.shape[-1] == 1 else x
    found, = model.view(images)
    return show(images), None if masks is None else show(masks), show(found)


def tint(image, mask):
    """The picture inside the mask, half green outside of it."""
    outside = TINT * (1.0 - mask)
    return image * mask + image * outside + OUTSIDE * outside
