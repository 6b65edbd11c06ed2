"""Pictures of every merge mode and every mask mode on one frame of the demo.

    python tests/bench/merge_modes.py --output-dir FOLDER
    python tests/bench/merge_modes.py --output-dir FOLDER --model-dir workspace_demo/model \\
        --model-name demo

Writes merge_modes.jpg and merge_mask_modes.jpg. Without a model the prediction is the rendered
ground truth under another light, so that what the modes do to the colours can be seen; with
`--model-dir` it is that model's (on the CPU). XSeg's masks are the renderer's.
"""
import argparse
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / 'DeepFaceLab'))

import cv2  # noqa: E402  needs the path
import numpy as np  # noqa: E402

from core import imagelib  # noqa: E402
from core.cv2ex import cv2_imwrite  # noqa: E402
from demo.motion import get_scene  # noqa: E402
from demo.render import render_face  # noqa: E402
from facelib import FaceType, LandmarksProcessor  # noqa: E402
from merger import FrameInfo, MergerConfigMasked  # noqa: E402
from merger.MergeMasked import MergeMaskedFace  # noqa: E402
from merger.MergerConfig import mask_mode_dict, mode_dict  # noqa: E402

FRAME_SIZE = (800, 600)
STAND_IN_SIZE = 192
TILE, HEAD, GAP, COLUMNS = 300, 30, 6, 4
INK, PAPER = 0.9, 0.12
OUTLINE = (0.3, 1.0, 0.3)
XSEG_SIZE = 256


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--output-dir', required=True, help='where the pictures go')
    p.add_argument('--frame', type=int, default=40, help='of the demo, default 40')
    p.add_argument('--model-dir', help='folder of a trained model')
    p.add_argument('--model', default='SAEHD', help='its class, default SAEHD')
    p.add_argument('--model-name', default='demo', help='its name, default demo')
    return p.parse_args()


class Shot:
    """A destination frame and the networks of its face."""

    def __init__(self, index):
        scene = get_scene('dst', index)
        self.dst = render_face('dst', *scene, size=FRAME_SIZE)
        pose, expression, light, background = scene
        # another light: a model never meets the frame's colours exactly
        light = light._replace(colour=(1.05, 1.0, 0.85), intensity=light.intensity * 0.6)
        self.truth = render_face('src', pose, expression, light, background, size=FRAME_SIZE,
                                 align_to=self.dst.landmarks)
        self.face_type = FaceType.WHOLE_FACE
        self.size = STAND_IN_SIZE
        self.predict = self.predict_truth
        self.is_prd_next = True

    def use_model(self, args):
        import models
        from core.leras import nn
        nn.initialize_main_env()
        model = models.import_model(args.model)(
            is_training=False, saved_models_path=Path(args.model_dir),
            force_model_name=args.model_name, cpu_only=True)
        self.predict, shape, config = model.get_MergerConfig()
        self.face_type, self.size = config.face_type, int(shape[0])

    def cut_aligned(self, picture, size):
        matrix = LandmarksProcessor.get_transform_mat(self.dst.landmarks, size, self.face_type)
        picture = picture.astype(np.float32) / 255
        return np.clip(cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_CUBIC), 0, 1)

    def predict_truth(self, face):
        soft = [cv2.GaussianBlur(self.cut_aligned(picture, self.size), (0, 0), 2)
                for picture in (self.truth.mask, self.dst.mask)]
        return (self.cut_aligned(self.truth.image, self.size), *soft)

    def segment(self, face):
        """XSeg of the rendered masks; asked for the prediction first where both are needed."""
        rendered = self.truth if self.is_prd_next else self.dst
        self.is_prd_next = not self.is_prd_next
        return self.cut_aligned(rendered.mask, XSEG_SIZE)[..., None]

    def merge(self, **settings):
        """(frame or crop, mask) as floats."""
        config = MergerConfigMasked(face_type=self.face_type, **settings)
        self.is_prd_next = 'XSeg-prd' in mask_mode_dict[config.mask_mode]
        image = self.dst.image
        return MergeMaskedFace(self.predict, (self.size, self.size, 3), None, self.segment, config,
                               FrameInfo(), image, image.astype(np.float32) / 255,
                               self.dst.landmarks)

    def frame_tile(self, picture):
        """The frame's part around the head, (TILE, TILE, 3)."""
        (left, top), (right, bottom) = self.dst.landmarks.min(0), self.dst.landmarks.max(0)
        side = min(int(1.9 * max(right - left, bottom - top)), min(picture.shape[:2]))
        y = int(np.clip((top + bottom) / 2 - side * 0.55, 0, picture.shape[0] - side))
        x = int(np.clip((left + right) / 2 - side / 2, 0, picture.shape[1] - side))
        return cv2.resize(picture[y:y + side, x:x + side], (TILE, TILE),
                          interpolation=cv2.INTER_AREA)


