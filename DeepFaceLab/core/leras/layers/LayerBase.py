"""Base class of layers (spec 10 section 7.0)."""
from typing import Any, Optional, Tuple

from core.leras import nn

tf = nn.tf


class LayerBase(nn.Saveable):
    """A layer: parameters in the constructor, variables in `build_weights`, ops in `forward`.

    `dtype=None` in a layer's constructor means `nn.floatx` at that moment. Variables are made
    inside the variable scope that the owning model opens. A layer keeps nothing between calls.
    """

    def __init__(self, name: Optional[str] = None) -> None:
        super().__init__(name=name)

    def build_weights(self) -> None:
        """Makes the variables. Override."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Makes the ops. Override."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)


def get_channel_shape(channels: int, batch: int = 1) -> Tuple[int, int, int, int]:
    """The shape in which a per-channel vector broadcasts over images of the current format."""
    return (batch, 1, 1, channels) if nn.data_format == "NHWC" else (batch, channels, 1, 1)


nn.LayerBase = LayerBase
