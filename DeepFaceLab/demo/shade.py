"""Colours of the visible surface points: materials under one key light, per pixel."""
from typing import NamedTuple

import cv2
import numpy as np

from . import parts
from .character import Character
from .scene import Light
from .texture import SkinTexture, to_texture


class Surface(NamedTuple):
    """Interpolated attributes of n visible points, float32.

    Attributes: normal (n, 3) unit, towards the viewer; colour (n, 3); local (n, 3); uv (n, 2);
    material (n,) integers.
    """

    normal: np.ndarray
    colour: np.ndarray
    local: np.ndarray
    uv: np.ndarray
    material: np.ndarray


class Lighting(NamedTuple):
    """Light prepared for a picture: (3,) unit directions towards the light, (3,) colours."""

    key: np.ndarray
    half: np.ndarray
    key_colour: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    rim_colour: np.ndarray


def prepare_light(light: Light) -> Lighting:
    azimuth, elevation = np.radians(light.azimuth), np.radians(light.elevation)
    key = np.float32([np.sin(azimuth) * np.cos(elevation), -np.sin(elevation),
                      -np.cos(azimuth) * np.cos(elevation)])
    half = key + np.float32([0, 0, -1])
    colour = np.float32(light.colour)
    return Lighting(key, half / np.linalg.norm(half), colour * light.intensity,
                    np.float32([1.06, 1.0, 0.95]) * light.ambient,
                    np.float32([0.72, 0.78, 0.84]) * light.ambient,
                    np.float32([1.0, 0.93, 0.86]) * 0.20 * light.intensity)


def shade_surface(surface: Surface, lighting: Lighting, character: Character,
                  texture: SkinTexture, gaze: np.ndarray):
    """Colours (n, 3) float32 BGR 0..1 and (n,) bool: whether a point belongs to the face.

    `gaze` is the (3,) direction in the head's frame in which the eyes look.
    """
    albedo = surface.colour.copy()
    gloss = np.zeros(len(albedo), np.float32)
    power = np.full(len(albedo), 14.0, np.float32)
    face = np.isin(surface.material, (parts.EYE, parts.FLESH, parts.TEETH))

    skin = np.flatnonzero(surface.material == parts.SKIN)
    if len(skin):
        at = to_texture(surface.uv[skin]).astype(np.float32)
        albedo[skin] = _look_up(texture.colour, at)
        gloss[skin] = _look_up(texture.gloss, at) * character.gloss
        face[skin] = _look_up(texture.face, at) > 0.5
    rest = surface.material == parts.BODY_SKIN
    gloss[rest] = character.gloss * 0.5

    hair = np.flatnonzero(surface.material == parts.HAIR)
    if len(hair):
        albedo[hair], gloss[hair] = _comb_hair(surface, hair, character)
        power[hair] = 20.0
    teeth = np.flatnonzero(surface.material == parts.TEETH)
    if len(teeth):
        gap = np.abs(np.sin(surface.local[teeth, 0] * (np.pi / 5.2)))
        albedo[teeth] *= (0.72 + 0.28 * np.clip(gap * 3.0, 0, 1))[:, None]
        gloss[teeth], power[teeth] = 0.4, 40.0
    gloss[surface.material == parts.FLESH] = 0.25
    eyes = np.flatnonzero(surface.material == parts.EYE)
    if len(eyes):
        albedo[eyes] = _paint_eye(surface.local[eyes], character, gaze)
        gloss[eyes], power[eyes] = 1.4, 180.0

    return _light_up(surface, albedo, gloss, power, lighting, skin), face


def _light_up(surface: Surface, albedo, gloss, power, lighting: Lighting, skin) -> np.ndarray:
    normal = surface.normal
    facing = normal.dot(lighting.key)
    wrap = np.full(len(normal), 0.30, np.float32)
    wrap[surface.material == parts.EYE] = 0.7
    direct = np.clip((facing + wrap) / (1 + wrap), 0, 1)
    up = (0.5 - 0.5 * normal[:, 1])[:, None]
    ambient = lighting.sky * up + lighting.ground * (1 - up)
    colour = albedo * (ambient + lighting.key_colour * direct[:, None])
    # light that wanders below the skin comes out red along the shadow's edge
    glow = np.exp(-((facing[skin] + 0.02) / 0.28) ** 2) * 0.10
    colour[skin, 2] += glow * albedo[skin, 2] * lighting.key_colour[2]
    shine = np.clip(normal.dot(lighting.half), 0, 1)
    colour += (gloss * shine ** power * (facing > -0.1))[:, None] * lighting.key_colour * 0.8
    edge = (1 - np.clip(-normal[:, 2], 0, 1)) ** 3
    edge *= np.clip(0.4 - facing, 0, 1)
    edge[surface.material == parts.FLESH] = 0
    colour += edge[:, None] * lighting.rim_colour
    return np.clip(colour, 0, 1)


