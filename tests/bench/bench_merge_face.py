"""Time of merging one face into a frame, without its networks: settings one at a time.

    python tests/bench/bench_merge_face.py                 1920 x 1080, model of 256 px
    python tests/bench/bench_merge_face.py --whole-frame   the same with no shortcuts
    python tests/bench/bench_merge_face.py --only erode    settings whose name contains a text

Process CPU milliseconds a frame, one OpenCV thread, the least of some repeats. `--whole-frame`
warps and blends all of the frame and erodes with OpenCV, as the reference does; both merge the
same pixels, which is checked. The last line is one JSON object.
"""
import argparse
import json
import platform
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
for part in ('tests', 'DeepFaceLab'):
    sys.path.insert(0, str(REPOSITORY / part))

import cv2  # noqa: E402  needs the path
import numpy as np  # noqa: E402

import merge_support  # noqa: E402
from merger import FrameInfo, MergerConfigMasked  # noqa: E402
from merger.frame_pixels import FramePixels  # noqa: E402
from merger.MergeMasked import combine_faces, merge_face  # noqa: E402

SETTINGS = {
    'plain': {}, 'erode 50': {'erode_mask_modifier': 50}, 'erode 200': {'erode_mask_modifier': 200},
    'blur 100': {'blur_mask_modifier': 100}, 'rct': {'color_transfer_mode': 1},
    'idt': {'color_transfer_mode': 5}, 'sot-m': {'color_transfer_mode': 7},
    'mix-m': {'color_transfer_mode': 8}, 'hist-match': {'mode': 'hist-match'},
    'seamless': {'mode': 'seamless'}, 'motion blur': {'motion_blur_power': 50},
    'denoise 100': {'image_denoise_power': 100}, 'denoise 500': {'image_denoise_power': 500},
    'bicubic': {'bicubic_degrade_power': 30}, 'colours': {'color_degrade_power': 50},
    'super resolution': {'super_resolution_power': 50}}


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--size', type=int, default=256, help='of the model, default 256')
    p.add_argument('--height', type=int, default=1080, help='of the frame, default 1080')
    p.add_argument('--repeats', type=int, default=2, help='default 2')
    p.add_argument('--only', default='', help='part of a setting\'s name')
    p.add_argument('--whole-frame', action='store_true', help='compare with no shortcuts')
    return p.parse_args()


def make_scene(size, height):
    """Stub networks of `size`, frame and landmarks, enlarged from the reference's."""
    inputs = merge_support.Vectors().inputs
    for name in ('prd_bgr', 'prd_mask', 'dst_mask'):
        inputs['S%d_%s' % (size, name)] = cv2.resize(inputs['S128_' + name], (size, size))
    scale = height / inputs['frame'].shape[0]
    frame = cv2.resize(inputs['frame'], (height * 16 // 9, height))
    return merge_support.StubNetworks(inputs, size), frame, (inputs['landmarks']
                                                             * np.float32(scale))


def measure(scene, settings, repeats):
    """(milliseconds, merged frame)."""
    networks, image, landmarks = scene
    settings = dict({'color_transfer_mode': 0}, **settings)
    info = FrameInfo(None, [landmarks])
    info.motion_power, info.motion_deg = 30, 20
    times = []
    for _ in range(repeats):
        np.random.seed(1)
        start = time.process_time()
        frame = FramePixels(image)
        face = merge_face(*networks.as_arguments(), MergerConfigMasked(**settings), info, frame,
                          landmarks)
        result = combine_faces([face], frame)
        times.append(time.process_time() - start)
    return 1000 * min(times), result


def main():
    args = parse_arguments()
    cv2.setNumThreads(1)
    scene = make_scene(args.size, args.height)
    height, width = scene[1].shape[:2]
    print('%d x %d, model of %d px, OpenCV %s, NumPy %s, Python %s' % (
        width, height, args.size, cv2.__version__, np.__version__, platform.python_version()))
    report, is_equal = {}, True
    for name, settings in SETTINGS.items():
        if args.only not in name:
            continue
        report[name], result = measure(scene, settings, args.repeats)
        line = '%-18s %7.0f ms' % (name, report[name])
        if args.whole_frame:
            with merge_support.no_shortcuts():
                whole, wanted = measure(scene, settings, args.repeats)
            same = np.abs(result.astype(int) - wanted).max()
            is_equal = is_equal and same == 0
            report[name + ', whole frame'] = whole
            line += ' %7.0f ms on the whole frame, %s' % (
                whole, 'same pixels' if same == 0 else 'differs by up to %d' % same)
        print(line)
    print(json.dumps({key: round(value, 1) for key, value in report.items()}))
    return 0 if is_equal or not cv2.__version__.startswith('4.') else 1


if __name__ == '__main__':
    sys.exit(main())
