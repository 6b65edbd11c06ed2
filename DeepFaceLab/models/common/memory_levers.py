"""Options of the autoencoder models that would spare memory."""


def list_memory_levers(options: dict, on_gpu: bool, is_new: bool) -> list:
    """[(text, changes of options, whether only a new model can have them)], cheapest in quality
    first."""
    levers = []
    if options.get('adabelief'):
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
