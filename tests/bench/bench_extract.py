"""Frames a second of the stages of extraction, one by one and in batches.

    python tests/bench/bench_extract.py                   S3FD and FAN, 12 frames of 1280 x 720
    python tests/bench/bench_extract.py --gpu             the same on the best GPU
    python tests/bench/bench_extract.py --refine          decoding and suppression of boxes alone

The weights are no real ones: S3FD's find a bright square, FAN's are pseudo-random; the time does
not depend on them. A stage's time is the least of some repeats. The last line is one JSON object.
"""
import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
for part in ("tests", "DeepFaceLab"):
    sys.path.insert(0, str(REPOSITORY / part))

import numpy as np  # noqa: E402  needs the path

import extract_support as support  # noqa: E402
from face_square_support import draw_square  # noqa: E402
from core.leras import nn  # noqa: E402
from facelib import FaceType, FANExtractor, S3FDExtractor, s3fd_boxes  # noqa: E402
from mainscripts.extract_stages import FaceOutput, FrameData, save_faces  # noqa: E402


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--frames", type=int, default=12, help="default 12")
    p.add_argument("--width", type=int, default=1280, help="default 1280")
    p.add_argument("--height", type=int, default=720, help="default 720")
    p.add_argument("--batch", type=int, default=4, help="frames in a batch, default 4")
    p.add_argument("--repeats", type=int, default=2, help="default 2")
    p.add_argument("--gpu", action="store_true", help="on the best GPU; default the CPU")
    p.add_argument("--refine", action="store_true", help="only boxes from maps")
    return p.parse_args()


def measure(repeats, function):
    """Least seconds of some calls, after one that does not count."""
    function()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def refine_plainly(maps):
    """Every cell in turn, then suppression in the same way: what the vector form replaces."""
    boxes = []
    for i in range(s3fd_boxes.MAPS):
        stride = 2 ** (i + 2)
        probabilities, offsets = maps[2 * i][..., 1], maps[2 * i + 1]
        for y, x in zip(*np.where(probabilities > s3fd_boxes.MIN_CANDIDATE)):
            dx, dy, dw, dh = [float(v) for v in offsets[y, x]]
            size = stride * 4.0
            cx = x * stride + stride / 2.0 + dx * 0.1 * size
            cy = y * stride + stride / 2.0 + dy * 0.1 * size
            w, h = size * np.exp(0.2 * dw), size * np.exp(0.2 * dh)
            boxes.append([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, probabilities[y, x]])
    dets = np.array(boxes) if boxes else np.zeros((1, 5))
    dets = dets[s3fd_boxes.suppress_overlaps(dets, s3fd_boxes.NMS_THRESHOLD)]
    return [[int(v) for v in det[:4]] for det in dets if det[4] >= s3fd_boxes.MIN_SCORE]


def measure_refine(repeats):
    """Maps of a 640 x 360 picture with a candidate in one of four cells of the first two."""
    rng, maps = np.random.RandomState(0), []
    for i in range(s3fd_boxes.MAPS):
        h, w = max(1, 360 >> (i + 2)), max(1, 640 >> (i + 2))
        p = rng.uniform(0, 0.066, (h, w, 2)).astype(np.float32)
        maps += [p, rng.normal(0, 1, (h, w, 4)).astype(np.float32)]
    assert refine_plainly(maps) == s3fd_boxes.refine_boxes(maps)
    plain = measure(repeats, lambda: refine_plainly(maps))
    ours = measure(repeats, lambda: s3fd_boxes.refine_boxes(maps))
    print("boxes from maps   %8.1f ms plainly %8.1f ms   %.1f times" % (
        plain * 1e3, ours * 1e3, plain / ours))
    return dict(refine_plain_ms=plain * 1e3, refine_ms=ours * 1e3)


def load_networks(folder):
    support.write_test_weights(folder)
    for name in ("S3FDExtractor", "FANExtractor"):
        sys.modules["facelib." + name].FOLDER = folder
    return S3FDExtractor(), FANExtractor()


def measure_stages(options, folder):
    detector, marker = load_networks(folder)
    images = [draw_square(options.width, options.height, 32 * (i % 8) + 320, 192)
              for i in range(options.frames)]
    batches = [images[i:i + options.batch] for i in range(0, len(images), options.batch)]
    rects = [detector.extract(image) or [[320, 192, 416, 288]] for image in images]
    pairs = list(zip(images, rects))
    groups = [pairs[i:i + options.batch] for i in range(0, len(pairs), options.batch)]
    output = FaceOutput(FaceType.WHOLE_FACE, 512, 90, folder)
    data = [FrameData(folder / ("%d.png" % i), found, [support.make_face(found[0])])
            for i, found in enumerate(rects)]
    stages = [
        ("rects", lambda: [detector.extract(image) for image in images],
         lambda: [detector.extract_batch(batch) for batch in batches]),
        ("landmarks", lambda: [marker.extract(*pair) for pair in pairs],
         lambda: [marker.extract_batch(group) for group in groups]),
        ("accurate", lambda: [marker.extract(*pair, second_pass_extractor=detector)
                              for pair in pairs],
         lambda: [marker.extract_batch(group, detector) for group in groups]),
        ("final", lambda: [save_faces(frame, image, output)
                           for frame, image in zip(data, images)], None)]
    result = {}
    for name, single, batched in stages:
        seconds = [measure(options.repeats, call) for call in (single, batched) if call]
        rates = [options.frames / value for value in seconds]
        print("%-12s %s" % (name, "   ".join("%8.2f frames/s %s" % pair for pair in zip(
            rates, ("one by one", "in batches of %d" % options.batch)))))
        result[name] = rates
    return result


def main():
    options = parse_arguments()
    result = measure_refine(options.repeats)
    if not options.refine:
        if options.gpu:
            nn.initialize_main_env()
        nn.initialize(nn.DeviceConfig.BestGPU() if options.gpu else nn.DeviceConfig.CPU())
        with tempfile.TemporaryDirectory() as folder:
            result.update(measure_stages(options, Path(folder)))
    print(json.dumps(dict(vars(options), **result)))


if __name__ == "__main__":
    main()
