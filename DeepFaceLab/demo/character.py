"""The two demo characters, as data: shape, colours, paint, hair."""
from typing import Dict, NamedTuple, Tuple

Colour = Tuple[float, float, float]  # BGR, 0..1
Vector = Tuple[float, float, float]


class Move(NamedTuple):
    """Shifts the skin around `centre` by `vector`, fading with the radii (Gaussian).

    A centre off the middle acts on both sides, mirrored.
    """

    centre: Vector
    radii: Vector
    vector: Vector


class Stretch(NamedTuple):
    """Scales the skin around `centre` by `factors`, fading with the radii (Gaussian)."""

    centre: Vector
    radii: Vector
    factors: Vector


class Hair(NamedTuple):
    """Hair as a shell over the skull.

    Attributes:
        colour, tip_colour: at the root side and in the highlights of the strands.
        line: (direction, angle) pairs: how far from the face's front, in degrees, hair begins, by
            direction in degrees; 0 is up, 90 the picture's right, 180 down, 270 left.
        thickness: of the shell, model units.
        crest: extra thickness along the middle line, model units.
        ragged: depth of the locks at the hair line, degrees.
        locks: how many of them go round the head.
        curtain: length of long hair below the ears' height, model units; 0 is short hair.
    """

    colour: Colour
    tip_colour: Colour
    line: Tuple[Tuple[float, float], ...]
    thickness: float
    crest: float = 0.0
    ragged: float = 2.0
    locks: int = 16
    curtain: float = 0.0


class Character(NamedTuple):
    """Who is in the picture: geometry and colouring.

    Attributes:
        name: short, used in file and window texts.
        shape: operations on the neutral head, in order.
        skin, blush, lips, brows, lid, iris, iris_rim, cloth: colours.
        eye_size: radius of the eyeball relative to the eye's width.
        brow_thickness: model units.
        brow_arch: lift of the painted brow's middle, model units.
        freckles: 0..1 density.
        stubble: 0..1 darkness of the jaw.
        paint: face paint, name of a pattern -> colour.
        ears: whether the ears show.
        lash: 0..1 strength of the upper lid's line.
        gloss: strength of the skin's highlights.
    """

    name: str
    shape: tuple
    skin: Colour
    blush: Colour
    lips: Colour
    brows: Colour
    lid: Colour
    iris: Colour
    iris_rim: Colour
    cloth: Colour
    hair: Hair
    eye_size: float = 0.56
    brow_thickness: float = 5.0
    brow_arch: float = 0.0
    freckles: float = 0.0
    stubble: float = 0.0
    paint: Dict[str, Colour] = {}
    ears: bool = True
    lash: float = 0.6
    gloss: float = 0.25


def bgr(red: int, green: int, blue: int) -> Colour:
    """Colour from the usual 0..255 red, green, blue."""
    return (blue / 255.0, green / 255.0, red / 255.0)


