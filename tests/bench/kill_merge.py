"""Kills a merge again and again, and looks whether it goes on.

    python tests/bench/kill_merge.py --n 20     20 kills, about a third of a minute each

`main.py merge` with a small SAEHD on rendered frames, two TensorFlow threads, oneDNN off. SIGKILL
comes at random moments after the first frame. After each: files that were whole must be those of a
run that nobody kills, they must stay, and the run that is started next must end with the same bytes
in every picture. The last line is one JSON object.
"""
import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tree_setup   # noqa: F401  paths, threads, oneDNN
import merge_cli_support as support
from merge_run_support import read_files, write_workspace


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--n', type=int, default=20, help='kills')
    parser.add_argument('--frames', type=int, default=12)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        root = Path(root)
        frames = write_workspace(root / 'w', arguments.frames)
        support.write_model(root / 'model', resolution=64)
        begin = time.time()
        support.run_merge(frames, root / 'model', **support.KILLED_MERGE)
        whole = read_files(frames.merged, frames.masks)
        assert len(whole) == 2 * arguments.frames
        print('whole run: %.0f s' % (time.time() - begin))
        random.seed(1)
        counts = []
        for number in range(arguments.n):
            folder = root / str(number)
            workspace = frames._replace(merged=folder / 'merged', masks=folder / 'masks')
            counts.append(support.kill_and_go_on(workspace, root / 'model',
                                                 random.uniform(0, 0.5), whole))
            print('kill %d: %d of %d files were whole, they stayed; the rest is equal' % (
                number + 1, counts[-1], len(whole)), flush=True)
    print(json.dumps(dict(kills=len(counts), whole=counts)))


if __name__ == '__main__':
    main()
