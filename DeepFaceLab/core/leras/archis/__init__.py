"""Architectures of face-swap models, registered as `nn.<Class>` (spec 10 section 9)."""
from core.leras import nn

tf = nn.tf

from .ArchiBase import *       # noqa: E402,F401,F403
from .DeepFakeArchi import *   # noqa: E402,F401,F403
