"""Speed of the sample feed: its modes against each other, stages, one worker with its transport.

    python tests/bench/bench_feed.py            128 and 256 px, every colour transfer
    python tests/bench/bench_feed.py --quick    128 px, fewer repeats: half a minute
    python tests/bench/bench_feed.py --cold 20000     so many distinct faces for the cold figure

Faces are rendered: whole-face JPEGs of 512 px, quality 90, with grain that makes them as large as
photographs (spec 30 section 8: 60 to 80 KB). Times are process CPU time, one OpenCV thread; see
feed_modes.py for how modes are compared. `uncached` is mode exact without anything kept: what the
feed did before it kept crops. The worker's figures are wall time, its queues included. The last
line is one JSON object; `ratios` are plain's time over the mode's.
"""
import argparse
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2] / 'DeepFaceLab'
sys.path.insert(0, str(TREE))

import feed_modes  # noqa: E402 - beside this file

FACE_SIZE = 512
FACES = 8
TRANSFERS = ['none', 'rct', 'lct', 'mkl', 'idt', 'sot']
SLOW_TRANSFERS = ['idt', 'sot']
BATCH = 8


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='128 px, few repeats')
    p.add_argument('--cold', type=int, default=0, metavar='N',
                   help='distinct faces of the cold figure (default 320, quick 160)')
    p.add_argument('--repeats', type=int, default=0, metavar='N',
                   help='samples a figure (default 60, quick 16)')
    return p.parse_args()


def make_faceset(folder):
    """FACES rendered whole faces of 512 px with a label polygon and an applied mask."""
    import numpy as np
    from DFLIMG import DFLIMG
    from demo.faceset import save_aligned_face
    from demo.motion import get_scene
    from demo.render import render_face
    for index in range(FACES):
        path = folder / ('%05d_0.jpg' % index)
        face = render_face('src', *get_scene('src', 31 * index), size=(960, 720))
        save_aligned_face(face, path, path.name, size=FACE_SIZE)
        dflimg = DFLIMG.load(path)
        mask = np.zeros((256, 256, 1), np.float32)
        mask[40:220, 60:200] = 1
        dflimg.set_xseg_mask(mask)
        add_grain(path, dflimg, index)


def add_grain(path, dflimg, seed):
    """The file again with noise in its pixels."""
    import cv2
    import numpy as np
    from DFLIMG import DFLIMG
    img = cv2.imread(str(path)).astype(np.float32)
    noise = np.random.RandomState(seed).normal(0, 4, img.shape[:2] + (1,))
    img = np.clip(img + noise, 0, 255).astype(np.uint8)
    cv2.imwrite(str(path), img, [cv2.IMWRITE_JPEG_QUALITY, 90])
    grainy = DFLIMG.load(path)
    grainy.set_dict(dflimg.get_dict())
    grainy.save()


