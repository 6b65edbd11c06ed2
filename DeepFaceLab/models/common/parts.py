"""Weights and optimizers of the networks that are attributes of a model (spec 21 section 3)."""
from typing import Any, Callable, Iterable, Mapping

from core.leras import nn

from .towers import CPU


def create_optimizer(optimizer_class: type, settings: Any, plan: Any, name: str,
                     get_weights: Callable[[], list]) -> Any:
    """An optimizer with its slots. Its counter comes first, then the weights that `get_weights`
    builds, then slots and dropout masks.

    settings: lr, lr_dropout, lr_cos, clipnorm. plan: the Placement."""
    optimizer = optimizer_class(
        lr=settings.lr, lr_dropout=settings.lr_dropout, lr_cos=settings.lr_cos,
        clipnorm=settings.clipnorm, name=name)
    optimizer.initialize_variables(get_weights(), vars_on_cpu=plan.slots == CPU,
                                   lr_dropout_on_cpu=plan.dropout == CPU)
    return optimizer


def create_patch_discriminator(model: Any, settings: Any, name: str) -> Any:
    """The GAN's discriminator of faces; settings: gan_patch_size, gan_dims."""
    return nn.UNetPatchDiscriminator(patch_size=settings.gan_patch_size, in_ch=model.channels,
                                     base_ch=settings.gan_dims, name=name)


def list_files(model: Any, names: Iterable[str], file_names: Mapping[str, str]) -> list:
    """[[saveable, file name], ...]; files are named after the attribute but for `file_names`."""
    return [[getattr(model, name), file_names.get(name, name) + '.npy'] for name in names]
