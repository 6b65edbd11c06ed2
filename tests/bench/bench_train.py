"""Training speed of SAEHD on the CPU: graph build, first step, steady step, save; oneDNN off and
on.

    python tests/bench/bench_train.py               128 px df-ud 256/64/64/22, batch 4 (spec 20, 21)
    python tests/bench/bench_train.py --quick       64 px df-ud 64/32/32/16: a minute
    python tests/bench/bench_train.py --tree PATH   the same of another DFL tree, for a ratio

Each setting runs in a process of its own, on fixed synthetic batches fed in place of the sample
generators, so only the engine is measured. The last line is one JSON object.
"""
import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from measured_child import run_child

HERE = Path(__file__).resolve()
DEFAULT_TREE = HERE.parents[2] / 'DeepFaceLab'
PATCHES = HERE.parents[2] / 'patches'

FULL = dict(resolution=128, ae_dims=256, e_dims=64, d_dims=64, d_mask_dims=22, batch_size=4)
QUICK = dict(resolution=64, ae_dims=64, e_dims=32, d_dims=32, d_mask_dims=16, batch_size=4)
OPTIONS = dict(face_type='wf', models_opt_on_gpu=False, archi='df-ud', masked_training=True,
               eyes_mouth_prio=False, uniform_yaw=False, blur_out_mask=False, adabelief=True,
               lr_dropout='n', random_warp=True, random_hsv_power=0.0, true_face_power=0.0,
               face_style_power=0.0, bg_style_power=0.0, ct_mode='none', clipgrad=False,
               pretrain=False, autobackup_hour=0, write_preview_history=False, target_iter=0,
               random_src_flip=False, random_dst_flip=False, gan_power=0.0, gan_patch_size=16,
               gan_dims=16)


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='a small model, for a smoke run')
    p.add_argument('--steps', type=int, default=8, metavar='N',
                   help='steady steps; the median counts (default 8)')
    p.add_argument('--onednn', choices=['both', 'off', 'on'], default='both',
                   help='which settings to run')
    p.add_argument('--threads', type=int, default=0, metavar='N',
                   help='intra-op threads, 0 leaves it to TensorFlow')
    p.add_argument('--tree', default=str(DEFAULT_TREE), help='the tree to measure')
    p.add_argument('--child', help=argparse.SUPPRESS)
    return p.parse_args()


def make_batch(number, batch_size, resolution):
    """Smooth images, soft round masks: [warped, target, mask, eyes-mouth mask], float32 NHWC."""
    import numpy as np
    random = np.random.RandomState(number)
    yy, xx = np.mgrid[0:resolution, 0:resolution].astype(np.float32) / resolution

    def blob(x, y, size):
        return np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / (2 * size * size))

    images = np.stack([
        np.stack([
            sum(
                random.uniform(.2, .8) * blob(*random.uniform(.2, .8, 2), size=.15)
                for _ in range(4)) for _ in range(3)
        ], -1) for _ in range(batch_size)
    ])
    images = np.clip(images, 0, 1).astype(np.float32)
    mask = np.repeat((blob(.5, .5, .25) > .4).astype(np.float32)[None, ..., None], batch_size, 0)
    eyes = np.repeat((blob(.5, .4, .1) > .5).astype(np.float32)[None, ..., None], batch_size, 0)
    return [np.roll(images, 2, 1), images, mask, eyes]


