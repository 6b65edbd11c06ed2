"""68 landmarks from the 478 points of MediaPipe's face mesh.

The mesh is a surface and the 68 points lie on visible edges, so some are made of several: jaw and
nose ridge are spread evenly over a line of mesh points, as annotators spread them; brows lie
between the two edges that the mesh has of a brow.
"""
import numpy as np

from .landmark_align import mirror_landmarks

POINTS = 478

# Outline from the temple to the chin, the right half (of the subject) and the left one.
JAW = ((127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152),
       (356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152))
JAW_START = 0.4     # share of the first step at which the jaw begins, below the temple
CHIN_DROP = 0.03    # share of the way from the nose's root to the chin: the mesh ends above it
NOSE_ROOT, CHIN = 168, 152
BROW_UPPER = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
BROW_LOWER = (46, 53, 52, 65, 55, 285, 295, 282, 283, 276)
BROW_HEIGHT = 0.7   # 0 the upper edge, 1 the lower one
RIDGE = (168, 6, 197, 195, 5, 4)
NOSTRILS = (98, 97, 2, 326, 327)
EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
MOUTH = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91,
         78, 82, 13, 312, 308, 317, 14, 87)


def convert_478_to_68(mesh: np.ndarray) -> np.ndarray:
    """(478, 2) to (68, 2) float64, in the same pixels."""
    mesh = np.asarray(mesh, np.float64)
    right, left = [_find_jaw(mesh, JAW[side]) for side in (0, 1)]
    jaw = np.concatenate([right, left[-2::-1]])
    # What hangs lowest drops most.
    shares = np.concatenate([np.linspace(0, 1, 9), np.linspace(1, 0, 9)[1:]])
    jaw = jaw + shares[:, None] * CHIN_DROP * (mesh[CHIN] - mesh[NOSE_ROOT])
    brows = (mesh[list(BROW_UPPER)] * (1 - BROW_HEIGHT) + mesh[list(BROW_LOWER)] * BROW_HEIGHT)
    return np.concatenate([jaw, brows, spread_points(mesh[list(RIDGE)], 4), mesh[list(NOSTRILS)],
                           mesh[list(EYES)], mesh[list(MOUTH)]])


def join_mirrored(points: np.ndarray, mirrored: np.ndarray, width: int) -> np.ndarray:
    """The mean of 68 landmarks and of those in the mirrored picture of that width: the mesh is
    not the same both ways, and the mean is nearer."""
    return (points + mirror_landmarks(mirrored, width)) / 2


def spread_points(line: np.ndarray, count: int) -> np.ndarray:
    """`count` points at equal distances along a line (n, 2), its ends among them."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    distances = np.concatenate([[0], np.cumsum(steps)])
    wanted = np.linspace(0, distances[-1], count)
    return np.stack([np.interp(wanted, distances, line[:, i]) for i in (0, 1)], -1)


def _find_jaw(mesh: np.ndarray, indices) -> np.ndarray:
    """Nine points from below the temple to the chin."""
    line = mesh[list(indices)].copy()
    line[0] += (line[1] - line[0]) * JAW_START
    return spread_points(line, 9)
