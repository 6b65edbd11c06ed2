"""Peak memory and step time of SAEHD's training step with the patches of memory.

    python tests/bench/bench_memory.py           df-ud 128 px 256/64/64/22, then liae-udt 192 px
    python tests/bench/bench_memory.py --quick   the first model only, batch 4 and 16

Every peak is that of one traced run, from TensorFlow's records of all allocations (the docstring
of tests/allocation_records.py says what they hold), in a process of its own. The base is the
default graph: both decoders, AdaBelief, no clipping. The step time is measured in one process
that runs a step of the base and a step of the patched graph in turn. The last line is one JSON
object of ratios to the base; a key is missing when its patch is not there.
"""
import argparse
import importlib.util
import json
import pickle
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
REPOSITORY = HERE.parents[2]
for folder in ('tests', 'tests/bench', 'patches', 'DeepFaceLab'):
    sys.path.insert(0, str(REPOSITORY / folder))

import bench_train  # noqa: E402  needs the path
from measured_child import run_child  # noqa: E402

HALF = ('bf16',)
SETS = {'half': HALF, 'recompute': ('recompute',), 'lean_updates': ('lean_updates',),
        'half+lean_updates': HALF + ('lean_updates',),
        'recompute+lean_updates': ('recompute', 'lean_updates'),
        'all': HALF + ('recompute', 'lean_updates')}
# what no ratio should exceed
LIMITS = {'b16/half': 0.65, 'b16/recompute': 0.50, 'b16/lean_updates': 0.80,
          'b16/half+lean_updates': 0.50, 'b16/recompute+lean_updates': 0.30, 'b16/all': 0.22,
          'b4/lean_updates': 0.50, 'b4/half+lean_updates': 0.40,
          'b4/recompute+lean_updates': 0.20, 'b4/step/recompute+lean_updates': 1.15}
STEP_KEY = 'b4/step/recompute+lean_updates'
LIAE = dict(bench_train.FULL, archi='liae-udt', resolution=192)
FEEDS = ('warped_src', 'target_src', 'target_srcm', 'target_srcm_em',
         'warped_dst', 'target_dst', 'target_dstm', 'target_dstm_em')


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='the first model only')
    p.add_argument('--only', nargs='+', metavar='KEY', help='these keys, e.g. b16/recompute')
    p.add_argument('--steps', type=int, default=5, metavar='N',
                   help='pairs of steps that are timed; the median counts (default 5)')
    p.add_argument('--child', help=argparse.SUPPRESS)
    return p.parse_args()


class Step(object):
    """The training step of SAEHD, or SAEHDBW, with one set of patches, in a graph and a session of
    its own."""

    def __init__(self, options, patches, name='SAEHD'):
        import allocation_records
        import dfl_patches
        from core.leras import nn
        self.nn, self.records = nn, allocation_records
        device_config = nn.DeviceConfig.CPU()
        nn.setCurrentDeviceConfig(device_config)
        nn.tf_sess = None
        nn.initialize(device_config)
        self.graph = nn.tf.Graph()
        with self.graph.as_default():
            nn.tf.set_random_seed(1)
            nn.tf_sess.close()
            self.session = nn.tf_sess = nn.tf.Session(config=nn.tf_sess_config)
            dfl_patches.apply_selected(nn, patches)
            try:
                self.model = model = make_model(options, name)
            finally:
                dfl_patches.remove_all(nn)
        batch, resolution = options['batch_size'], options['resolution']
        values = [value for number in (1, 2)
                  for value in make_batch(number, batch, resolution, model.channels)]
        self.feed = {getattr(model, name): value for name, value in zip(FEEDS, values)}
        self.fetches = [model.src_loss, model.dst_loss, model.src_dst_update_op]

    def run(self):
        """(seconds, seconds of CPU) of a step."""
        start, start_cpu = time.time(), time.process_time()
        self.session.run(self.fetches, self.feed)
        return time.time() - start, time.process_time() - start_cpu

    def measure_peak(self):
        """Bytes."""
        self.nn.tf_sess = self.session
        _, metadata = self.records.trace_run(self.nn, self.fetches, self.feed)
        return self.records.measure_memory(metadata).peak


def make_batch(number, batch, resolution, channels):
    """bench_train's batch; one channel: the mean of its three."""
    *pictures, mask, eyes = bench_train.make_batch(number, batch, resolution)
    if channels == 1:
        pictures = [picture.mean(-1, keepdims=True) for picture in pictures]
    return pictures + [mask, eyes]


