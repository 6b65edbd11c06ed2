"""One picture of a character: `render_face`, from pose, expression, light and background."""
from functools import lru_cache
from typing import List, NamedTuple, Optional, Tuple, Union

import cv2
import numpy as np

from facelib import FaceType, LandmarksProcessor

from . import parts
from .backdrop import paint_backdrop
from .character import CHARACTERS, Character
from .deform import Eyeball, apply_expression, place_eyeballs, shape_points
from .head_surface import HeadMesh, build_neutral_head
from .raster import rasterize
from .scene import Background, Expression, Light, Pose
from .shade import Surface, prepare_light, shade_surface
from .texture import SkinTexture, paint_skin

EYE_DISTANCE = 950.0  # camera to head, model units
FRAME_UNITS = 366.0  # model units that a picture's height shows at scale 1
PIVOT = np.array([0.0, 20.0, 62.0])  # the head turns about this point
NECK = np.array([0.0, 125.0, 74.0])  # the shoulders turn about this one
SUPERSAMPLING = 2


class RenderedFace(NamedTuple):
    """A picture with what is true about it.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        landmarks: (68, 2) float64, pixels (a pixel's centre has whole coordinates).
        mask: (H, W) uint8, 255 where the face shows (skin inside jaw and hair line, eyes, mouth).
    """

    image: np.ndarray
    landmarks: np.ndarray
    mask: np.ndarray


class CharacterModel(NamedTuple):
    """A character's meshes and texture, ready to be posed.

    The moving points are, in this order: skin, both lid rims, lining of the mouth, lower teeth,
    tongue; then everything that only moves with the head or the shoulders.
    """

    character: Character
    mesh: HeadMesh
    shaped: np.ndarray
    eyeballs: Tuple[Eyeball, Eyeball]
    texture: SkinTexture
    pieces: List[parts.Part]
    triangles: np.ndarray
    one_sided: np.ndarray
    material: np.ndarray
    colour: np.ndarray
    local: np.ndarray
    uv: np.ndarray
    body: np.ndarray


