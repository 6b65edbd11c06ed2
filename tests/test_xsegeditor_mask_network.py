"""XSegEditor/mask_network.py and mask_server.py: masks computed in a process beside the editor."""
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import xseg_network_support as servers
import xseg_support
from core import options, persist
from core.errors import UserError
from DFLIMG import DFLJPG
from mainscripts import XSegUtil, xseg_masks
from tree_setup import REPOSITORY, TREE
from XSegEditor import mask_network
from XSegEditor.mask_network import IDLE, MaskNetwork, find_model_folder

FACE = Path("00000_0.jpg")


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "XSeg_256.npy").write_bytes(b"")
    return folder


@pytest.fixture
def make_network(model):
    made = []

    def make(serve, **kwargs):
        made.append(MaskNetwork(model, serve, **kwargs))
        return made[-1]
    yield make
    for network in made:
        network.close()


def wait_for_answer(network, seconds=120):
    deadline = time.time() + seconds
    while time.time() < deadline:
        answer = network.poll()
        if answer is not None:
            return answer
        time.sleep(0.01)
    raise AssertionError("no answer: " + network.state)


def wait_until(condition, seconds=60):
    deadline = time.time() + seconds
    while not condition() and time.time() < deadline:
        time.sleep(0.01)
    return condition()


def is_running(pid):
    try:
        return Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def test_one_process_answers_for_many_faces(make_network):
    network = make_network(servers.serve_squares)
    assert network.pid is None
    network.ask(FACE)
    assert network.state == "loading" and network.path == FACE
    answer = wait_for_answer(network)
    assert answer.path == FACE and answer.error is None
    np.testing.assert_array_equal(answer.mask, servers.draw_square(FACE))
    assert wait_until(lambda: network.state == IDLE)
    pid = network.pid
    network.ask(Path("00002_0.jpg"))
    answer = wait_for_answer(network)
    assert answer.mask is None and "damaged" in answer.error.what
    assert answer.error.remedies == ["extract it again"]
    network.ask(Path("00003_0.jpg"))
    assert not wait_for_answer(network).mask.any() and network.pid == pid


def test_only_the_last_face_that_waits_is_computed(make_network, model):
    network = make_network(servers.serve_slowly)
    network.ask(FACE)
    assert wait_until(lambda: network.state == "computing")
    for name in ("00005_0.jpg", "00006_0.jpg", "00007_0.jpg"):
        network.ask(Path(name))
    assert network.poll() is None
    (model / "go").write_bytes(b"")
    assert [wait_for_answer(network).path.name for _ in range(2)] == ["00000_0.jpg", "00007_0.jpg"]
    assert wait_until(lambda: network.state == IDLE) and network.poll() is None


@pytest.mark.parametrize("serve, what, remedy", [
    (servers.serve_out_of_memory, "not enough memory", "cpu_only"),
    (servers.serve_without_tensorflow, "TensorFlow cannot be loaded", "dfl.py env"),
    pytest.param(servers.serve_killed, "SIGKILL", "cpu_only", marks=pytest.mark.skipif(
        not hasattr(signal, "SIGKILL"), reason="no such signal"))])
def test_failure_is_told_with_its_remedy_and_the_next_face_starts_anew(
        make_network, model, serve, what, remedy):
    network = make_network(serve)
    network.ask(FACE)
    answer = wait_for_answer(network)
    assert answer.path == FACE and answer.mask is None
    assert what in answer.error.what and remedy in "".join(answer.error.remedies)
    assert "xseg apply" in answer.error.remedies[-1]
    assert wait_until(lambda: network.pid is None) and network.state == IDLE
    network._serve = servers.serve_squares
    network.ask(FACE)
    assert wait_for_answer(network).mask.any()


def test_weights_of_another_network_are_named(make_network, model):
    (model / "XSeg_256.npy").write_bytes(persist.dumps([("other:0", np.zeros(3, np.float32))]))
    network = make_network(servers.serve_narrow)
    network.ask(FACE)
    assert "XSeg_256.npy" in str(wait_for_answer(network).error)


def test_without_a_network_nothing_is_started(tmp_path):
    for folder, what in ((None, "no XSeg network"), (tmp_path, "XSeg_256.npy is missing")):
        network = MaskNetwork(folder)
        with pytest.raises(UserError, match=what) as error:
            network.ask(FACE)
        assert "--model-dir" in str(error.value)
        assert network.pid is None and network.state == IDLE
        network.close()