def _look_up(texture: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Bilinear samples of a texture at (n, 2) pixel places."""
    # remap takes pictures below 32768 pixels a side: the list is folded into rows
    width = 256
    count = len(at)
    rows = -(-count // width)
    padded = np.zeros((rows * width, 2), np.float32)
    padded[:count] = at
    padded = padded.reshape(rows, width, 2)
    found = cv2.remap(texture, padded[..., 0].copy(), padded[..., 1].copy(), cv2.INTER_LINEAR,
                      borderMode=cv2.BORDER_REPLICATE)
    return found.reshape((rows * width,) + texture.shape[2:])[:count]


def _comb_hair(surface: Surface, hair: np.ndarray, character: Character):
    strand, height = surface.local[hair, 0], surface.local[hair, 1]
    comb = (np.sin(strand * 5.0 + 1.5 * np.sin(strand * 1.3))
            + 0.7 * np.sin(strand * 13.7 + 2.0 * height)
            + 0.5 * np.sin(strand * 31.0 + 0.7 + 3.0 * height))
    comb = comb / 2.2
    normal = surface.normal[hair]
    # a band of light across the strands, as on a real head
    band = np.exp(-((normal[:, 1] + 0.42 + 0.10 * comb) / 0.20) ** 2)
    blend = np.clip(0.22 + 0.26 * comb + 0.55 * band, 0, 1)[:, None]
    tip = np.float32(character.hair.tip_colour)
    colour = surface.colour[hair] * (1 - blend) + tip * blend
    return colour * (0.93 + 0.16 * comb)[:, None], 0.10 + 0.12 * np.clip(comb, 0, 1)


def _paint_eye(local: np.ndarray, character: Character, gaze: np.ndarray) -> np.ndarray:
    """Colour of an eyeball's points by their direction from its centre."""
    gaze = np.float32(gaze)
    length = np.linalg.norm(local, axis=1)
    angle = np.degrees(np.arccos(np.clip(local.dot(gaze) / length, -1, 1)))
    side = np.cross(np.float32([0, 1, 0]), gaze)
    side /= np.linalg.norm(side)
    turn = np.arctan2(local.dot(np.cross(gaze, side)), local.dot(side))

    white = np.float32([0.90, 0.92, 0.93])
    corner = np.clip((np.abs(local[:, 0] / length) - 0.45) * 1.6, 0, 0.5)[:, None]
    colour = white * (1 - corner) + np.float32([0.62, 0.64, 0.84]) * corner
    iris, rim = np.float32(character.iris), np.float32(character.iris_rim)
    rays = 0.5 + 0.5 * np.sin(turn * 17 + 2 * np.sin(turn * 5)) * np.sin(turn * 29 + 1)
    fade = _step(9.0, 27.0, angle)[:, None]
    inner = iris * (1.15 - 0.25 * rays)[:, None]
    disc = inner * (1 - fade ** 2) + rim * fade ** 2
    disc = disc * (0.85 + 0.35 * np.clip(np.sin(turn), 0, 1))[:, None]  # light gathers below
    in_iris = (1 - _step(26.0, 29.0, angle))[:, None]
    colour = colour * (1 - in_iris) + disc * in_iris
    in_pupil = (1 - _step(10.0, 12.0, angle))[:, None]
    colour = colour * (1 - in_pupil) + np.float32([0.03, 0.03, 0.03]) * in_pupil
    # the lid's shadow falls on the upper part
    lid = 0.58 + 0.42 * _step(-0.42, -0.02, local[:, 1] / length)
    return (colour * lid[:, None]).astype(np.float32)


def _step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
