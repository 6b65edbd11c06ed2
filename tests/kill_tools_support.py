"""Faceset tools that are killed and started again: nothing may be lost or cut off."""
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from faceset_tools_support import count_contents, copy_faces, read_tree
from kill_child import COUNTED

from core import options
from DFLIMG import DFLIMG
from samplelib import PackedFaceset

CHILD = Path(__file__).parent / "kill_child.py"
SIZE = 128

# what is killed: its command
TOOLS = {
    "sort": ["sort", "--by", "final", "--set", "final_target=5"],
    "pack": ["util", "--pack-faceset"],
    "unpack": ["util", "--unpack-faceset"],
    "resize": ["facesettool", "resize", "--set", "resize_size=%d" % SIZE],
}


def make_environment():
    return dict(os.environ, DFL_UNATTENDED="y", DFL_INTERACT="headless",
                NN_DEVICES_INITIALIZED="1", NN_DEVICES_COUNT="0")


def start(tool, folder, number):
    line = [sys.executable, str(CHILD), str(number)] + TOOLS[tool] + ["--input-dir", str(folder)]
    return subprocess.Popen(line, env=make_environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(tool, folder, number=-1):
    """(exit code, output) of a run in a process of its own."""
    process = start(tool, folder, number)
    output = process.communicate()[0].decode("utf-8", "replace")
    return process.returncode, output


def prepare(tool, source, folder):
    """The faces that the tool is to work on: for `unpack` a pak of them."""
    copy_faces(source, folder)
    if tool == "unpack":
        before = options.current_sources()
        options.configure_sources(options.OptionSources(flags={"unattended": "y"}))
        try:
            PackedFaceset.pack(folder)
        finally:
            options.configure_sources(before)
    return folder


def count_changes(tool, source, folder):
    """How many changes of files an undisturbed run makes."""
    prepare(tool, source, folder)
    code, output = finish(tool, folder)
    assert code == 0, output
    return int(re.search(COUNTED + r"(\d+)", output).group(1))


def kill_and_start_again(tool, source, folder, number=None, seconds=None):
    """Kill the tool at a change of a file, or after some time, and start it again. Whether it was
    alive to be killed."""
    prepare(tool, source, folder)
    process = start(tool, folder, -1 if number is None else number)
    if seconds is not None:
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    process.communicate()
    was_killed = process.returncode == -signal.SIGKILL
    check_nothing_lost(tool, source, folder, is_done=False)
    if tool == "unpack" and not (folder / "faceset.pak").exists():
        assert read_tree(folder) == read_tree(source)   # it was done
        return was_killed
    if tool == "pack" and not list(folder.glob("*.jpg")):
        assert (folder / "faceset.pak").exists()        # it was done
        check_nothing_lost(tool, source, folder, is_done=True)
        return was_killed
    code, output = finish(tool, folder)
    assert code == 0, output
    check_nothing_lost(tool, source, folder, is_done=True)
    return was_killed


def check_nothing_lost(tool, source, folder, is_done):
    """Every face of `source` is there, whole."""
    original = count_contents(source)
    if tool == "sort":
        trash = folder.with_name(folder.name + "_trash")
        assert count_contents(folder, trash) == original
        if is_done:
            names = sorted(path.name for path in folder.iterdir())
            assert names == ["%05d.jpg" % number for number in range(len(names))]
    elif tool in ("pack", "unpack"):
        packed = read_members(folder)
        loose = {path.name: path.read_bytes() for path in folder.glob("*.jpg")}
        assert dict(packed, **loose) == read_tree(source)
        if is_done:
            assert loose == ({} if tool == "pack" else read_tree(source))
            assert (packed == read_tree(source)) == (tool == "pack")
    else:
        for path in sorted(source.iterdir()):
            face, old = DFLIMG.load(folder / path.name), DFLIMG.load(path)
            assert face.get_img() is not None and face.tail == old.tail
            assert face.get_source_filename() == old.get_source_filename()
            sizes = {SIZE} if is_done else {SIZE, old.get_shape()[0]}
            assert face.get_shape()[0] in sizes and face.get_img().shape[0] in sizes
        if is_done:
            assert not folder.with_name(folder.name + "_resized").exists()


def read_members(folder):
    """{name: bytes} of the pak of a folder; of none without it."""
    samples = PackedFaceset.load(folder) or []
    return {sample.filename: sample.read_raw_file() for sample in samples}
