"""Pairs of faces for the colour transfers, and how alike two ways of transferring are."""
import cv2
import numpy as np

DIRECTIONS = 32     # of the sliced Wasserstein distance
RENDER_SIZE = 480


def render_faces(who, count, side):
    """`count` rendered whole faces of `who` (src or dst), (side, side, 3) float32 of 8-bit
    values."""
    from demo.motion import get_scene
    from demo.render import render_face
    from facelib import FaceType, LandmarksProcessor
    faces = []
    for index in range(count):
        face = render_face(who, *get_scene(who, 23 * index + 5), size=(RENDER_SIZE, RENDER_SIZE))
        matrix = LandmarksProcessor.get_transform_mat(face.landmarks, side, FaceType.WHOLE_FACE)
        image = face.image if face.image.dtype == np.uint8 else np.round(face.image * 255)
        crop = cv2.warpAffine(image.astype(np.float32), matrix, (side, side),
                              flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        faces.append(np.round(np.clip(crop, 0, 255)).astype(np.float32) / np.float32(255))
    return faces


def measure_distance(img, target):
    """Sliced Wasserstein distance of the colours of two pictures of one size."""
    directions = np.random.RandomState(7).normal(size=(DIRECTIONS, 3)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    first, second = (np.sort(directions.dot(x.reshape(-1, 3).T), axis=1) for x in (img, target))
    return float(np.abs(first - second).mean())


def compare(plain, fast, pairs):
    """How far `fast` is from `plain`, both (picture, target) -> picture, over pairs of them.

    Every pair is transferred twice by either, with seeds of its own. Returns a dict: `mean` and
    `std`, the largest difference over the channels of the means over all pairs; `distance`, the
    ratio of the mean sliced Wasserstein distances to the target; `picture`, the mean absolute
    difference of fast to plain as a share of that between two seeds of plain; `spread`, the same of
    two seeds of fast; `plain_picture`, that of plain itself; `largest`, the largest difference to
    plain as a share of the largest between two of its seeds.
    """
    rows = []
    for number, (picture, target) in enumerate(pairs):
        results = []
        for k, transfer in enumerate((plain, plain, fast, fast)):
            np.random.seed(4 * number + k)
            results.append(transfer(picture, target))
        a, b, c, d = results
        pixels = [x.reshape(-1, 3) for x in results]
        rows.append([
            (pixels[2].mean(0) + pixels[3].mean(0) - pixels[0].mean(0) - pixels[1].mean(0)) / 2,
            (pixels[2].std(0) + pixels[3].std(0) - pixels[0].std(0) - pixels[1].std(0)) / 2,
            measure_distance(a, target) + measure_distance(b, target),
            measure_distance(c, target) + measure_distance(d, target),
            np.abs(a - b).mean(),
            np.mean([np.abs(x - y).mean() for x in (a, b) for y in (c, d)]),
            np.abs(c - d).mean(), np.abs(a - b).max(), np.abs(a - c).max()])
    mean, std, near, far, own, other, spread, own_max, other_max = (
        np.mean(column, axis=0) for column in zip(*rows))
    return {'mean': float(np.abs(mean).max()), 'std': float(np.abs(std).max()),
            'distance': float(far / near), 'picture': float(other / own),
            'spread': float(spread / own), 'plain_picture': float(own),
            'largest': float(other_max / own_max)}
