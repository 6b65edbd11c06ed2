"""Errors that a user can mend: what happened and what to do (architecture rule 4)."""
from typing import Sequence


class UserError(Exception):
    """A failure whose cause lies in the user's files, options or machine.

    Entry points print it without a traceback and leave with a non-zero exit code.

    Arguments:
        what: one sentence: what happened, and where (file, option, worker).
        remedies: what the user can do about it, most promising first.
    """

    def __init__(self, what: str, remedies: Sequence[str] = ()) -> None:
        super().__init__(what, tuple(remedies))
        self.what = what
        self.remedies = [remedies] if isinstance(remedies, str) else list(remedies)

    def __str__(self) -> str:
        return "\n".join([self.what] + ["  - " + remedy for remedy in self.remedies])


class UnsafePickleError(UserError):
    """A pickle names a class or function that no file of this program contains."""


class UnwritableFileError(UserError):
    """A file cannot be written: the disk is full, or its folder refuses it."""


class CorruptFileError(UserError):
    """A file is damaged, truncated or not what its name says."""
