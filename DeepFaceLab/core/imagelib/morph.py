"""Face morphing by triangles (spec 31 section 8)."""
from typing import Sequence, Tuple

import cv2
import numpy as np

from .common import restore_channel_axis
from .delaunay import triangulate


def applyAffineTransform(src: np.ndarray, srcTri: Sequence, dstTri: Sequence,
                         size: Tuple[int, int]) -> np.ndarray:
    """Warp `src` by the affine that takes triangle srcTri to dstTri, to `size` (width, height)."""
    matrix = cv2.getAffineTransform(np.float32(srcTri), np.float32(dstTri))
    warped = cv2.warpAffine(src, matrix, (size[0], size[1]), flags=cv2.INTER_LINEAR,
                            borderMode=cv2.BORDER_REFLECT_101)
    return restore_channel_axis(warped, src)


def morphTriangle(dst_img: np.ndarray, src_img: np.ndarray, st: Sequence, dt: Sequence) -> None:
    """Copy triangle `st` of src_img into triangle `dt` of dst_img, in place.

    Arguments:
        dst_img, src_img: (h, w, c) float.
        st, dt: three corners (x, y) each, inside their images.
    """
    st, dt = np.float32(st), np.float32(dt)
    sx, sy, sw, sh = cv2.boundingRect(st)
    dx, dy, dw, dh = cv2.boundingRect(dt)
    src_corners = st - np.float32([sx, sy])
    dst_corners = dt - np.float32([dx, dy])

    c = dst_img.shape[2]
    mask = np.zeros((dh, dw, c), dtype=np.float32)
    cv2.fillConvexPoly(mask, dst_corners.astype(np.int32), (1,) * c)

    patch = np.ascontiguousarray(src_img[sy:sy + sh, sx:sx + sw])
    warped = applyAffineTransform(patch, src_corners, dst_corners, (dw, dh))
    # Bounding rectangles reach one pixel past the image for points on its far edge.
    window = dst_img[dy:dy + dh, dx:dx + dw]
    mask, warped = mask[:window.shape[0], :window.shape[1]], warped[:window.shape[0],
                                                                     :window.shape[1]]
    window[...] = window * (1 - mask) + warped * mask


def morph_by_points(image: np.ndarray, sp: np.ndarray, dp: np.ndarray) -> np.ndarray:
    """Move the points `sp` of an image to `dp` and everything between along with them.

    Arguments:
        image: (h, w, c) float.
        sp, dp: (n, 2) points (x, y) of equal shape; ValueError otherwise.

    Returns (h, w, c) in the image's dtype, 0 outside the hull of `dp`.
    """
    sp, dp = np.asarray(sp), np.asarray(dp)
    if sp.shape != dp.shape:
        raise ValueError("morph_by_points: the shapes of the point sets differ: %s and %s"
                         % (sp.shape, dp.shape))
    result = np.zeros_like(image)
    for triangle in triangulate(dp):
        morphTriangle(result, image, sp[triangle], dp[triangle])
    return result
