"""core/system_errors.py: a full disk and the end of the memory are no defects of the program."""
import errno
import os

import pytest

import main as main_module
from core.system_errors import explain_system_error
from mainscripts import verbs


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


def make_os_error(number, path="/faces/00001.jpg"):
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize("error, what, remedy", [
    (make_os_error(errno.ENOSPC), "/faces/00001.jpg: No space left on device.", "disk space"),
    (make_os_error(errno.EROFS), "/faces/00001.jpg: Read-only file system.", "written to"),
    (make_os_error(errno.EACCES), "/faces/00001.jpg: Permission denied.", "written to"),
    (OSError(errno.ENOSPC, "No space left on device"), "No space left on device.", "disk space"),
    (MemoryError(), "The memory ran out (MemoryError).", "Free memory"),
    (ResourceExhaustedError("OOM when allocating"), "memory of the device ran out", "cpu_only=y")])
def test_what_the_user_can_mend(error, what, remedy, monkeypatch, capsys):
    def fail(path):
        raise error
    monkeypatch.setattr(verbs, "start", lambda *args, **kwargs: type(
        "Script", (), {"remove_xseg": staticmethod(fail)}))
    assert main_module.main(["xseg", "remove", "--input-dir", "i"]) == 1
    text = capsys.readouterr().err
    assert what in text and remedy in text and "Traceback" not in text


@pytest.mark.parametrize("error", [
    ValueError("x"), KeyError("x"), make_os_error(errno.ENOENT), make_os_error(errno.EINVAL),
    RuntimeError("x")], ids=repr)
def test_all_else_is_a_defect_and_keeps_its_traceback(error):
    assert explain_system_error(error) is None and main_module.explain(error) is None
