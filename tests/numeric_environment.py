"""Rounding of the machine that made the reference vectors, as far as another one can take it on.

Eigen, which computes TensorFlow's products and convolutions, cuts them into pieces that fit the
processor's caches, and the pieces decide the order of summation: a first-level cache of 48 KB sums
232 products before it starts anew, one of 32 KB sums 152. The vectors come from a processor with
48 KB. Eigen keeps the sizes in a variable of TensorFlow's library, which is set here (Linux on
x86-64; elsewhere the tests compare with tolerances alone). Nothing else changes.

What remains: TensorFlow 2.6 takes square roots from the processor's approximation, which Intel and
AMD round differently; the optimizers' steps carry that on.
"""
import ctypes
import mmap
import platform
import struct
import sys
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np

CACHE_SIZES = (48 << 10, 2 << 20, 105 << 20)  # bytes; only the first one changes rounding
LIBRARIES = ("libtensorflow_cc.so", "libtensorflow_framework.so",
             "_pywrap_tensorflow_internal.so")
SIZES = b"_ZZN5Eigen8internal20manage_caching_sizesENS_6ActionEPlS2_S2_E12m_cacheSizes"
IS_SET = b"_ZGVZN5Eigen8internal20manage_caching_sizesENS_6ActionEPlS2_S2_E12m_cacheSizes"
SYMTAB = 2  # section type
SYMBOL = np.dtype([("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"),
                   ("value", "<u8"), ("size", "<u8")])


def pin_reference_blocking() -> bool:
    """Give Eigen the reference's cache sizes; call it when TensorFlow is loaded. False if it
    cannot be done here."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return False
    found = False
    for path, base in find_loaded_libraries().items():
        sizes, is_set = find_symbols(path, [SIZES, IS_SET])
        if sizes is None or is_set is None:
            continue
        (ctypes.c_long * 3).from_address(base + sizes)[:] = CACHE_SIZES
        ctypes.c_ubyte.from_address(base + is_set).value = 1  # Eigen does not measure them again
        found = True
    return found


def is_reference_make() -> bool:
    """Whether the processor rounds square roots as the reference's did."""
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and "GenuineIntel" in cpuinfo.read_text()


def find_loaded_libraries() -> Dict[str, int]:
    """{path: address it is loaded at} of TensorFlow's libraries in this process."""
    bases: Dict[str, int] = {}
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split()
        if len(fields) > 5 and Path(fields[5]).name.startswith(LIBRARIES):
            start = int(fields[0].split("-")[0], 16)
            bases.setdefault(fields[5], start - int(fields[2], 16))
    return bases


def find_symbols(path: str, names: List[bytes]) -> List[Optional[int]]:
    """Addresses of symbols relative to the library's own, None for one that it does not name."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start, = struct.unpack_from("<Q", data, 0x28)
        entry, count = struct.unpack_from("<HH", data, 0x3A)
        sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * entry)
                    for i in range(count)]
        for section in sections:
            if section[1] != SYMTAB:
                continue
            text = sections[section[6]]
            symbols = np.frombuffer(data[section[4]:section[4] + section[5]], SYMBOL)
            return [_find_symbol(data, symbols, text[4], text[5], name) for name in names]
    return [None] * len(names)


def _find_symbol(data: mmap.mmap, symbols: np.ndarray, start: int, size: int,
                 name: bytes) -> Optional[int]:
    at = data.find(name + b"\0", start, start + size)
    while at >= 0:
        found = np.flatnonzero(symbols["name"] == at - start)
        if len(found):
            return int(symbols["value"][found[0]])
        at = data.find(name + b"\0", at + 1, start + size)
    return None
