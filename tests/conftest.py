"""Paths and environment of every test, and a limit of its time."""
import signal

from tree_setup import REPOSITORY, TREE  # noqa: F401  first: before anything imports TensorFlow
import pytest


@pytest.fixture(scope="session")
def reference_blocking():
    """Sums in the order of the processor that made the reference vectors, where that can be had."""
    from core.leras import nn
    from numeric_environment import pin_reference_blocking
    nn.initialize(nn.DeviceConfig.CPU())
    return pin_reference_blocking()




@pytest.fixture(scope="session")
def facesets(tmp_path_factory):
    """Folders `src` and `dst` with eight aligned faces each, made once; not to be changed."""
    import faceset_support
    return faceset_support.write_facesets(tmp_path_factory.mktemp("facesets"))


TEST_LIMIT_SEC = 300  # none takes a minute; one that waits for ever must not stop all others


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """Fails a test that does not end, where the system has an alarm signal."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def give_up(number, frame):
        raise TimeoutError("%s did not end within %d s" % (item.nodeid, TEST_LIMIT_SEC))
    previous = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(TEST_LIMIT_SEC)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