def test_process_ends_with_the_editor_and_after_idling(make_network, model):
    network = make_network(servers.serve_slowly)
    network.ask(FACE)
    assert wait_until(lambda: network.state == "computing")
    pid = network.pid
    network.close()
    assert not is_running(pid) and network.poll() is None
    (model / "go").write_bytes(b"")
    network = make_network(servers.serve_slowly, idle_sec=0.1)
    network.ask(FACE)
    wait_for_answer(network)
    assert wait_until(lambda: network.pid is None)
    network.ask(FACE)
    assert wait_for_answer(network).mask.any()


def test_given_options_that_the_process_uses_count_as_used(make_network, monkeypatch):
    """Here its own: `cpu_only`, which the stand-in does not look for, stays unused."""
    sources = options.OptionSources({"cpu_only": "y", "misspelt": "1"})
    monkeypatch.setattr(options, "_sources", sources)
    network = make_network(servers.serve_squares)
    network.ask(FACE)
    wait_for_answer(network)
    assert sources.unused_keys() == ["cpu_only", "misspelt"]
    network._asked_keys = ["cpu_only"]
    network.poll()
    assert sources.unused_keys() == ["misspelt"]


EDITOR = """
import sys, time
sys.path[:0] = [%r, %r]
from pathlib import Path
import xseg_network_support as servers
from XSegEditor.mask_network import MaskNetwork
if __name__ == "__main__":
    network = MaskNetwork(Path(sys.argv[1]), servers.serve_squares)
    network.ask(Path("00000_0.jpg"))
    answer = None
    while answer is None:
        time.sleep(0.02)
        answer = network.poll()
    assert answer.mask.any() and "tensorflow" not in sys.modules
    print("pid", network.pid, flush=True)
    sys.stdin.read(1)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc")
def test_editor_stays_without_tensorflow_and_a_killed_one_leaves_no_process(model, tmp_path):
    code = tmp_path / "editor.py"
    code.write_text(EDITOR % (str(TREE), str(REPOSITORY / "tests")))
    editor = subprocess.Popen([sys.executable, str(code), str(model)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    try:
        words = editor.stdout.readline().split()
        assert words[:1] == [b"pid"]
        assert is_running(int(words[1]))
    finally:
        editor.kill()
        editor.wait()
    assert wait_until(lambda: not is_running(int(words[1])))


def test_model_of_the_workspace_and_of_the_install(tmp_path, model, monkeypatch):
    faces = tmp_path / "data_src" / "aligned"
    faces.mkdir(parents=True)
    assert find_model_folder(faces) == model
    (model / "XSeg_256.npy").unlink()
    assert find_model_folder(faces) is None
    import core
    tree = tmp_path / "_internal" / "DeepFaceLab" / "core"
    monkeypatch.setattr(core, "__file__", str(tree / "__init__.py"))
    generic = tmp_path / "_internal" / "model_generic_xseg"
    generic.mkdir(parents=True)
    (generic / "XSeg_256.npy").write_bytes(b"")
    assert find_model_folder(faces) == generic
    assert mask_network.WEIGHTS_NAME == xseg_masks.WEIGHTS_NAME


@pytest.mark.parametrize("face_type", [pytest.param("wf", marks=pytest.mark.slow), "f"])
def test_real_network_gives_what_apply_stores(tmp_path, make_network, model, monkeypatch,
                                              face_type):
    """The model of the faces' own type, and one that has to see another crop."""
    from core.leras import nn
    from facelib import XSegNet

    monkeypatch.setattr(options, "_sources", options.OptionSources({"cpu_only": "y"}))
    folder = xseg_support.write_labelled_faces(tmp_path / "faces", "src", 0, 1)
    path = folder / "00000_0.jpg"
    nn.initialize(nn.DeviceConfig.CPU(), data_format="NHWC")
    nn.reset_session()
    xseg_support.narrow_network(monkeypatch)
    XSegNet("XSeg", load_weights=False, weights_file_root=model).save_weights()
    nn.reset_session()
    (model / "XSeg_data.dat").write_bytes(persist.dumps({"options": {"face_type": face_type}}))

    before = path.read_bytes()
    network = make_network(servers.serve_narrow)
    network.ask(path)
    answer = wait_for_answer(network)
    assert answer.error is None, answer.error
    assert path.read_bytes() == before
    XSegUtil.apply_xseg(folder, model)
    nn.close_session()
    stored = DFLJPG.load(str(path)).get_xseg_mask()[..., 0]
    assert 0 < stored.mean() < 1
    assert (answer.mask == stored).mean() > 0.999
    assert options.current_sources().unused_keys() == []
