"""The demo's head: surface, character shapes, expressions, parts, paint (demo/head_surface.py,
character.py, deform.py, parts.py, texture.py)."""
import numpy as np
import pytest

from demo import parts
from demo.character import CHARACTERS
from demo.deform import apply_expression, place_eyeballs, shape_points
from demo.head_surface import build_neutral_head, from_flat, symmetric_landmarks, to_flat
from demo.render import build_model, express, vertex_normals
from demo.scene import Expression
from demo.texture import SIDE, paint_skin

BOTH = pytest.mark.parametrize("character", [CHARACTERS["src"], CHARACTERS["dst"]],
                               ids=["src", "dst"])


def test_the_surface_passes_through_the_mean_landmarks():
    mesh = build_neutral_head()
    away = np.linalg.norm(mesh.points[:68] - symmetric_landmarks(), axis=1)
    assert away[:60].max() < 6.0 and np.median(away) < 1.5       # model units, millimetres
    flat = to_flat(mesh.points)
    np.testing.assert_allclose(from_flat(flat), (mesh.points - (0, -20, 50)) / np.linalg.norm(
        mesh.points - (0, -20, 50), axis=1)[:, None], atol=1e-9)


def test_the_mesh_is_one_surface_with_three_holes():
    mesh = build_neutral_head()
    edges = {}
    for a, b, c in mesh.triangles:
        for edge in ((a, b), (b, c), (c, a)):
            assert edge not in edges, "two triangles on one side of an edge"
            edges[edge] = True
    border = {a for a, b in edges if (b, a) not in edges}
    for chain in (mesh.lips,) + tuple(mesh.lids):
        assert border.issuperset(chain.tolist())
    normals = vertex_normals(mesh.points, mesh.triangles)
    outwards = ((mesh.points - (0, -20, 50)) * normals).sum(axis=1)
    assert (outwards > 0).mean() > 0.99


@BOTH
def test_an_expression_moves_what_it_names(character):
    mesh = build_neutral_head()
    shaped = shape_points(mesh.points, character)
    eyeballs = place_eyeballs(shaped, character)

    def pose(**values):
        return apply_expression(shaped, Expression(**values), eyeballs)[:68]
    calm = pose()
    assert calm[66, 1] - calm[62, 1] < 1.0, "a calm mouth is shut"
    assert pose(mouth_open=1.0)[66, 1] - pose(mouth_open=1.0)[62, 1] > 12
    assert pose(mouth_open=1.0)[8, 1] > calm[8, 1] + 8, "the chin goes down"
    assert pose(smile=1.0)[54, 1] < calm[54, 1] - 3 and pose(smile=-0.5)[54, 1] > calm[54, 1]
    assert pose(brow_raise=1.0)[19, 1] < calm[19, 1] - 3
    shut, open_ = pose(blink_left=1.0), calm
    height = [points[46, 1] - points[44, 1] for points in (shut, open_)]
    assert height[0] < 0.3 * height[1]
    np.testing.assert_allclose(shut[36:42], open_[36:42], err_msg="the other eye stays open")
    for points in (pose(blink_left=1, blink_right=1), pose(gaze_y=1), calm):
        for ball, first in zip(eyeballs, (36, 42)):
            away = np.linalg.norm(points[first:first + 6] - ball.centre, axis=1)
            assert away.min() > ball.radius, "lids lie on the eyeball"


@BOTH
def test_parts_are_whole(character):
    model = build_model(character)
    points = express(model, Expression(mouth_open=0.5, smile=0.5, blink_left=0.4))
    assert np.isfinite(points).all() and len(points) == len(model.body) == len(model.colour)
    assert model.triangles.min() == 0 and model.triangles.max() == len(points) - 1
    assert len(model.material) == len(model.triangles)
    materials = {piece.material for piece in model.pieces}
    assert materials == {parts.SKIN, parts.EYE, parts.FLESH, parts.TEETH, parts.HAIR,
                         parts.BODY_SKIN, parts.CLOTH}
    has_ears = sum(piece.material == parts.BODY_SKIN for piece in model.pieces) == 3
    assert has_ears == character.ears
    for piece in model.pieces:
        assert piece.triangles.max() < len(piece.points)
        assert (piece.colour >= 0).all() and (piece.colour <= 1.2).all()


def test_an_unknown_character_is_named():
    with pytest.raises(KeyError, match="nobody"):
        build_model("nobody")


@BOTH
def test_skin_is_the_same_each_time_and_has_its_paint(character):
    skin = paint_skin(character)
    np.testing.assert_array_equal(skin.colour, paint_skin(character).colour)
    assert skin.colour.shape == (SIDE, SIDE, 3) and 0 <= skin.colour.min()
    assert skin.colour.max() <= 1 and 0.05 < skin.face.mean() < 0.5
    plain = paint_skin(character._replace(paint={}))
    assert (plain.colour != skin.colour).any() == bool(character.paint)


def test_an_unknown_pattern_is_an_error():
    with pytest.raises(ValueError, match="zebra"):
        paint_skin(CHARACTERS["dst"]._replace(paint={"zebra": (1, 1, 1)}))
