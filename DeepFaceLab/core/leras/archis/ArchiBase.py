"""Base class of architectures (spec 10 section 8.3)."""
from typing import Any, Optional

from core.leras import nn

tf = nn.tf


class ArchiBase(object):
    """A set of network classes that belong together."""

    def __init__(self, *args: Any, name: Optional[str] = None, **kwargs: Any) -> None:
        self.name = name

    def flow(self, *args: Any, **kwargs: Any) -> Any:
        """Override if the architecture has one way through."""
        raise Exception("This architecture has no flow; use its network classes.")

    def get_weights(self) -> Any:
        """Override."""


nn.ArchiBase = ArchiBase
