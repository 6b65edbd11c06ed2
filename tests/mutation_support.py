"""Seeded damage and malice for files: what chance does to bytes and what a stranger would do.

`mutate(data, kind, random)` changes one file. Kinds: "bytes" knows nothing of the content,
"pickle", "face", "pak" and "json" know where lengths, counts, names and chunks stand.
"""
import json
import struct

import cv2
import numpy as np

from mutation_pickles import EXTREMES, damage_bytes, mutate_pickle

# -- face pictures

def split_jpeg(data):
    """[start of every segment] and where the scan begins."""
    starts, place = [0], 2
    while place + 4 <= len(data) and data[place] == 0xff and data[place + 1] != 0xda:
        starts.append(place)
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    return starts + [place]


def wrap_app15(payload):
    return b"\xff\xef" + struct.pack(">H", (len(payload) + 2) & 0xffff) + payload


def make_progressive_bomb(data, scans):
    """A picture of 2048 x 2048 whose last scan comes again and again; metadata as in `data`."""
    picture = cv2.imencode(".jpg", np.zeros((2048, 2048, 3), np.uint8), [
        int(cv2.IMWRITE_JPEG_PROGRESSIVE), 1])[1].tobytes()
    start, end = picture.rfind(b"\xff\xda"), picture.rfind(b"\xff\xd9")
    starts = split_jpeg(data)
    segment = b"".join(data[a:b] for a, b in zip(starts, starts[1:])
                       if data[a:a + 2] == b"\xff\xef")
    return (picture[:2] + segment + picture[2:end] + picture[start:end] * scans + picture[end:])


def mutate_face(data, random, canary="canary"):
    """One change to a face JPEG: its metadata, its segments, its frame header or its bytes."""
    if random.random() < 0.03:
        return make_progressive_bomb(data, random.choice((20, 500, 3000)))
    starts = split_jpeg(data)
    pieces = [data[a:b] for a, b in zip(starts, starts[1:])] + [data[starts[-1]:]]
    way = random.randrange(10)
    for index, piece in enumerate(pieces):
        if way <= 4 and piece[:2] == b"\xff\xef":
            pieces[index] = wrap_app15(mutate_pickle(piece[4:], random, canary))
        elif way == 5 and piece[:1] == b"\xff" and piece[1:2] in (b"\xc0", b"\xc2"):
            height, width = random.choice(((65500, 65500), (32000, 32000), (0, 0), (1, 65535),
                                           (4000, 4000), (65535, 1), (159, 161)))
            pieces[index] = piece[:5] + struct.pack(">HH", height, width) + piece[9:]
    if way == 6:
        index = random.randrange(len(pieces))
        pieces[index] = pieces[index][:2] + struct.pack(
            ">H", random.choice(EXTREMES) & 0xffff) + pieces[index][4:]
    elif way == 7:
        random.shuffle(pieces)
    elif way == 8:
        pieces.insert(random.randrange(len(pieces) + 1), random.choice(pieces))
    elif way == 9:
        return damage_bytes(data, random)
    return b"".join(pieces)


# -- packs

def mutate_pak(data, random, canary="canary"):
    """One change to a pak: its list of members, its header, its table of offsets, its bytes."""
    size, = struct.unpack_from("<Q", data, 8)
    configs, rest = data[16:16 + size], data[16 + size:]
    way = random.randrange(8)
    if way <= 3:
        configs = mutate_pickle(configs, random, canary)
        return data[:8] + struct.pack("<Q", len(configs)) + configs + rest
    if way == 4:
        place = random.choice((0, 8))
        return data[:place] + struct.pack("<Q", random.choice(EXTREMES)) + data[place + 8:]
    if way == 5:
        place = 16 + size + 8 * random.randrange(3)
        return data[:place] + struct.pack("<Q", random.choice(EXTREMES)) + data[place + 8:]
    if way == 6:
        return data[:16 + size] + damage_bytes(rest, random)
    return damage_bytes(data, random)


# -- JSON

JSON_VALUES = ("NaN", "Infinity", "-1", "1e999", "9" * 400, "9" * 50000, "null", "true", "[]",
               "{}", '"\\ud800"', '"a\\u0000b"', '"../../x"', '"' + "x" * 5000 + '"',
               "[" * 30000, "[" * 30000 + "]" * 30000, '{"a":' * 30000, "1.5", '"..\\\\x"')


FILE_NAMES = ("..", "a/b", "a\\b", "\0", "x" * 300, "\ud800", "", "C:x", "nul.npy")


def mutate_json(data, random, canary="canary"):
    """One change to a JSON text: a value or a key that nobody expects, or damage."""
    way = random.randrange(4)
    if way == 0:
        return damage_bytes(data, random)
    text = data.decode("utf-8")
    marks = [i for i, letter in enumerate(text) if letter in ',:{}[]"']
    first = random.randrange(len(marks) - 1)
    value = random.choice(JSON_VALUES)
    if way == 1:    # between two neighbouring marks, most often a number or a text
        return (text[:marks[first] + 1] + value + text[marks[first + 1]:]).encode(
            "utf-8", "surrogatepass")
    parsed = json.loads(text)
    node = parsed
    while True:
        keys = list(node) if isinstance(node, dict) else []
        if not keys:
            break
        key = random.choice(keys)
        if not isinstance(node[key], dict) or random.random() < 0.3:
            if way == 2:
                node[key] = "@"
            else:
                node[random.choice(FILE_NAMES)] = node.pop(key)
            break
        node = node[key]
    return json.dumps(parsed).replace('"@"', value).encode("utf-8", "surrogatepass")


MUTATIONS = {"bytes": lambda data, random, canary: damage_bytes(data, random),
             "pickle": mutate_pickle, "face": mutate_face, "pak": mutate_pak, "json": mutate_json}


def mutate(data, kind, random, canary="canary"):
    """`data` with one change of its kind, now and then with several."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        data = _mutate_once(data, kind, random, canary)
    return data


def _mutate_once(data, kind, random, canary):
    try:
        return MUTATIONS[kind](data, random, canary)
    except (ValueError, IndexError, struct.error, KeyError, UnicodeError, RecursionError,
            OverflowError):
        return damage_bytes(data, random)    # an earlier change left no structure to change
