"""The dict of a face image as bytes (spec 30 sections 2.5 and 2.6)."""
from typing import Any, Dict

from core import persist

# The one protocol that every reader has: Python 3.6 cannot read 5.
PICKLE_PROTOCOL = 3


def is_pickle(payload: bytes) -> bool:
    """Whether the bytes begin like a pickle of protocol 2 or later, as every writer makes them."""
    return len(payload) >= 2 and payload[0] == 0x80 and 2 <= payload[1] <= 5


def encode(dfl_dict: Dict[str, Any]) -> bytes:
    return persist.dumps(dfl_dict, protocol=PICKLE_PROTOCOL)


def decode(payload: bytes, source: str) -> Dict[str, Any]:
    """The dict in `payload`, read through the allow-list.

    Raises persist.UnsafePickleError for a forbidden global or array, persist.CorruptFileError for
    damage, both naming `source`.
    """
    try:
        result = persist.loads(payload, source=source)
    except persist.CorruptFileError as e:
        raise persist.CorruptFileError(e.what, ["Delete the file or extract that face again."]
                                       ) from e
    if not isinstance(result, dict):
        raise persist.CorruptFileError("%s: its face data are a %s, not a dict."
                                       % (source, type(result).__name__))
    return result
