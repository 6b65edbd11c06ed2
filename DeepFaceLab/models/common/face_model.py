"""What the built-in face models do alike around their graphs: saving, packs by name, merging."""
from typing import Any, Mapping, Sequence, Tuple

import numpy as np

from core.cv2ex import to_gray
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from facelib import FaceType
from facelib.FaceType import from_option_dict
from models import ModelBase

from . import towers

# The option `face_type`; a model may have fewer.
FACE_TYPES = from_option_dict


def read_face_type(model, face_types: Mapping[str, FaceType] = FACE_TYPES) -> FaceType:
    """The answered option as FaceType; UserError for one that is not in `face_types`, which no
    version writes."""
    stored = model.options['face_type']
    if stored not in face_types:
        raise UserError('The model holds the face type {!r}, which {} does not have.'.format(
            stored, model.model_class_name),
            ['Its face types are: ' + ', '.join(face_types)])
    return face_types[stored]


def take_first(predictions: Sequence[np.ndarray]) -> Tuple[np.ndarray, ...]:
    """The predictions of one face from those of a batch."""
    return tuple(x[0] for x in predictions)


def fit_channels(faces: np.ndarray, channels: int) -> np.ndarray:
    """Faces (n, R, R) or (n, R, R, 1 or 3) as (n, R, R, channels): colour becomes gray, gray stands
    in every plane."""
    if faces.ndim == 3:
        faces = faces[..., None]
    if faces.shape[-1] == channels:
        return faces
    if channels == 1:
        return np.stack([to_gray(face) for face in faces])
    return np.repeat(faces, channels, -1)


class FaceModel(ModelBase):
    """Base of the models that swap faces.

    A subclass sets `model_filename_list`, `model_data_format`, `resolution`, `face_type` and
    `pretrain`, and for merging the callable `AE_merge`."""

    channels = 3

    def create_placeholders(self) -> None:
        """Those of a training batch of eight, as attributes of their names; `bgr_shape`."""
        self.bgr_shape = nn.get4Dshape(self.resolution, self.resolution, self.channels)
        self.placeholders = towers.create_placeholders(self.resolution, self.channels)
        for name, placeholder in self.placeholders._asdict().items():
            setattr(self, name, placeholder)

    # override
    def get_model_filename_list(self):
        return self.model_filename_list

    # override
    def onSave(self):
        for part, filename in io.progress_bar_generator(
                self.get_model_filename_list(), 'Saving', leave=False):
            part.save_weights(self.get_strpath_storage_for_file(filename))

    def get_generator_class(self) -> type:
        """The global `SampleGeneratorFace` of the model's own module, where drivers and plug-ins
        put another."""
        raise NotImplementedError('%s names no sample generator.' % type(self).__name__)

    def _name_paks(self) -> tuple:
        """Keywords of both generators for the packs of --src-pak-name and --dst-pak-name.

        Empty where none is given: a generator that stands in for ours need not know them."""
        src, dst = {}, {}
        if self.src_pak_name is not None and not self.pretrain:
            src['pak_name'] = self.src_pak_name
        if self.dst_pak_name is not None and not self.pretrain:
            dst['pak_name'] = src['ct_pak_name'] = self.dst_pak_name
        return src, dst

    # override
    def should_save_preview_history(self):
        period = 100 if io.is_colab() else 10 * max(1, self.resolution // 64)
        return self.iter % self.get_preview_period(period) == 0

    def join_next_samples(self) -> Tuple[Any, ...]:
        """The next batch in the order of arguments of the training functions (spec 21 section
        6)."""
        ((warped_src, target_src, target_srcm, target_srcm_em),
         (warped_dst, target_dst, target_dstm, target_dstm_em)) = self.generate_next_samples()
        return (warped_src, target_src, target_srcm, target_srcm_em,
                warped_dst, target_dst, target_dstm, target_dstm_em)

    def predictor_func(self, face=None):
        """face: HWC, or HW for gray, float32 0..1 of the model's resolution; colour is made gray
        for a gray model.

        Returns (swapped face HWC, its mask HW, the destination's mask HW), float32 0..1."""
        return take_first(self.predict_batch(face[None, ...]))

    def predict_batch(self, faces):
        """`predictor_func` of many faces NHWC at once: (NHWC, NHW, NHW)."""
        return self.predict_faces(faces)

    def predict_faces(self, faces: np.ndarray, *arguments: Any) -> Tuple[np.ndarray, ...]:
        """`predict_batch`; `arguments` go to `AE_merge` behind the faces."""
        faces = fit_channels(faces, self.channels)
        batch = nn.to_data_format(faces, self.model_data_format, 'NHWC')
        swapped, dst_mask, swapped_mask = [
            nn.to_data_format(x, 'NHWC', self.model_data_format).astype(np.float32)
            for x in self.AE_merge(batch, *arguments)]
        return swapped, swapped_mask[..., 0], dst_mask[..., 0]

    # override
    def get_MergerConfig(self):
        import merger
        return (self.predictor_func, (self.resolution, self.resolution, self.channels),
                merger.MergerConfigMasked(face_type=self.face_type, default_mode='overlay'))
