"""What the characters do over time: pose, expression, light and background of every second.

Every value is a smooth curve, so the frames make a video, and wanders through its whole range
within a few seconds, so the frames make a faceset with every pose and expression.
"""
from functools import lru_cache
from typing import Callable, NamedTuple

import numpy as np

from .scene import Background, Expression, Light, Pose

FPS = 25
SHOT_SECONDS = 2.4  # light and backdrop change then
BLINK_SECONDS = 0.28

# The unseen take has curves of its own: poses and expressions that no training face shows exactly.
TAKE_SEEDS = {"src": 101, "dst": 202, "unseen": 303}


class Scene(NamedTuple):
    """Everything of a picture but who is in it."""

    pose: Pose
    expression: Expression
    light: Light
    background: Background


class Take:
    """The curves of one take. `at(second)` is its scene; the same arguments give the same scene."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        rng = np.random.RandomState(seed)
        self.yaw, self.pitch, self.roll = (_draw_curve(rng, 0.22, 0.45) for _ in range(3))
        self.x, self.y, self.scale = (_draw_curve(rng, 0.07, 0.16) for _ in range(3))
        self.talk, self.syllable = _draw_curve(rng, 0.2, 0.4), _draw_curve(rng, 1.4, 2.6)
        self.smile, self.pucker = _draw_curve(rng, 0.2, 0.4), _draw_curve(rng, 0.25, 0.5)
        self.brow_raise, self.brow_frown = (_draw_curve(rng, 0.25, 0.5) for _ in range(2))
        self.gaze_x, self.gaze_y = (_draw_curve(rng, 0.4, 0.8) for _ in range(2))
        self.blink_every = rng.uniform(1.7, 2.3)
        self.azimuth = _draw_curve(rng, 0.1, 0.2)

    def at(self, second: float) -> Scene:
        light, background = self._set_the_stage(second)
        return Scene(self._pose(second), self._expression(second), light, background)

    def _pose(self, t: float) -> Pose:
        return Pose(yaw=28.0 * self.yaw(t), pitch=10.0 * self.pitch(t), roll=9.0 * self.roll(t),
                    x=14.0 * self.x(t), y=8.0 * self.y(t), scale=1.0 + 0.10 * self.scale(t))

    def _expression(self, t: float) -> Expression:
        opened = 0.5 * max(0.0, self.talk(t)) * (0.6 + 0.4 * self.syllable(t))
        phase = t % self.blink_every
        blink = max(0.0, 1.0 - abs(phase - BLINK_SECONDS / 2) / (BLINK_SECONDS / 2))
        return Expression(mouth_open=opened,
                          smile=0.25 + 0.45 * self.smile(t),
                          pucker=max(0.0, 1.2 * self.pucker(t) - 0.7),
                          brow_raise=0.6 * self.brow_raise(t),
                          brow_frown=max(0.0, 0.7 * self.brow_frown(t)),
                          blink_right=blink, blink_left=blink,
                          gaze_x=0.5 * self.gaze_x(t), gaze_y=0.35 * self.gaze_y(t))

    def _set_the_stage(self, t: float):
        shot = int(t // SHOT_SECONDS)
        rng = np.random.RandomState((self.seed * 7919 + shot) & 0x7FFFFFFF)
        warmth = rng.uniform(-0.03, 0.03)
        light = Light(azimuth=rng.uniform(-14, 14) + 10.0 * self.azimuth(t),
                      elevation=rng.uniform(24, 34), intensity=rng.uniform(0.95, 1.03),
                      ambient=rng.uniform(0.40, 0.50), colour=(1 - warmth, 1.0, 1 + warmth))
        background = Background(seed=rng.randint(1 << 16), phase=(t % SHOT_SECONDS) / SHOT_SECONDS,
                                hue=rng.uniform(0, 1), brightness=rng.uniform(0.2, 0.5))
        return light, background


@lru_cache(maxsize=None)
def get_take(name: str) -> Take:
    """The take "src", "dst" or "unseen"."""
    return Take(TAKE_SEEDS[name])


def get_scene(take: str, index: int) -> Scene:
    """Scene of the frame `index` (from 0). Frames of "unseen" lie far apart, the others 1/25 s."""
    spacing = 1.31 if take == "unseen" else 1.0 / FPS
    return get_take(take).at(index * spacing)


def _draw_curve(rng, slow: float, fast: float) -> Callable[[float], float]:
    """A curve of the seconds within -1..1 that dwells nowhere; frequencies in Hz."""
    low, high = rng.uniform(slow, (slow + fast) / 2), rng.uniform((slow + fast) / 2, fast)
    start, offset = rng.uniform(0, 2 * np.pi, 2)

    def curve(second: float) -> float:
        mixed = (0.62 * np.sin(2 * np.pi * low * second + start)
                 + 0.38 * np.sin(2 * np.pi * high * second + offset))
        return float(np.sin(mixed * np.pi / 2))

    return curve