def draw_sheet(tiles):
    """(h, w, 3) uint8 of (name, (TILE, TILE, 3) float) pairs, row by row."""
    blocks = []
    for name, tile in tiles:
        block = np.concatenate([draw_head(name), np.clip(tile, 0, 1)])
        blocks.append(np.pad(block, ((0, GAP), (0, GAP), (0, 0)), mode='constant',
                             constant_values=PAPER))
    while len(blocks) % COLUMNS:
        blocks.append(np.full_like(blocks[0], PAPER))
    rows = [np.concatenate(blocks[i:i + COLUMNS], axis=1) for i in range(0, len(blocks), COLUMNS)]
    return (np.concatenate(rows) * 255).round().astype(np.uint8)


def draw_head(name):
    height = HEAD - 8
    head = np.full((HEAD, TILE, 3), PAPER)
    head[4:4 + height] += imagelib.get_text_image((height, TILE, 3), ' ' + name,
                                                  color=(INK - PAPER,) * 3)
    return head


def draw_modes(shot):
    """Every merge mode beside the frame, the mask slightly eroded and blurred."""
    tiles = [('destination frame', shot.frame_tile(shot.dst.image / 255.0))]
    amount = {'erode_mask_modifier': shot.size // 20, 'blur_mask_modifier': shot.size // 4}
    for mode in mode_dict.values():
        image, _ = shot.merge(mode=mode, mask_mode=4, color_transfer_mode=1, **amount)
        if mode == 'raw-predict':
            tiles.append((mode, cv2.resize(image, (TILE, TILE), interpolation=cv2.INTER_CUBIC)))
        else:
            tiles.append((mode, shot.frame_tile(image)))
    return draw_sheet(tiles)


def draw_mask_modes(shot):
    """Every mask mode as what it lets through, with its outline at one half."""
    tiles = []
    for number, name in mask_mode_dict.items():
        image, mask = shot.merge(mode='overlay', mask_mode=number, color_transfer_mode=1)
        shown = image * (0.35 + 0.65 * mask)
        solid = (mask[..., 0] > 0.5).astype(np.uint8)
        edge = cv2.dilate(solid, np.ones((3, 3), np.uint8)) != solid
        shown[edge] = OUTLINE
        tiles.append(('%d %s' % (number, shorten(name)), shot.frame_tile(shown)))
    return draw_sheet(tiles)


def shorten(name):
    """The name of a mask mode, short enough for a tile."""
    return name if len(name) < 24 else name.replace('learned-', '').replace('XSeg-', 'X-')


def main():
    args = parse_arguments()
    folder = Path(args.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    shot = Shot(args.frame)
    if args.model_dir:
        shot.use_model(args)
    for name, draw in (('merge_modes.jpg', draw_modes), ('merge_mask_modes.jpg', draw_mask_modes)):
        if not cv2_imwrite(folder / name, draw(shot), [cv2.IMWRITE_JPEG_QUALITY, 92]):
            return 1
        print(folder / name)
    return 0


if __name__ == '__main__':
    sys.exit(main())
