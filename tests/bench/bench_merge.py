"""How fast a merge is, and how much memory it takes.

    python tests/bench/bench_merge.py               everything, 5 minutes
    python tests/bench/bench_merge.py --frames 40   fewer frames for the times; memory is left out

A SAEHD of 96 pixels with small networks, rendered faces in frames of 1280 x 720, seamless with rct.
Frame after frame: the model's predictor, `MergeMasked` and the two PNGs in one process. Against it
the engine with two workers, from its first frame to its last:
    one     one TensorFlow thread and one OpenCV thread in both
    default threads as they come
Then the predictor alone, 8 faces at once against one at a time, and the resident memory of all
processes together when 100 and when 300 frames are merged (median of the frames before).
Processor time tells what a machine that does other things meanwhile would give: with two cores
the engine can be twice as fast as the quotient of the two. The last line is one JSON object.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

HERE = Path(__file__).resolve()
DIFFERENT = 8       # rendered frames; more are copies under other names
SIZE = (1280, 720)
RENDERED = 720
MODEL = dict(resolution=96, ae_dims=64, e_dims=32, d_dims=32, d_mask_dims=16, archi='df-ud')
MARKS = (100, 300)  # frames at which memory is measured
# Frames before a mark whose median counts: what a worker holds while it works on a frame comes and
# goes by 50 MB, so a single look would tell the moment rather than a growth.
LOOKS = 50
REPEATS = 15        # of a prediction of 8 faces, either way
ONE_THREAD = dict(TF_NUM_INTRAOP_THREADS='1', TF_NUM_INTEROP_THREADS='1', OMP_NUM_THREADS='1')


def write_workspace(root, count):
    """Frames and faces; every frame of `DIFFERENT` is rendered once."""
    import cv2
    import faceset_support
    from DFLIMG import DFLJPG
    from merge_run_support import make_workspace, write_frame
    faceset_support.FRAME_SIZE = RENDERED
    workspace = make_workspace(root)
    for folder in workspace:
        folder.mkdir(parents=True)
    for number in range(DIFFERENT):
        rendered = faceset_support.render_frame('dst', number)
        write_frame(workspace, '%05d' % number, rendered, SIZE)
        faceset_support.write_face(workspace.aligned / ('%05d_0.jpg' % number), rendered)
    for number in range(DIFFERENT, count):
        source, name = number % DIFFERENT, '%05d' % number
        picture = cv2.imread(str(workspace.frames / ('%05d.png' % source)))
        cv2.imwrite(str(workspace.frames / (name + '.png')), picture)
        path = workspace.aligned / (name + '_0.jpg')
        path.write_bytes((workspace.aligned / ('%05d_0.jpg' % source)).read_bytes())
        face = DFLJPG.load(str(path))
        face.set_source_filename(name + '.png')
        face.save()
    return workspace


def open_model(folder):
    from core.interact import interact as io
    from core.leras import nn
    import models
    io.input_skip_pending = lambda: None
    nn.initialize_main_env()
    return models.import_model('SAEHD')(is_training=False, saved_models_path=Path(folder),
                                        force_model_name='p', cpu_only=True)


def list_frames(workspace, cfg):
    from mainscripts import merge_inputs
    return merge_inputs.make_frames(workspace.frames, merge_inputs.list_faces(
        workspace.aligned, None, cfg.face_type))


def configure(model):
    predictor, shape, cfg = model.get_MergerConfig()
    cfg.mode, cfg.color_transfer_mode, cfg.mask_mode = 'seamless', 1, 4
    return predictor, shape, cfg


def run_serial(workspace, model_folder, count):
    """{'seconds' a frame, and the shares of its parts}"""
    import cv2
    import numpy as np
    from merger import MergeMasked
    from merger.frame_output import write_picture
    if os.environ.get('TF_NUM_INTRAOP_THREADS') == '1':
        cv2.setNumThreads(1)
    predictor, shape, cfg = configure(open_model(model_folder))
    frames = list_frames(workspace, cfg)[:count]
    spent = dict(prediction=0.0, encoding=0.0)

    def predict(face):
        begin = time.perf_counter()
        result = predictor(face)
        spent['prediction'] += time.perf_counter() - begin
        return result
    predict(np.zeros(shape, np.float32))
    spent['prediction'] = 0.0
    start, cpu = time.perf_counter(), time.process_time()
    for frame in frames:
        picture = MergeMasked(predict, shape, None, None, cfg, frame.frame_info)
        begin = time.perf_counter()
        name = frame.frame_info.filepath.name
        write_picture(workspace.merged / name, picture[..., :3])
        write_picture(workspace.masks / name, picture[..., 3:])
        spent['encoding'] += time.perf_counter() - begin
    total = time.perf_counter() - start
    spent['compositing'] = total - sum(spent.values())
    return dict({key: value / total for key, value in spent.items()}, seconds=total / count,
                cpu=(time.process_time() - cpu) / count)


def make_timed_engine(marks):
    """A class that notes when the workers are ready and what memory is used at some frames."""
    from merger import InteractiveMergerSubprocessor

    class Timed(InteractiveMergerSubprocessor):
        looks = []      # resident bytes of all processes, frame after frame
        memory = {}     # of the marks

        def list_pids(self):
            return [os.getpid()] + [cli.p.pid for cli in self.clis]

        def on_clients_initialized(self):
            super(Timed, self).on_clients_initialized()
            self.begin = time.perf_counter()
            self.cpu_begin = sum(map(read_cpu, self.list_pids()))

        def on_result(self, host_dict, data, result):
            super(Timed, self).on_result(host_dict, data, result)
            self.end = time.perf_counter()
            self.cpu_end = sum(map(read_cpu, self.list_pids()))
            merged = self.report.counts['merged']
            if marks:
                self.looks.append(sum(map(read_memory, self.list_pids())))
            if merged in marks:
                self.memory[merged] = statistics.median(self.looks[-LOOKS:])
    return Timed


def read_cpu(pid):
    """Seconds of processor time of a process."""
    with open('/proc/%d/stat' % pid) as file:
        fields = file.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def read_memory(pid):
    """Resident bytes of a process."""
    with open('/proc/%d/statm' % pid) as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def run_engine(workspace, model_folder, count, workers, batch=None, marks=()):
    from mainscripts import Merger
    from merger.prediction import PredictionServer
    predictor, shape, cfg = configure(open_model(model_folder))
    frames = list_frames(workspace, cfg)[:count]
    engine = make_timed_engine(marks)(
        False, workspace.frames / 'none', PredictionServer(
            predictor, batch or Merger.choose_batch_size(), is_padded=True), shape, None, None,
        cfg, frames, workspace.frames, workspace.merged, workspace.masks, 1, workers)
    result = engine.run()
    assert result['merged'] == count, result
    return dict(seconds=(engine.end - engine.begin) / count, memory=engine.memory,
                cpu=(engine.cpu_end - engine.cpu_begin) / count,
                stages={key: value / count for key, value in result['seconds'].items()})


def run_predictor(model_folder):
    """{seconds a face singly and in a batch, largest difference}"""
    import numpy as np
    model = open_model(model_folder)
    faces = np.random.RandomState(0).rand(8, MODEL['resolution'], MODEL['resolution'],
                                          3).astype(np.float32)

    ways = dict(single=lambda: [model.predictor_func(face) for face in faces],
                batch=lambda: model.predict_batch(faces))
    results = {name: run() for name, run in ways.items()}
    times = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, run in ways.items():  # in turn: what else the machine does meets both
            begin = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begin)
    ones, many = results['single'], results['batch']
    difference = max(float(np.abs(one[k] - many[k][i]).max())
                     for i, one in enumerate(ones) for k in range(3))
    return dict({name: min(taken) / len(faces) for name, taken in times.items()},
                difference=difference)


def run_child(environment, kind, *arguments):
    """The JSON of a measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(HERE), '--child', kind] + [str(x) for x in arguments],
        env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL='3', NN_DEVICES_INITIALIZED='1',
                 NN_DEVICES_COUNT='0', DFL_INTERACT='headless', **environment),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        text = done.stdout.decode('utf-8', 'replace')
        raise RuntimeError('%s failed:\n%s' % (kind, text[-3000:]))
    return json.loads(done.stdout.decode('utf-8', 'replace').strip().splitlines()[-1])


