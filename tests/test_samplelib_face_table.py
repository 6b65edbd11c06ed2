"""Face data in columns and out again."""
import copy

import numpy as np
import pytest

from core import persist
from core.imagelib import SegIEPolys, SegIEPolyType
from samplelib.face_table import DamagedTableError, FaceTable


def make_polys(*polygons):
    polys = SegIEPolys()
    for kind, points in polygons:
        polys.add_poly(kind).set_points(np.array(points, np.float32).reshape(-1, 2))
    return polys


def make_row(seed=0, **changes):
    rnd = np.random.RandomState(seed)
    row = dict(face_type="whole_face", shape=(64, 48, 3), landmarks=rnd.rand(68, 2),
               polys=SegIEPolys(), mask=None, eyebrows=1.0, source="%05d.png" % seed)
    row.update(changes)
    return tuple(row[name] for name in ("face_type", "shape", "landmarks", "polys", "mask",
                                        "eyebrows", "source"))


MASK = np.arange(50, dtype=np.uint8)
USUAL = [make_row(0), make_row(1, face_type="head", shape=(1, 2, 3), source=None),
         make_row(2, mask=MASK, eyebrows=-0.25), make_row(3, mask=MASK[:7, np.newaxis]),
         make_row(4, polys=make_polys((SegIEPolyType.INCLUDE, [[1, 2], [3, 4], [5, 6]]),
                                      (SegIEPolyType.EXCLUDE, []),
                                      (SegIEPolyType.EXCLUDE, [[7.5, 8]]))),
         make_row(5, source="Gr\u00f6\u00dfe.png"), make_row(6, mask=MASK[:0])]
ODD = [make_row(10, landmarks=np.ones((68, 2), np.float32)), make_row(11, eyebrows=1),
       make_row(12, landmarks=np.ones((68, 2), int)), make_row(13, mask=np.ones((2, 3), np.uint8)),
       make_row(14, shape=(64, 48)), make_row(15, mask=np.ones(4, np.int32))]


def assert_equal_rows(a, b):
    assert a[0] == b[0] and a[1] == b[1] and type(a[1]) is tuple
    assert a[2].dtype == b[2].dtype and (a[2] == b[2]).all()
    assert a[3].identical(b[3]) and [p.type for p in a[3]] == [p.type for p in b[3]]
    assert [p.pts.dtype for p in a[3]] == [p.pts.dtype for p in b[3]]
    assert (a[4] is None) == (b[4] is None)
    if a[4] is not None:
        assert a[4].dtype == b[4].dtype and a[4].shape == b[4].shape and (a[4] == b[4]).all()
    assert a[5:] == b[5:] and [type(x) for x in a[5:]] == [type(x) for x in b[5:]]


@pytest.mark.parametrize("rows", [USUAL, USUAL + ODD, ODD, [], USUAL[:1]])
def test_rows_come_out_as_they_went_in(rows):
    odd = list(map(id, ODD))
    table = FaceTable.from_rows(rows)
    again = FaceTable(persist.loads(persist.dumps(table.columns)))
    for copy_ in (table, again):
        assert len(copy_) == len(rows)
        for i, row in enumerate(rows):
            assert_equal_rows(copy_.get_row(i), row)
    assert len(table.columns["odd"]) == sum(row in odd for row in map(id, rows))


def test_rows_of_a_table_make_a_table():
    table = FaceTable.from_rows(USUAL + ODD)
    again = FaceTable.from_rows([table.get_row(i) for i in range(len(table))][::-1])
    for i, row in enumerate((USUAL + ODD)[::-1]):
        assert_equal_rows(again.get_row(i), row)


def set_value(name, index, value):
    def change(columns):
        columns[name][index] = value
    return change


@pytest.mark.parametrize("change", [
    lambda c: c.pop("shapes"), lambda c: c.pop("odd"), lambda c: c.pop("source_names"),
    lambda c: c.update(landmarks=c["landmarks"][:-1]),
    lambda c: c.update(landmarks=c["landmarks"].astype(np.float32)),
    lambda c: c.update(points=c["points"][:, :1]), lambda c: c.update(points=c["points"][:-1]),
    lambda c: c.update(mask_bytes=c["mask_bytes"][1:]),
    lambda c: c.update(source_names=c["source_names"][1:]),
    lambda c: c.update(shapes=3), lambda c: c.update(odd=[]),
    set_value("mask_sizes", 0, -1), set_value("poly_counts", 0, 1 << 62),
    set_value("point_counts", 0, 2), set_value("face_types", 0, 9),
    set_value("poly_types", 0, 7), set_value("mask_ranks", 0, 3),
    set_value("face_type_names", 0, "no_face"), set_value("face_type_names", 0, 3),
    set_value("source_names", 0, ["x"]), set_value("source_names", 0, "../x.png"),
    set_value("landmarks", (1, 5, 0), np.nan), set_value("eyebrows", 2, np.inf),
    set_value("points", (0, 1), np.nan), set_value("points", (3, 0), 1e7),
    set_value("odd", 0, ["head", (1, 2, 3), np.full((68, 2), np.inf), None, None, 1, ""]),
    set_value("odd", 0, ["head", (1, 2, 3), np.zeros((68, 2)), None, None, np.nan, ""]),
    set_value("odd", 0, ["head", (1, 2, 3), np.zeros((68, 2)), None, None, "1", ""]),
    set_value("odd", 0, [1]),
    set_value("odd", 0, ["head", (1, 2), np.zeros((5, 2)), None, None, 1, ""]),
    set_value("odd", 0, ["head", (1, 2, 3), np.zeros((68, 2)), 3, None, 1, ""])])
def test_columns_that_contradict_each_other_are_refused(change):
    columns = copy.deepcopy(FaceTable.from_rows(USUAL).columns)
    FaceTable(columns)
    change(columns)
    with pytest.raises(DamagedTableError):
        FaceTable(columns)
