"""Names, exit codes and errors of the installer (spec 70 section 11)."""
from typing import List, Sequence

PRODUCT = "DeepFaceLab_TF1X"
INTERNAL = "_internal"
STATE = INTERNAL + "/." + PRODUCT
MANIFEST = STATE + "/manifest.json"
MANIFEST_HASH = STATE + "/manifest.json.sha256"
JOURNAL = STATE + "/journal.jsonl"
LOCK = STATE + "/lock.json"
SETENV = INTERNAL + "/setenv.bat"
# What "make CPU only" writes, and how it begins.
CPU_SWITCH = INTERNAL + "/cpu_only.txt"
CPU_SWITCH_TEXT = b"While this file exists, the scripts that can do it compute on the CPU."

# Folder of the package -> folder of the install, by mode.
TREES = {
    "replace": [("DeepFaceLab", INTERNAL + "/DeepFaceLab"),
                ("DeepFaceLab_SAEHDBW", INTERNAL + "/DeepFaceLab_SAEHDBW"),
                ("patches", INTERNAL + "/patches")],
    "side": [("DeepFaceLab", INTERNAL + "/" + PRODUCT),
             ("DeepFaceLab_SAEHDBW", INTERNAL + "/DeepFaceLab_SAEHDBW"),
             ("patches", INTERNAL + "/patches")],
}
ORIGINAL = INTERNAL + "/DeepFaceLab"

DONE = 0
USAGE = 1
NOT_AN_INSTALL = 2
UNSUPPORTED = 3
CONFLICT = 4
ROLLED_BACK = 5
INCOMPLETE = 6
LOCKED = 7
WOULD_CHANGE = 10


class InstallError(Exception):
    """Stops the installer: what happened, what to do, and the exit code."""

    def __init__(self, code: int, what: str, remedies: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.remedies: List[str] = list(remedies)

    def __str__(self) -> str:
        return "\n".join([self.what] + ["  - " + remedy for remedy in self.remedies])
