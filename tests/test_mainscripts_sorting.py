"""mainscripts/sorting/: which faces `final` takes, distances in matrix form, chains of pictures."""
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import sort_loops

from mainscripts.sorting import histograms, pixel_distance, selection
from mainscripts.sorting.measures import FaceMeasures, count_values
from mainscripts.sorting.selection import Candidate, choose_best


def make_candidates(count, seed=0, yaw=1.3, pitch=1.0):
    random = np.random.RandomState(seed)
    return [Candidate(Path("%04d.jpg" % number), FaceMeasures(
        float(random.rand()), random.randint(0, 50, (1, 256)).astype(np.float32),
        float(random.uniform(-yaw, yaw)), float(random.uniform(-pitch, pitch))))
        for number in range(count)]


def choose_plainly(candidates, target):
    """Spec 41 section 7.5 step by step, for targets that it holds for."""
    edges = np.linspace(-1.2, 1.2, 128)
    bins = [[] for _ in edges]
    for candidate in candidates:
        value = -candidate.measures.yaw
        place = 0
        while place < 127 and value >= edges[place + 1]:
            place += 1
        bins[place].append(candidate)
    n = round(target / 128)
    n += sum(max(n - len(members), 0) for members in bins) // 128
    result = []
    for members in bins:
        members = sorted(members, key=lambda c: c.measures.sharpness, reverse=True)[:10 * n]
        pitch_edges = np.linspace(-math.pi / 2, math.pi / 2, n)
        cells = [[] for _ in pitch_edges]
        for candidate in members:
            place = 0
            while place < n - 1 and candidate.measures.pitch >= pitch_edges[place + 1]:
                place += 1
            cells[place].append(candidate)
        for cell in cells:
            order = sort_loops.sort_hist_dissim([[c.measures.histogram[0]] for c in cell])
            cell[:] = [cell[index] for index in order]
        taken = []
        while len(taken) < n and any(cells):
            for cell in cells:
                if cell and len(taken) < n:
                    taken.append(cell.pop(0))
        result += taken
    return result


@pytest.mark.parametrize("count, target", [(300, 128), (300, 256), (900, 500), (200, 2000),
                                           (60, 70)])
def test_choice_equals_the_steps_of_the_specification(count, target):
    candidates = make_candidates(count)
    chosen, rest = choose_best(candidates, target)
    assert [c.path for c in chosen] == [c.path for c in choose_plainly(candidates, target)]
    assert sorted(c.path for c in chosen + rest) == [c.path for c in candidates]


@pytest.mark.parametrize("target", [1, 2, 10, 63, 64])
def test_small_targets_take_as_many_as_asked_for(target):
    """The reference takes none below 65."""
    candidates = make_candidates(500)
    chosen, rest = choose_best(candidates, target)
    assert len(chosen) == target and len(chosen) + len(rest) == 500
    yaws = [-c.measures.yaw for c in chosen]
    assert yaws == sorted(yaws)
    if target == 10:
        assert yaws[0] < -0.9 and yaws[-1] > 0.9    # of all directions


def test_small_targets_of_few_faces():
    chosen, rest = choose_best(make_candidates(5), 10)
    assert len(chosen) == 5 and rest == []
    same = [c._replace(measures=c.measures._replace(yaw=0.3)) for c in make_candidates(5)]
    chosen, rest = choose_best(same, 10)      # one direction only
    assert len(chosen) == 5 and rest == []
    chosen, rest = choose_best(same, 3)
    assert len(chosen) == 3 and len(rest) == 2


def test_bins_of_yaw():
    edges = np.linspace(-1.2, 1.2, 128)
    assert selection.find_bins([-3, -1.2, edges[1] - 1e-9, edges[1], edges[127] - 1e-9, edges[127],
                                3], edges).tolist() == [0, 0, 0, 1, 126, 127, 127]
    assert selection.find_bins([-3, 3], np.linspace(-1, 1, 1)).tolist() == [0, 0]


@pytest.mark.parametrize("name, expected", [
    ("00012_1.jpg", (12, 1)), ("7_0.png", (7, 0)), ("a_1.jpg", None), ("1_b.jpg", None),
    ("1_2_3.jpg", None), ("00001.jpg", None), ("-1_0.jpg", None), ("_1.jpg", None),
    ("00001_\u00b2.jpg", None)])
def test_names_of_faces(name, expected):
    assert selection.read_face_name(Path(name)) == expected


