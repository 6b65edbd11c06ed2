"""Which resolutions SAEHD's architectures can have."""
from models.common import face_options as shared

from .options import fit_resolution

GRID_STEP = 16


def get_resolution_grid(options: dict) -> tuple:
    """(lowest, highest, step) of the resolutions that the architecture can have."""
    step = GRID_STEP
    while fit_resolution(shared.MIN_RESOLUTION + step, options['archi']) \
            != shared.MIN_RESOLUTION + step:
        step *= 2
    return shared.MIN_RESOLUTION, shared.MAX_RESOLUTION, step
