"""idt and sot for the sample feed: the distribution of the plain forms, not their numbers.

The plain forms are in `color_transport`; which differences there are is measured by
`tests/bench/bench_color_transfer.py`. Images are (h, w, c) float32. Random numbers come from the
global `np.random`.
"""
import cv2
import numpy as np

from .color_transport import color_transfer_sot

# idt: histograms are made of a lattice of pixels of about this side. sot: every second pixel in
# both directions moves from this side on, below it every one.
IDT_LATTICE_SIDE = 64
SOT_LATTICE_SIDE = 128
SMALLEST_SIDE = 16          # smaller pictures have too few pixels to leave any out

BINS = 256                  # of idt; a bin's number is a byte, which OpenCV counts and looks up
SMALLEST_RANGE = 1e-5       # of values; smaller ones lie in the middle of a range of 1
GEMM_COLUMNS = 16384        # pixels a matrix product: BLAS starts no threads for so few
SMOOTH_CELL = 4             # pixels a side of the grid on which sot's change is smoothed


def draw_rotations(count: int) -> np.ndarray:
    """Haar-uniform rotations (count, 3, 3) float64 from unit quaternions: 4 normals each."""
    q = np.random.normal(size=(count, 4))
    q /= np.sqrt(np.square(q).sum(axis=1, keepdims=True))
    w, x, y, z = q.T
    rows = [[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]
    return np.array(rows).transpose(2, 0, 1)


def transport_idt(src: np.ndarray, trg: np.ndarray, n_rot: int = 20) -> np.ndarray:
    """idt with 256 bins: (h, w, 3) -> (h, w, 3) clipped to 0..1.

    As the plain form, but every value moves as the centre of its bin does: the step is rounded to
    a bin, not the value. Rotations come from quaternions, one product takes the colours from one
    rotation's axes to the next one's, and histograms see every n-th pixel in both directions, from
    random offsets in both pictures.
    """
    h, w, _ = src.shape
    step = max(1, min(h, w) // IDT_LATTICE_SIDE)
    lattice = np.random.randint(step, size=4)
    rotations = draw_rotations(n_rot)
    moved = _to_planes(src)
    target = _to_planes(trg[lattice[2]::step, lattice[3]::step])
    turned = np.empty_like(target)
    shifted = np.empty((h, w), np.float32)
    previous = np.eye(3)
    for rotation in rotations:
        _rotate(rotation.dot(previous.T), moved, moved)
        _rotate(rotation, target, turned)
        previous = rotation
        lows = np.minimum(moved.min(axis=1), turned.min(axis=1))
        widths = np.maximum(moved.max(axis=1), turned.max(axis=1)) - lows
        is_flat = widths < SMALLEST_RANGE
        lows, widths = lows - is_flat * np.float32(0.5), (widths + is_flat) / BINS
        numbers = [_number_bins(plane, *bins).reshape(h, w)
                   for plane, bins in zip(moved, zip(lows, widths))]
        counts = [_count(plane[lattice[0]::step, lattice[1]::step]) for plane in numbers]
        goals = [_count(_number_bins(plane, *bins)) for plane, bins in zip(turned,
                                                                         zip(lows, widths))]
        tables = _make_shifts(np.array(counts), np.array(goals), lows, widths) / n_rot
        for plane, number, table in zip(moved, numbers, tables.astype(np.float32)):
            cv2.LUT(number, table, dst=shifted)
            plane += shifted.reshape(-1)
    _rotate(previous.T, moved, moved)
    result = np.ascontiguousarray(moved.T).reshape(src.shape)
    return np.clip(result, 0, 1, out=result)


def _to_planes(img: np.ndarray) -> np.ndarray:
    """(h, w, c) -> a contiguous copy (c, h * w) float32."""
    return np.array(img.reshape(-1, img.shape[-1]).T, dtype=np.float32, order="C")


def _rotate(rotation: np.ndarray, planes: np.ndarray, out: np.ndarray) -> None:
    """out = rotation (3, 3) times planes (3, n); they may be the same array."""
    matrix = rotation.astype(np.float32)
    for start in range(0, planes.shape[1], GEMM_COLUMNS):
        part = slice(start, start + GEMM_COLUMNS)
        out[:, part] = np.dot(matrix, planes[:, part])


def _number_bins(values: np.ndarray, low: float, width: float) -> np.ndarray:
    """Bin of every value of (n,), uint8 (1, n): floor((value - low) / width), BINS - 1 at most."""
    # It rounds to the nearest number; the absolute value only meets the rounding at `low`.
    return cv2.convertScaleAbs(values[np.newaxis], alpha=1 / width, beta=-low / width - 0.5)


def _count(numbers: np.ndarray) -> np.ndarray:
    """Counts (256,) float32 of bytes."""
    # OpenCV 5 gives it without the second axis
    return cv2.calcHist([np.ascontiguousarray(numbers)], [0], None, [BINS], [0, BINS]).ravel()


def _make_shifts(counts: np.ndarray, goals: np.ndarray, lows: np.ndarray,
                 widths: np.ndarray) -> np.ndarray:
    """How far the centre of each bin is moved by matching the histograms `counts` to `goals`.

    Counts and result (3, 256), the bins of each axis begin at `lows` (3,) and are `widths` wide.
    """
    share0, share1 = (np.cumsum(x, axis=1) for x in (counts, goals))
    share0 /= share0[:, -1:]
    share1 /= share1[:, -1:]
    upper = np.arange(1, BINS + 1)
    # In bins from `low`. Between two upper edges the plain form interpolates linearly.
    mapped = np.array([np.interp(x, y, upper) for x, y in zip(share0, share1)])
    shifts = np.empty_like(mapped)
    shifts[:, 1:] = (mapped[:, 1:] + mapped[:, :-1] + 1) / 2 - upper[1:]
    shifts *= widths[:, np.newaxis]
    # The plain form sends the lowest bin to 0, whatever its value.
    shifts[:, 0] = -lows - widths / 2
    return shifts


def transport_sot(src: np.ndarray, trg: np.ndarray, steps: int = 10, batch_size: int = 5,
                  sigma_space: float = 16.0, sigma_color: float = 5.0) -> np.ndarray:
    """sot: (h, w, c) -> (h, w, c), not clipped; pictures of one shape.

    What is smoothed over a radius of 24 px need not be known at every pixel: from 128 px on every
    second one in both directions moves, from random offsets in both pictures, and the bilateral
    filter runs on the means of cells of 4 px with a quarter of the spatial sigma; it keeps its
    colour sigma, so it preserves edges as the plain form's does. The result is enlarged linearly.
    The mean of the change is the one that all pixels would have had.
    """
    h, w, c = src.shape
    if min(h, w) < SMALLEST_SIDE:
        return color_transfer_sot(src, trg, steps, batch_size, sigma_space, sigma_color)
    step = 2 if min(h, w) >= SOT_LATTICE_SIDE else 1
    cells = SMOOTH_CELL // step
    offset_y, offset_x, target_y, target_x = np.random.randint(step, size=4)
    rows, columns = ((side // step) // cells * cells for side in (h, w))
    window = slice(0, rows), slice(0, columns)
    start = _to_planes(src[offset_y::step, offset_x::step][window])
    target = _to_planes(trg[target_y::step, target_x::step][window])
    distance = np.subtract(cv2.mean(trg), cv2.mean(src))[:c]
    change = _advect(start, target, distance, steps, batch_size)

    change = cv2.resize(np.ascontiguousarray(change.T).reshape(rows, columns, c),
                        (columns // cells, rows // cells), interpolation=cv2.INTER_AREA)
    change = cv2.bilateralFilter(change, 0, sigma_color, sigma_space / SMOOTH_CELL)
    middle = step * (cells - 1) / 2.0       # of a cell, from its first pixel
    to_cells = np.float64([[1, 0, -(offset_x + middle)],
                           [0, 1, -(offset_y + middle)]]) / SMOOTH_CELL
    change = cv2.warpAffine(change, to_cells, (w, h), borderMode=cv2.BORDER_REPLICATE,
                            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return src + change.reshape(src.shape)


def _advect(start: np.ndarray, target: np.ndarray, distance: np.ndarray, steps: int,
            batch_size: int) -> np.ndarray:
    """The transport without its smoothing: changes (c, n) of `start` (c, n) towards `target`.

    distance: between the mean colours of the whole pictures, (c,). The mean moves by the same
    projections whatever the distribution is, so the changes get exactly that mean.
    """
    if len(start) == 1:     # every direction is +-1: the first projection has matched all ranks
        steps = batch_size = 1
    directions = np.random.normal(size=(steps, batch_size, len(start))).astype(np.float32)
    directions /= np.sqrt(np.square(directions).sum(axis=2, keepdims=True))
    moved = start.copy()
    left = distance.astype(np.float32)
    for batch in directions:
        goal = np.dot(batch, target)
        projected = np.dot(batch, moved)
        wanted = np.empty_like(projected)
        for row, order, values, goal_order in zip(wanted, _get_orders(projected), goal,
                                                  _get_orders(goal)):
            row[order] = values[goal_order]
        wanted -= projected
        moved += np.dot(batch.T, wanted) / np.float32(batch_size)
        left -= np.dot(batch.T, np.dot(batch, left)) / np.float32(batch_size)
    moved -= start
    moved += (distance - left - moved.mean(axis=1)).astype(np.float32)[:, np.newaxis]
    return moved


def _get_orders(values: np.ndarray) -> np.ndarray:
    """argsort of the rows of (k, n), on 65536 levels of their common range: a radix sort, which
    NumPy has for 16-bit integers, and which is 4 to 30 times as fast as that of floats."""
    low, high = values.min(), values.max()
    scale = np.float32(65535) / max(high - low, np.float32(1e-6))
    return np.argsort(((values - low) * scale).astype(np.uint16), axis=1, kind="stable")
