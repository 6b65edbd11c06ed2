"""main.py whose process is killed (SIGKILL) in front of its n-th change of a file: a rename, a
removal, a sync of a written file, a new or removed folder.

`python kill_child.py N verb ...`; N = -1 only counts and tells the number of changes at its end.
"""
import os
import signal
import sys

import tree_setup  # noqa: F401  makes the tree importable

CHANGES = ("rename", "replace", "unlink", "remove", "rmdir", "mkdir", "fsync")
COUNTED = "changes of files: "


def arm(number):
    """Count the changes of this process; returns the list that holds the count."""
    count = [0]

    def wrap(function):
        def change(*args, **kwargs):
            if count[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            count[0] += 1
            return function(*args, **kwargs)
        return change

    for name in CHANGES:
        setattr(os, name, wrap(getattr(os, name)))
    return count


if __name__ == "__main__":
    import main
    counted = arm(int(sys.argv[1]))
    code = main.main(sys.argv[2:])
    print(COUNTED + str(counted[0]))
    sys.exit(code)
