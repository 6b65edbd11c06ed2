"""Kills sorting, packing, unpacking and resizing at random moments and starts them again.

    python tests/bench/kill_tools.py [--moments 20] [--faces 40] [--tools sort,resize]

Half of the moments are changes of files, half are times. Whatever the moment, every picture has
to be there, whole, and the second run has to complete. Prints a line a tool.
"""
import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree_setup  # noqa: E402,F401
import faceset_support  # noqa: E402
import kill_tools_support  # noqa: E402


def run_tool(tool, source, root, moments):
    """(kills that met the process alive, changes of files of a whole run)"""
    begin = time.time()
    changes = kill_tools_support.count_changes(tool, source, root / "whole")
    duration = time.time() - begin
    killed = 0
    for moment in range(moments):
        folder = root / ("moment_%d" % moment)
        at = (dict(number=random.randrange(changes)) if moment % 2 == 0
              else dict(seconds=random.uniform(0.2, duration)))
        try:
            killed += kill_tools_support.kill_and_start_again(tool, source, folder, **at)
        except AssertionError:
            print("{}: not whole after a kill at {}; see {}".format(tool, at, folder))
            raise
        for path in root.glob("moment_*"):
            shutil.rmtree(str(path))
    return killed, changes


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--faces", type=int, default=40)
    parser.add_argument("--tools", default=",".join(sorted(kill_tools_support.TOOLS)))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    root = Path(tempfile.mkdtemp())
    source = faceset_support.write_faceset(root / "source", "src", arguments.faces)
    for tool in arguments.tools.split(","):
        (root / tool).mkdir()
        killed, changes = run_tool(tool, source, root / tool, arguments.moments)
        print("{}: {} of {} moments met it alive, {} changes of files in a run; nothing lost, "
              "every second run completed".format(tool, killed, arguments.moments, changes))
    shutil.rmtree(str(root))


if __name__ == "__main__":
    main()
