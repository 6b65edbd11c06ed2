import numpy as np
import pytest

from core.imagelib.delaunay import triangulate


def get_circumcircle(a, b, c):
    matrix = 2 * np.array([b - a, c - a])
    centre = np.linalg.solve(matrix, [np.dot(b - a, b - a), np.dot(c - a, c - a)]) + a
    return centre, np.linalg.norm(centre - a)


def get_area(pts, triangles):
    a, b, c = (pts[triangles[:, k]] for k in range(3))
    return .5 * np.sum((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


@pytest.mark.parametrize("seed", range(4))
def test_no_circle_holds_a_point_and_the_hull_is_covered(seed):
    rnd = np.random.RandomState(seed)
    corners = [(0, 0), (500, 0), (0, 500), (500, 500)]
    pts = np.concatenate((corners, rnd.randint(0, 501, (40, 2)))).astype(np.float64)
    pts = np.unique(pts, axis=0)[rnd.permutation(len(np.unique(pts, axis=0)))]
    triangles = triangulate(pts)
    assert set(triangles.ravel()) == set(range(len(pts)))
    assert abs(get_area(pts, triangles) - 500 * 500) < 1e-6
    for a, b, c in pts[triangles]:
        centre, radius = get_circumcircle(a, b, c)
        assert (np.linalg.norm(pts - centre, axis=1) >= radius - 1e-6).all()


def test_grids_with_many_points_on_one_circle_and_repeated_points():
    pts = np.array([(x, y) for x in range(0, 50, 10) for y in range(0, 50, 10)] * 2)
    triangles = triangulate(pts)
    assert len(triangles) == 32 and abs(get_area(pts, triangles) - 1600) < 1e-9
    assert triangles.max() < 25


def test_points_on_one_line_are_refused():
    with pytest.raises(ValueError):
        triangulate([(0, 0), (1, 1), (2, 2), (5, 5)])
    with pytest.raises(ValueError):
        triangulate([(0, 0), (1, 1)])