def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals, outwards, weighted by the area of the touching triangles."""
    a, b, c = points[triangles[:, 0]], points[triangles[:, 1]], points[triangles[:, 2]]
    normals = np.cross(c - a, b - a)
    result = np.zeros_like(points)
    for axis in range(3):
        weight = np.concatenate([normals[:, axis]] * 3)
        result[:, axis] = np.bincount(triangles.T.ravel(), weight, len(points))
    return result / np.maximum(np.linalg.norm(result, axis=1), 1e-9)[:, None]


@lru_cache(maxsize=4)
def _build_model(name: str) -> CharacterModel:
    return _assemble(CHARACTERS[name])


def build_model(character: Union[str, Character]) -> CharacterModel:
    """Meshes and texture of a character, or of "src" or "dst"; those two are kept."""
    for name, known in CHARACTERS.items():
        if character == name or character is known:
            return _build_model(name)
    if isinstance(character, str):
        raise KeyError("no character %r; there are %s" % (character, sorted(CHARACTERS)))
    return _assemble(character)


def _assemble(character: Character) -> CharacterModel:
    mesh = build_neutral_head()
    shaped = shape_points(mesh.points, character)
    eyeballs = place_eyeballs(shaped, character)
    calm = apply_expression(shaped, Expression(), eyeballs)
    normals = vertex_normals(calm, mesh.triangles)
    lips = calm[mesh.lips]
    pieces = [
        parts.Part(calm, mesh.triangles, parts.SKIN, np.ones((len(calm), 3)),
                   np.zeros((len(calm), 3)), False),
        parts.build_lid_rim(calm, mesh.lids[0], eyeballs[0], character),
        parts.build_lid_rim(calm, mesh.lids[1], eyeballs[1], character),
        parts.build_lining(calm, mesh.lips, character),
        parts.build_teeth(lips, upper=False),
        parts.build_tongue(lips),
        parts.build_teeth(lips, upper=True),
        parts.build_eyeball(eyeballs[0]),
        parts.build_eyeball(eyeballs[1]),
        parts.build_hair_cap(mesh, calm, normals, character),
        parts.build_neck(character),
        parts.build_shoulders(character),
    ]
    if character.hair.curtain:
        pieces.append(parts.build_curtain(character))
    if character.ears:
        pieces += [parts.build_ear(1, character), parts.build_ear(-1, character)]

    triangles, start = [], 0
    for piece in pieces:
        triangles.append(piece.triangles + start)
        start += len(piece.points)
    one_sided = np.concatenate(triangles)
    backs = [t[:, ::-1] for t, piece in zip(triangles, pieces) if piece.two_sided]
    materials = [np.full(len(p.triangles), p.material, np.int64) for p in pieces]
    materials += [np.full(len(p.triangles), p.material, np.int64) for p in pieces if p.two_sided]
    uv = np.zeros((start, 2))
    uv[:len(mesh.uv)] = mesh.uv
    body = np.concatenate([np.zeros(len(p.points)) if p.body is None else p.body for p in pieces])
    return CharacterModel(character, mesh, shaped, eyeballs, paint_skin(character), pieces,
                          np.concatenate([one_sided] + backs), one_sided,
                          np.concatenate(materials),
                          np.concatenate([p.colour for p in pieces]).astype(np.float32),
                          np.concatenate([p.local for p in pieces]).astype(np.float32),
                          uv.astype(np.float32), body)


def express(model: CharacterModel, expression: Expression) -> np.ndarray:
    """(V, 3) points of all parts in the head's frame."""
    skin = apply_expression(model.shaped, expression, model.eyeballs)
    mesh = model.mesh
    moved = [skin,
             parts.place_lid_rim(skin, mesh.lids[0], model.eyeballs[0]),
             parts.place_lid_rim(skin, mesh.lids[1], model.eyeballs[1]),
             parts.place_lining(skin, mesh.lips),
             parts.place_on_jaw(model.pieces[4].points, expression.mouth_open),
             parts.place_on_jaw(model.pieces[5].points, expression.mouth_open)]
    return np.concatenate(moved + [piece.points for piece in model.pieces[6:]])


def rotation_matrix(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3) rotation of head points for a pose in degrees (see Pose)."""
    y, p, r = np.radians((-yaw, pitch, roll))
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_z.dot(about_y).dot(about_x)


def pose_points(points: np.ndarray, body: np.ndarray, pose: Pose) -> np.ndarray:
    """Points in the camera's frame: x right, y down, z away, origin at the resting head."""
    head = (points - PIVOT).dot(rotation_matrix(pose.yaw, pose.pitch, pose.roll).T) + PIVOT
    trunk = (points - NECK).dot(rotation_matrix(pose.yaw * 0.3, 0.0, pose.roll * 0.1).T) + NECK
    mixed = head + (trunk - head) * body[:, None]
    return mixed + np.array([pose.x, pose.y, 0.0])


def project(points: np.ndarray, pose: Pose, size: Tuple[int, int]) -> np.ndarray:
    """(n, 2) pixel places of camera-frame points in a picture of (width, height)."""
    width, height = size
    zoom = height / FRAME_UNITS * pose.scale
    shrink = zoom * EYE_DISTANCE / (EYE_DISTANCE + points[:, 2])
    middle = np.array([(width - 1) / 2.0, (height - 1) / 2.0])
    return middle + (points[:, :2] + (0.0, 12.0)) * shrink[:, None]


def align_projection(places: np.ndarray, target_landmarks: np.ndarray) -> np.ndarray:
    """Places moved, turned and scaled so that their first 68, taken as landmarks, get the same
    aligned crop as `target_landmarks`."""
    own = _homogeneous(LandmarksProcessor.get_transform_mat(places[:68], 256,
                                                            FaceType.WHOLE_FACE))
    wanted = _homogeneous(LandmarksProcessor.get_transform_mat(target_landmarks, 256,
                                                               FaceType.WHOLE_FACE))
    matrix = np.linalg.inv(wanted).dot(own)
    return places.dot(matrix[:2, :2].T) + matrix[:2, 2]


