"""What a picture is made of, apart from who is in it: pose, expression, light, background."""
from typing import NamedTuple, Tuple


class Pose(NamedTuple):
    """Where the head is and where it looks.

    Attributes:
        yaw: degrees, positive turns the face to the picture's right.
        pitch: degrees, positive looks down.
        roll: degrees, positive leans clockwise in the picture.
        x, y: shift of the head in model units (about millimetres), right and down.
        scale: size, 1 is the renderer's normal size.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0


class Expression(NamedTuple):
    """The face's moving parts; every value 0 is a calm face with the mouth shut.

    Attributes:
        mouth_open: 0..1, the jaw turns by up to 16 degrees.
        smile: -0.5..1, negative is a frown of the mouth.
        pucker: 0..1, lips pushed forward.
        brow_raise: -1..1, negative lowers the brows.
        brow_frown: 0..1, draws the brows together.
        blink_right, blink_left: 0 open .. 1 shut; right is the subject's.
        gaze_x, gaze_y: -1..1, right and down in the face's own frame, about 30 degrees.
    """

    mouth_open: float = 0.0
    smile: float = 0.0
    pucker: float = 0.0
    brow_raise: float = 0.0
    brow_frown: float = 0.0
    blink_right: float = 0.0
    blink_left: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0


class Light(NamedTuple):
    """One key light and the light of the surroundings.

    Attributes:
        azimuth: degrees, where the key light stands; positive is the picture's right.
        elevation: degrees above the eyes.
        intensity: of the key light, about 1.
        ambient: of the surroundings, about 0.4.
        colour: of the key light, BGR about 1.
    """

    azimuth: float = -35.0
    elevation: float = 30.0
    intensity: float = 1.0
    ambient: float = 0.4
    colour: Tuple[float, float, float] = (0.96, 1.0, 1.04)


class Background(NamedTuple):
    """A soft backdrop of blurred lights.

    Attributes:
        seed: which backdrop.
        phase: 0..1, how far its lights have drifted.
        hue: 0..1 colour of the backdrop.
        brightness: 0..1.
    """

    seed: int = 0
    phase: float = 0.0
    hue: float = 0.55
    brightness: float = 0.35
