"""struct with a running position (spec 31 section 11)."""
import struct


def struct_unpack(data, counter: int, fmt: str) -> tuple:
    """Unpack `fmt` from `data` at byte `counter`.

    :returns: (position behind the fields, field, field, ...).
    :raises struct.error: when `data` ends inside the fields.
    """
    size = struct.calcsize(fmt)
    return (counter + size,) + struct.unpack(fmt, data[counter:counter + size])