# Source: a fair, freckled, heart-shaped face with large eyes and a copper bob.
EMBER = Character(
    name="Ember",
    shape=(
        Stretch((0, 60, 5), (60, 34, 60), (0.80, 1.0, 1.0)),       # narrow jaw
        Stretch((0, 72, -5), (24, 16, 30), (0.84, 1.0, 1.0)),      # pointed chin
        Move((0, 74, -8), (26, 16, 26), (0, -3, -1)),
        Stretch((0, 5, -15), (24, 26, 34), (0.82, 0.92, 0.90)),    # small nose
        Move((0, -4, -34), (13, 11, 18), (0, -4.5, 2.0)),          # turned up
        Move((0, -24, -24), (10, 12, 14), (0, 0, 3.5)),
        Stretch((32.5, -39, 2), (21, 14, 26), (1.22, 1.75, 1.0)),  # large eyes
        Move((45, -39, 6), (9, 9, 14), (1.0, -3.0, 0)),            # outer corners lifted
        Move((36, -60, 0), (22, 9, 18), (0, -3.5, -1)),            # high brows
        Stretch((0, 30, -20), (24, 13, 22), (0.92, 1.30, 1.05)),   # full lips
        Move((0, 30, -22), (18, 9, 16), (0, 0, -2.5)),
        Move((48, -14, 5), (18, 14, 18), (2.0, -1, -3.5)),         # cheekbones
        Stretch((0, -95, 20), (90, 40, 70), (1.04, 1.0, 1.0)),
    ),
    skin=bgr(240, 192, 164), blush=bgr(226, 118, 104), lips=bgr(188, 62, 74),
    brows=bgr(140, 62, 30), lid=bgr(176, 96, 92), iris=bgr(64, 176, 150),
    iris_rim=bgr(16, 74, 78), cloth=bgr(38, 92, 104),
    hair=Hair(colour=bgr(150, 52, 22), tip_colour=bgr(236, 128, 58),
              line=((0, 60), (25, 52), (50, 58), (75, 78), (100, 86), (140, 96), (180, 140),
                    (220, 96), (260, 86), (285, 80), (310, 72), (335, 68)),
              thickness=12.0, crest=3.0, ragged=3.5, locks=22, curtain=72.0),
    eye_size=0.57, brow_thickness=3.6, brow_arch=2.0, freckles=0.18, ears=False, lash=1.0,
    gloss=0.22, paint={},
)

# Destination: a broad, angular face with a long nose, painted, under a silver crest.
SLATE = Character(
    name="Slate",
    shape=(
        Stretch((0, 55, 20), (75, 36, 70), (1.17, 1.0, 1.0)),      # wide jaw
        Move((58, 46, 38), (16, 16, 26), (4.5, 3.0, -2.0)),        # square corners
        Move((0, 74, -6), (26, 16, 26), (0, 5.0, -3.5)),           # long chin
        Stretch((0, 66, -5), (26, 16, 30), (1.18, 1.0, 1.0)),
        Stretch((0, 0, -20), (24, 22, 34), (1.22, 1.0, 1.0)),      # wide, long nose
        Move((0, -3, -32), (14, 13, 18), (0, 4.0, -2.5)),
        Move((0, -24, -24), (8, 11, 14), (0, 0, -4.0)),            # bridge with a bump
        Stretch((32.5, -39, 2), (19, 12, 26), (0.98, 1.18, 1.0)),
        Move((45, -39, 6), (9, 9, 14), (0, 1.5, 0)),
        Move((34, -58, 0), (24, 9, 18), (0, 4.0, -4.0)),           # heavy low brow
        Move((0, -57, -14), (14, 9, 14), (0, 2.0, -2.5)),
        Stretch((0, 30, -20), (28, 13, 22), (1.16, 0.86, 1.0)),    # wide, thin mouth
        Move((40, 4, 0), (16, 22, 18), (-1.0, 0, 4.0)),            # hollow cheeks
    ),
    skin=bgr(198, 142, 106), blush=bgr(184, 100, 80), lips=bgr(156, 80, 70),
    brows=bgr(50, 38, 36), lid=bgr(134, 82, 64), iris=bgr(222, 150, 40),
    iris_rim=bgr(96, 46, 10), cloth=bgr(96, 40, 48),
    hair=Hair(colour=bgr(118, 128, 142), tip_colour=bgr(232, 238, 244),
              line=((0, 58), (30, 61), (52, 68), (66, 90), (90, 112), (120, 122), (180, 140),
                    (240, 122), (270, 112), (294, 90), (308, 68), (330, 61)),
              thickness=3.0, crest=25.0, ragged=1.0, locks=40),
    eye_size=0.56, brow_thickness=6.4, brow_arch=-0.6, stubble=0.10, ears=True, lash=0.35,
    gloss=0.22, paint={"cheek_bars": bgr(236, 226, 204), "nose_stripe": bgr(236, 226, 204)},
)

CHARACTERS = {"src": EMBER, "dst": SLATE}
