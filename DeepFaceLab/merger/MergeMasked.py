"""Merging the faces of one frame (spec 50 sections 5 and 7)."""
from typing import Any, Callable, List, Tuple

import cv2
import numpy as np

from core.compat import is_windows as runs_on_windows
from core.cv2ex import to_bgr, to_gray
from core.imagelib.affine_window import Window

from .face_composite import MergedFace, assemble, compose_face
from .face_geometry import FaceGeometry
from .face_mask import XSEG_SIZE, select_mask
from .face_prediction import predict
from .FrameInfo import FrameInfo, describe_aligned
from .frame_pixels import FramePixels, cut, is_empty, join_windows, move_window, read_frame
from .gray_color import color_result
from .merge_options import is_frame_gray, seed_frame

is_windows = runs_on_windows()  # nobody here asks; scripts import the name
xseg_input_size = XSEG_SIZE


def merge_face(predictor_func: Callable, predictor_input_shape: Tuple[int, ...],
               face_enhancer_func: Callable, xseg_256_extract_func: Callable, cfg: Any,
               frame_info: FrameInfo, frame: FramePixels, landmarks: np.ndarray,
               dfl_img: Any = None) -> MergedFace:
    """Merge one face into the unchanged frame; arguments as `MergeMaskedFace`."""
    geometry = FaceGeometry(cfg, landmarks, predictor_input_shape, frame.shape,
                            describe_aligned(dfl_img))
    dst = np.clip(geometry.crop_frame(frame), 0, 1)
    prediction = predict(geometry, cfg, dst, predictor_func, get_channels(predictor_input_shape),
                         face_enhancer_func)
    mask = select_mask(geometry, cfg.mask_mode, frame, prediction, xseg_256_extract_func)
    return compose_face(geometry, cfg, frame_info, frame, prediction, mask)


def get_channels(predictor_input_shape: Tuple[int, ...]) -> int:
    return predictor_input_shape[2] if len(predictor_input_shape) > 2 else 1


def MergeMaskedFace(predictor_func: Callable, predictor_input_shape: Tuple[int, ...],
                    face_enhancer_func: Callable, xseg_256_extract_func: Callable, cfg: Any,
                    frame_info: FrameInfo, img_bgr_uint8: np.ndarray, img_bgr: np.ndarray,
                    img_face_landmarks: np.ndarray,
                    dfl_img: Any = None) -> Tuple[np.ndarray, np.ndarray]:
    """Merge one face into a frame.

    Arguments:
        predictor_func: (S, S, 3) float32 BGR 0..1 -> bgr (S, S, 3), mask of the swapped face
            (S, S), mask of the frame's face (S, S) (spec 50 section 3).
        predictor_input_shape: (S, S, channels).
        face_enhancer_func: (s, s, 3), is_tanh, preserve_size -> (4s, 4s, 3).
        xseg_256_extract_func: (256, 256, 3) -> (256, 256, 1).
        cfg: MergerConfigMasked.
        frame_info: only its motion is used.
        img_bgr_uint8, img_bgr: (H, W, 3), the frame as uint8 and divided by 255 as float32.
        img_face_landmarks: (68, 2) in frame pixels.
        dfl_img: the aligned face, for FaceType.CUSTOM.

    Returns the frame (H, W, 3) and the mask (H, W, 1), float32; in mode raw-predict the face's
    crop (O, O, 3) and its mask (O, O, 1), which may reach a little beyond 0..1. Raises UserError
    for landmarks that span no area, MemoryError where cloning runs out of memory.
    """
    frame = FramePixels(img_bgr_uint8, img_bgr)
    merged = merge_face(predictor_func, predictor_input_shape, face_enhancer_func,
                        xseg_256_extract_func, cfg, frame_info, frame, img_face_landmarks, dfl_img)
    if merged.window is None:
        return merged.image, merged.mask
    mask = np.zeros(frame.shape[:2] + (1,), np.float32)
    cut(mask, merged.window)[...] = merged.mask
    return assemble(merged, frame), mask


