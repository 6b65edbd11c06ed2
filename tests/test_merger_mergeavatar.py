import cv2
import numpy as np

from merge_support import Vectors
from merger import FrameInfo, MergeFaceAvatar, MergerConfigFaceAvatar
from merger.MergeAvatar import process_frame_info

VECTORS = Vectors()


def test_faces_of_neighbouring_frames_drive_the_avatar(tmp_path):
    path = tmp_path / "1.png"
    cv2.imwrite(str(path), VECTORS.inputs["frame"])
    info = FrameInfo(path, [VECTORS.inputs["landmarks"]])
    face = process_frame_info(info, (64, 64, 3))
    assert face.shape == (64, 64, 3) and face.dtype == np.float32 and 0.1 < face.mean() < 0.9

    seen = []

    def predictor(before, here, after):
        seen.append((len(before), len(after)))
        return here * 2 - 0.5
    config = MergerConfigFaceAvatar(temporal_face_count=1)
    out = MergeFaceAvatar(predictor, (64, 64, 3), config, [info], info, [info, info])
    assert out.shape == (64, 64, 3) and out.dtype == np.uint8 and seen == [(1, 2)]
    config.add_source_image = True
    both = MergeFaceAvatar(predictor, (64, 64, 3), config, [], info, [])
    assert both.shape == (64, 128, 3) and (both[:, 64:] == out).all()
