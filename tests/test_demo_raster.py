"""demo/raster.py against a pixel-by-pixel rasteriser."""
import numpy as np

from demo.raster import rasterize

SHAPE = (40, 50)


def rasterize_slowly(points, depth, triangles, shape):
    """(h, w) index of the triangle seen, -1 for none, and (h, w) depth."""
    seen, near = np.full(shape, -1), np.full(shape, np.inf)
    for t, (a, b, c) in enumerate(triangles):
        (ax, ay), (bx, by), (cx, cy) = points[[a, b, c]]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area <= 1e-9:
            continue
        for y in range(shape[0]):
            for x in range(shape[1]):
                v = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
                w = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
                if min(v, w, 1 - v - w) < 0:
                    continue
                z = depth[a] + v * (depth[b] - depth[a]) + w * (depth[c] - depth[a])
                if z < near[y, x]:
                    seen[y, x], near[y, x] = t, z
    return seen, near


def test_every_pixel_sees_the_nearest_triangle():
    rng = np.random.RandomState(3)
    points = rng.uniform(-10, 60, (60, 2))      # some outside of the picture
    depth = rng.uniform(1, 100, 60)
    triangles = np.array([rng.choice(60, 3, replace=False) for _ in range(80)])
    seen, near = rasterize_slowly(points, depth, triangles, SHAPE)
    found = rasterize(points, depth, triangles, SHAPE)
    ours = np.full(SHAPE, -1)
    ours.ravel()[found.pixels] = found.triangles
    np.testing.assert_array_equal(ours, seen)
    np.testing.assert_allclose(found.depth, near.ravel()[found.pixels], rtol=1e-5)
    assert (np.diff(found.pixels) > 0).all()
    # the weights lead back to the pixel
    corners = points[triangles[found.triangles]]
    places = (found.weights[:, :, None] * corners).sum(axis=1)
    np.testing.assert_allclose(places[:, 1] * SHAPE[1] + places[:, 0],
                               found.pixels, atol=0.02)


def test_a_back_is_not_seen():
    points = np.array([[2.0, 2.0], [30.0, 2.0], [2.0, 30.0]])
    front = rasterize(points, np.ones(3), np.array([[0, 1, 2]]), SHAPE)
    back = rasterize(points, np.ones(3), np.array([[0, 2, 1]]), SHAPE)
    assert len(front.pixels) > 300 and len(back.pixels) == 0