def measure(action, repeats):
    """Median process CPU milliseconds of `action(i)`."""
    action(0)
    times = []
    for i in range(repeats):
        start = time.process_time()
        action(i)
        times.append(time.process_time() - start)
    return sorted(times)[len(times) // 2] * 1000


def measure_stages(samples, side, repeats):
    """{stage of spec 30 section 8.1: ms} of a sample of `side` pixels."""
    import cv2
    import numpy as np
    from core import imagelib
    from facelib import FaceType, LandmarksProcessor
    from samplelib.color_augment import shift_hsv
    from samplelib.prepared_sample import image_to_float
    sample, other = samples[0], samples[1]
    data = np.frombuffer(Path(sample.filename).read_bytes(), np.uint8)
    stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    image, shape = image_to_float(stored), stored.shape
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
    reference = cv2.resize(image_to_float(other.load_image()), (side, side))
    matrix = LandmarksProcessor.get_transform_mat(sample.landmarks, side, FaceType.FULL)
    rnd = np.random.RandomState(1)
    warp = imagelib.gen_warp_params(side, True, rnd_state=rnd, warp_rnd_state=rnd)
    row = [small] * BATCH

    def read_mask(_):
        mask = cv2.resize(sample.get_xseg_mask(), (FACE_SIZE, FACE_SIZE),
                          interpolation=cv2.INTER_CUBIC)
        np.clip(mask, 0, 1)

    def warp_by(can_warp, can_transform):
        return lambda _: imagelib.warp_by_params(warp, small, can_warp, can_transform, False, True)

    def transfer(mode):
        return lambda _: imagelib.color_transfer(mode, small, reference)

    masks = LandmarksProcessor
    stages = [
        ('read file', lambda _: Path(sample.filename).read_bytes()),
        ('JPEG decode 512', lambda _: cv2.imdecode(data, cv2.IMREAD_UNCHANGED)),
        ('uint8 to float32 512', lambda _: image_to_float(stored)),
        ('hull mask 512', lambda _: masks.get_image_hull_mask(shape, sample.landmarks)),
        ('applied mask: decode, resize, clip', read_mask),
        ('eye mask 512', lambda _: masks.get_image_eye_mask(shape, sample.landmarks)),
        ('mouth mask 512', lambda _: masks.get_image_mouth_mask(shape, sample.landmarks)),
        ('alignment matrix', lambda _: masks.get_transform_mat(sample.landmarks, side,
                                                               FaceType.FULL)),
        ('gen_warp_params', lambda _: imagelib.gen_warp_params(
            side, True, rnd_state=rnd, warp_rnd_state=rnd)),
        ('crop: resize cubic', lambda _: cv2.resize(image, (side, side),
                                                    interpolation=cv2.INTER_CUBIC)),
        ('crop: warpAffine cubic', lambda _: cv2.warpAffine(image, matrix, (side, side),
                                                            flags=cv2.INTER_CUBIC)),
        ('elastic remap cubic', warp_by(True, False)),
        ('random affine cubic', warp_by(False, True)),
        ('HSV shift', lambda i: shift_hsv(small, 0.05, rnd)),
        ('final clip', lambda _: np.clip(small, 0, 1)),
        ('colour sample: load, resize', lambda _: cv2.resize(
            image_to_float(other.load_image()), (side, side))),
    ]
    stages += [(mode + ', one image', transfer(mode)) for mode in TRANSFERS[1:]]
    stages.append(('pack a batch of %d images' % BATCH, lambda _: np.array(row)))
    result = {}
    for name, action in stages:
        few = max(3, repeats // 10) if name.split(',')[0] in SLOW_TRANSFERS else repeats
        result[name] = measure(action, few)
    return result


def describe_outputs(side, mode, warp, hsv=0.0):
    """The four outputs of SAEHD's source side."""
    from facelib import FaceType
    from samplelib import SampleProcessor
    kinds, channels = SampleProcessor.SampleType, SampleProcessor.ChannelType
    masks = SampleProcessor.FaceMaskType
    common = dict(face_type=FaceType.WHOLE_FACE, data_format='NHWC', resolution=side,
                  transform=True)
    image = dict(common, sample_type=kinds.FACE_IMAGE, channel_type=channels.BGR,
                 ct_mode=None if mode == 'none' else mode)
    mask = dict(common, sample_type=kinds.FACE_MASK, channel_type=channels.G, warp=False)
    return [dict(image, warp=warp, random_hsv_shift_amount=hsv), dict(image, warp=False),
            dict(mask, face_mask_type=masks.FULL_FACE),
            dict(mask, face_mask_type=masks.EYES_MOUTH)]


def measure_modes(samples, side, repeats):
    """{setting: {mode: CPU ms a sample}} of faces whose crops are kept."""
    result = {}
    settings = [(mode, warp, 0.0) for mode in TRANSFERS for warp in (True, False)]
    settings.insert(2, ('none', True, 0.05))
    for mode, warp, hsv in settings:
        outputs = describe_outputs(side, mode, warp, hsv)
        rounds = max(2, repeats // 20) if mode in SLOW_TRANSFERS else repeats // 2
        name = '%s%s, warp %s' % (mode, ' + hsv' if hsv else '', 'on' if warp else 'off')
        result[name] = feed_modes.in_worker(feed_modes.compare_steady, samples, outputs, rounds,
                                            None if mode == 'none' else samples[::-1])
    return result


def measure_uncached(samples, side, repeats):
    """CPU ms a sample of mode exact when nothing is kept."""
    task = feed_modes.make_task(samples, describe_outputs(side, 'none', True), 'exact', budget=0)
    return min(feed_modes.draw(task) for _ in range(repeats // 2))


def measure_gray(folder, samples, side, repeats):
    """(CPU ms a sample of mode fast with colour faces, with gray ones of one channel)."""
    from samplelib import SampleLoader, SampleProcessor, SampleType
    grays = list(SampleLoader.load(SampleType.FACE, folder))
    for sample in grays:
        sample.xseg_mask_compressed = None
    outputs = describe_outputs(side, 'none', True)
    gray_outputs = [dict(output, channels=1, channel_type=SampleProcessor.ChannelType.G)
                    for output in outputs]
    tasks = [feed_modes.make_task(faces, wanted, 'fast')
             for faces, wanted in ((samples, outputs), (grays, gray_outputs))]
    times = [[feed_modes.draw(task) for task in tasks] for _ in range(repeats)]
    return [min(column) for column in zip(*times)]


def measure_worker(folder, side, repeats):
    """Samples a second of wall time of a generator with one worker, and the parent's CPU ms a
    batch."""
    from samplelib import SampleGeneratorFace, SampleProcessor
    generator = SampleGeneratorFace(
        folder, batch_size=BATCH, generators_count=1,
        sample_process_options=SampleProcessor.Options(scale_range=[-0.15, 0.15]),
        output_sample_types=describe_outputs(side, 'none', True))
    for _ in range(4):      # what it had computed ahead
        next(generator)
    wall, cpu = time.time(), time.process_time()
    batches = max(4, repeats // 3)
    for _ in range(batches):
        next(generator)
    wall, cpu = time.time() - wall, time.process_time() - cpu
    generator.close()
    return batches * BATCH / wall, cpu / batches * 1000


def main():
    arguments = parse_arguments()
    repeats = arguments.repeats or (16 if arguments.quick else 60)
    sides = [128] if arguments.quick else [128, 256]
    import cv2
    import numpy as np
    from samplelib import SampleLoader, SampleType
    cv2.setNumThreads(1)
    report = {'machine': '%s, %d cores' % (platform.machine(), os.cpu_count()),
              'python': platform.python_version(), 'numpy': np.__version__,
              'opencv': cv2.__version__}
    none = 'none, warp on'
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / 'faces'
        folder.mkdir()
        make_faceset(folder)
        report['face KB'] = sum(path.stat().st_size for path in folder.iterdir()) / FACES / 1000
        feed_modes.write_gray_faces(folder, Path(name) / 'gray')
        feed_modes.copy_faces(folder, Path(name) / 'cold',
                              arguments.cold or (160 if arguments.quick else 320))
        samples = list(SampleLoader.load(SampleType.FACE, folder))
        # masks as most facesets have them: none applied, so the hull is drawn
        for sample in samples[1:]:
            sample.xseg_mask_compressed = None
        stages = {side: measure_stages(samples, side, repeats) for side in sides}
        samples[0].xseg_mask_compressed = None
        cold_samples = list(SampleLoader.load(SampleType.FACE, Path(name) / 'cold'))
        for sample in cold_samples:
            sample.xseg_mask_compressed = None
        steady = {side: measure_modes(samples, side, repeats) for side in sides}
        run = feed_modes.in_worker
        uncached = {side: run(measure_uncached, samples, side, repeats) for side in sides}
        cold = {side: run(feed_modes.compare_cold, cold_samples,
                          describe_outputs(side, 'none', True)) for side in sides}
        gray = {side: run(measure_gray, Path(name) / 'gray', samples, side, repeats)
                for side in sides}
        differences = {side: feed_modes.compare_results(
            samples, describe_outputs(side, 'none', True), 500) for side in sides}
        worker = {side: measure_worker(folder, side, repeats) for side in sides}

    print_table('stage, CPU ms', stages, '%10.2f')
    for side in sides:
        print_table('whole sample (4 outputs), %d px, CPU ms' % side, steady[side], '%10.3f')
    ratios = {}
    for side in sides:
        for name, times in steady[side].items():
            for mode in ('exact', 'fast'):
                ratios['%s, %d, %s' % (mode, side, name)] = times['plain'] / times[mode]
        plain = steady[side][none]['plain']
        ratios['uncached, %d, %s' % (side, none)] = plain / uncached[side]
        ratios['fast over uncached, %d, %s' % (side, none)] = (
            uncached[side] / steady[side][none]['fast'])
        for mode in ('exact', 'fast'):
            ratios['cold, %s, %d' % (mode, side)] = cold[side]['plain'] / cold[side][mode]
        ratios['gray over colour, fast, %d' % side] = gray[side][0] / gray[side][1]
        print('%d px, 500 samples, largest difference to plain by output: %s'
              % (side, differences[side]))
        print('one worker, batch %d, %d px: %.1f samples/s, %.2f ms CPU of the trainer a batch'
              % ((BATCH, side) + worker[side]))
    print('\nhow often plain\'s time')
    for name, ratio in ratios.items():
        print('%-44s%10.1f' % (name, ratio))
    report.update(ratios={name: round(ratio, 2) for name, ratio in ratios.items()},
                  steady_ms=steady, cold_ms=cold, differences=differences, worker=worker)
    print(json.dumps(report))


def print_table(title, rows, form):
    """`rows`: {name: {column: number}}, or {column: {name: number}} for columns of pixels."""
    if isinstance(next(iter(rows)), int):
        rows = {name: {side: rows[side][name] for side in rows} for name in rows[min(rows)]}
    columns = list(next(iter(rows.values())))
    print('\n%-44s' % title + ''.join('%10s' % column for column in columns))
    for name, values in rows.items():
        print('%-44s' % name + ''.join(form % values[column] for column in columns))


if __name__ == '__main__':
    multiprocessing.set_start_method('spawn')
    main()