def child(kind, *arguments):
    import tree_setup    # noqa: F401  paths
    import merge_run_support
    workspace = merge_run_support.make_workspace(arguments[0])
    if kind == 'serial':
        result = run_serial(workspace, arguments[1], int(arguments[2]))
    elif kind == 'engine':
        result = run_engine(workspace, arguments[1], int(arguments[2]), int(arguments[3]))
    elif kind == 'memory':
        result = run_engine(workspace, arguments[1], max(MARKS), 2, marks=MARKS)
    else:
        result = run_predictor(arguments[1])
    print()
    print(json.dumps(result))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--child', nargs='+')
    parser.add_argument('--frames', type=int, default=None)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return
    import tree_setup    # noqa: F401
    import merge_cli_support
    count = arguments.frames or 80
    with tempfile.TemporaryDirectory() as root:
        root = Path(root)
        write_workspace(root / 'w', count if arguments.frames else max(MARKS))
        merge_cli_support.write_model(root / 'model', **MODEL)
        places = (root / 'w', root / 'model')
        report = {}
        for name, environment in (('one', ONE_THREAD), ('default', {})):
            runs = [(run_child(environment, 'serial', *places, count),
                     run_child(environment, 'engine', *places, count, 2)) for _ in range(2)]
            serial = min((run[0] for run in runs), key=lambda run: run['seconds'])
            engine = min((run[1] for run in runs), key=lambda run: run['seconds'])
            report[name] = serial['seconds'] / engine['seconds']
            print('%s: %.0f ms a frame one after the other (%s), %.0f ms with 2 workers (%s): '
                  '%.2f times; processor time %.0f and %.0f ms' % (
                      name, serial['seconds'] * 1e3, ', '.join(
                          '%s %.0f %%' % (key, serial[key] * 100) for key in (
                              'prediction', 'compositing', 'encoding')),
                      engine['seconds'] * 1e3, ', '.join('%s %.0f ms' % (key, value * 1e3)
                                                         for key, value in sorted(
                                                             engine['stages'].items())),
                      report[name], serial['cpu'] * 1e3, engine['cpu'] * 1e3))
            report['cpu ' + name] = [serial['cpu'], engine['cpu']]
        predictor = run_child({}, 'predictor', *places)
        report['batch'] = predictor['single'] / predictor['batch']
        report['difference'] = predictor['difference']
        print('prediction: %.1f ms a face singly, %.1f ms in a batch of 8: %.2f times, '
              'difference %.1e' % (predictor['single'] * 1e3, predictor['batch'] * 1e3,
                                   report['batch'], report['difference']))
        if not arguments.frames:
            memory = run_child({}, 'memory', *places)['memory']
            report['memory'] = [memory[str(mark)] for mark in MARKS]
            print('resident: ' + ', '.join('%.0f MB at %d frames' % (value / 2 ** 20, mark)
                                           for mark, value in zip(MARKS, report['memory'])))
        print(json.dumps(report))


if __name__ == '__main__':
    main()
