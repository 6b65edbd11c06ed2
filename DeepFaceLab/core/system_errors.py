"""Errors of the system that a user can mend, wherever they come up: a disk that is full or refuses,
memory that ran out, that of a GPU too."""
import errno
from typing import Optional

from core.errors import UserError

_DISK = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM,
         getattr(errno, "EDQUOT", errno.ENOSPC))


def explain_system_error(error: BaseException) -> Optional[UserError]:
    """None for any other error, that of a file that is not there among them."""
    from core.joblib.worker_error import get_memory_remedies, is_memory_error

    if type(error).__name__ == "ResourceExhaustedError":    # TensorFlow's
        return UserError("The memory of the device ran out.", [
            "end other programs that use it, a training for example",
            "compute on the CPU: --cpu-only where the verb has it, else --set cpu_only=y"])
    if is_memory_error(error):
        return UserError("The memory ran out ({}).".format(type(error).__name__),
                         get_memory_remedies())
    if isinstance(error, OSError) and error.errno in _DISK:
        what = error.strerror or str(error)
        return UserError("{}.".format(what if error.filename is None else "{}: {}".format(
            error.filename, what)), ["Free some disk space, or check that the file or folder may "
                                     "be read and written to.",
                                     "Then start again."])
    return None