def run_job(tree, options, steps, patches=()):
    """Measure one setting in this process, with these patches; return seconds and bytes."""
    sys.path.insert(0, tree)
    import importlib
    import pickle

    import numpy as np
    from core.leras import nn
    from core.interact import interact as io
    for name in ('input_int', 'input_number', 'input_bool', 'input_str'):
        setattr(io, name, lambda text, default_value=None, *a, **k: default_value)
    io.input_in_time = lambda *a, **k: False
    io.input_skip_pending = lambda *a, **k: None
    nn.initialize_main_env()
    start = time.time()
    device_config = nn.DeviceConfig.CPU()
    nn.setCurrentDeviceConfig(device_config)
    nn.initialize(device_config)
    if patches:
        sys.path.insert(0, str(PATCHES))
        import dfl_patches
        dfl_patches.apply_selected(nn, patches)
    result = {'import': time.time() - start, 'tensorflow': nn.tf.version.VERSION}

    module = importlib.import_module('models.Model_SAEHD.Model')
    from samplelib import SampleGeneratorBase

    class FixedGenerator(SampleGeneratorBase):
        def __init__(self, *args, **kwargs):
            SampleGeneratorBase.__init__(self, batch_size=kwargs['batch_size'])
            self.batches = [
                make_batch(number, self.batch_size, options['resolution']) for number in range(3)
            ]
            self.drawn = 0
            self.initialized = True

        def is_initialized(self):
            return True

        def __iter__(self):
            return self

        def __next__(self):
            self.drawn += 1
            return self.batches[self.drawn % len(self.batches)]

    module.SampleGeneratorFace = FixedGenerator     # the seam that drivers and plug-ins replace
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ('src', 'dst', 'model'):
            (root / name).mkdir()
        (root / 'model' / 'SAEHD_default_options.dat').write_bytes(pickle.dumps(options, 4))
        start = time.time()
        model = module.Model(is_training=True, saved_models_path=root / 'model',
                             training_data_src_path=root / 'src',
                             training_data_dst_path=root / 'dst', no_preview=True,
                             force_model_name='bench', cpu_only=True)
        result['graph_build'] = time.time() - start
        times = []
        for _ in range(1 + steps):
            start = time.time()
            model.train_one_iter()
            times.append(time.time() - start)
        result['first_step'], result['step'] = times[0], float(np.median(times[1:]))
        for name in ('first_save', 'second_save'):
            start = time.time()
            model.save()
            result[name] = time.time() - start
        result['bytes'] = sum(path.stat().st_size for path in (root / 'model').iterdir()
                              if path.is_file())
        result['losses'] = model.get_loss_history()[-1]
        start = time.time()
        model.finalize()
    try:
        import resource
        result['peak_rss_mb'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    except ImportError:     # Windows
        result['peak_rss_mb'] = None
    return result


def run_setting(arguments, options, onednn, patches=()):
    """Start a child process for one setting and return its result."""
    job = dict(options=options, steps=arguments.steps, patches=list(patches))
    return run_child(HERE, ['--tree', arguments.tree, '--child', json.dumps(job)],
                     dict(TF_ENABLE_ONEDNN_OPTS=onednn,
                          TF_NUM_INTRAOP_THREADS=arguments.threads or None))


def main():
    arguments = parse_arguments()
    if arguments.child:
        job = json.loads(arguments.child)
        print('\n' + json.dumps(run_job(
            arguments.tree, job['options'], job['steps'], job['patches'])))
        return
    options = dict(OPTIONS, **(QUICK if arguments.quick else FULL))
    settings = {'both': ['off', 'on'], 'off': ['off'], 'on': ['on']}[arguments.onednn]
    report = {
        'machine': '%s, %d cores' % (platform.machine(), os.cpu_count()),
        'python': platform.python_version(),
        'options': ('{resolution} px {archi} {ae_dims}/{e_dims}/{d_dims}/{d_mask_dims} '
                    'batch {batch_size}').format(**options)
    }
    print(report['options'])
    print('%-8s%12s%12s%10s%12s%12s%10s' %
          ('oneDNN', 'graph build', 'first step', 'step', 'first save', 'next save', 'RAM MB'))
    for name in settings:
        r = report[name] = run_setting(arguments, options, '1' if name == 'on' else '0')
        print('%-8s%10.2f s%10.2f s%8.3f s%10.2f s%10.2f s%10s' %
              (name, r['graph_build'], r['first_step'], r['step'], r['first_save'],
               r['second_save'], r['peak_rss_mb']))
    if len(settings) == 2:
        report['step_ratio_off_to_on'] = report['off']['step'] / report['on']['step']
        print('a step with oneDNN off takes %.2f times as long as with it on'
              % report['step_ratio_off_to_on'])
    print(json.dumps(report))


if __name__ == '__main__':
    main()
