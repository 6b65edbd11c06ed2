"""Seeded damage to bytes, and damage and malice to pickles: opcodes, names, counts and values."""
import pickle
import pickletools
import struct

import cv2
import numpy as np

from core import persist
from core.errors import UserError

EXTREMES = (0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
            1 << 40, (1 << 62) - 1, 1 << 62, (1 << 63) - 1, (1 << 64) - 1)

# What a crafted pickle would like to run. %s: a file that must not appear.
EVIL_GLOBALS = (("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "Popen"),
                ("builtins", "eval"), ("builtins", "exec"), ("builtins", "__import__"),
                ("builtins", "getattr"), ("builtins", "open"), ("__builtin__", "execfile"),
                ("numpy", "memmap"), ("numpy", "f2py.os.system"), ("numpy", "load"),
                ("numpy.core.multiarray", "fromfile"), ("numpy.testing", "rundocs"),
                ("functools", "partial"), ("pathlib", "Path"), ("pickle", "loads"),
                ("copyreg", "_reconstructor"), ("_codecs", "lookup"), ("runpy", "run_path"),
                ("facelib.FaceType", "persist.write_bytes"), ("samplelib.Sample", "Sample"))


def damage_bytes(data, random):
    """Damage that needs no knowledge of the format."""
    data = bytearray(data)
    if not data:
        return b"\x80"
    place = random.randrange(len(data))
    length = min(len(data) - place, 1 << random.randrange(12))
    way = random.randrange(9)
    if way == 0:
        for _ in range(random.choice((1, 1, 2, 8, 64))):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    elif way == 1:
        del data[place:]
    elif way == 2:
        del data[place:place + length]
    elif way == 3:    # a chunk twice
        data[place:place] = data[place:place + length]
    elif way == 4:    # two chunks change places
        other = random.randrange(len(data))
        first, second = sorted((place, other))
        length = min(length, second - first, len(data) - second)
        data[first:first + length], data[second:second + length] = (
            data[second:second + length], data[first:first + length])
    elif way == 5:
        size = random.choice((1, 2, 4, 8))
        value = random.choice(EXTREMES) & ((1 << 8 * size) - 1)
        data[place:place + size] = value.to_bytes(size, random.choice(("little", "big")))
    elif way == 6:
        data[place:place + length] = bytes(random.getrandbits(8) for _ in range(length))
    elif way == 7:
        data[place:place] = bytes([data[place]]) * random.choice((10, 1000, 100000))
    else:
        data[place] = random.getrandbits(8)
    return bytes(data)


# -- pickles

def list_opcodes(data):
    """[(opcode, argument, start, end)] of a pickle, [] if it has none that can be told apart."""
    try:
        found = [(opcode, argument, start) for opcode, argument, start in pickletools.genops(data)]
    except Exception:  # noqa: BLE001 the input may be anything
        return []
    ends = [start for _, _, start in found[1:]] + [len(data)]
    return [item + (end,) for item, end in zip(found, ends)]


def encode_global(module, name, random):
    if random.random() < 0.5:
        return "c{}\n{}\n".format(module, name).encode()
    return b"".join(b"X" + struct.pack("<I", len(text)) + text.encode()
                    for text in (module, name)) + b"\x93"


def make_evil_call(random, canary):
    """Opcodes that push the result of a forbidden call."""
    module, name = random.choice(EVIL_GLOBALS)
    text = "open({!r}, 'w')".format(canary) if name in ("eval", "exec") else "touch " + canary
    argument = b"X" + struct.pack("<I", len(text)) + text.encode()
    end = random.choice((b"\x85R", b"\x85\x81", b"\x85}\x92", b"b", b"0"))
    if random.random() < 0.2:
        return b"(" + encode_global(module, name, random) + argument + b"o"
    if random.random() < 0.2:
        return b"(" + argument + "i{}\n{}\n".format(module, name).encode()
    return encode_global(module, name, random) + argument + end


def nest(random):
    """Opcodes that push one value in which values lie deep or again and again in each other."""
    depth = random.choice((10, 30, 90, 1000, 20000))
    way = random.randrange(6)
    if way == 0:
        return b"(" * depth + b"l" * depth
    if way == 1:
        return b")" + b"\x85" * depth
    if way == 2:
        return b"]" * (depth + 1) + b"a" * depth
    if way == 3:    # each holds the one before twice
        return b")" + b"2\x86" * min(depth, 1000)
    if way == 4:
        start = 200
        levels = min(depth, 50)
        return b"](K\x00K\x01eq" + bytes([start]) + b"".join(
            b"0](" + (b"h" + bytes([start + i])) * 2 + b"eq" + bytes([start + i + 1])
            for i in range(levels))
    return b"}" + b")" + b"\x85" * depth + b"K\x00s"


def edit_argument(item, data, random):
    """The opcode again with another argument."""
    opcode, argument, start, end = item
    value = random.choice(EXTREMES)
    if opcode.name in ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"):
        return random.choice((b"r" + struct.pack("<I", value & 0xffffffff),
                              b"p%d\n" % value, b"q\xff"))
    if opcode.name in ("BINGET", "LONG_BINGET", "GET"):
        return random.choice((b"h" + bytes([random.randrange(256)]),
                              b"j" + struct.pack("<I", value & 0xffffffff)))
    if opcode.name in ("BININT", "BININT1", "BININT2", "LONG1"):
        return random.choice((b"J" + struct.pack("<I", value & 0xffffffff),
                              b"\x8a\x09" + value.to_bytes(9, "little"),
                              b"\x8b" + struct.pack("<I", value & 0xffffffff),
                              b"I" + b"9" * 30000 + b"\n"))
    if opcode.name in ("BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES",
                       "BINBYTES8", "BINUNICODE8", "BYTEARRAY8", "FRAME"):
        payload = data[start + 1:end]
        code = random.choice((b"\x8d", b"\x8e", b"\x96", b"\x95", b"\x8b", b"T"))
        if code in (b"\x8b", b"T"):
            return code + struct.pack("<I", value & 0xffffffff) + payload
        return code + struct.pack("<Q", value) + payload
    if opcode.name == "BINFLOAT":
        return b"G" + random.choice((b"\x7f\xf0" + bytes(6), b"\x7f\xf8" + bytes(6),
                                     b"\x7f\xef" + b"\xff" * 6))
    return bytes([random.getrandbits(8)]) + data[start + 1:end]


def mutate_pickle(data, random, canary="canary"):
    """One change of a value, or between or in the opcodes of a pickle."""
    if random.random() < 0.35:
        try:
            return mutate_value(data, random)
        except UserError:
            pass    # an earlier change left no pickle, or it asks for classes of its own
    items = list_opcodes(data)
    if len(items) < 3 or random.random() < 0.15:
        return damage_bytes(data, random)
    item = random.choice(items[1:])
    opcode, _, start, end = item
    way = random.randrange(10)
    if way <= 1:
        new = edit_argument(item, data, random)
    elif way == 2:
        new = bytes([random.choice(pickletools.opcodes).code.encode("latin1")[0]]) \
            + data[start + 1:end]
    elif way == 3:
        new = make_evil_call(random, canary) + random.choice((b"", data[start:end]))
    elif way == 4:
        new = nest(random) + random.choice((b"", b"0", data[start:end]))
    elif way == 5:
        _, _, other_start, other_end = random.choice(items)
        new = data[other_start:other_end]
    elif way == 6:
        _, _, other_start, other_end = random.choice(items)
        new = data[min(start, other_start):max(end, other_end)] * 2
    elif way == 7:
        named = [found for found in items if found[0].name == "GLOBAL"]
        if named:
            _, _, start, end = random.choice(named)
        new = encode_global(*random.choice(EVIL_GLOBALS), random=random)
    elif way == 8:
        new = random.choice((b"\x82\xff", b"\x83\xff\x01", b"\x84\x01\0\0\0", b"Px\n", b"Q",
                             b"\x97", b"\x98", b"\x90", b"\x91", b"2", b"0", b"1", b"t", b".",
                             b"\x80\x04", b"\x80\x02"))
    else:
        new = b""
    return data[:start] + new + data[end:]


# -- values: a whole pickle with something unexpected in it

def make_bomb(side):
    """A PNG of a few KB that unpacks to side x side pixels."""
    return cv2.imencode(".png", np.zeros((side, side), np.uint8))[1].reshape(-1)


def declare_size(encoded, side):
    """The PNG with another size in its header."""
    encoded = encoded.copy()
    encoded[16:24] = np.frombuffer(struct.pack(">II", side, side), np.uint8)
    return encoded


def nest_lists(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def share_lists(levels):
    value = [0.0, 1.0]
    for _ in range(levels):
        value = [value, value]
    return value


VALUES = [
    lambda: None, lambda: True, lambda: -1, lambda: 1 << 31, lambda: -(1 << 70),
    lambda: 10 ** 400, lambda: float("nan"), lambda: float("inf"), lambda: 1e308, lambda: "",
    lambda: "x" * 20000, lambda: "../../x.png", lambda: "C:\\x\\..\\y.png", lambda: "\ud800",
    lambda: "a\0b", lambda: b"", lambda: b"\xff" * 99, lambda: [], lambda: {}, lambda: [[]],
    lambda: [None, "x"], lambda: (1, 2), lambda: nest_lists(40), lambda: nest_lists(500),
    lambda: share_lists(8), lambda: share_lists(30), lambda: share_lists(60),
    lambda: [[1.0, 2.0]] * 68, lambda: [["1", "2"]] * 68, lambda: [[float("nan"), 1.0]] * 68,
    lambda: [[1e30, 1e30]] * 68, lambda: [[5.0, 5.0]] * 68, lambda: np.zeros((0, 2)),
    lambda: np.zeros((68, 2)), lambda: np.full((68, 2), np.nan), lambda: np.full((68, 2), -1e30),
    lambda: np.zeros((1,) * 32), lambda: np.float16("inf"), lambda: np.zeros((5, 3), np.float32),
    lambda: np.full((5, 2), 3e9, np.float32), lambda: np.arange(90, dtype=np.uint8),
    lambda: np.zeros(5, bool), lambda: make_bomb(4000), lambda: make_bomb(1000)[:500],
    lambda: declare_size(make_bomb(16), 60000), lambda: declare_size(make_bomb(16), 30000),
    lambda: np.frombuffer(b"BM" + bytes(200), np.uint8), lambda: np.frombuffer(
        b"\xff\x4f\xff\x51" + bytes(200), np.uint8), lambda: np.frombuffer(
        b"II*\0" + b"\xff" * 200, np.uint8),
    lambda: {"polys": [{"type": 1, "pts": np.full((4, 2), 2e9, np.float32)}]},
    lambda: {"polys": [{"type": 9, "pts": None}]}, lambda: [(1, [[0, 0], [9, 9], [0, 9]])],
    lambda: {"polys": [{"type": 1, "pts": [[0, 0], [1 << 19, 9]] * 500}] * 40},
]


def mutate_value(data, random, canary="canary"):
    """The pickle with one value in it replaced, in any protocol."""
    root = persist.loads(data)
    node, value = root, random.choice(VALUES)()
    while isinstance(node, (dict, list)) and len(node):
        key = random.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if isinstance(node[key], (dict, list)) and random.random() < 0.5:
            node = node[key]
            continue
        if isinstance(node, dict) and random.random() < 0.1:
            node[random.choice((3, "other", b"x", 2.5, None, (1, 2)))] = node.pop(key)
        else:
            node[key] = value
        break
    return pickle.dumps(root, random.randrange(2, pickle.HIGHEST_PROTOCOL + 1))
