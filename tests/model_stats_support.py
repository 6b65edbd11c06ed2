"""Small models that were watched while they were built, for the tests of the model statistics."""
import hashlib
from pathlib import Path

import saehd_support
import tiny_support
from core.leras import nn
from models.graph_probe import GraphProbe


def open_tiny(root, **keywords):
    """(model, probe) of the plug-in `Tiny`; one network with two layers and a linear head."""
    tiny_support.add_plugins()
    probe = GraphProbe()
    nn.initialize(nn.DeviceConfig.CPU())
    with probe.watch():
        model = tiny_support.make_model(root, **keywords)
    return model, probe


def open_saehd(folder, monkeypatch, options=None, **keywords):
    """(model, probe) of SAEHD on fixed batches. options: those of a model without weight files;
    None opens what the folder holds."""
    module = saehd_support.get_model_module()
    saehd_support.start_engine()
    saehd_support.quiet_prompts(monkeypatch)
    monkeypatch.setattr(module, 'SampleGeneratorFace', saehd_support.make_generator_class(64))
    arguments = (saehd_support.list_arguments(folder) if options is None else
                 saehd_support.write_model_folder(folder, options))
    probe = GraphProbe()
    with probe.watch():
        model = module.Model(is_training=True, **dict(arguments, **keywords))
    return model, probe


def scale_weights(network, factor) -> None:
    weights = network.get_weights()
    nn.batch_set_value([(weight, value * factor)
                        for weight, value in zip(weights, nn.batch_get_value(weights))])


def sum_up(folder) -> dict:
    """{path: checksum, or time of change of a folder} of everything in a folder."""
    return {str(path): path.stat().st_mtime if path.is_dir() else
            hashlib.sha256(path.read_bytes()).hexdigest()
            for path in [Path(str(folder))] + sorted(Path(str(folder)).rglob('*'))}
