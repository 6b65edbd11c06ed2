"""Damaged and crafted files through every reader, as many as asked for.

    python3 tests/bench/fuzz_readers.py --n 100000 [--first 0] [--folder KEPT]

Prints how many files each reader read and refused, then one line for each that did harm (the file
itself is kept in the folder); exit code 1 if there was one. See tests/test_hostile_inputs.py.
"""
import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hostile_runner import run_inputs  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100000, help="number of files")
    parser.add_argument("--first", type=int, default=0, help="number of the first, its seed")
    parser.add_argument("--folder", help="where files that did harm are kept; a new one by default")
    arguments = parser.parse_args()
    folder = Path(arguments.folder or tempfile.mkdtemp(prefix="fuzz_readers_"))
    folder.mkdir(exist_ok=True)
    start = time.time()
    counts, failures, seconds = run_inputs(
        folder, range(arguments.first, arguments.first + arguments.n))
    print("%d files, %.0f s (CPU %.0f s)" % (arguments.n, time.time() - start, seconds))
    for reader, (read, refused) in sorted(counts.items()):
        print("%-16s read %7d  refused %7d" % (reader, read, refused))
    for failure in failures:
        print("input %(input)d, %(reader)s: %(wrong)s" % failure)
    print("%d did harm%s" % (len(failures), ", kept in %s" % folder if failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
