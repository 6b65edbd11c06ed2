"""The face data of many files in a few arrays: what the index of a faceset keeps on disk.

A row is a `FaceData`. Fields of the usual types lie in columns; a row with anything else (other
number types than the extractor's, for example) is kept as it is in `odd`, so that every row comes
out as it went in.
"""
from typing import Any, Dict, List, Sequence

import numpy as np

from core.file_names import is_plain_file_name
from core.imagelib import SegIEPoly, SegIEPolys, SegIEPolyType
from core.imagelib.SegIEPolys import MAX_COORDINATE
from facelib import FaceType

from .face_data import FaceData

# name -> (dtype, shape of an entry); one entry a row
_ROW_COLUMNS = {"face_types": (np.uint8, ()), "shapes": (np.int32, (3,)),
                "landmarks": (np.float64, (68, 2)), "eyebrows": (np.float64, ()),
                "mask_sizes": (np.int64, ()), "mask_ranks": (np.uint8, ()),
                "poly_counts": (np.int64, ())}
# one entry for each byte of a mask, polygon, point
_PART_COLUMNS = {"mask_bytes": (np.uint8, ()), "poly_types": (np.uint8, ()),
                 "point_counts": (np.int64, ()), "points": (np.float32, (2,))}
_LISTS = ("face_type_names", "source_names")

_NO_LANDMARKS = np.zeros((68, 2))
_EMPTY_ROW = ("", (0, 0, 0), _NO_LANDMARKS, SegIEPolys(), None, 1.0, None)  # in place of an odd one


class DamagedTableError(Exception):
    """The columns contradict each other."""


class FaceTable:
    """Rows of face data; `columns` is a dict of arrays and lists that a pickle can hold."""

    def __init__(self, columns: Dict[str, Any]) -> None:
        """Raises DamagedTableError: columns come from a file that anybody may have written."""
        _check(columns)
        self.columns = columns
        self._mask_ends = np.cumsum(columns["mask_sizes"])
        self._poly_ends = np.cumsum(columns["poly_counts"])
        self._point_ends = np.cumsum(columns["point_counts"])

    def __len__(self) -> int:
        return len(self.columns["shapes"])

    @classmethod
    def from_rows(cls, rows: Sequence[FaceData]) -> "FaceTable":
        odd = {i: _dump_odd(row) for i, row in enumerate(rows) if not _is_usual(row)}
        rows = [_EMPTY_ROW if i in odd else row for i, row in enumerate(rows)]
        face_types, shapes, landmarks, polys, masks, eyebrows, names = (
            list(zip(*rows)) if rows else [()] * 7)
        type_names = sorted(set(face_types))
        flat_polys = [poly for item in polys for poly in item]
        flat_masks = [mask.reshape(-1) for mask in masks if mask is not None]
        columns = {
            "face_type_names": type_names,
            "face_types": [type_names.index(name) for name in face_types],
            "shapes": shapes, "landmarks": landmarks, "eyebrows": eyebrows,
            "source_names": list(names),
            "mask_sizes": [0 if mask is None else mask.size for mask in masks],
            "mask_ranks": [0 if mask is None else mask.ndim for mask in masks],
            "mask_bytes": np.concatenate(flat_masks) if flat_masks else (),
            "poly_counts": [len(item.get_polys()) for item in polys],
            "poly_types": [int(poly.type) for poly in flat_polys],
            "point_counts": [len(poly.pts) for poly in flat_polys],
            "points": np.concatenate([poly.pts for poly in flat_polys]) if flat_polys else (),
            "odd": odd}
        for name, (dtype, shape) in list(_ROW_COLUMNS.items()) + list(_PART_COLUMNS.items()):
            columns[name] = np.array(columns[name], dtype).reshape((-1,) + shape)
        return cls(columns)

    def get_row(self, i: int) -> FaceData:
        """Row `i`; its arrays may be views of the columns."""
        columns = self.columns
        if i in columns["odd"]:
            return _load_odd(columns["odd"][i])
        return (columns["face_type_names"][columns["face_types"][i]],
                tuple(columns["shapes"][i].tolist()), columns["landmarks"][i],
                self._get_polys(i), self._get_mask(i), float(columns["eyebrows"][i]),
                columns["source_names"][i])

    def _get_mask(self, i: int):
        rank = self.columns["mask_ranks"][i]
        if rank == 0:
            return None
        end = self._mask_ends[i]
        mask = self.columns["mask_bytes"][end - self.columns["mask_sizes"][i]:end]
        return mask if rank == 1 else mask[:, np.newaxis]

    def _get_polys(self, i: int) -> SegIEPolys:
        result = SegIEPolys()
        last = self._poly_ends[i]
        for p in range(last - self.columns["poly_counts"][i], last):
            end = self._point_ends[p]
            points = self.columns["points"][end - self.columns["point_counts"][p]:end]
            result.polys.append(SegIEPoly(SegIEPolyType(self.columns["poly_types"][p]), points))
        return result