def make_pictures(count, side=40, seed=1):
    """Smooth pictures that resemble their neighbours, in no order."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    pictures = [np.stack([128 + 100 * np.sin(5 * x + t), 255 * y * (1 + np.sin(t)) / 2,
                          200 * x * y + 20 * t], axis=-1)
                for t in random.uniform(0, 2.5, count)]
    return [np.clip(p + random.randint(0, 6, p.shape), 0, 255).astype(np.uint8) for p in pictures]


def test_histogram_distances_are_those_of_opencv():
    pictures = make_pictures(12)
    counts = np.stack([np.stack([count_values(p[..., channel]) for channel in range(3)])
                       for p in pictures])
    plain = [sort_loops.count_histograms(p) for p in pictures]
    expected = np.array([[sort_loops.get_distance(a, b) for b in plain] for a in plain])
    distances = histograms.HistogramDistances(counts)
    np.testing.assert_allclose(distances.get_rows(0, 12) * (1 - np.eye(12)),
                               expected * (1 - np.eye(12)), atol=1e-6)
    np.testing.assert_allclose(distances.sum_rows(), (expected * (1 - np.eye(12))).sum(axis=1),
                               rtol=1e-6)
    order = histograms.chain_nearest(distances.make_row_getter(), 12)
    assert order.tolist() == sort_loops.sort_hist(plain)


def test_a_chain_without_memory_for_a_matrix_is_the_same(monkeypatch):
    counts = np.random.RandomState(2).randint(0, 99, (40, 3, 256))
    distances = histograms.HistogramDistances(counts)
    expected = histograms.chain_nearest(distances.make_row_getter(), 40)
    monkeypatch.setattr(histograms, "_fits_memory", lambda size: False)
    assert (histograms.chain_nearest(distances.make_row_getter(), 40) == expected).all()


@pytest.mark.parametrize("count, sizes", [
    (1, [1]), (20000, [20000]), (45000, [20000, 20000, 5000]),
    (290000, [24369] * 11 + [21941])])
def test_chunks_of_large_sets(count, sizes):
    chunks = histograms.split_chunks(count)
    assert [len(chunk) for chunk in chunks] == sizes
    assert [index for chunk in chunks for index in chunk] == list(range(count))


@pytest.mark.parametrize("is_similar", [True, False])
@pytest.mark.parametrize("fine_side", [0, 256])
@pytest.mark.parametrize("kind", ["smooth", "noise", "equal"])
def test_pixel_chain_equals_plain_loops(kind, fine_side, is_similar, monkeypatch):
    monkeypatch.setattr(pixel_distance, "_FINE_SIDE", fine_side)
    pictures = make_pictures(30)
    if kind == "noise":
        random = np.random.RandomState(3)
        pictures = [random.randint(0, 255, (21, 33, 3)).astype(np.uint8) for _ in range(30)]
    elif kind == "equal":
        pictures = pictures[:4] * 3
    store = pixel_distance.PictureStore(len(pictures), pictures[0].shape)
    for index, picture in enumerate(pictures):
        store.put(index, picture)
    order = pixel_distance.PixelChain(store, is_similar).sort()
    plain = [p.astype(np.float32) for p in pictures]
    if kind != "equal":
        assert order == sort_loops.sort_absdiff(plain, is_similar)
        return
    assert sorted(order) == list(range(12))     # which of equal pictures comes first is open
    expected = sort_loops.sort_absdiff(plain, is_similar)
    get_steps = [[cv2.norm(pictures[a], pictures[b], cv2.NORM_L1) for a, b in zip(o, o[1:])]
                 for o in (order, expected)]
    assert get_steps[0] == get_steps[1]


@pytest.mark.parametrize("levels", [1, 2])
def test_bounds_hold(levels, monkeypatch):
    """Sums over cells bound the difference from both sides."""
    monkeypatch.setattr(pixel_distance, "_FINE_SIDE", 256 if levels == 1 else 0)
    random = np.random.RandomState(4)
    pictures = [random.randint(0, 255, (50, 37, 3)).astype(np.uint8) for _ in range(4)]
    pictures += make_pictures(2, 50)
    pictures[4:] = [p[:, :37] for p in pictures[4:]]
    summaries = [pixel_distance.summarize(p) for p in pictures]
    assert len(summaries[0].sums) == levels
    for a, one in zip(pictures, summaries):
        for b, other in zip(pictures, summaries):
            difference = np.abs(a.astype(int) - b).sum()
            for level in range(levels):
                least = np.abs(one.sums[level] - other.sums[level]).sum()
                assert least <= difference
                assert difference <= least + one.spreads[level] + other.spreads[level]


def test_pictures_that_do_not_fit_memory_are_kept_in_a_file(monkeypatch):
    monkeypatch.setattr(pixel_distance.osex, "get_memory_info", lambda: (1000, 1000))
    pictures = make_pictures(5)
    store = pixel_distance.PictureStore(5, pictures[0].shape)
    assert isinstance(store.pixels, np.memmap)
    for index, picture in enumerate(pictures):
        store.put(index, picture)
    assert pixel_distance.PixelChain(store, True).sort() == sort_loops.sort_absdiff(
        [p.astype(np.float32) for p in pictures])
