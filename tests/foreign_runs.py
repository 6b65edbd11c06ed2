"""Runs the foreign tree through patches/run.py several times in one process, which imports
TensorFlow once: `foreign_runs.py FOLDER '[["--gate"], ["--patch fast_blur"], ...]'`.

Every run starts with an unpatched tree and writes FOLDER/<number>/: result.json, weights, and
error.txt where it did not end well.
"""
import json
import os
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "patches"))

import run  # noqa: E402

MAIN = str(ROOT / "tests" / "foreign_tree" / "main.py")


def run_tree(folder, patches, arguments):
    import dfl_patches
    folder.mkdir()
    os.environ.pop("DFL_PATCHES", None)
    command = [part for name in patches for part in ("--patch", name)]
    try:
        run.main(command + [MAIN, "train", "--out", str(folder)] + arguments)
    except (Exception, SystemExit):  # noqa: BLE001 handed to the test
        (folder / "error.txt").write_text(traceback.format_exc())
    engine = sys.modules.get("core.leras.nn")
    if engine is not None:
        dfl_patches.remove_all(engine.nn)
        if engine.nn.tf_sess is not None:   # of a run that failed
            engine.nn.close_session()
    for name in [name for name in sys.modules if name.split(".")[0] == "core"]:
        del sys.modules[name]
    sys.path.remove(str(Path(MAIN).parent))


def main():
    import multiprocessing
    multiprocessing.set_start_method = lambda *args: None   # of the program, once a process
    root, jobs = Path(sys.argv[1]), json.loads(sys.argv[2])
    for number, (patches, arguments) in enumerate(jobs):
        run_tree(root / str(number), patches, arguments)


if __name__ == "__main__":
    main()
