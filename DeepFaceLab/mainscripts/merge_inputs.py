"""Frames of a merge and the faces that belong to them (spec 50 section 2, step 13)."""
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from core import pathex
from core.errors import UserError
from core.interact import interact as io
from DFLIMG import DFLIMG
from facelib import FaceType
from merger import FrameInfo, InteractiveMergerSubprocessor
from merger.FrameInfo import describe_aligned
from merger.motion import set_motion
from samplelib import PackedFaceset

LANDMARKS = (68, 2)

Face = NamedTuple('Face', [('landmarks', np.ndarray), ('path', Path), ('source', str),
                           ('aligned', Any)])      # aligned: what CUSTOM faces need, else None


def list_faces(aligned_path: Path, pak_name: Optional[str],
               face_type: FaceType) -> Dict[str, List[Face]]:
    """{stem of the frame: its faces in the order of the aligned files}.

    Files that are no face images, or damaged ones, are named and left out.
    """
    faces: Dict[str, List[Face]] = {}
    for path, image in _load_images(aligned_path, pak_name):
        if image is None or not image.has_data():
            io.log_err('%s holds no face data and is left out.' % (path,))
            continue
        try:
            face = _read_face(path, image, face_type)
        except UserError as error:
            io.log_err('%s It is left out.' % (error.what,))
            continue
        if face is not None:
            faces.setdefault(Path(face.source).stem, []).append(face)
    return faces


def _load_images(aligned_path: Path, pak_name: Optional[str]) -> Iterator[Tuple[Path, Any]]:
    """(path, face image or None) of the folder's pack, or of its files."""
    samples = PackedFaceset.load(aligned_path, pak_name=pak_name)
    if samples is None:
        for path in io.progress_bar_generator(
                pathex.get_image_paths(aligned_path, return_Path_class=True),
                'Reading aligned faces'):
            yield path, DFLIMG.load(path)
        return
    io.log_info('The faces are packed.')
    for sample in io.progress_bar_generator(samples, 'Reading aligned faces'):
        yield Path(sample.filename), DFLIMG.load(Path(sample.filename),
                                                 loader_func=lambda _, s=sample: s.read_raw_file())


def _read_face(path: Path, image: Any, face_type: FaceType) -> Optional[Face]:
    """None for a face that does not tell its frame; UserError for damaged data."""
    source = image.get_source_filename()
    if source is None:
        return None
    landmarks = image.get_source_landmarks()
    if landmarks.shape != LANDMARKS:
        raise UserError('%s has no landmarks of its frame.' % (path,))
    aligned = describe_aligned(image) if face_type == FaceType.CUSTOM else None
    return Face(landmarks, path, source, aligned)


def report_multiple(faces: Dict[str, List[Face]]) -> bool:
    """Name the frames that have several faces; whether there are any."""
    multiple = {stem: found for stem, found in faces.items() if len(found) > 1}
    if not multiple:
        return False
    io.log_info('')
    io.log_info('Warning: several faces belong to one frame.')
    io.log_info('')
    for found in multiple.values():
        for face in found:
            io.log_info('%s is of %s' % (face.path.name, face.source))
        io.log_info('')
    io.log_info('To swap one of them only, keep the faces of different people in different '
                'folders, and merge each by itself.')
    io.log_info('Names of the extraction come back with: util --recover-original-aligned-filename')
    return True


def make_frames(input_path: Path, faces: Dict[str, List[Face]]) -> List[Any]:
    """One record a frame of the folder, in the order of their names, with its faces and motion.

    UserError when there is nothing to merge: no frame, or none with a face.
    """
    paths = pathex.get_image_unique_filestem_paths(input_path, io.log_err)
    if not paths:
        raise UserError('There are no pictures in %s.' % (input_path,),
                        ['Extract the frames of the destination video there.'])
    infos = []
    for path in map(Path, paths):
        found = faces.get(path.stem, [])
        infos.append(FrameInfo(path, [face.landmarks for face in found],
                               [face.aligned for face in found if face.aligned is not None]))
    if not any(info.landmarks_list for info in infos):
        raise UserError('No aligned face belongs to one of the %d frames of %s.' % (
            len(infos), input_path), [
                'Check that --aligned-dir holds the faces that were extracted from these frames.',
                'Faces name their frame; frames must still have those names.'])
    if report_multiple(faces):
        io.log_info('The motion of the faces is unknown: there will be no motion blur.')
    else:
        set_motion(infos)
    return [InteractiveMergerSubprocessor.Frame(frame_info=info) for info in infos]
