"""Speed of the sample feed: stages, whole samples, one worker with its transport.

    python tests/bench/bench_feed.py            128 and 256 px, every colour transfer
    python tests/bench/bench_feed.py --quick    128 px, fewer repeats: half a minute

Faces are rendered: whole-face JPEGs of 512 px, quality 90. Times are process CPU time, one OpenCV
thread, medians (spec 30 section 8); the worker's figures are wall time, its queues included. The
last line is one JSON object.
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

FACE_SIZE = 512
FACES = 8
TRANSFERS = ['none', 'rct', 'lct', 'mkl', 'idt', 'sot']
SLOW_TRANSFERS = ['idt', 'sot']
BATCH = 8


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='128 px, few repeats')
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
        dflimg.save()


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


def measure_samples(samples, side, repeats):
    """{setting: samples a second of CPU} of the whole sample in this process."""
    from samplelib import SampleProcessor
    options = SampleProcessor.Options(scale_range=[-0.15, 0.15])
    result = {}
    settings = [(mode, warp, 0.0) for mode in TRANSFERS for warp in (True, False)]
    settings.insert(2, ('none', True, 0.05))
    for mode, warp, hsv in settings:
        outputs = describe_outputs(side, mode, warp, hsv)
        few = max(3, repeats // 10) if mode in SLOW_TRANSFERS else repeats
        name = '%s%s, warp %s' % (mode, ' + hsv' if hsv else '', 'on' if warp else 'off')
        result[name] = 1000 / measure(lambda i, outputs=outputs: SampleProcessor.process(
            [samples[i % FACES]], options, outputs, False, samples[(i + 1) % FACES]), few)
    return result


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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_faceset(folder)
        samples = list(SampleLoader.load(SampleType.FACE, folder))
        # masks as most facesets have them: none applied, so the hull is drawn
        for sample in samples[1:]:
            sample.xseg_mask_compressed = None
        stages = {side: measure_stages(samples, side, repeats) for side in sides}
        samples[0].xseg_mask_compressed = None
        whole = {side: measure_samples(samples, side, repeats) for side in sides}
        worker = {side: measure_worker(folder, side, repeats) for side in sides}

    print_table('stage, CPU ms', stages, '%10.2f')
    print_table('whole sample (4 outputs), samples/s of CPU', whole, '%10.1f')
    for side in sides:
        print('one worker, batch %d, %d px: %.1f samples/s, %.2f ms CPU of the trainer a batch'
              % ((BATCH, side) + worker[side]))
    report.update(stages=stages, samples=whole, worker=worker)
    print(json.dumps(report))


def print_table(title, columns, form):
    sides = sorted(columns)
    print('\n%-44s' % title + ''.join('%10d' % side for side in sides))
    for name in columns[sides[0]]:
        print('%-44s' % name + ''.join(form % columns[side][name] for side in sides))


if __name__ == '__main__':
    multiprocessing.set_start_method('spawn')
    main()