def make_model(options, name='SAEHD'):
    """A new model SAEHD or SAEHDBW on fixed batches."""
    from core import gray_tree
    from core.interact import interact as io
    import models
    gray_tree.add_neighbour()
    models.import_model(name)
    for question in ('input_int', 'input_number', 'input_bool', 'input_str'):
        setattr(io, question, lambda text, default_value=None, *a, **k: default_value)
    io.input_in_time = lambda *a, **k: False
    io.input_skip_pending = lambda *a, **k: None
    module = sys.modules['models.Model_%s.Model' % name]
    from samplelib import SampleGeneratorBase

    class FixedGenerator(SampleGeneratorBase):
        def __init__(self, *args, **kwargs):
            SampleGeneratorBase.__init__(self, batch_size=kwargs['batch_size'])
            self.initialized = True

        def is_initialized(self):
            return True

        def __iter__(self):
            return self

        def __next__(self):
            return make_batch(1, self.batch_size, options['resolution'], module.Model.channels)

    module.SampleGeneratorFace = FixedGenerator     # the seam that drivers and plug-ins replace
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for folder in ('src', 'dst', 'model'):
            (root / folder).mkdir()
        (root / 'model' / (name + '_default_options.dat')).write_bytes(pickle.dumps(options, 4))
        return module.Model(
            is_training=True, saved_models_path=root / 'model',
            training_data_src_path=root / 'src', training_data_dst_path=root / 'dst',
            no_preview=True, force_model_name='bench', cpu_only=True)


def run_job(job):
    """What one process measures: a peak, or times of two graphs in turn."""
    import numpy as np
    step = Step(job['options'], job['patches'])
    if not job['steps']:
        step.run()
        return {'peak': step.measure_peak()}
    steps = [Step(job['options'], []), step]
    for x in steps:
        x.run()
    times = np.array([[x.run() for x in steps] for _ in range(job['steps'])])
    base, patched = np.median(times, 0)     # (seconds, seconds of CPU) each
    ratio, cpu_ratio = np.median(times[:, 1] / times[:, 0], 0)
    return {'base': base[0], 'patched': patched[0], 'ratio': ratio, 'cpu_ratio': cpu_ratio}


def measure(options, patches, steps=0):
    """Start a process for one measurement and return its result."""
    job = dict(options=options, patches=list(patches), steps=steps)
    return run_child(HERE, ['--child', json.dumps(job)],
                     dict(TF_ENABLE_ONEDNN_OPTS='1', TF_NUM_INTRAOP_THREADS='2'))


def find_missing(patches):
    return [x for x in patches if importlib.util.find_spec('dfl_patches.' + x) is None]


def measure_model(options, prefix, wanted):
    """{key: ratio of the peak to the base's}, printed as a table."""
    keys = [prefix + name for name in SETS if wanted is None or prefix + name in wanted]
    if not keys:
        return {}
    base = measure(options, [])['peak']
    print('%-30s%10.0f MB' % (prefix + 'base', base / 1e6), flush=True)
    ratios = {}
    for key in keys:
        patches = SETS[key[len(prefix):]]
        missing = find_missing(patches)
        if missing:
            print('%-30s   missing: there is no patch %s' % (key, ', '.join(missing)), flush=True)
            continue
        peak = measure(options, patches)['peak']
        ratios[key] = round(peak / base, 4)
        print('%-30s%10.0f MB%8.3f%s' % (key, peak / 1e6, ratios[key], describe_limit(key)),
              flush=True)
    return ratios


def describe_limit(key):
    return '   at most %.2f' % LIMITS[key] if key in LIMITS else ''


def main():
    arguments = parse_arguments()
    if arguments.child:
        print('\n' + json.dumps(run_job(json.loads(arguments.child))))
        return
    first = dict(bench_train.OPTIONS, **bench_train.FULL)
    ratios = {}
    for batch in (16, 4):
        ratios.update(measure_model(dict(first, batch_size=batch), 'b%d/' % batch, arguments.only))
    if arguments.only is None or STEP_KEY in arguments.only:
        result = measure(dict(first, batch_size=4), SETS['recompute+lean_updates'],
                         arguments.steps)
        ratios[STEP_KEY] = round(result['ratio'], 4)
        print('%-30s%8.2f s to %.2f s%8.3f%s (%.3f in CPU time)' % (
            STEP_KEY, result['base'], result['patched'], result['ratio'],
            describe_limit(STEP_KEY), result['cpu_ratio']), flush=True)
    if not arguments.quick and arguments.only is None:
        liae = dict(bench_train.OPTIONS, **dict(LIAE, batch_size=8))
        ratios.update(measure_model(liae, 'liae-udt-192/b8/', None))
    print(json.dumps(ratios))


if __name__ == '__main__':
    main()
