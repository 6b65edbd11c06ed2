"""What of SAEHD's options changes how much memory a step takes."""
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


def list_memory_levers(options: dict, on_gpu: bool, is_new: bool) -> list:
    """[(text, changes of options, whether only a new model can have them)], cheapest in quality
    first."""
    levers = []
    if options['adabelief']:
        levers.append(('adabelief n (RMSprop)', {'adabelief': False}, False))
    if on_gpu and options['models_opt_on_gpu']:
        levers.append(('models_opt_on_gpu n', {'models_opt_on_gpu': False}, False))
    if options['gan_power'] != 0:
        levers.append(('gan_power 0', {'gan_power': 0.0}, False))
    smaller = options['d_dims'] * 3 // 4
    smaller = max(16, smaller + smaller % 2)
    if smaller < options['d_dims']:
        levers.append(('d_dims %d' % smaller, {'d_dims': smaller}, not is_new))
    return levers