def MergeMasked(predictor_func: Callable, predictor_input_shape: Tuple[int, ...],
                face_enhancer_func: Callable, xseg_256_extract_func: Callable, cfg: Any,
                frame_info: FrameInfo) -> np.ndarray:
    """Merge all faces of a frame's file; arguments as `MergeMaskedFace`.

    Of a model of one channel the frame comes out gray, or, with the switch merge_gray_in_color,
    in its own colours. Returns (H, W, 4) uint8: the frame and the mask; in mode raw-predict
    (O, O, 4). Raises
    UserError for a file that cannot be read, ValueError for a frame without landmarks.
    """
    is_gray = get_channels(predictor_input_shape) == 1
    has_color = is_gray and not is_frame_gray(1)
    bgr_uint8 = read_frame(frame_info.filepath, is_gray and not has_color, must_be_whole=True)
    frame = FramePixels(to_bgr(to_gray(bgr_uint8)) if has_color else bgr_uint8)
    seed_frame()
    faces = [merge_face(predictor_func, predictor_input_shape, face_enhancer_func,
                        xseg_256_extract_func, cfg, frame_info, frame, landmarks, aligned)
             for landmarks, aligned in frame_info.get_faces()]
    if not faces:
        raise ValueError("MergeMasked: the frame %s has no landmarks." % (frame_info.filepath,))
    if faces[0].window is None:
        image, mask = combine_crops(faces)
        return to_bytes(np.concatenate([image, mask], -1))
    result = combine_faces(faces, frame)
    if is_gray:     # denoising and the like round the planes apart
        result[..., :3] = to_bgr(to_gray(result[..., :3]))
    return color_result(result, bgr_uint8) if has_color else result


def combine_crops(faces: List[MergedFace]) -> Tuple[np.ndarray, np.ndarray]:
    """Crops of one size over each other, the last on top."""
    image, mask = faces[0].image, faces[0].mask
    for face in faces[1:]:
        image = image * (1 - face.mask) + face.image * face.mask
        mask = np.clip(mask + face.mask, 0, 1)
    return image, mask


def combine_faces(faces: List[MergedFace], frame: FramePixels) -> np.ndarray:
    """All faces in one frame, (H, W, 4) uint8.

    Every face was merged into the bare frame and is blended once more over the ones before it
    (KEEP). Outside the masks the frame's own bytes survive, so only the windows are computed.
    """
    image, mask, window = faces[0].image, faces[0].mask, faces[0].window
    if len(faces) > 1 or faces[0].background is not None:
        image, mask, window = stack_faces(faces, frame)
    result = cv2.cvtColor(frame.bgr_uint8, cv2.COLOR_BGR2BGRA)
    result[..., 3] = 0
    if not is_empty(window):
        part = cut(result, window)
        part[..., :3] = to_bytes(image)
        part[..., 3:] = to_bytes(mask)
    return result


def stack_faces(faces: List[MergedFace],
                frame: FramePixels) -> Tuple[np.ndarray, np.ndarray, Window]:
    """Image, mask and the window that holds all faces, or the frame with its new background."""
    window = faces[0].window
    for face in faces[1:]:
        window = join_windows(window, face.window)
    if faces[0].background is None:
        image = np.array(frame.get_floats(window))
    else:
        image, window = np.array(faces[0].background), frame.whole
    mask = np.zeros(image.shape[:2] + (1,), np.float32)
    for number, face in enumerate(faces):
        if is_empty(face.window):
            continue
        here = move_window(face.window, -window[0], -window[1])
        image_part, mask_part = cut(image, here), cut(mask, here)
        if number == 0:
            image_part[...], mask_part[...] = face.image, face.mask
        else:
            image_part[...] = image_part * (1 - face.mask) + face.image * face.mask
            mask_part[...] = np.clip(mask_part + face.mask, 0, 1)
    return image, mask, window


def to_bytes(values: np.ndarray) -> np.ndarray:
    """0..1 to 0..255 by cutting off, so that the frame's own bytes come back.

    Clipped first: the mask of raw-predict overshoots, and would wrap around (FIX).
    """
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)
