"""Device scopes (spec 10 section 12.2)."""
import contextlib
from typing import Any, Iterator, Optional

from .nn import nn


@contextlib.contextmanager
def device_scope(device: Optional[str]) -> Iterator[Any]:
    """`tf.device(device)`; None leaves the enclosing scope (`tf.device(None)` would clear it)."""
    if device is None:
        yield
    else:
        with nn.tf.device(device):
            yield
