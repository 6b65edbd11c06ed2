"""Seconds of every sort method at 500 and 5,000 faces, and of hist and absdiff against plain loops.

    python tests/bench/bench_tools.py [--counts 500,5000] [--side 64] [--methods hist,absdiff]
                                      [--no-loops] [--cpu]

The faces are crops of rendered frames, each with light, colours and noise of its own; the sort
itself runs in this process, reading in as many processes as the tool takes. `growth` is the ratio
of the times at the last two counts, 10 for what grows with the number of faces, 100 for what grows
with its square. The loops (tests/sort_loops.py) are what the matrix forms are compared with: the
same chains pair by pair; their time does not contain reading the files. `--cpu` counts seconds of
all processors in place of the clock's: for a machine that has other work.
"""
import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree_setup  # noqa: E402,F401
import cv2  # noqa: E402
import faceset_support  # noqa: E402
import numpy as np  # noqa: E402
import sort_loops  # noqa: E402

from core import options  # noqa: E402
from DFLIMG import DFLIMG  # noqa: E402
from mainscripts import Sorter  # noqa: E402
from mainscripts.faceset_files import encode_face  # noqa: E402
from mainscripts.faceset_files import read_picture  # noqa: E402

TEMPLATES = 24
LOOPS = ("hist", "absdiff")
GOAL = 8        # times as fast as plain loops at the largest count


def write_faces(folder, count, side):
    """`count` different faces: templates with random light, colour and noise."""
    folder.mkdir()
    templates = []
    for number in range(TEMPLATES):
        path = faceset_support.write_face(folder / "t.jpg", faceset_support.render_frame(
            "src", number % faceset_support.FACES_COUNT), size=side)
        face = DFLIMG.load(path)
        templates.append((face.get_img().astype(np.float32), face.get_dict()))
        path.unlink()
    random = np.random.RandomState(0)
    for number in range(count):
        picture, data = templates[number % TEMPLATES]
        gain = random.uniform(0.5, 1.3, 3).astype(np.float32)
        noise = random.normal(0, 3, picture.shape).astype(np.float32)
        picture = np.clip(picture * gain + random.uniform(-30, 30) + noise, 0, 255)
        path = folder / ("%05d_0.jpg" % number)
        landmarks = np.array(data["landmarks"]) + random.uniform(-2, 2, (68, 2))
        path.write_bytes(encode_face(path, picture.astype(np.uint8), dict(
            data, landmarks=landmarks, source_filename="%05d.png" % random.randint(1 << 30),
            source_rect=random.randint(0, 500, 4)), 95))


def read_cpu():
    """Processor seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def measure_sort(method, folder, clock):
    """(seconds of the method with reading, order of the files)"""
    paths = sorted(folder.iterdir())
    begin = clock()
    kept, _ = Sorter.sort_func_methods[method].sort(paths)
    return clock() - begin, kept


def measure_loop(method, folder, clock):
    """(seconds of the plain loop alone, order of the files)"""
    paths = sorted(folder.iterdir())
    pictures = [read_picture(path) for path in paths]
    if method == "hist":
        prepared = [sort_loops.count_histograms(picture) for picture in pictures]
        sort = sort_loops.sort_hist
    else:
        prepared = [picture.astype(np.float32) for picture in pictures]
        sort = sort_loops.sort_absdiff
    begin = clock()
    order = sort(prepared)
    return clock() - begin, [paths[index] for index in order]


def count_equal(a, b):
    return sum(one == other for one, other in zip(a, b))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", default="500,5000")
    parser.add_argument("--side", type=int, default=64, help="pixels of a face")
    parser.add_argument("--methods", default=",".join(Sorter.sort_func_methods))
    parser.add_argument("--no-loops", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    clock = read_cpu if arguments.cpu else time.perf_counter
    counts = [int(text) for text in arguments.counts.split(",")]
    options.configure_sources(options.OptionSources(flags={"unattended": "y"}))
    cv2.setNumThreads(1)
    root = Path(tempfile.mkdtemp())
    for count in counts:
        write_faces(root / str(count), count, arguments.side)
    print("{1} with reading, faces of {0} x {0}".format(
        arguments.side, "processor seconds" if arguments.cpu else "seconds"))
    print("| method | {} | growth | plain loop at {} | times as fast |".format(
        " | ".join(map(str, counts)), counts[-1]))
    print("|---" * (len(counts) + 4) + "|")
    missed = []
    for method in arguments.methods.split(","):
        times = []
        for count in counts:
            seconds, order = measure_sort(method, root / str(count), clock)
            times.append(seconds)
        # 0: oneface ends at once among faces of which each is alone in its frame
        growth = times[-1] / times[-2] if len(times) > 1 and times[-2] else float("nan")
        loop = gain = ""
        if method in LOOPS and not arguments.no_loops:
            seconds, expected = measure_loop(method, root / str(counts[-1]), clock)
            equal = count_equal(order, expected)
            loop = "%.1f (%d of %d places equal)" % (seconds, equal, len(expected))
            gain = "%.1f" % (seconds / times[-1])
            if seconds / times[-1] < GOAL:
                missed.append(method)
        print("| {} | {} | {:.1f} | {} | {} |".format(
            method, " | ".join("%.2f" % seconds for seconds in times), growth, loop, gain),
            flush=True)
    shutil.rmtree(str(root))
    if missed:
        sys.exit("less than {} times as fast as plain loops: {}".format(GOAL, ", ".join(missed)))


if __name__ == "__main__":
    main()
