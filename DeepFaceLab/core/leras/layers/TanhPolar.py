"""Tanh-polar warp of face images (spec 10 section 7.7)."""
from typing import Any, Tuple

import numpy as np

from core.leras import nn

tf = nn.tf


class TanhPolar(nn.LayerBase):
    """Warps an image to tanh-polar coordinates around its centre, and back. No weights.

    width, height       side of the images in pixels; both are best powers of two
    angular_offset_deg  direction of the polar angle 0

    Lin et al., "RoI Tanh-polar Transformer Network for Face Parsing in the Wild", 2021.
    """

    def __init__(self, width: int, height: int, angular_offset_deg: float = 270,
                 **kwargs: Any) -> None:
        self.width = width
        self.height = height
        warp_x, warp_y = make_warp_grids(width, height, angular_offset_deg)
        restore_x, restore_y = make_restore_grids(width, height, angular_offset_deg)
        self.warp_gridx_t = nn.tf.constant(warp_x[None, ...])
        self.warp_gridy_t = nn.tf.constant(warp_y[None, ...])
        self.restore_gridx_t = nn.tf.constant(restore_x[None, ...])
        self.restore_gridy_t = nn.tf.constant(restore_y[None, ...])
        super().__init__(**kwargs)

    def warp(self, inp_t: Any) -> Any:
        """Images to tanh-polar images of the same side."""
        gridx, gridy = _tile_grids(self.warp_gridx_t, self.warp_gridy_t, inp_t)
        if nn.data_format == "NCHW":
            inp_t = nn.tf.transpose(inp_t, (0, 2, 3, 1))
        return _sample(inp_t, gridx, gridy)

    def restore(self, inp_t: Any) -> Any:
        """Tanh-polar images back to images."""
        gridx, gridy = _tile_grids(self.restore_gridx_t, self.restore_gridy_t, inp_t)
        if nn.data_format == "NCHW":
            inp_t = nn.tf.transpose(inp_t, (0, 2, 3, 1))
        # one more column on the left and one row above and below: the angle is periodic
        inp_t = nn.tf.pad(inp_t, [(0, 0), (1, 1), (1, 0), (0, 0)], "SYMMETRIC")
        return _sample(inp_t, gridx, gridy)


def _tile_grids(gridx: Any, gridy: Any, inp_t: Any) -> Tuple[Any, Any]:
    batch = nn.tf.shape(inp_t)[0]
    return nn.tf.tile(gridx, (batch, 1, 1)), nn.tf.tile(gridy, (batch, 1, 1))


def _sample(inp_t: Any, gridx: Any, gridy: Any) -> Any:
    out_t = nn.bilinear_sampler(inp_t, gridx, gridy)
    return nn.tf.transpose(out_t, (0, 3, 1, 2)) if nn.data_format == "NCHW" else out_t


def _polar_frame(width: int, height: int, angular_offset_deg: float) -> Tuple:
    """(centre, radii, cosine, sine) of the ellipse with the image's area."""
    angle = angular_offset_deg * np.pi / 180.0
    centre = np.array([width // 2, height // 2])
    radii = np.array([width, height]) / np.sqrt(np.pi)
    return centre, radii, np.cos(angle), np.sin(angle)


def make_warp_grids(width: int, height: int,
                    angular_offset_deg: float) -> Tuple[np.ndarray, np.ndarray]:
    """float32 (height, width) source coordinates x and y of each tanh-polar pixel."""
    (cx, cy), (rx, ry), cosine, sine = _polar_frame(width, height, angular_offset_deg)
    rho, phi = np.meshgrid(np.arange(0, 1.0, 1.0 / width),
                           np.arange(0, 2 * np.pi, 2 * np.pi / height))
    radius = np.arctanh(rho) * rx * ry / np.sqrt(ry ** 2 * np.cos(phi) ** 2
                                                 + rx ** 2 * np.sin(phi) ** 2)
    x, y = radius * np.cos(phi), radius * np.sin(phi)
    gridx = cx + cosine * x - sine * y
    gridy = cy + cosine * y + sine * x
    return gridx.astype(np.float32), gridy.astype(np.float32)


def make_restore_grids(width: int, height: int,
                       angular_offset_deg: float) -> Tuple[np.ndarray, np.ndarray]:
    """float32 (height, width) coordinates in the padded tanh-polar image of each pixel."""
    centre, (rx, ry), cosine, sine = _polar_frame(width, height, angular_offset_deg)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    offset = np.stack([x - centre[0], y - centre[1]], axis=-1).astype(np.float64)
    offset = np.matmul(offset, np.array([[cosine, -sine], [sine, cosine]]))
    rho = np.sqrt(offset[..., 0] ** 2 + offset[..., 1] ** 2)
    direction = offset / np.maximum(rho, 1e-9)[..., None]
    dx, dy = direction[..., 0], direction[..., 1]
    rho = rho * np.sqrt(ry ** 2 * dx ** 2 + rx ** 2 * dy ** 2) / rx / ry
    gridx = np.tanh(rho) * width + 1.0
    gridy = np.mod(np.arctan2(dy, dx) / 2 / np.pi * height, height) + 1.0
    return gridx.astype(np.float32), gridy.astype(np.float32)


nn.TanhPolar = TanhPolar
