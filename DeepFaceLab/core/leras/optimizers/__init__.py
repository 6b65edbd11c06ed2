"""Optimizers, registered as `nn.<Class>` (spec 10 section 12)."""
import numpy as np

from core.leras import nn

tf = nn.tf

from .OptimizerBase import *  # noqa: E402,F401,F403
from .RMSprop import *        # noqa: E402,F401,F403
from .AdaBelief import *      # noqa: E402,F401,F403