def _is_usual(row: FaceData) -> bool:
    """Whether the columns hold the row without a loss."""
    face_type, shape, landmarks, polys, mask, eyebrows, name = row
    return (type(face_type) is str and type(eyebrows) is float
            and (name is None or type(name) is str)
            and len(shape) == 3 and all(type(n) is int and 0 <= n < 1 << 31 for n in shape)
            and landmarks.dtype == np.float64
            and all(poly.n == poly.n_max and poly.pts.dtype == np.float32
                    and poly.pts.shape[1:] == (2,) for poly in polys)
            and (mask is None or (isinstance(mask, np.ndarray) and mask.dtype == np.uint8
                                  and (mask.ndim == 1 or mask.shape[1:] == (1,)))))


def _dump_odd(row: FaceData) -> List[Any]:
    return list(row[:3]) + [row[3].dump()] + list(row[4:])


def _load_odd(values: List[Any]) -> FaceData:
    return tuple(values[:3]) + (SegIEPolys.load(values[3]),) + tuple(values[4:])


def _check(columns: Dict[str, Any]) -> None:
    expected = list(_ROW_COLUMNS.items()) + list(_PART_COLUMNS.items())
    for name, (dtype, shape) in expected:
        column = columns.get(name)
        if (not isinstance(column, np.ndarray) or column.dtype != dtype
                or column.shape[1:] != shape or column.ndim != 1 + len(shape)):
            raise DamagedTableError("the column %s" % name)
    if not all(isinstance(columns.get(name), list) for name in _LISTS):
        raise DamagedTableError("the names")
    count = len(columns["shapes"])
    lengths = {len(columns[name]) for name in _ROW_COLUMNS} | {len(columns["source_names"])}
    if lengths != {count}:
        raise DamagedTableError("the number of rows")
    for sizes, parts in (("mask_sizes", "mask_bytes"), ("poly_counts", "poly_types"),
                         ("poly_counts", "point_counts"), ("point_counts", "points")):
        room = len(columns[parts])
        if (np.any(columns[sizes] < 0) or np.any(columns[sizes] > room)
                or int(columns[sizes].sum()) != room):
            raise DamagedTableError("the number of %s" % parts)
    if (count and columns["face_types"].max() >= len(columns["face_type_names"])
            or np.any(columns["poly_types"] > max(SegIEPolyType))
            or np.any(columns["mask_ranks"] > 2)):
        raise DamagedTableError("a type that does not exist")
    _check_values(columns)


def _check_values(columns: Dict[str, Any]) -> None:
    """What `get_row` hands on as it is."""
    odd = columns.get("odd")
    if not (all(np.isfinite(columns[name]).all() for name in ("landmarks", "eyebrows"))
            and (np.abs(columns["points"]) < MAX_COORDINATE).all()):
        raise DamagedTableError("its numbers")
    try:
        for name in columns["face_type_names"]:
            if name != "":
                FaceType.fromString(name)
        names = list(columns["source_names"])
        for row in odd.values():
            face_type, shape, landmarks, _, _, eyebrows, source_name = _load_odd(row)
            FaceType.fromString(face_type)
            names.append(source_name)
            if np.shape(landmarks) != (68, 2) or len(shape) < 2:
                raise ValueError("its shapes")
            if not (np.isfinite(landmarks).all() and np.isfinite(eyebrows)):
                raise ValueError("its numbers")
    except Exception as e:  # noqa: BLE001 whatever a file puts there
        raise DamagedTableError("its values: %s: %s" % (type(e).__name__, e)) from e
    if not all(name is None or is_plain_file_name(name) for name in names):
        raise DamagedTableError("the names of the frames")
