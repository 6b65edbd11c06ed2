"""XSeg in tests: a network with few channels (its side of 256 is fixed), and labelled faces."""
import sys
from pathlib import Path

import numpy as np

import facelib  # noqa: F401  holds the module that is looked up below

CHANNELS = 4


def narrow_network(monkeypatch, channels: int = CHANNELS) -> None:
    """XSegNet makes networks of so many base channels in place of 32."""
    monkeypatch.setattr(sys.modules['facelib.XSegNet'], 'BASE_CHANNELS', channels)


def write_labelled_faces(folder, character: str, first: int, count: int) -> Path:
    """Aligned faces of the demo's renderer with the outline of the visible face as polygon."""
    from demo.faceset import save_aligned_face
    from demo.motion import get_scene
    from demo.render import render_face
    folder = Path(str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        face = render_face(character, *get_scene(character, number))
        save_aligned_face(face, folder / ('%05d_0.jpg' % number), '%05d.png' % number)
    return folder


def load_labelled_faces(folder) -> tuple:
    """((n, 256, 256, 3) float32 0..1, (n, 256, 256) bool: inside the polygon)"""
    from DFLIMG import DFLJPG
    images, masks = [], []
    for path in sorted(Path(str(folder)).glob('*.jpg')):
        face = DFLJPG.load(str(path))
        image = face.get_img().astype(np.float32) / 255
        mask = np.zeros(image.shape[:2] + (1,), np.float32)
        face.get_seg_ie_polys().overlay_mask(mask)
        images.append(image)
        masks.append(mask[..., 0] > 0.5)
    return np.stack(images), np.stack(masks)


def predict_masks(model, images: np.ndarray) -> np.ndarray:
    """A training model's masks of (n, 256, 256, 3) faces: (n, 256, 256) float32 0..1."""
    from core.leras import nn
    found = []
    for image in images:
        batch = nn.to_data_format(image[None], nn.data_format, 'NHWC')
        # the training graph takes its whole batch
        batch = np.repeat(batch, model.get_batch_size(), 0)
        found.append(nn.to_data_format(model.view(batch)[0], 'NHWC', nn.data_format)[0, ..., 0])
    return np.stack(found)


def measure_cross_entropy(model, images: np.ndarray, masks: np.ndarray) -> float:
    """Mean binary cross-entropy of the model's masks of these faces."""
    found = np.clip(predict_masks(model, images), 1e-7, 1 - 1e-7)
    return float(-np.log(np.where(masks, found, 1 - found)).mean())
