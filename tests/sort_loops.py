"""Sorts of similarity as plain loops over pairs of pictures: what the matrix forms are compared
with, in their results and (tests/bench/bench_tools.py) in their time."""
import cv2
import numpy as np


def count_histograms(picture):
    """256 bins of each channel of (h, w, c) uint8."""
    return [cv2.calcHist([picture], [channel], None, [256], [0, 256])
            for channel in range(picture.shape[2])]


def get_distance(a, b):
    return sum(cv2.compareHist(x, y, cv2.HISTCMP_BHATTACHARYYA) for x, y in zip(a, b))


def sort_hist(histograms):
    """Chain of nearest neighbours (spec 41 section 7.2): indices."""
    order = list(range(len(histograms)))
    for i in range(len(order) - 1):
        best, nearest = None, i + 1
        for j in range(i + 1, len(order)):
            distance = get_distance(histograms[order[i]], histograms[order[j]])
            if best is None or distance < best:
                best, nearest = distance, j
        order[i + 1], order[nearest] = order[nearest], order[i + 1]
    return order


def sort_hist_dissim(histograms):
    """Sum of the distances to all others, largest first (spec 41 section 7): indices."""
    sums = [sum(get_distance(a, b) for j, b in enumerate(histograms) if j != i)
            for i, a in enumerate(histograms)]
    return sorted(range(len(sums)), key=lambda i: sums[i], reverse=True)


def sort_absdiff(pictures, is_similar=True):
    """Chain by the sum of absolute differences of float pictures (spec 41 section 7.4): indices."""
    left, order = list(range(1, len(pictures))), [0]
    while left:
        current = pictures[order[-1]]
        distances = [float(np.abs(current - pictures[index]).sum()) for index in left]
        place = int(np.argmin(distances) if is_similar else np.argmax(distances))
        order.append(left.pop(place))
    return order
