"""Networks, registered as `nn.<Class>` (spec 10 sections 8, 10 and 11)."""
import numpy as np

from core.leras import nn

tf = nn.tf

from .ModelBase import *           # noqa: E402,F401,F403
from .PatchDiscriminator import *  # noqa: E402,F401,F403
from .CodeDiscriminator import *   # noqa: E402,F401,F403
from .XSeg import *                # noqa: E402,F401,F403