def _homogeneous(matrix: np.ndarray) -> np.ndarray:
    return np.concatenate([matrix, [[0.0, 0.0, 1.0]]])


def render_face(character: Union[str, Character, CharacterModel], pose: Pose = Pose(),  # noqa: B008 immutable
                expression: Expression = Expression(), light: Light = Light(),  # noqa: B008
                background: Background = Background(), size=(480, 360),  # noqa: B008
                align_to: Optional[np.ndarray] = None) -> RenderedFace:
    """Render a character.

    Arguments:
        character: a Character, "src" or "dst", or a model from `build_model`.
        size: (width, height) in pixels; one number is a square.
        align_to: (68, 2) landmarks of another face in the same picture: the head is then moved,
            turned and scaled on the picture until its aligned crop is that face's. That is where
            a perfect swap would show this character.

    The same arguments give the same picture.
    """
    model = character if isinstance(character, CharacterModel) else build_model(character)
    width, height = (size, size) if np.isscalar(size) else size
    points = pose_points(express(model, expression), model.body, pose)
    places = project(points, pose, (width, height))
    if align_to is not None:
        places = align_projection(places, np.asarray(align_to, np.float64))

    n = SUPERSAMPLING
    fragments = rasterize(places * n + (n - 1) / 2.0, points[:, 2], model.triangles,
                          (height * n, width * n))
    surface = _interpolate(model, points, fragments)
    turn = np.radians((expression.gaze_x * 26.0, expression.gaze_y * 22.0))
    gaze = np.array([np.sin(turn[0]) * np.cos(turn[1]), np.sin(turn[1]),
                     -np.cos(turn[0]) * np.cos(turn[1])])
    colour, face = shade_surface(surface, prepare_light(light), model.character, model.texture,
                                 gaze)

    layer = np.zeros((height * n * width * n, 4), np.float32)
    layer[fragments.pixels, :3] = colour
    layer[fragments.pixels, 3] = 1.0
    region = np.zeros(height * n * width * n, np.float32)
    region[fragments.pixels] = face
    layer = cv2.resize(layer.reshape(height * n, width * n, 4), (width, height),
                       interpolation=cv2.INTER_AREA)
    region = cv2.resize(region.reshape(height * n, width * n), (width, height),
                        interpolation=cv2.INTER_AREA)
    backdrop = paint_backdrop(background, light, (width, height))
    image = layer[..., :3] + backdrop * (1 - layer[..., 3:])
    image = np.clip(np.round(image * 255.0), 0, 255).astype(np.uint8)
    return RenderedFace(image, places[:68].copy(), np.where(region > 0.5, 255, 0).astype(np.uint8))


def _interpolate(model: CharacterModel, points: np.ndarray, fragments) -> Surface:
    normals = vertex_normals(points, model.one_sided).astype(np.float32)
    attributes = np.concatenate([normals, model.colour, model.local, model.uv], axis=1)
    corners = model.triangles[fragments.triangles]
    mixed = attributes[corners[:, 0]] * fragments.weights[:, 0:1]
    mixed += attributes[corners[:, 1]] * fragments.weights[:, 1:2]
    mixed += attributes[corners[:, 2]] * fragments.weights[:, 2:3]
    normal = mixed[:, 0:3]
    normal /= np.maximum(np.linalg.norm(normal, axis=1), 1e-6)[:, None]
    normal *= np.where(normal[:, 2] > 0, np.float32(-1), np.float32(1))[:, None]
    return Surface(normal, mixed[:, 3:6], mixed[:, 6:9], mixed[:, 9:11],
                   model.material[fragments.triangles])
