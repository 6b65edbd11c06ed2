"""Small workspaces of frames and aligned faces, and merges of them with a model that needs no
TensorFlow."""
from collections import namedtuple
from pathlib import Path

import cv2
import numpy as np

from facelib import FaceType

Workspace = namedtuple('Workspace', ('frames', 'aligned', 'merged', 'masks'))
SIDE = 64       # pixels of a face of the stand-in model


def make_workspace(root):
    return Workspace(*[Path(str(root)) / name for name in Workspace._fields])


def write_workspace(root, count=6, size=None):
    """`count` rendered frames and the face of each; merged and masks are not made. size: (w, h) of
    larger frames, the rendered one at their upper left."""
    import faceset_support
    workspace = make_workspace(root)
    workspace.frames.mkdir(parents=True)
    workspace.aligned.mkdir()
    for number in range(count):
        rendered = faceset_support.render_frame('dst', number)
        write_frame(workspace, '%05d' % number, rendered, size)
        faceset_support.write_face(workspace.aligned / ('%05d_0.jpg' % number), rendered)
    return workspace


def write_frame(workspace, stem, rendered, size=None):
    picture = rendered.image
    if size is not None:
        picture = np.full((size[1], size[0], 3), 90, np.uint8)
        picture[:rendered.image.shape[0], :rendered.image.shape[1]] = rendered.image
    cv2.imwrite(str(workspace.frames / (stem + '.png')), picture)


class StandInModel:
    """Predicts the face with its colours exchanged, inside an ellipse; counts its runs."""

    def __init__(self, side=SIDE):
        rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
        self.mask = (rows ** 2 + columns ** 2 < 0.16).astype(np.float32)
        self.batches = []

    def predictor_func(self, face):
        return tuple(x[0] for x in self.predict_batch(face[None]))

    def predict_batch(self, faces):
        self.batches.append(len(faces))
        mask = np.repeat(self.mask[None], len(faces), 0)
        return np.ascontiguousarray(faces[..., ::-1]) * 0.9 + 0.05, mask, mask

    def get_shape(self):
        return self.mask.shape + (3,)


class GrayStandIn(StandInModel):
    """One channel, as SAEHDBW: the face a little brighter, inside an ellipse."""

    def predict_batch(self, faces):
        assert faces.shape[1:] == self.get_shape()
        self.batches.append(len(faces))
        mask = np.repeat(self.mask[None], len(faces), 0)
        return faces * 0.8 + 0.15, mask, mask

    def get_shape(self):
        return self.mask.shape + (1,)


def make_config(**changes):
    from merger import MergerConfigMasked
    return MergerConfigMasked(face_type=FaceType.WHOLE_FACE, **changes)


def make_engine(workspace, cfg=None, predictor=None, is_interactive=False, workers=2, batch=2,
                session=None, model_iter=100, xseg=None, model=None, **keywords):
    """The engine on a workspace, as mainscripts/Merger.py makes it."""
    from mainscripts import merge_inputs
    from merger import InteractiveMergerSubprocessor
    from merger.output_record import OutputRecord, describe_settings
    from merger.prediction import PredictionServer
    model = model or StandInModel()
    cfg = cfg or make_config()
    for folder in (workspace.merged, workspace.masks):
        folder.mkdir(exist_ok=True)
    frames = merge_inputs.make_frames(workspace.frames, merge_inputs.list_faces(
        workspace.aligned, None, cfg.face_type))
    record = None if is_interactive else OutputRecord(
        workspace.merged, workspace.masks,
        describe_settings('stand_in', model_iter, cfg, model.get_shape()))
    return InteractiveMergerSubprocessor(
        is_interactive, session or workspace.frames.parent / 'm_merger_session.dat',
        PredictionServer(predictor or model.predictor_func, batch, is_padded=not is_interactive,
                         has_cache=is_interactive),
        model.get_shape(), None, xseg, cfg, frames, workspace.frames, workspace.merged,
        workspace.masks, model_iter, workers, output_record=record, **keywords)


def read_files(*folders):
    """{folder/name: bytes} of the pictures."""
    return {'%s/%s' % (folder.name, path.name): path.read_bytes() for folder in folders
            for path in sorted(folder.glob('*.png'))}
