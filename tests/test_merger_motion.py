"""merger/motion.py against the reference's motion of six frames."""
from pathlib import Path

import numpy as np
from data_support import GOLDEN

from merger import FrameInfo
from merger.motion import set_motion


def test_motion_is_the_references():
    vectors = np.load(str(GOLDEN.parent / 'merger' / 'motion.npz'))
    infos = [FrameInfo(Path('%d.png' % i), [points] if has else [])
             for i, (points, has) in enumerate(zip(vectors['landmarks'], vectors['has']))]
    set_motion(infos)
    assert 0 < np.count_nonzero(vectors['power']) < len(infos)
    for info, power, degrees in zip(infos, vectors['power'], vectors['deg']):
        assert info.motion_power == power and info.motion_deg == degrees


def test_a_face_that_stands_still_and_a_single_frame():
    points = np.load(str(GOLDEN.parent / 'merger' / 'motion.npz'))['landmarks'][0]
    infos = [FrameInfo(Path('%d.png' % i), [points]) for i in range(3)]
    set_motion(infos)
    set_motion(infos[:1])
    assert all(info.motion_power == 0 and info.motion_deg == 0 for info in infos)
